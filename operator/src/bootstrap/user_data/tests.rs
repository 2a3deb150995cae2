//! User data, read as a guest reads it: jinja first, then YAML, then the files in it.

use super::*;
use gantry_crds::{HostBootstrap, Reserved};

const SERVER_ID: &str = "0f3c1b1e-8f4e-4f0b-9a0e-2c1d4e5f6a7b";

fn spec() -> HostSpec {
    HostSpec {
        pool_name: "general".into(),
        cloud_name: "main".into(),
        flavor: "m1.large".into(),
        flavor_id: "4".into(),
        zone: "az1".into(),
        region: "RegionOne".into(),
        image_id: "i".into(),
        ports: vec![],
        labels: BTreeMap::from([
            ("gantry.cloud/pool".into(), "general".into()),
            ("kubernetes.io/os".into(), "linux".into()),
            ("node-role.kubernetes.io/worker".into(), "".into()),
            ("tier".into(), "yes".into()),
        ]),
        taints: vec![Taint { key: "dedicated".into(), value: "on".into(), effect: TaintEffect::NoExecute }],
        startup_taints: vec![Taint { key: "cni".into(), value: "".into(), effect: TaintEffect::NoSchedule }],
        allocatable: BTreeMap::new(),
        max_pods: 110,
        reserved: Reserved { cpu: Quantity("500m".into()), memory: Quantity("1Gi".into()) },
        bootstrap: HostBootstrap { api_server: "https://10.78.0.1:6443".into() },
        price: "0.12".into(),
        reason: "r".into(),
        ..HostSpec::default()
    }
}

fn token() -> Token {
    Token::new("abc123", "0123456789abcdef").unwrap()
}

fn discovery() -> Discovery {
    Discovery { server: "https://10.78.0.1:6443".into(), ca_pem: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into() }
}

/// What a guest makes of it: path to (permissions, content).
fn boot(user_data: &str) -> (BTreeMap<String, (String, String)>, Value) {
    let template = user_data.strip_prefix("## template: jinja\n").unwrap();
    let text = minijinja::Environment::new()
        .render_str(template, minijinja::context! { v1 => minijinja::context! { instance_id => SERVER_ID } })
        .unwrap();
    assert!(text.starts_with("#cloud-config\n"));
    let config: Value = serde_saphyr::from_str(&text).unwrap();
    let field = |file: &Value, name: &str| file[name].as_str().unwrap_or_else(|| panic!("{name} is no string in {file}")).to_string();
    let files = config["write_files"].as_array().unwrap();
    let files = files.iter().map(|f| (field(f, "path"), (field(f, "permissions"), field(f, "content")))).collect();
    (files, config["runcmd"].clone())
}

fn file(user_data: &str, path: &str) -> Value {
    serde_saphyr::from_str(&boot(user_data).0[path].1).unwrap()
}

#[test]
fn a_guest_finds_a_join_configuration_of_kubeadm() {
    let text = render(&spec(), "general-x7k2p", &token(), &discovery()).unwrap();
    assert_eq!(
        file(&text, JOIN_FILE),
        json!({
            "apiVersion": "kubeadm.k8s.io/v1beta4",
            "kind": "JoinConfiguration",
            "discovery": {"file": {"kubeConfigPath": "/etc/kubernetes/gantry/discovery.yaml"}, "tlsBootstrapToken": "abc123.0123456789abcdef"},
            "nodeRegistration": {
                "name": "general-x7k2p",
                "taints": [
                    {"key": "dedicated", "value": "on", "effect": "NoExecute"},
                    {"key": "cni", "effect": "NoSchedule"},
                    {"key": "gantry.cloud/startup", "value": "general-x7k2p", "effect": "NoSchedule"},
                ],
                "kubeletExtraArgs": [
                    {"name": "node-labels", "value": "gantry.cloud/pool=general,tier=yes"},
                    {"name": "provider-id", "value": format!("openstack:///{SERVER_ID}")},
                ],
            },
            "patches": {"directory": "/etc/kubernetes/gantry/patches"},
        })
    );
}

#[test]
fn a_guest_finds_the_other_files_and_the_command() {
    let text = render(&spec(), "general-x7k2p", &token(), &discovery()).unwrap();
    let (files, runcmd) = boot(&text);
    assert_eq!(runcmd, json!([["kubeadm", "join", "--config", "/etc/kubernetes/gantry/join.yaml"]]));
    let permissions: Vec<_> = files.iter().map(|(path, (mode, _))| (path.as_str(), mode.as_str())).collect();
    assert_eq!(permissions, [(DISCOVERY_FILE, "0644"), (JOIN_FILE, "0600"), (PATCH_FILE, "0644")]);
    assert_eq!(
        file(&text, PATCH_FILE),
        json!({"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "maxPods": 110, "kubeReserved": {"cpu": "500m", "memory": "1Gi"}})
    );
    let cluster = &file(&text, DISCOVERY_FILE)["clusters"][0]["cluster"];
    assert_eq!(cluster["server"], "https://10.78.0.1:6443");
    assert_eq!(STANDARD.decode(cluster["certificate-authority-data"].as_str().unwrap()).unwrap(), discovery().ca_pem.as_bytes());
}

#[test]
fn words_that_old_yaml_takes_for_booleans_and_numbers_stay_strings() {
    let text = render(&spec(), "h", &token(), &discovery()).unwrap();
    assert!(text.contains("permissions: '0600'") || text.contains("permissions: \"0600\""), "{}", text.as_str());
    let join = &boot(&text).0[JOIN_FILE].1;
    assert!(join.contains("value: 'on'") || join.contains("value: \"on\""), "{join}");
}

#[test]
fn only_the_server_id_is_a_template() {
    let text = render(&spec(), "h", &token(), &discovery()).unwrap();
    assert_eq!(text.matches("{{").count(), 1);
    assert_eq!(text.matches("{%").count() + text.matches("{#").count(), 0);
}

#[test]
fn jinja_gives_back_what_was_escaped() {
    for text in ["{{ 7*7 }}", "{{{", "{% if %}", "{# no #}", "{{{{ a }}}}", "{'{", "plain { } }}"] {
        let back = minijinja::Environment::new().render_str(&escape_jinja(text), ()).unwrap();
        assert_eq!(back, text);
    }
}

#[test]
fn values_that_are_no_labels_are_refused_with_a_sentence() {
    let refuse = |change: fn(&mut HostSpec)| {
        let mut spec = spec();
        change(&mut spec);
        render(&spec, "h", &token(), &discovery()).unwrap_err().to_string()
    };
    let message = refuse(|s| drop(s.labels.insert("a".into(), "{{ 7*7 }}".into())));
    assert_eq!(
        message,
        "the label value \"{{ 7*7 }}\" cannot go into the user data of host h: a value has at most 63 letters, digits, '-', '_' and '.'; change it in the VMPool's template"
    );
    refuse(|s| drop(s.labels.insert("a,b=c".into(), "x".into())));
    refuse(|s| s.taints[0].value = "a: {b}".into());
    refuse(|s| s.startup_taints[0].key = "a b".into());
    refuse(|s| s.reserved.cpu = Quantity("1\nrun: x".into()));
    refuse(|s| drop(s.labels.insert("a".into(), INSTANCE_ID_MARK.into())));
}

#[test]
fn too_much_for_nova_is_refused_without_showing_it() {
    let long = Discovery { ca_pem: "A".repeat(MAX_BYTES), ..discovery() };
    let error = render(&spec(), "h", &token(), &long).unwrap_err();
    assert!(matches!(error, Error::TooLong { .. }));
    assert!(!error.to_string().contains("0123456789abcdef"));
}
