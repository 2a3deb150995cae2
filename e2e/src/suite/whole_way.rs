//! The whole way on real parts: the operator from the chart in a pod, hosts that are real kubelets, user data as Nova stored it.

use anyhow::{Result, ensure};
use kube::ResourceExt;

use super::World;
use super::checks::no_doubles;
use super::world::phase;

/// Pods on hosts that joined with `kubeadm join`, run by kubelet and containerd; and everything gone at the end.
pub async fn real_kubelets(world: &mut World) -> Result<()> {
    world.apply_cloud().await?;
    world.apply_pool("general", "  maxHosts: 2\n", "{labels: {tier: general}}").await?;
    world.apply_deployment("web", 4, "1500m", "      nodeSelector: {tier: general}\n").await?;
    world.until_running("web", 4).await?;
    for node in world.nodes().await? {
        let info = node.status.as_ref().and_then(|status| status.node_info.clone()).unwrap_or_default();
        eprintln!("        {}: kubelet {}, {}", node.name_any(), info.kubelet_version, info.container_runtime_version);
        ensure!(info.container_runtime_version.starts_with("containerd://"), "node {} is not run by containerd", node.name_any());
    }
    // Logs come from the kubelet's own server: its certificate was asked for, judged and approved.
    let ns = world.namespace.clone();
    for pod in world.pods("web").await? {
        ensure!(phase(&pod) == "Running", "{} does not run", pod.name_any());
        world.kubectl(&["logs", &pod.name_any(), "-n", &ns, "--tail=1"]).await?;
    }
    no_doubles(&world.servers().await?)?;
    ensure!(world.tokens().await?.is_empty(), "bootstrap tokens outlived the join");
    world.scale("web", 0).await?;
    world.until_hosts(0).await.map(drop)
}
