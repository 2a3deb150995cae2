//! Writes a host's user data: cloud-init writes three files and runs `kubeadm join`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_crds::{HostSpec, TAINT_STARTUP, Taint, TaintEffect};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::labels;
use super::token::Token;

/// Nova takes 65,535 characters of base64, which is this many bytes before encoding.
pub const MAX_BYTES: usize = 49_149;
/// Stands for the server id until the text is finished; cannot occur in what users give, else rendering fails.
const INSTANCE_ID_MARK: &str = "GANTRY-INSTANCE-ID";
/// cloud-init's standard variable: the Nova server id.
const INSTANCE_ID: &str = "{{ v1.instance_id }}";
const DISCOVERY_FILE: &str = "/etc/kubernetes/gantry/discovery.yaml";
const JOIN_FILE: &str = "/etc/kubernetes/gantry/join.yaml";
const PATCH_DIRECTORY: &str = "/etc/kubernetes/gantry/patches";
const PATCH_FILE: &str = "/etc/kubernetes/gantry/patches/kubeletconfiguration0+merge.yaml";

/// How a host finds the API server and knows that it is the right one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// `https://host:port`.
    pub server: String,
    /// The API server's CA, PEM.
    pub ca_pem: String,
}

/// Why there is no user data. Never contains any of it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More than Nova takes.
    #[error(
        "the user data of host {host} is {bytes} bytes and Nova takes at most {MAX_BYTES}; shorten the pool's labels and taints or the API server's CA bundle"
    )]
    TooLong {
        /// The Host's name.
        host: String,
        /// Its size before base64.
        bytes: usize,
    },
    /// A value that would not survive the way into the node.
    #[error("the {what} {value:?} cannot go into the user data of host {host}: {rule}; change it in the VMPool's template")]
    Unfit {
        /// The Host's name.
        host: String,
        /// E.g. `label key`.
        what: &'static str,
        /// The value.
        value: String,
        /// What it must look like.
        rule: &'static str,
    },
    /// The serializer refused; a defect.
    #[error("the user data of host {host} cannot be written as YAML: {reason}; this is a defect of Gantry, please report it")]
    Yaml {
        /// The Host's name.
        host: String,
        /// The serializer's words.
        reason: String,
    },
}

/// The user data with which the server of host `name` joins the cluster. It holds a secret: it goes to Nova and nowhere else.
pub fn render(spec: &HostSpec, name: &str, token: &Token, discovery: &Discovery) -> Result<Zeroizing<String>, Error> {
    check(spec, name, discovery)?;
    let yaml = |value: &Value| to_yaml(name, value);
    let document = CloudConfig {
        write_files: vec![
            File::new(DISCOVERY_FILE, "0644", yaml(&discovery_file(discovery))?),
            File::new(JOIN_FILE, "0600", yaml(&join_file(spec, name, token))?),
            File::new(PATCH_FILE, "0644", yaml(&kubelet_patch(spec))?),
        ],
        runcmd: vec![["kubeadm", "join", "--config", JOIN_FILE]],
    };
    let body = with_instance_id(name, &to_yaml(name, &document)?)?;
    let text = Zeroizing::new(format!("## template: jinja\n#cloud-config\n{body}"));
    if text.len() > MAX_BYTES {
        return Err(Error::TooLong { host: name.into(), bytes: text.len() });
    }
    Ok(text)
}

/// Taints that the node registers with: the pool's, those that others lift, and Gantry's own that the operator lifts. Its value is the
/// host's name: whom it was bought for can be let in before others.
pub fn taints(spec: &HostSpec, name: &str) -> Vec<Taint> {
    let own = Taint { key: TAINT_STARTUP.into(), value: name.into(), effect: TaintEffect::NoSchedule };
    let mut all: Vec<Taint> = Vec::new();
    for taint in spec.taints.iter().chain(&spec.startup_taints).chain([&own]) {
        if !all.iter().any(|t| t.key == taint.key && t.effect == taint.effect) {
            all.push(taint.clone());
        }
    }
    all
}

#[derive(Serialize)]
struct CloudConfig {
    write_files: Vec<File>,
    runcmd: Vec<[&'static str; 4]>,
}

#[derive(Serialize)]
struct File {
    path: &'static str,
    permissions: &'static str,
    content: String,
}

impl File {
    fn new(path: &'static str, permissions: &'static str, content: String) -> Self {
        Self { path, permissions, content }
    }
}

fn discovery_file(discovery: &Discovery) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "gantry", "cluster": {
            "server": discovery.server,
            "certificate-authority-data": STANDARD.encode(&discovery.ca_pem),
        }}],
        // kubeadm refuses a context without a user, though this one has nothing to show.
        "contexts": [{"name": "gantry", "context": {"cluster": "gantry", "user": "gantry"}}],
        "current-context": "gantry",
        "users": [{"name": "gantry", "user": {}}],
    })
}

fn join_file(spec: &HostSpec, name: &str, token: &Token) -> Value {
    let labels: Vec<String> = labels::for_kubelet(&spec.labels).iter().map(|(k, v)| format!("{k}={v}")).collect();
    json!({
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "JoinConfiguration",
        "discovery": {"file": {"kubeConfigPath": DISCOVERY_FILE}, "tlsBootstrapToken": token.reveal().as_str()},
        "nodeRegistration": {
            "name": name,
            "taints": taints(spec, name),
            "kubeletExtraArgs": [
                {"name": "node-labels", "value": labels.join(",")},
                {"name": "provider-id", "value": format!("openstack:///{INSTANCE_ID_MARK}")},
            ],
        },
        "patches": {"directory": PATCH_DIRECTORY},
    })
}

fn kubelet_patch(spec: &HostSpec) -> Value {
    let reserved: BTreeMap<&str, &Quantity> = [("cpu", &spec.reserved.cpu), ("memory", &spec.reserved.memory)].into();
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "maxPods": spec.max_pods,
        "kubeReserved": reserved,
    })
}

fn to_yaml(host: &str, value: &impl Serialize) -> Result<String, Error> {
    serde_saphyr::to_string(value).map_err(|e| Error::Yaml { host: host.into(), reason: e.to_string() })
}

/// Puts the server id's variable in its one place and keeps jinja away from every other brace.
fn with_instance_id(host: &str, body: &str) -> Result<String, Error> {
    if body.matches(INSTANCE_ID_MARK).count() != 1 {
        let (what, rule) = ("text", "it is kept for the server's id");
        return Err(Error::Unfit { host: host.into(), what, value: INSTANCE_ID_MARK.into(), rule });
    }
    Ok(escape_jinja(body).replacen(INSTANCE_ID_MARK, INSTANCE_ID, 1))
}

/// A text that jinja turns back into `text`: `{{`, `{%` and `{#` never begin anything.
fn escape_jinja(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('{', Some('{' | '%' | '#')) => safe.push_str("{{ '{' }}"),
            _ => safe.push(c),
        }
    }
    safe
}

fn check(spec: &HostSpec, name: &str, discovery: &Discovery) -> Result<(), Error> {
    const KEY: &str = "a key is [prefix/]name with letters, digits, '-', '_' and '.'";
    const VALUE: &str = "a value has at most 63 letters, digits, '-', '_' and '.'";
    const QUANTITY: &str = "a quantity is a number with a unit such as 500m or 1Gi";
    const SERVER: &str = "an API server is https://host:port";
    let labels =
        spec.labels.iter().flat_map(|(k, v)| [("label key", k, labels::is_key(k), KEY), ("label value", v, labels::is_value(v), VALUE)]);
    let taints = spec.taints.iter().chain(&spec.startup_taints);
    let taints = taints
        .flat_map(|t| [("taint key", &t.key, labels::is_key(&t.key), KEY), ("taint value", &t.value, labels::is_value(&t.value), VALUE)]);
    let reserved = [&spec.reserved.cpu.0, &spec.reserved.memory.0].map(|q| ("reserve", q, is_quantity(q), QUANTITY));
    let server = [("API server", &discovery.server, is_server(&discovery.server), SERVER)];
    match labels.chain(taints).chain(reserved).chain(server).find(|(_, _, fits, _)| !fits) {
        Some((what, value, _, rule)) => Err(Error::Unfit { host: name.into(), what, value: value.clone(), rule }),
        None if !labels::is_dns_name(name) => {
            Err(Error::Unfit { host: name.into(), what: "name", value: name.into(), rule: "a node's name is a DNS name in lower case" })
        }
        None => Ok(()),
    }
}

fn is_quantity(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
}

fn is_server(text: &str) -> bool {
    text.strip_prefix("https://")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]/".contains(&b)))
}

#[cfg(test)]
mod tests;
