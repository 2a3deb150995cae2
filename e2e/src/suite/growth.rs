//! Scenarios of growing and shrinking.

use std::time::Duration;

use anyhow::{Result, ensure};
use gantry_crds::condition;
use kube::ResourceExt;
use serde_json::json;

use super::World;
use super::checks::{no_doubles, no_secrets};
use super::world::{COMING, phase};
use crate::lab::wait::until;

/// The first path through everything: pods wait, hosts come, pods run, pods go, hosts go.
pub async fn from_zero(world: &mut World) -> Result<()> {
    world.apply_cloud().await?;
    world.apply_pool("general", "  minHosts: 0\n  maxHosts: 5\n", "{labels: {tier: general}}").await?;
    world.apply_deployment("web", 4, "1500m", "").await?;
    world.until_running("web", 4).await?;
    let hosts = world.hosts().await?;
    ensure!((1..=2).contains(&hosts.len()), "4 pods of 1.5 CPUs fit 1 m1.xlarge or 2 m1.large; {} hosts were bought", hosts.len());
    no_doubles(&world.servers().await?)?;
    for host in world.until_hosts(hosts.len()).await? {
        let status = host.status.clone().unwrap_or_default();
        ensure!(condition::is_true(&status.conditions, "Joined"), "host {} is ready and not joined", host.name_any());
        ensure!(status.provider_id == status.server_id.map(|id| format!("openstack:///{id}")), "the providerID is not the server's");
    }
    for node in world.nodes().await? {
        let taints = node.spec.as_ref().and_then(|spec| spec.taints.clone()).unwrap_or_default();
        ensure!(!taints.iter().any(|taint| taint.key == gantry_crds::TAINT_STARTUP), "node {} kept its startup taint", node.name_any());
        ensure!(node.labels().get("tier").is_some_and(|tier| tier == "general"), "node {} lacks the pool's label", node.name_any());
    }
    ensure!(world.tokens().await?.is_empty(), "bootstrap tokens outlived the join");
    world.until_event("HostPlanned", "for this pod").await?;
    world.scale("web", 0).await?;
    world.until_hosts(0).await?;
    let log = std::fs::read_to_string(&world.operator()?.log)?;
    no_secrets(&log, &secrets(&world.lab.cloud.clouds_yaml_text()?))
}

/// Values of clouds.yaml that no log may hold.
fn secrets(clouds_yaml: &str) -> Vec<String> {
    let lines = clouds_yaml.lines().filter(|line| line.contains("secret") && line.contains(':'));
    lines
        .filter_map(|line| line.split_once(':'))
        .map(|(_, value)| value.trim().trim_matches('"').to_owned())
        .filter(|v| v.len() > 12)
        .collect()
}

/// A tainted pool for those who tolerate it, a plain one for the others.
pub async fn two_pools(world: &mut World) -> Result<()> {
    world.apply_cloud().await?;
    world.apply_pool("plain", "  weight: 10\n", "{labels: {tier: plain}}").await?;
    world
        .apply_pool("batch", "  weight: 20\n", "{labels: {tier: batch}, taints: [{key: dedicated, value: batch, effect: NoSchedule}]}")
        .await?;
    world.apply_deployment("web", 2, "1", "").await?;
    let batch =
        "      nodeSelector: {tier: batch}\n      tolerations: [{key: dedicated, operator: Equal, value: batch, effect: NoSchedule}]\n";
    world.apply_deployment("job", 2, "1", batch).await?;
    world.until_running("web", 2).await?;
    world.until_running("job", 2).await?;
    for (app, pool) in [("web", "plain-"), ("job", "batch-")] {
        for pod in world.pods(app).await? {
            let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap_or_default();
            ensure!(node.starts_with(pool), "a pod of {app} runs on {node}");
        }
    }
    ensure!(world.hosts().await?.len() == 2, "one host a pool was enough");
    Ok(())
}

/// `kubectl scale vmpool`.
pub async fn replicas(world: &mut World) -> Result<()> {
    world.apply_cloud().await?;
    world.apply_pool("fixed", "  replicas: 0\n", "{}").await?;
    let ns = world.namespace.clone();
    world.kubectl(&["scale", "vmpool", "fixed", "-n", &ns, "--replicas=3"]).await?;
    world.until_hosts(3).await?;
    world.kubectl(&["scale", "vmpool", "fixed", "-n", &ns, "--replicas=1"]).await?;
    world.until_hosts(1).await?;
    let pool = world.pool("fixed").await?;
    ensure!(pool.status.as_ref().is_some_and(|status| status.replicas <= 3), "status.replicas is not kept");
    Ok(())
}

/// Quota for one m1.large only; then raised.
pub async fn quota(world: &mut World) -> Result<()> {
    world.lab.cloud.set_quota(json!({"cores": 4})).await?;
    let outcome = quota_reached(world).await;
    world.lab.cloud.set_quota(json!({"cores": 400})).await?;
    outcome?;
    world.until_running("web", 6).await?;
    no_doubles(&world.servers().await?)
}

async fn quota_reached(world: &mut World) -> Result<()> {
    world.apply_cloud().await?;
    world.apply_pool("general", "", "{}").await?;
    world.apply_deployment("web", 6, "1500m", "").await?;
    let message = world.until_event("Blocked", "quota").await?;
    ensure!(message.contains("cores") && message.contains("raise it by"), "the event does not say what to do: {message}");
    until("2 of 6 pods to run within the quota", COMING, || async {
        let running = world.pods("web").await.map_err(|e| e.to_string())?.iter().filter(|pod| phase(pod) == "Running").count();
        if running == 2 { Ok(()) } else { Err(format!("{running} run")) }
    })
    .await?;
    let pool = world.pool("general").await?;
    let conditions = pool.status.unwrap_or_default().conditions;
    ensure!(condition::find(&conditions, "CanGrow").is_some_and(|c| c.status == "False"), "the pool does not say that it cannot grow");
    Ok(())
}

/// The pool goes with its running pods.
pub async fn pool_deleted(world: &mut World) -> Result<()> {
    world.apply_cloud().await?;
    world.apply_pool("general", "", "{}").await?;
    world.apply_deployment("web", 3, "1", "").await?;
    world.until_running("web", 3).await?;
    let ns = world.namespace.clone();
    world.kubectl(&["delete", "vmpool", "general", "-n", &ns, "--wait=true", "--timeout=90s"]).await?;
    ensure!(world.hosts().await?.is_empty(), "the pool went before its hosts");
    ensure!(world.lab.cloud.left().await?.is_empty(), "the pool went before its servers");
    let pending = world.pods("web").await?.iter().filter(|pod| phase(pod) == "Pending").count();
    ensure!(pending == 3, "the evicted pods were made again and wait: {pending} do");
    Ok(())
}

/// A budget of one pod: the drain waits for it to be lifted.
pub async fn budget(world: &mut World) -> Result<()> {
    world.apply_cloud().await?;
    world.apply_pool("general", "", "{}").await?;
    world.apply_deployment("web", 1, "1", "").await?;
    world.until_running("web", 1).await?;
    let ns = world.namespace.clone();
    let budget = format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: web, namespace: {ns}}}\nspec:\n  minAvailable: 1\n  selector: {{matchLabels: {{app: web}}}}\n"
    );
    world.apply(&budget).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.kubectl(&["delete", "vmpool", "general", "-n", &ns, "--wait=false"]).await?;
    until("the host to say why it is not drained", COMING, || async {
        let hosts = world.hosts().await.map_err(|e| e.to_string())?;
        let message = hosts.first().and_then(|host| host.status.clone()).map(|status| status.message).unwrap_or_default();
        if message.contains("cannot be evicted yet") && message.contains("disruption budget") { Ok(()) } else { Err(message) }
    })
    .await?;
    ensure!(world.pods("web").await?.iter().any(|pod| phase(pod) == "Running"), "the pod was taken away against its budget");
    world.kubectl(&["delete", "poddisruptionbudget", "web", "-n", &ns]).await?;
    world.until_hosts(0).await.map(drop)
}
