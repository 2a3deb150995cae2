//! A real node without a server: it carries what runs beside the hosts, such as the operator's own pod.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::{Node, Secret};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client};
use rand::Rng;
use serde_json::json;

use super::capacity::Size;
use super::real::{self, Identity, Image, RealGuest};
use super::template::InstanceData;
use super::user_data;

/// Group of kubeadm's own tokens: `kubeadm init` leaves its certificates to be approved by the controller manager.
const TOKEN_GROUP: &str = "system:bootstrappers:kubeadm:default-node-token";

/// Characters of a bootstrap token's halves, and how many each has.
const TOKEN_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const TOKEN_ID_CHARS: usize = 6;
const TOKEN_SECRET_CHARS: usize = 16;

/// Longest wait from the join to Ready.
const READY_WAIT_MAX: Duration = Duration::from_secs(120);

/// Pause between two looks at the node.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// What an infrastructure node is.
#[derive(Clone, Debug)]
pub struct InfraOptions {
    /// Name of the node.
    pub name: String,
    /// Address on the bridge, outside the pool that Neutron gives addresses from, such as 10.78.0.10.
    pub address: IpAddr,
    /// CPUs and memory that the node shows; its memory is limited to that.
    pub size: Size,
    /// Labels of the node.
    pub labels: BTreeMap<String, String>,
    /// Directory for its disk; removed when the node ends.
    pub dir: PathBuf,
    /// Directory with the Kubernetes binaries, containerd and its shim.
    pub bin_dir: PathBuf,
    /// Directory with image tars to import at boot.
    pub images_dir: Option<PathBuf>,
}

/// A running infrastructure node. Dropping it kills it; [`InfraNode::end`] also removes what it owned.
pub struct InfraNode {
    guest: RealGuest,
    dir: PathBuf,
    token: String,
    client: Client,
}

impl InfraNode {
    /// Boots a node that joins the cluster of `client` (an administrator) at `server`, and waits until it is Ready.
    ///
    /// # Errors
    /// A machine that cannot run real guests, a join that fails, or a node that is not Ready in time.
    pub async fn boot(client: Client, server: &str, ca_pem: &str, options: InfraOptions) -> Result<Self> {
        let image = Image { bin_dir: options.bin_dir.clone(), images_dir: options.images_dir.clone() };
        real::check(&image)?;
        let id = uuid::Uuid::new_v4().to_string();
        let (token_name, token) = create_token(&client).await?;
        let text = user_data_text(&options, server, ca_pem, &token);
        let instance = InstanceData { instance_id: id.clone(), local_hostname: options.name.clone(), ..InstanceData::default() };
        let data = user_data::parse(text.as_bytes(), &instance)?;
        std::fs::create_dir_all(&options.dir).with_context(|| format!("{} cannot be made", options.dir.display()))?;
        let guest = RealGuest::new(Identity::new(&id, &options.name, options.address), options.size, &options.dir, image);
        let mut node = Self { guest, dir: options.dir, token: token_name, client };
        let started = node.start(&data, &options.name).await;
        if let Err(error) = started {
            node.end().await?;
            return Err(error.context(format!("node {} did not start", options.name)));
        }
        Ok(node)
    }

    /// Resident memory of the node with its pods, in MiB.
    pub fn memory_mib(&self) -> Option<u64> {
        self.guest.memory_mib()
    }

    /// The last lines of its console.
    pub fn console(&self) -> String {
        self.guest.console()
    }

    /// Ends the node and removes everything it owned on this machine. Its Node object stays.
    ///
    /// # Errors
    /// Processes that do not end.
    pub async fn end(mut self) -> Result<()> {
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), "kube-system");
        let _ = secrets.delete(&self.token, &DeleteParams::default()).await;
        self.guest.power_off().await?;
        let _ = std::fs::remove_dir_all(&self.dir);
        Ok(())
    }

    async fn start(&mut self, data: &user_data::UserData, name: &str) -> Result<()> {
        self.guest.write_disk(data)?;
        self.guest.power_on().await?;
        self.guest.joined().await?;
        let nodes: Api<Node> = Api::all(self.client.clone());
        let start = Instant::now();
        loop {
            let found = nodes.get_opt(name).await.ok().flatten();
            let status = found.and_then(|node| node.status);
            let conditions = status.iter().flat_map(|status| status.conditions.iter().flatten());
            if conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True") {
                return Ok(());
            }
            ensure!(start.elapsed() < READY_WAIT_MAX, "it is not Ready {} s after it joined", READY_WAIT_MAX.as_secs());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Creates a bootstrap token of the group that `kubeadm init` lets in: its Secret, and the token.
pub(super) async fn create_token(client: &Client) -> Result<(String, String)> {
    let (id, secret) = (random_text(TOKEN_ID_CHARS), random_text(TOKEN_SECRET_CHARS));
    let name = format!("bootstrap-token-{id}");
    let object: Secret = serde_json::from_value(json!({
        "metadata": { "name": name, "namespace": "kube-system" },
        "type": "bootstrap.kubernetes.io/token",
        "stringData": {
            "token-id": id, "token-secret": secret, "usage-bootstrap-authentication": "true", "auth-extra-groups": TOKEN_GROUP,
        },
    }))?;
    let secrets: Api<Secret> = Api::namespaced(client.clone(), "kube-system");
    secrets.create(&PostParams::default(), &object).await.context("the bootstrap token could not be created")?;
    Ok((name, format!("{id}.{secret}")))
}

fn random_text(chars: usize) -> String {
    let mut random = rand::rng();
    (0..chars).map(|_| char::from(TOKEN_ALPHABET[random.random_range(0..TOKEN_ALPHABET.len())])).collect()
}

/// User data of the form that a host gets from Gantry, written as JSON, which is YAML.
fn user_data_text(options: &InfraOptions, server: &str, ca_pem: &str, token: &str) -> String {
    let discovery = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "node",
        "clusters": [{ "name": "cluster", "cluster": { "server": server, "certificate-authority-data": STANDARD.encode(ca_pem) } }],
        "contexts": [{ "name": "node", "context": { "cluster": "cluster", "user": "node" } }],
        "users": [{ "name": "node", "user": {} }],
    });
    let labels: Vec<String> = options.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let join = json!({
        "apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "JoinConfiguration",
        "discovery": { "file": { "kubeConfigPath": "/etc/kubernetes/gantry/discovery.yaml" }, "tlsBootstrapToken": token },
        "nodeRegistration": {
            "name": options.name, "taints": [],
            "kubeletExtraArgs": [{ "name": "node-labels", "value": labels.join(",") }],
        },
    });
    let file = |name: &str, content: serde_json::Value| json!({ "path": format!("/etc/kubernetes/gantry/{name}"), "permissions": "0600", "content": content.to_string() });
    let config = json!({
        "write_files": [file("discovery.yaml", discovery), file("join.yaml", join)],
        "runcmd": [["kubeadm", "join", "--config", "/etc/kubernetes/gantry/join.yaml"]],
    });
    format!("#cloud-config\n{config}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::join;

    #[test]
    fn the_user_data_is_what_a_guest_understands() {
        let options = InfraOptions {
            name: "infra".into(),
            address: IpAddr::from([10, 78, 0, 10]),
            size: Size::default(),
            labels: BTreeMap::from([("role".into(), "infra".into())]),
            dir: PathBuf::new(),
            bin_dir: PathBuf::new(),
            images_dir: None,
        };
        let text = user_data_text(&options, "https://10.78.0.1:6443", "ca", "abcdef.0123456789abcdef");
        let data = user_data::parse(text.as_bytes(), &InstanceData::default()).unwrap();
        let join = join::read(&data, "other").unwrap();
        assert_eq!((join.node_name.as_str(), join.server.as_str()), ("infra", "https://10.78.0.1:6443"));
        assert_eq!(join.labels["role"], "infra");
    }
}
