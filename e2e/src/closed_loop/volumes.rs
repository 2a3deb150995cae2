//! The provisioner of the laboratory's disks: a claim for which the scheduler has chosen a node gets a volume in the node's zone.

use std::time::Duration;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::{Node, PersistentVolume, PersistentVolumeClaim};
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use tokio::task::JoinHandle;

use super::workloads::CLASS;

const EVERY: Duration = Duration::from_millis(250);
const ZONE: &str = "topology.kubernetes.io/zone";

/// Makes volumes until it is dropped.
pub struct Volumes(JoinHandle<()>);

impl Volumes {
    /// Begins.
    #[must_use]
    pub fn start(client: Client) -> Self {
        Self(tokio::spawn(async move {
            loop {
                if let Err(error) = serve(&client).await {
                    tracing::warn!("no volumes were made: {error:#}");
                }
                tokio::time::sleep(EVERY).await;
            }
        }))
    }
}

impl Drop for Volumes {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn serve(client: &Client) -> Result<()> {
    let claims: Api<PersistentVolumeClaim> = Api::all(client.clone());
    for claim in claims.list(&ListParams::default()).await?.items {
        let spec = claim.spec.clone().unwrap_or_default();
        let node = claim.annotations().get("volume.kubernetes.io/selected-node");
        if let (Some(node), Some(CLASS), None) = (node, spec.storage_class_name.as_deref(), &spec.volume_name) {
            make(client, &claim, node).await?;
        }
    }
    Ok(())
}

async fn make(client: &Client, claim: &PersistentVolumeClaim, node: &str) -> Result<()> {
    let node = Api::<Node>::all(client.clone()).get(node).await?;
    let zone = node.labels().get(ZONE).context("the chosen node has no zone")?;
    let namespace = claim.namespace().unwrap_or_default();
    let name = format!("disk-{}", claim.uid().unwrap_or_default());
    let volume: PersistentVolume = serde_json::from_value(json!({
        "metadata": {"name": name},
        "spec": {
            "storageClassName": CLASS, "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/disk"},
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"kind": "PersistentVolumeClaim", "namespace": namespace, "name": claim.name_any(), "uid": claim.uid()},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]}]}},
        },
    }))?;
    match Api::<PersistentVolume>::all(client.clone()).create(&PostParams::default(), &volume).await {
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        other => other.map(drop).map_err(Into::into),
    }
}
