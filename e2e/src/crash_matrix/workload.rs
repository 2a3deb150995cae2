//! What the operator is doing when it is killed: five workloads, what each begins with, and what it must end with.

use anyhow::{Context, Result};
use gantry_crds::{Host, VMPool};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use crate::lab::lane::{LABEL, Lane};
use crate::lab::objects;
use crate::suite::manifests;

/// Name of the pool of every workload.
const POOL: &str = "pool";
/// Everything that a host can be made of, beside its port.
const PARTS: &str =
    "    rootVolume: {size: 20Gi}\n    serverGroup: {policy: soft-anti-affinity}\n    floatingIP: {network: {name: public}}\n";
/// Hosts that a workload begins or ends with.
const HOSTS: usize = 2;

/// A workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Workload {
    /// Two pods find no room: two hosts come.
    ScaleUp,
    /// One of two pods goes: its host goes.
    ScaleDown,
    /// Nova puts the first server into ERROR: it goes, and another takes its place.
    FailedCreate,
    /// Somebody deletes one of two servers: its host is replaced.
    Vanished,
    /// The pool is deleted while its pods run: everything goes.
    PoolDeletion,
}

/// What a workload ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Hosts, each with a server, a port, a volume, a floating IP and a ready node.
    pub hosts: usize,
    /// Pods that run.
    pub pods: usize,
    /// Hosts that are let go on the way.
    pub let_go: usize,
}

impl Workload {
    /// All of them, the slow one first.
    pub const ALL: [Self; 5] = [Self::Vanished, Self::ScaleUp, Self::ScaleDown, Self::FailedCreate, Self::PoolDeletion];

    /// Its name in namespaces and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ScaleUp => "scale-up",
            Self::ScaleDown => "scale-down",
            Self::FailedCreate => "failed-create",
            Self::Vanished => "vanished",
            Self::PoolDeletion => "pool-deletion",
        }
    }

    /// What it must end with.
    #[must_use]
    pub fn goal(self) -> Goal {
        match self {
            Self::ScaleUp => Goal { hosts: HOSTS, pods: HOSTS, let_go: 0 },
            Self::ScaleDown => Goal { hosts: HOSTS - 1, pods: HOSTS - 1, let_go: 1 },
            Self::FailedCreate => Goal { hosts: 1, pods: 1, let_go: 1 },
            Self::Vanished => Goal { hosts: HOSTS, pods: 0, let_go: 1 },
            Self::PoolDeletion => Goal { hosts: 0, pods: 0, let_go: HOSTS },
        }
    }

    /// What there must be before it begins; `None` if it begins with nothing, not even a running operator.
    #[must_use]
    pub fn start(self) -> Option<Goal> {
        match self {
            Self::ScaleUp | Self::FailedCreate => None,
            Self::ScaleDown | Self::PoolDeletion => Some(Goal { hosts: HOSTS, pods: HOSTS, let_go: 0 }),
            Self::Vanished => Some(Goal { hosts: HOSTS, pods: 0, let_go: 0 }),
        }
    }

    /// Writes pool and pods.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn prepare(self, client: &Client, lane: &Lane) -> Result<()> {
        if self == Self::FailedCreate {
            let refusal = "No valid host was found. There are not enough hosts available.";
            lane.cloud.fault(json!({"kind": "build", "outcome": "error", "code": 500, "message": refusal, "count": 1}))?;
        }
        let least = if self == Self::Vanished { HOSTS } else { 0 };
        let namespace = &lane.namespace;
        let pool = manifests::pool(namespace, POOL, &format!("  minHosts: {least}\n"), &format!("{{labels: {{{LABEL}: {namespace}}}}}"));
        let pool = pool.replace("[m1.large, m1.xlarge]", "[m1.large]").replace("after: 3s", "after: 1s");
        objects::create(client, &pool.replace("    image:", &format!("{PARTS}    image:"))).await?;
        let pods = self.start().map_or(self.goal().pods, |start| start.pods);
        for number in 0..pods {
            objects::create(client, &pod(namespace, number)).await?;
        }
        Ok(())
    }

    /// Makes happen what the operator must answer to.
    ///
    /// # Errors
    /// What API server or cloud say.
    pub async fn trigger(self, client: &Client, lane: &mut Lane) -> Result<()> {
        let now = DeleteParams::default().grace_period(0);
        match self {
            Self::ScaleUp | Self::FailedCreate => Ok(()),
            Self::ScaleDown => {
                let pods: Api<Pod> = Api::namespaced(client.clone(), &lane.namespace);
                pods.delete("pod-0", &now).await.map(drop).map_err(Into::into)
            }
            Self::PoolDeletion => {
                let pools: Api<VMPool> = Api::namespaced(client.clone(), &lane.namespace);
                pools.delete(POOL, &DeleteParams::default()).await.map(drop).map_err(Into::into)
            }
            Self::Vanished => vanish(client, lane).await,
        }
    }
}

/// A pod that fills a host by itself.
fn pod(namespace: &str, number: usize) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: pod-{number}, namespace: {namespace}}}\nspec:\n  terminationGracePeriodSeconds: 0\n  \
         nodeSelector: {{{LABEL}: {namespace}}}\n  containers: [{{name: main, image: gantry.local/pause:1, resources: {{requests: {{cpu: 2500m, \
         memory: 64Mi}}}}}}]\n"
    )
}

/// Deletes a server behind the operator's back, and does what its kubelet no longer can: the node is not ready.
async fn vanish(client: &Client, lane: &mut Lane) -> Result<()> {
    let hosts: Api<Host> = Api::namespaced(client.clone(), &lane.namespace);
    let all = hosts.list(&ListParams::default()).await?.items;
    let host = all.iter().min_by_key(|host| host.name_any()).context("there is no host")?;
    let server = host.status.as_ref().and_then(|status| status.server_id.clone()).context("the host has no server")?;
    lane.cloud.delete_server(&server).await?;
    let away: Value = json!({"status": {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}]}});
    let nodes: Api<Node> = Api::all(client.clone());
    nodes.patch_status(&host.name_any(), &PatchParams::default(), &Patch::Strategic(away)).await?;
    Ok(())
}
