//! Certificate requests that must be granted, and the classes of forged ones of which none may be.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose, SanType};

use super::approve::{Claimant, Deletion, HostFacts, NodeFacts, ServerFacts, Verdict, claimant, judge};
use crate::kube::csr::{CLIENT_SIGNER, Csr, SERVING_SIGNER};

const HOST: &str = "general-x7k2p";
const USER: &str = "system:node:general-x7k2p";
const TOKEN_USER: &str = "system:bootstrap:abc123";
const OUR_IP: [u8; 4] = [10, 78, 16, 9];
/// RSA of 1024 bits, otherwise as a kubelet makes it.
const WEAK_RSA: &str = "-----BEGIN CERTIFICATE REQUEST-----
MIIBejCB5AIBADA7MRUwEwYDVQQKDAxzeXN0ZW06bm9kZXMxIjAgBgNVBAMMGXN5
c3RlbTpub2RlOmdlbmVyYWwteDdrMnAwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJ
AoGBAMDBF6DQt+vUDpeix/zhcU9Mb5i/E4381JYiViSCPhlUITZbtg+UzTAGuxrd
86UIz2RStPEDKk+cISFnCcVqqM6PE2yqJlYbKnm5Zjj25pEh5CLn5XSk2oaxLDx+
nhDt9oqmd5+GHy8miTxzuVczUX7YA2aQs2+RVrHwfp6XeGpnAgMBAAGgADANBgkq
hkiG9w0BAQsFAAOBgQCelGjEwzPkUYKOlzbPtYJatO3IcVUBgAYZ5sRXiIqD1cKA
hDVWCg+Rc6t0vz9XjTjLK7pTn+iWpqT3lUrMC+C+WdNsPLULukHV7E+CTBJgiMUE
m6Mvf7AFss1VInTGuu2YujlgL9rHHm7U1LvhIFqVIwqxZXjJBf27expTPWkbmw==
-----END CERTIFICATE REQUEST-----
";

fn now() -> Timestamp {
    "2026-04-01T10:00:00Z".parse().unwrap()
}

fn facts() -> HostFacts {
    HostFacts {
        name: HOST.into(),
        token_ids: vec!["abc123".into()],
        server: ServerFacts::Active { id: "s-1".into(), addresses: BTreeSet::from([IpAddr::from(OUR_IP)]) },
        node: None,
        deletion: Deletion::None,
    }
}

fn params(common_name: &str, organization: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, organization);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

fn genuine() -> CertificateParams {
    params(USER, "system:nodes")
}

fn with_names(names: Vec<SanType>) -> CertificateParams {
    let mut params = genuine();
    params.subject_alt_names = names;
    params
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn ip(bytes: [u8; 4]) -> SanType {
    SanType::IpAddress(bytes.into())
}

fn pem(params: &CertificateParams) -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    params.serialize_request(&key).unwrap().pem().unwrap().into_bytes()
}

fn csr(signer: &str, username: &str, groups: &[&str], usages: &[&str], params: &CertificateParams) -> Csr {
    let strings = |all: &[&str]| all.iter().map(ToString::to_string).collect();
    Csr {
        name: "csr-1".into(),
        created: now() - Duration::from_secs(5),
        signer: signer.into(),
        username: username.into(),
        groups: strings(groups),
        usages: strings(usages),
        request: pem(params),
    }
}

/// A host's first request, with its token.
fn first(params: &CertificateParams) -> Csr {
    let groups = ["system:bootstrappers", "system:bootstrappers:gantry", "system:authenticated"];
    csr(CLIENT_SIGNER, TOKEN_USER, &groups, &["digital signature", "client auth"], params)
}

/// A node's request for its next client certificate.
fn renewal(params: &CertificateParams) -> Csr {
    csr(CLIENT_SIGNER, USER, &["system:nodes", "system:authenticated"], &["digital signature", "client auth"], params)
}

/// A node's request for a serving certificate.
fn serving(names: Vec<SanType>) -> Csr {
    csr(SERVING_SIGNER, USER, &["system:nodes", "system:authenticated"], &["digital signature", "server auth"], &with_names(names))
}

fn joined() -> HostFacts {
    HostFacts { node: Some(NodeFacts { provider_id: Some("openstack:///s-1".into()) }), ..facts() }
}

fn changed(mut csr: Csr, change: impl FnOnce(&mut Csr)) -> Csr {
    change(&mut csr);
    csr
}

fn usages(csr: Csr, usages: &[&str]) -> Csr {
    changed(csr, |c| c.usages = usages.iter().map(ToString::to_string).collect())
}

#[test]
fn genuine_requests_are_granted() {
    let encipher = ["key encipherment", "digital signature", "client auth"];
    for (what, csr, host) in [
        ("first", first(&genuine()), facts()),
        ("first, RSA usages", usages(first(&genuine()), &encipher), facts()),
        ("renewal", renewal(&genuine()), joined()),
        ("renewal while the cloud is silent", renewal(&genuine()), HostFacts { server: ServerFacts::Unknown, ..joined() }),
        ("serving, name and address", serving(vec![dns(HOST), ip(OUR_IP)]), joined()),
        ("serving, address only", serving(vec![ip(OUR_IP)]), joined()),
        ("serving before the Node is there", serving(vec![ip(OUR_IP)]), facts()),
    ] {
        assert_eq!(judge(&csr, Some(&host), now()), Verdict::Approve, "{what}");
    }
}

#[test]
fn what_is_not_known_yet_is_waited_for() {
    let wait = |csr: &Csr, server| matches!(judge(csr, Some(&HostFacts { server, ..facts() }), now()), Verdict::Wait(_));
    let bare = ServerFacts::Active { id: "s-1".into(), addresses: BTreeSet::new() };
    assert!(wait(&first(&genuine()), ServerFacts::NotActive));
    assert!(wait(&first(&genuine()), ServerFacts::Unknown));
    assert!(wait(&serving(vec![ip(OUR_IP)]), ServerFacts::Unknown));
    assert!(wait(&serving(vec![ip(OUR_IP)]), bare));
}

#[test]
fn foreign_requests_are_left_to_others() {
    let ignored = |csr: &Csr, host: Option<&HostFacts>| judge(csr, host, now()) == Verdict::Ignore;
    let host = facts();
    assert!(ignored(&first(&genuine()), None));
    assert!(ignored(&renewal(&genuine()), None));
    assert!(ignored(&changed(first(&genuine()), |c| c.signer = "kubernetes.io/kube-apiserver-client".into()), Some(&host)));
    assert!(ignored(&changed(first(&genuine()), |c| c.username = "admin".into()), Some(&host)));
    assert!(ignored(&changed(first(&genuine()), |c| c.username = "system:bootstrap:zzz999".into()), Some(&host)));
    assert!(ignored(
        &changed(first(&genuine()), |c| c.groups = vec!["system:bootstrappers:kubeadm:default-node-token".into()]),
        Some(&host)
    ));
    assert!(ignored(&changed(renewal(&genuine()), |c| c.username = "system:node:another".into()), Some(&host)));
    assert!(ignored(&changed(renewal(&genuine()), |c| c.groups = vec!["system:authenticated".into()]), Some(&host)));
}

#[test]
fn a_request_says_who_to_look_up() {
    assert_eq!(claimant(&first(&genuine())), Some(Claimant::Token("abc123")));
    assert_eq!(claimant(&renewal(&genuine())), Some(Claimant::Node(HOST)));
}

/// Forged in what the request itself says.
fn forged_subjects() -> Vec<(&'static str, CertificateParams)> {
    let mut two_groups = genuine();
    two_groups.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 10]), "system:masters");
    let mut two_names = genuine();
    two_names.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 3]), "system:node:control-plane-0");
    let mut unit = genuine();
    unit.distinguished_name.push(DnType::OrganizationalUnitName, "system:masters");
    let mut authority = genuine();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 19], vec![0x30, 0x03, 0x01, 0x01, 0xff]));
    let mut signs = genuine();
    signs.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let mut no_group = CertificateParams::default();
    no_group.distinguished_name = DistinguishedName::new();
    no_group.distinguished_name.push(DnType::CommonName, USER);
    vec![
        ("a control-plane node's name", params("system:node:control-plane-0", "system:nodes")),
        ("another host's name", params("system:node:general-aaaaa", "system:nodes")),
        ("a name that begins like the host's", params("system:node:general-x7k2p-0", "system:nodes")),
        ("the name without its prefix", params(HOST, "system:nodes")),
        ("an administrator", params("kubernetes-admin", "system:masters")),
        ("the group of administrators", params(USER, "system:masters")),
        ("no group", no_group),
        ("a second group", two_groups),
        ("a second common name", two_names),
        ("a unit besides", unit),
        ("a DNS name", with_names(vec![dns(HOST)])),
        ("an address", with_names(vec![ip(OUR_IP)])),
        ("a mail address", with_names(vec![SanType::Rfc822Name("root@example.org".try_into().unwrap())])),
        ("a URI", with_names(vec![SanType::URI("spiffe://cluster/ns/kube-system".try_into().unwrap())])),
        ("to be an authority", authority),
        ("to sign certificates", signs),
    ]
}

/// Forged in how the request is written.
fn forged_bytes() -> Vec<(&'static str, Vec<u8>)> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let good = text(pem(&genuine()));
    let body: String = good.lines().filter(|l| !l.starts_with("-----")).collect();
    let wrap = |der: &[u8]| {
        format!("-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n", STANDARD.encode(der)).into_bytes()
    };
    let der = STANDARD.decode(&body).unwrap();
    let mut stolen = der.clone();
    let at = stolen.windows(5).position(|w| w == b"x7k2p").unwrap();
    stolen[at] = b'y';
    vec![
        ("nothing", vec![]),
        ("noise", vec![0xff; 600]),
        ("two requests", format!("{good}{}", text(pem(&params("system:node:control-plane-0", "system:nodes")))).into_bytes()),
        ("another block's name", good.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST").into_bytes()),
        ("text before the request", format!("hello\n{good}").into_bytes()),
        ("bytes after the request", wrap(&[der.clone(), vec![0]].concat())),
        ("half a request", wrap(&der[..der.len() / 2])),
        ("a signature by another key", wrap(&stolen)),
        ("a weak key", WEAK_RSA.as_bytes().to_vec()),
        ("a book", good.repeat(100).into_bytes()),
    ]
}

/// Forged in what the host is, or when.
fn forged_circumstances() -> Vec<(&'static str, Csr, HostFacts)> {
    let good = || first(&genuine());
    let at = |server| HostFacts { server, ..facts() };
    let foreign = HostFacts { node: Some(NodeFacts { provider_id: Some("openstack:///other".into()) }), ..facts() };
    vec![
        ("a second join with the token", good(), joined()),
        ("a Node without provider", good(), HostFacts { node: Some(NodeFacts::default()), ..facts() }),
        ("a Node of another server", good(), foreign.clone()),
        ("renewal, a Node of another server", renewal(&genuine()), foreign.clone()),
        ("serving, a Node of another server", serving(vec![ip(OUR_IP)]), foreign),
        ("a host that goes", good(), HostFacts { deletion: Deletion::Begun, ..facts() }),
        ("a server that is gone", good(), at(ServerFacts::Gone)),
        ("renewal, a server that is gone", renewal(&genuine()), at(ServerFacts::Gone)),
        ("old", changed(good(), |c| c.created = now() - Duration::from_secs(601)), facts()),
        ("from the future", changed(good(), |c| c.created = now() + Duration::from_secs(3600)), facts()),
        ("server auth", usages(good(), &["digital signature", "client auth", "server auth"]), facts()),
        ("any usage", usages(good(), &["any"]), facts()),
        ("no usages", usages(good(), &[]), facts()),
        ("one usage", usages(good(), &["client auth"]), facts()),
        ("cert sign", usages(good(), &["digital signature", "client auth", "cert sign"]), facts()),
        ("client auth twice", usages(good(), &["client auth", "client auth"]), facts()),
        (
            "serving with the token",
            changed(serving(vec![ip(OUR_IP)]), |c| (c.username, c.groups) = (TOKEN_USER.into(), good().groups)),
            facts(),
        ),
        ("serving, client auth", usages(serving(vec![ip(OUR_IP)]), &["digital signature", "client auth", "server auth"]), joined()),
    ]
}

fn forged_serving_names() -> Vec<(&'static str, Vec<SanType>)> {
    vec![
        ("no name at all", vec![]),
        ("another node's address", vec![ip(OUR_IP), ip([10, 78, 16, 10])]),
        ("the metadata service", vec![ip([169, 254, 169, 254])]),
        ("loopback", vec![ip([127, 0, 0, 1])]),
        ("the API server's address", vec![ip([10, 96, 0, 1])]),
        ("an IPv6 address", vec![SanType::IpAddress("::1".parse().unwrap())]),
        ("the API server's name", vec![dns("kubernetes.default.svc"), ip(OUR_IP)]),
        ("a wildcard", vec![dns("*"), ip(OUR_IP)]),
        ("a longer name", vec![dns("general-x7k2p.example.org"), ip(OUR_IP)]),
        ("a mail address", vec![ip(OUR_IP), SanType::Rfc822Name("root@example.org".try_into().unwrap())]),
        ("a URI", vec![ip(OUR_IP), SanType::URI("https://kubernetes".try_into().unwrap())]),
    ]
}

#[test]
fn no_forged_request_is_granted() {
    let mut cases: Vec<(String, Csr, HostFacts)> = Vec::new();
    for (what, params) in forged_subjects() {
        cases.push((format!("first: {what}"), first(&params), facts()));
        cases.push((format!("renewal: {what}"), renewal(&params), joined()));
    }
    for (what, request) in forged_bytes() {
        cases.push((format!("first: {what}"), changed(first(&genuine()), |c| c.request = request.clone()), facts()));
        cases.push((format!("serving: {what}"), changed(serving(vec![ip(OUR_IP)]), |c| c.request = request), joined()));
    }
    cases.extend(forged_serving_names().into_iter().map(|(what, names)| (format!("serving: {what}"), serving(names), joined())));
    cases.extend(forged_circumstances().into_iter().map(|(what, csr, host)| (what.to_string(), csr, host)));
    assert!(cases.len() >= 75, "{}", cases.len());
    for (what, csr, host) in cases {
        let verdict = judge(&csr, Some(&host), now());
        assert!(matches!(verdict, Verdict::Deny(_)), "{what}: {verdict:?}");
    }
}
