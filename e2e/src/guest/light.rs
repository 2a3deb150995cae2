//! A light guest: it joins a cluster as `kubeadm join` and a kubelet would, then leaves its node to kwok.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Node};
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::credentials::{NodeIdentity, bootstrap_client};
use super::join::{self, JoinRequest, KubeletSettings};
use super::node::{self, Machine, Readiness};
use super::server::Server;
use super::{certificates, retry, user_data};

/// Namespace of the nodes' heartbeats.
const LEASE_NAMESPACE: &str = "kube-node-lease";

/// Duration of the lease that an ended guest leaves, in seconds: kwok renews no lease that another holds.
const ENDED_LEASE_SECONDS: u32 = 7 * 24 * 3600;

/// Longest time that ending a guest waits for the API server.
const END_WAIT_MAX: Duration = Duration::from_secs(10);

/// How a light guest behaves.
#[derive(Clone, Debug)]
pub struct LightOptions {
    /// Time from registration to Ready; a kubelet takes a few seconds for its network.
    pub ready_after: Duration,
    /// Whether to ask for a serving certificate too, as a kubelet with `serverTLSBootstrap` does.
    pub is_asking_for_serving_certificate: bool,
    /// First boots take up to this much longer, each an amount of its own: guests join one after the other, in any order.
    pub boots_within: Duration,
}

impl LightOptions {
    /// How much longer the first boot of this server takes: as random as its id.
    pub fn boot_delay(&self, server_id: &str) -> Duration {
        let mut hasher = std::hash::DefaultHasher::new();
        std::hash::Hash::hash(server_id, &mut hasher);
        let share = std::hash::Hasher::finish(&hasher) % 1000;
        self.boots_within * u32::try_from(share).unwrap_or_default() / 1000
    }
}

impl Default for LightOptions {
    fn default() -> Self {
        Self { ready_after: Duration::from_secs(1), is_asking_for_serving_certificate: false, boots_within: Duration::ZERO }
    }
}

/// What survives a stop of the server: the guest's root disk.
#[derive(Clone, Serialize, Deserialize)]
pub struct LightDisk {
    /// Client certificate of the node.
    pub identity: NodeIdentity,
    /// The Node as the kubelet registers it.
    pub node: Node,
}

/// First boot: joins the cluster that the user data names. The node exists, not ready yet, when this returns.
///
/// # Errors
/// The sentence that a real guest would leave in its console log; the guest then never joins.
pub async fn first_boot(server: &Server) -> Result<LightDisk> {
    let encoded = server.user_data.as_deref().context("the server has no user data, so this guest joins nothing")?;
    let instance = server.instance_data();
    let data = user_data::parse_base64(encoded, &instance)?;
    let join = join::read(&data, &instance.local_hostname)?;
    let bootstrap = bootstrap_client(&join.server, &join.ca_pem, &join.token).await?;
    let version = retry::until_done("read the API server's version", || bootstrap.apiserver_version()).await?;
    let join = with_cluster_settings(join, &bootstrap).await?;
    refuse_a_ready_node(&bootstrap, &join.node_name).await?;
    let issued = certificates::request_client(bootstrap, &join.node_name).await?;
    let machine = Machine {
        server_id: server.id.clone(),
        hostname: instance.local_hostname,
        address: server.address.context("the server has no address")?,
        size: server.size,
        kubelet_version: version.git_version,
    };
    let identity = NodeIdentity {
        server: join.server.clone(),
        ca_pem: String::from_utf8(join.ca_pem.clone()).context("the cluster's CA is not PEM")?,
        certificate_pem: issued.certificate_pem,
        key_pem: issued.key_pem,
    };
    Ok(LightDisk { identity, node: node::registration(&join, &machine)? })
}

/// Every boot: registers the Node (or finds it) and reports Ready a moment later; kwok keeps its heartbeat and runs its pods.
///
/// # Errors
/// A refusal of the API server.
pub async fn run_kubelet(disk: &LightDisk, options: &LightOptions) -> Result<()> {
    let client = disk.identity.client().await?;
    let name = disk.node.name_any();
    if register(&client, disk).await? == Registration::StillRuns {
        return Ok(());
    }
    tokio::time::sleep(options.ready_after).await;
    let nodes: Api<Node> = Api::all(client.clone());
    report(&nodes, &name, Readiness::Ready).await?;
    if options.is_asking_for_serving_certificate {
        let address = disk.node.status.iter().flat_map(|s| s.addresses.iter().flatten()).find_map(|a| a.address.parse().ok());
        certificates::request_serving(client, &name, address.context("the node has no address")?).await?;
    }
    Ok(())
}

/// The guest's machine is off: its heartbeat stops, and kwok lets go of the node and its pods.
///
/// A node that is gone, or an API server that does not answer, needs nothing.
pub async fn power_off(disk: &LightDisk) {
    if let Ok(Err(error)) = tokio::time::timeout(END_WAIT_MAX, hold_lease(disk)).await {
        tracing::info!("the heartbeat of {} could not be stopped: {error:#}", disk.node.name_any());
    }
}

/// What registering found.
#[derive(PartialEq, Eq)]
enum Registration {
    /// The node is new, or its kubelet was off.
    Starts,
    /// The node is Ready and kwok holds its lease: only the booter was away.
    StillRuns,
}

async fn register(client: &Client, disk: &LightDisk) -> Result<Registration> {
    let nodes: Api<Node> = Api::all(client.clone());
    let name = disk.node.name_any();
    let parameters = PostParams::default();
    let is_new = retry::until_done("register the node", || async {
        match nodes.create(&parameters, &disk.node).await {
            Err(error) if retry::code(&error) == Some(409) => Ok(false),
            other => other.map(|_| true),
        }
    });
    if is_new.await? {
        return Ok(Registration::Starts);
    }
    let leases: Api<Lease> = Api::namespaced(client.clone(), LEASE_NAMESPACE);
    let lease = retry::until_done("read the node's lease", || leases.get_opt(&name)).await?;
    let holder = lease.and_then(|lease| lease.spec).and_then(|spec| spec.holder_identity);
    let found = retry::until_done("read the node", || nodes.get(&name)).await?;
    if is_ready(&found) && holder.is_some_and(|holder| holder != name) {
        return Ok(Registration::StillRuns);
    }
    report(&nodes, &name, Readiness::NotYet).await?;
    // The lease of an earlier life would keep kwok away until it ran out.
    let _ = leases.delete(&name, &DeleteParams::default()).await;
    Ok(Registration::Starts)
}

async fn report(nodes: &Api<Node>, name: &str, readiness: Readiness) -> Result<()> {
    let status = Patch::Strategic(json!({ "status": { "conditions": node::conditions(readiness) } }));
    let parameters = PatchParams::default();
    retry::until_done("report the node's status", || nodes.patch_status(name, &parameters, &status)).await?;
    Ok(())
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// kwok manages a node only while it holds its lease, so the node itself takes it and never renews it.
async fn hold_lease(disk: &LightDisk) -> Result<()> {
    let client = disk.identity.client().await?;
    let name = disk.node.name_any();
    let leases: Api<Lease> = Api::namespaced(client, LEASE_NAMESPACE);
    let held: Lease = serde_json::from_value(json!({
        "metadata": { "name": name },
        "spec": {
            "holderIdentity": name,
            "leaseDurationSeconds": ENDED_LEASE_SECONDS,
            "renewTime": format!("{:.6}", Timestamp::now()),
        },
    }))?;
    match leases.patch(&name, &PatchParams::default(), &Patch::Merge(&held)).await {
        Err(error) if retry::code(&error) == Some(404) => leases.create(&PostParams::default(), &held).await?,
        other => other?,
    };
    Ok(())
}

/// Reads the two ConfigMaps that kubeadm reads, so that missing rights show here as they would there.
async fn with_cluster_settings(mut join: JoinRequest, bootstrap: &Client) -> Result<JoinRequest> {
    let maps: Api<ConfigMap> = Api::namespaced(bootstrap.clone(), "kube-system");
    retry::until_done("read ConfigMap kube-system/kubeadm-config", || maps.get_opt("kubeadm-config")).await?;
    let found = retry::until_done("read ConfigMap kube-system/kubelet-config", || maps.get_opt("kubelet-config")).await?;
    let text = found.and_then(|map| map.data).and_then(|mut data| data.remove("kubelet"));
    if let Some(text) = text {
        let base: KubeletSettings =
            serde_saphyr::from_str(&text).context("ConfigMap kube-system/kubelet-config is not a KubeletConfiguration")?;
        join.kubelet = base.patched(join.kubelet);
    }
    Ok(join)
}

/// kubeadm refuses to join under the name of a node that is Ready.
async fn refuse_a_ready_node(bootstrap: &Client, name: &str) -> Result<()> {
    let nodes: Api<Node> = Api::all(bootstrap.clone());
    let found = retry::until_done("look for a node of the same name", || nodes.get_opt(name)).await?;
    if found.is_some_and(|node| is_ready(&node)) {
        bail!("a node with the name {name} is Ready already, at which kubeadm join stops")
    }
    Ok(())
}
