//! Reads what `kubeadm join --config` would read: JoinConfiguration, discovery kubeconfig and kubelet patches.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::api::core::v1::Taint;
use kube::config::Kubeconfig;
use serde::Deserialize;

use super::user_data::{Command, UserData};

/// The only API version of kubeadm that Kubernetes 1.33 to 1.37 share.
const KUBEADM_API: &str = "kubeadm.k8s.io/v1beta4";

/// Lengths of a bootstrap token's two halves.
const TOKEN_ID_CHARS: usize = 6;
const TOKEN_SECRET_CHARS: usize = 16;

/// Everything a joining node needs, from user data alone. It holds a token, so it has no `Debug`.
#[derive(Clone, PartialEq)]
pub struct JoinRequest {
    /// Name of the node (`nodeRegistration.name`, or the host name).
    pub node_name: String,
    /// URL of the API server, from the discovery file.
    pub server: String,
    /// The API server's CA, PEM.
    pub ca_pem: Vec<u8>,
    /// Bootstrap token for the TLS bootstrap.
    pub token: String,
    /// Taints the node registers with.
    pub taints: Vec<Taint>,
    /// Labels of the kubelet argument `node-labels`.
    pub labels: BTreeMap<String, String>,
    /// The kubelet argument `provider-id`.
    pub provider_id: Option<String>,
    /// The kubelet configuration that the patches make, as far as a light guest obeys it.
    pub kubelet: KubeletSettings,
}

/// Fields of KubeletConfiguration (`kubelet.config.k8s.io/v1beta1`) that shape a Node's allocatable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeletSettings {
    /// Most pods on the node; kubelet's default is 110.
    pub max_pods: Option<u32>,
    /// Resources kept for Kubernetes' own daemons, by resource name.
    pub kube_reserved: BTreeMap<String, String>,
    /// Resources kept for the operating system, by resource name.
    pub system_reserved: BTreeMap<String, String>,
    /// Eviction thresholds by signal, such as `memory.available`.
    pub eviction_hard: Option<BTreeMap<String, String>>,
}

impl KubeletSettings {
    /// Lays `patch` over `self` as a merge patch does: maps merge by key, values replace.
    #[must_use]
    pub fn patched(mut self, patch: Self) -> Self {
        self.max_pods = patch.max_pods.or(self.max_pods);
        self.kube_reserved.extend(patch.kube_reserved);
        self.system_reserved.extend(patch.system_reserved);
        if let Some(thresholds) = patch.eviction_hard {
            self.eviction_hard.get_or_insert_default().extend(thresholds);
        }
        self
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JoinConfiguration {
    api_version: String,
    kind: String,
    #[serde(default)]
    discovery: Discovery,
    #[serde(default)]
    node_registration: NodeRegistration,
    #[serde(default)]
    patches: Option<Patches>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Discovery {
    file: Option<FileDiscovery>,
    tls_bootstrap_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileDiscovery {
    kube_config_path: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NodeRegistration {
    name: String,
    taints: Option<Vec<Taint>>,
    kubelet_extra_args: Option<Vec<Argument>>,
}

#[derive(Deserialize)]
struct Argument {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Patches {
    directory: String,
}

/// Reads the join that `data` asks for; `hostname` names the node if the configuration does not.
///
/// # Errors
/// A sentence that says why `kubeadm join` would fail, or why a light guest cannot do what is asked.
pub fn read(data: &UserData, hostname: &str) -> Result<JoinRequest> {
    let path = join_config_path(data)?;
    let text = text_file(data, &path)?;
    let config: JoinConfiguration = yaml(text, &path)?;
    ensure!(
        config.api_version == KUBEADM_API && config.kind == "JoinConfiguration",
        "{path} is a {} of {} and not a JoinConfiguration of {KUBEADM_API}",
        config.kind,
        config.api_version
    );
    let Some(discovery) = config.discovery.file else {
        bail!("{path} has no discovery.file; a light guest discovers the API server only from a file")
    };
    let (server, ca_pem) = read_discovery(data, &discovery.kube_config_path)?;
    let token = config.discovery.tls_bootstrap_token.unwrap_or_default();
    ensure!(is_bootstrap_token(&token), "{path}: discovery.tlsBootstrapToken is not of the form [a-z0-9]{{6}}.[a-z0-9]{{16}}");
    let arguments = config.node_registration.kubelet_extra_args.unwrap_or_default();
    let name = config.node_registration.name;
    Ok(JoinRequest {
        node_name: if name.is_empty() { hostname.to_lowercase() } else { name },
        server,
        ca_pem,
        token,
        taints: config.node_registration.taints.unwrap_or_default(),
        labels: read_labels(argument(&arguments, "node-labels").unwrap_or_default())?,
        provider_id: argument(&arguments, "provider-id").map(String::from),
        kubelet: config.patches.map_or(Ok(KubeletSettings::default()), |patches| read_patches(data, &patches.directory))?,
    })
}

/// Finds the `--config` of the `kubeadm join` among the commands.
fn join_config_path(data: &UserData) -> Result<String> {
    let words = data.commands.iter().map(|command| match command {
        Command::Words(words) => words.clone(),
        Command::Line(line) => line.split_whitespace().map(String::from).collect(),
    });
    for words in words {
        let is_join = words.len() > 2 && words[0].rsplit('/').next() == Some("kubeadm") && words[1] == "join";
        if is_join {
            return config_flag(&words).context("runcmd runs `kubeadm join` without --config; a light guest needs it");
        }
    }
    bail!("runcmd runs no `kubeadm join`, so this guest never joins a cluster")
}

fn config_flag(words: &[String]) -> Option<String> {
    let at = words.iter().position(|word| word == "--config" || word.starts_with("--config="))?;
    match words[at].split_once('=') {
        Some((_, path)) => Some(path.to_owned()),
        None => words.get(at + 1).cloned(),
    }
}

fn text_file<'a>(data: &'a UserData, path: &str) -> Result<&'a str> {
    let bytes = data.file(path).with_context(|| format!("{path} is needed, but the user data does not write it"))?;
    std::str::from_utf8(bytes).with_context(|| format!("{path} is not UTF-8 text"))
}

/// Parses YAML without quoting it in the error, for it may hold a token.
fn yaml<T: serde::de::DeserializeOwned>(text: &str, path: &str) -> Result<T> {
    serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().map_or_else(String::new, |at| format!(" near line {}", at.line()));
        anyhow::anyhow!("{path} is not valid YAML of the expected shape{place}")
    })
}

/// Reads server and CA; a context without a user is refused, as client-go does.
fn read_discovery(data: &UserData, path: &str) -> Result<(String, Vec<u8>)> {
    use base64::Engine;
    let kubeconfig: Kubeconfig = yaml(text_file(data, path)?, path)?;
    let users: Vec<&str> = kubeconfig.auth_infos.iter().map(|user| user.name.as_str()).collect();
    for context in &kubeconfig.contexts {
        let user = context.context.as_ref().and_then(|context| context.user.as_deref()).unwrap_or_default();
        let name = &context.name;
        ensure!(users.contains(&user), "{path}: user {user:?} was not found for context {name:?}, at which kubeadm join stops");
    }
    let cluster = kubeconfig.clusters.into_iter().next().and_then(|named| named.cluster);
    let cluster = cluster.with_context(|| format!("{path} names no cluster"))?;
    let server = cluster.server.with_context(|| format!("{path} names no server"))?;
    let encoded = cluster.certificate_authority_data.with_context(|| format!("{path} has no certificate-authority-data"))?;
    let ca_pem = base64::engine::general_purpose::STANDARD.decode(encoded.trim());
    Ok((server, ca_pem.with_context(|| format!("{path}: certificate-authority-data is not base64"))?))
}

fn is_bootstrap_token(token: &str) -> bool {
    let is_half =
        |half: &str, chars: usize| half.len() == chars && half.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    token.split_once('.').is_some_and(|(id, secret)| is_half(id, TOKEN_ID_CHARS) && is_half(secret, TOKEN_SECRET_CHARS))
}

fn argument<'a>(arguments: &'a [Argument], name: &str) -> Option<&'a str> {
    arguments.iter().rev().find(|argument| argument.name == name).map(|argument| argument.value.as_str())
}

fn read_labels(text: &str) -> Result<BTreeMap<String, String>> {
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').with_context(|| format!("node-labels has {pair:?}, which is not key=value"))?;
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

/// Applies the kubelet patches of one directory in the order of their file names, as kubeadm does.
fn read_patches(data: &UserData, directory: &str) -> Result<KubeletSettings> {
    let prefix = format!("{}/", directory.trim_end_matches('/'));
    let mut paths: Vec<&str> = data.files.iter().map(|file| file.path.as_str()).collect();
    paths.retain(|path| path.strip_prefix(&prefix).is_some_and(|name| name.starts_with("kubeletconfiguration")));
    paths.sort_unstable();
    paths.dedup();
    let mut settings = KubeletSettings::default();
    for path in paths {
        ensure!(!path.contains("+json."), "{path} is a JSON patch; a light guest obeys merge and strategic patches only");
        settings = settings.patched(yaml(text_file(data, path)?, path)?);
    }
    Ok(settings)
}

#[cfg(test)]
#[path = "join_tests.rs"]
mod tests;
