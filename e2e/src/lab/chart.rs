//! The chart with the operator in a pod on a real kubelet: what demo and the real OpenStack's suite have in common.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::operator::NAMESPACE;
use super::wait::until;
use super::{Lab, helm};

/// The pod must pull nothing: its image was imported at the node's boot.
const VALUES: [&str; 5] = [
    "image.repository=gantry.local/gantry",
    "image.tag=demo",
    "image.pullPolicy=Never",
    "tolerations[0].key=node-role.kubernetes.io/control-plane",
    "tolerations[0].operator=Exists",
];
/// Time for the operator's pod to be ready.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// Boots the node, installs the chart with Helm, waits until the operator is ready.
///
/// # Errors
/// If the node, the chart or the operator does not come up, with what there is instead.
pub async fn install(lab: &mut Lab, image: &Path) -> Result<()> {
    lab.start_infra_node(image).await?;
    helm::install(lab, &VALUES).await?;
    let lab = &*lab;
    until("the operator's pod to be ready", READY_WITHIN, || async {
        let shown = helm::kubectl(lab, &["get", "pods", "-n", NAMESPACE, "-o", "wide"]).await.map_err(|error| error.to_string())?;
        if shown.contains("1/1") { Ok(()) } else { Err(format!("{shown}{}", why_not(lab).await)) }
    })
    .await
    .context("the operator did not start from the chart")
}

/// What the scheduler and the kubelet said of the operator's pod, and the nodes' taints.
async fn why_not(lab: &Lab) -> String {
    let events = ["get", "events", "-n", NAMESPACE, "-o", "custom-columns=OBJECT:.involvedObject.name,REASON:.reason,MESSAGE:.message"];
    let nodes = ["get", "nodes", "-o", "custom-columns=NODE:.metadata.name,TAINTS:.spec.taints[*].key"];
    let told = |output: Result<String>| output.unwrap_or_else(|error| format!("{error:#}\n"));
    told(helm::kubectl(lab, &events).await) + &told(helm::kubectl(lab, &nodes).await)
}

/// Takes the operator's pod away and leaves CRDs, ServiceAccount and roles.
///
/// # Errors
/// What Helm says.
pub async fn stop_operator(lab: &Lab) -> Result<()> {
    helm::install(lab, &["replicas=0"]).await?;
    until("the operator's pod to be gone", READY_WITHIN, || async {
        let shown = helm::kubectl(lab, &["get", "pods", "-n", NAMESPACE, "-o", "name"]).await.map_err(|error| error.to_string())?;
        if shown.trim().is_empty() { Ok(()) } else { Err(shown) }
    })
    .await
}
