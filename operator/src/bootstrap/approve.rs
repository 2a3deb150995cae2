//! Decides whether a kubelet's certificate signing request is granted: only to the host that it names, and only what a kubelet needs.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use gantry_crds::BOOTSTRAP_GROUP;
use jiff::Timestamp;

use super::asked::{self, Asked};
use crate::kube::csr::{CLIENT_SIGNER, Csr, SERVING_SIGNER};

/// Requests older than this are not granted: a kubelet gives up after 15 minutes and asks anew.
pub const MAX_AGE: Duration = Duration::from_secs(10 * 60);
const BOOTSTRAP_USER: &str = "system:bootstrap:";
const NODE_USER: &str = "system:node:";
const NODES_GROUP: &str = "system:nodes";

/// What to do with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Grant it.
    Approve,
    /// Refuse it for good, for this reason.
    Deny(String),
    /// None of Gantry's business: leave it to others.
    Ignore,
    /// Neither yet, for this reason: judge again when more is known.
    Wait(String),
}

/// Who a request says it comes from; the API server has authenticated it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimant<'a> {
    /// The holder of the bootstrap token with this id.
    Token(&'a str),
    /// The node of this name.
    Node(&'a str),
}

/// What is known of a host, from the ledger, the cloud and the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFacts {
    /// Name of the Host, of its server and of its node.
    pub name: String,
    /// Ids of bootstrap tokens that were made for it, live or deleted.
    pub token_ids: Vec<String>,
    /// Its server.
    pub server: ServerFacts,
    /// The Node of its name, if there is one.
    pub node: Option<NodeFacts>,
    /// Whether the host is being deleted.
    pub deletion: Deletion,
}

/// Whether a host is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It stays.
    None,
    /// It is being drained or deleted.
    Begun,
}

/// What the cloud last said of a host's server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerFacts {
    /// Nothing yet, or nothing recent.
    Unknown,
    /// It exists and is not ACTIVE.
    NotActive,
    /// It is ACTIVE.
    Active {
        /// Nova id.
        id: String,
        /// Every address that Nova or Neutron reports for it.
        addresses: BTreeSet<IpAddr>,
    },
    /// It is known not to exist.
    Gone,
}

/// What is known of a Node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeFacts {
    /// `spec.providerID`.
    pub provider_id: Option<String>,
}

/// Who asks, if it is somebody who could be a host of Gantry: look up the host by this and hand it to [`judge`].
pub fn claimant(csr: &Csr) -> Option<Claimant<'_>> {
    if !matches!(csr.signer.as_str(), CLIENT_SIGNER | SERVING_SIGNER) {
        return None;
    }
    let in_group = |group: &str| csr.groups.iter().any(|g| g == group);
    if let Some(id) = csr.username.strip_prefix(BOOTSTRAP_USER) {
        return in_group(BOOTSTRAP_GROUP).then_some(Claimant::Token(id));
    }
    let name = csr.username.strip_prefix(NODE_USER)?;
    in_group(NODES_GROUP).then_some(Claimant::Node(name))
}

/// The verdict on a request, given the host that its claimant belongs to (`None`: no host of Gantry).
pub fn judge(csr: &Csr, host: Option<&HostFacts>, now: Timestamp) -> Verdict {
    let (Some(claimant), Some(host)) = (claimant(csr), host) else { return Verdict::Ignore };
    if !belongs(claimant, host) {
        return Verdict::Ignore;
    }
    let judged = match asked::parse(&csr.request) {
        Err(oddity) => Err(deny(format!("the request {oddity}"))),
        Ok(asked) => check_common(csr, &asked, host, now).and_then(|()| match (csr.signer.as_str(), claimant) {
            (CLIENT_SIGNER, Claimant::Token(_)) => check_first_client(&asked, host),
            (CLIENT_SIGNER, Claimant::Node(_)) => check_renewal(&asked, host),
            (_, Claimant::Node(_)) => check_serving(&asked, host),
            (_, Claimant::Token(_)) => Err(deny("a bootstrap token cannot ask for a serving certificate")),
        }),
    };
    judged.err().unwrap_or(Verdict::Approve)
}

fn belongs(claimant: Claimant<'_>, host: &HostFacts) -> bool {
    match claimant {
        Claimant::Token(id) => host.token_ids.iter().any(|t| t == id),
        Claimant::Node(name) => name == host.name,
    }
}

type Check = Result<(), Verdict>;

fn deny(reason: impl Into<String>) -> Verdict {
    Verdict::Deny(reason.into())
}

fn require(fits: bool, verdict: impl FnOnce() -> Verdict) -> Check {
    if fits { Ok(()) } else { Err(verdict()) }
}

fn check_common(csr: &Csr, asked: &Asked, host: &HostFacts, now: Timestamp) -> Check {
    let name = &host.name;
    require(asked.common_name == format!("{NODE_USER}{name}"), || {
        deny(format!("the request names {:?}; this host may only be {NODE_USER}{name}", asked.common_name))
    })?;
    require(asked.organization == NODES_GROUP, || {
        deny(format!("the request names the group {:?}; a node is in {NODES_GROUP}", asked.organization))
    })?;
    require(are_usages_exact(csr), || {
        deny(format!("the request asks for the usages {:?}; a kubelet asks for less or others", csr.usages))
    })?;
    require(now.duration_since(csr.created).unsigned_abs() <= MAX_AGE, || {
        deny(format!(
            "the request was made at {} and it is {now}: more than {MAX_AGE:?} apart; the kubelet asks again, or a clock is wrong",
            csr.created
        ))
    })?;
    require(host.server != ServerFacts::Gone, || deny("the host's server does not exist"))
}

fn are_usages_exact(csr: &Csr) -> bool {
    let own = if csr.signer == CLIENT_SIGNER { "client auth" } else { "server auth" };
    let mut usages: Vec<&str> = csr.usages.iter().map(String::as_str).filter(|u| *u != "key encipherment").collect();
    usages.sort_unstable();
    let encipherments = csr.usages.len() - usages.len();
    let mut wanted = ["digital signature", own];
    wanted.sort_unstable();
    usages == wanted && encipherments <= 1
}

fn check_no_names(asked: &Asked) -> Check {
    let none = asked.dns_names.is_empty() && asked.addresses.is_empty();
    require(none, || deny("the request asks for alternative names; a client certificate has none"))
}

fn check_first_client(asked: &Asked, host: &HostFacts) -> Check {
    check_no_names(asked)?;
    require(host.deletion == Deletion::None, || deny("the host is being deleted"))?;
    require(host.node.is_none(), || deny(format!("a Node {} exists already; a bootstrap token joins a host once", host.name)))?;
    active(host).map(drop)
}

fn check_renewal(asked: &Asked, host: &HostFacts) -> Check {
    check_no_names(asked)?;
    check_provider(host)
}

fn check_serving(asked: &Asked, host: &HostFacts) -> Check {
    require(asked.dns_names.iter().all(|n| *n == host.name), || {
        deny(format!("the request asks for DNS names other than {}: {:?}", host.name, asked.dns_names))
    })?;
    require(!asked.addresses.is_empty() || !asked.dns_names.is_empty(), || {
        deny("the request asks for no alternative name; a serving certificate needs one")
    })?;
    check_provider(host)?;
    let known = active(host)?;
    require(!known.is_empty(), || Verdict::Wait("the cloud has not reported the server's addresses yet".into()))?;
    require(asked.addresses.is_subset(known), || {
        deny(format!("the request asks for addresses that the cloud does not report for this server: {:?}", asked.addresses))
    })
}

/// A Node of the host's name must not stand for another server.
fn check_provider(host: &HostFacts) -> Check {
    let (Some(node), ServerFacts::Active { id, .. }) = (&host.node, &host.server) else { return Ok(()) };
    let foreign = node.provider_id.as_ref().filter(|p| **p != format!("openstack:///{id}"));
    foreign.map_or(Ok(()), |p| Err(deny(format!("the Node {} stands for {p}, not for the host's server {id}", host.name))))
}

fn active(host: &HostFacts) -> Result<&BTreeSet<IpAddr>, Verdict> {
    match &host.server {
        ServerFacts::Active { addresses, .. } => Ok(addresses),
        ServerFacts::NotActive => Err(Verdict::Wait("the host's server is not ACTIVE yet".into())),
        ServerFacts::Unknown | ServerFacts::Gone => Err(Verdict::Wait("the cloud has not shown the host's server yet".into())),
    }
}
