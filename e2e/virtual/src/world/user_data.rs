//! A guest's user data, read as cloud-init and kubeadm would, as far as the operator writes it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_plan::quantity::Quantity;
use serde::Deserialize;
use serde_json::Value;

/// What a guest needs to join.
#[derive(Clone, Debug)]
pub struct Join {
    /// The node's name.
    pub name: String,
    /// Id and secret of the bootstrap token.
    pub token: (String, String),
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Taints.
    pub taints: Vec<Value>,
    /// `openstack:///<server id>`.
    pub provider_id: Option<String>,
    /// kubelet's maxPods.
    pub max_pods: i64,
    /// kubeReserved of CPU.
    pub reserved_cpu_milli: i64,
    /// kubeReserved of memory.
    pub reserved_memory_bytes: i64,
}

#[derive(Deserialize)]
struct CloudConfig {
    write_files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    path: String,
    content: String,
}

impl Join {
    /// Reads base64 as Nova keeps it.
    ///
    /// # Errors
    /// What a guest would leave in its console log; never a part of the text, which holds a token.
    pub fn read(encoded: &str, server_id: &str) -> Result<Self> {
        let bytes = STANDARD.decode(encoded).context("the user data is not base64")?;
        let text = String::from_utf8(bytes).context("the user data is no text")?;
        ensure!(text.starts_with("## template: jinja\n#cloud-config\n"), "the user data is no cloud-config");
        let text = text.replace("{{ v1.instance_id }}", server_id).replace("{{ '{' }}", "{");
        let config: CloudConfig = serde_saphyr::from_str(&text).ok().context("the cloud-config is no YAML of the expected shape")?;
        let file = |name: &str| {
            let found = config.write_files.iter().find(|file| file.path.ends_with(name));
            found
                .and_then(|file| serde_saphyr::from_str::<Value>(&file.content).ok())
                .with_context(|| format!("{name} is missing or no YAML"))
        };
        Self::from_files(&file("join.yaml")?, &file("kubeletconfiguration0+merge.yaml")?)
    }

    fn from_files(join: &Value, kubelet: &Value) -> Result<Self> {
        let registration = &join["nodeRegistration"];
        let argument = |name: &str| {
            let all = registration["kubeletExtraArgs"].as_array();
            all.and_then(|all| all.iter().find(|argument| argument["name"] == name)).and_then(|argument| argument["value"].as_str())
        };
        let token = join["discovery"]["tlsBootstrapToken"].as_str().and_then(|token| token.split_once('.')).context("there is no token")?;
        let pairs = argument("node-labels").unwrap_or_default().split(',').filter_map(|pair| pair.split_once('='));
        let reserved = |what: &str| kubelet["kubeReserved"][what].as_str().and_then(|text| text.parse::<Quantity>().ok());
        Ok(Self {
            name: registration["name"].as_str().context("the node has no name")?.to_owned(),
            token: (token.0.to_owned(), token.1.to_owned()),
            labels: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            taints: registration["taints"].as_array().cloned().unwrap_or_default(),
            provider_id: argument("provider-id").map(str::to_owned),
            max_pods: kubelet["maxPods"].as_i64().unwrap_or(110),
            reserved_cpu_milli: reserved("cpu").map_or(0, |quantity| quantity.milli()),
            reserved_memory_bytes: reserved("memory").map_or(0, |quantity| quantity.value()),
        })
    }
}
