//! Two clusters in one project, and an operator that is gone for good.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use tokio::process::Command;

use super::creations::with_pods;
use super::restarted_behind;
use crate::lab::binaries;
use crate::lab::gate::{Gate, Scope};
use crate::lab::operator::Operator;
use crate::suite::checks::no_doubles;
use crate::suite::world::World;

/// What the second cluster's operator is told its kube-system's UID is.
const OTHER: &str = "0c1d2e3f-0000-4000-8000-000000000002";

/// How `gantry leftovers` ends if something is left, as after a list.
const SOMETHING_LEFT: i32 = 3;

/// The view of one of two operators: its namespace, its nodes, its cluster.
fn view(namespace: &str, cluster_uid: Option<&str>) -> Scope {
    let (namespace, cluster_uid) = (namespace.to_owned(), cluster_uid.map(str::to_owned));
    Scope { node_label: Some(format!("cluster={namespace}")), namespace: Some(namespace), cluster_uid }
}

/// Pool `general` and two pods in the world's namespace, each pod on a host of that namespace.
async fn grown(world: &World) -> Result<()> {
    let ns = world.namespace.as_str();
    world.apply_cloud().await?;
    world.apply_pool("general", "", &format!("{{labels: {{cluster: {ns}}}}}")).await?;
    world.apply_deployment("web", 2, "2500m", &format!("      nodeSelector: {{cluster: {ns}}}\n")).await?;
    world.until_running("web", 2).await
}

pub(super) async fn two_clusters(world: &mut World) -> Result<()> {
    let first = world.namespace.clone();
    let second = format!("{first}-second");
    restarted_behind(world, view(&first, None)).await?;
    world.apply(&format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {second}}}\n")).await?;
    let server = world.lab.control_plane.server().to_owned();
    let gate = Gate::open(&server, world.lab.control_plane.ca_pem(), view(&second, Some(OTHER))).await?;
    let operator = Operator::start_behind(&world.lab, &gate, "second").await?;
    let outcome = side_by_side(world, &gate, &second).await;
    let ended = operator.kill().await;
    world.namespace = first;
    restarted_behind(world, Scope::default()).await?;
    // The clouds.yaml in the Secret names the gate: the new one has another address.
    world.apply_cloud().await?;
    world.kubectl(&["delete", "namespace", &second, "--wait=false"]).await?;
    outcome.and(ended)
}

async fn side_by_side(world: &mut World, gate: &Gate, second: &str) -> Result<()> {
    let first = world.namespace.clone();
    grown(world).await?;
    let own = world.gate.take();
    second.clone_into(&mut world.namespace);
    let yaml = gate.clouds_yaml(&world.lab.cloud.clouds_yaml_text()?);
    world.apply(&crate::suite::manifests::cloud(second, &yaml, "openstack-appcred")).await?;
    world.apply_pool("general", "", &format!("{{labels: {{cluster: {second}}}}}")).await?;
    world.apply_deployment("web", 2, "2500m", &format!("      nodeSelector: {{cluster: {second}}}\n")).await?;
    world.until_running("web", 2).await?;
    let theirs = of_cluster(world, OTHER).await?;
    ensure!(theirs.len() == 2, "the second cluster's servers bear another cluster's UID: {theirs:?}");
    (world.namespace, world.gate) = (first, own);
    let ns = world.namespace.clone();
    world.kubectl(&["delete", "deployment", "web", "-n", &ns]).await?;
    world.kubectl(&["delete", "vmpool", "general", "-n", &ns, "--wait=true", "--timeout=120s"]).await?;
    world.until_left(4).await.context("of the second cluster two servers and two ports stay")?;
    ensure!(theirs == of_cluster(world, OTHER).await?, "the first cluster touched servers of the second");
    no_doubles(&world.servers().await?)?;
    world.kubectl(&["delete", "deployment", "web", "-n", second]).await?;
    world.kubectl(&["delete", "vmpool", "general", "-n", second, "--wait=true", "--timeout=120s"]).await?;
    world.kubectl(&["delete", "openstackcloud", "main", "-n", second, "--wait=true", "--timeout=30s"]).await?;
    world.until_left(0).await
}

/// Ids of the servers that bear this cluster's UID, in order.
async fn of_cluster(world: &mut World, uid: &str) -> Result<Vec<String>> {
    let servers = world.servers().await?;
    let theirs = servers.iter().filter(|server| server["metadata"][gantry_crds::META_CLUSTER] == uid);
    let mut ids: Vec<String> = theirs.filter_map(|server| server["id"].as_str().map(str::to_owned)).collect();
    ids.sort();
    Ok(ids)
}

pub(super) async fn leftovers(world: &mut World) -> Result<()> {
    with_pods(world, 2).await?;
    world.until_running("web", 2).await?;
    if let Some(operator) = world.operator.take() {
        operator.kill().await?;
    }
    let system = Api::<Namespace>::all(world.lab.client.clone()).get("kube-system").await?;
    let uid = system.metadata.uid.context("the namespace kube-system has no UID")?;
    let shown = leftovers_of(world, &uid, &[]).await?;
    ensure!(world.lab.cloud.left().await?.len() == 4, "listing deleted something:\n{shown}");
    let other = leftovers_of(world, OTHER, &["--delete", "--yes"]).await?;
    ensure!(world.lab.cloud.left().await?.len() == 4, "another cluster's clean-up deleted something of this one:\n{other}");
    let asked = leftovers_of(world, &uid, &["--delete"]).await?;
    ensure!(world.lab.cloud.left().await?.len() == 4, "--delete alone deleted something:\n{asked}");
    let deleted = leftovers_of(world, &uid, &["--delete", "--yes"]).await?;
    world.until_left(0).await.with_context(|| format!("the clean-up said:\n{deleted}"))?;
    // Nobody ends the pods of nodes whose servers are gone, but for the administrator.
    let ns = world.namespace.clone();
    world.kubectl(&["delete", "deployment", "web", "-n", &ns]).await?;
    world.kubectl(&["delete", "pods", "--all", "-n", &ns, "--force", "--grace-period=0"]).await.map(drop)
}

/// `gantry leftovers`, as an administrator runs it without a cluster.
async fn leftovers_of(world: &World, uid: &str, more: &[&str]) -> Result<String> {
    let mut command = Command::new(binaries::own("gantry")?);
    command.args(["leftovers", "--cluster-uid", uid, "--clouds-yaml"]).arg(&world.lab.cloud.clouds_yaml);
    command.args(["--cloud", "openstack-appcred"]).args(more).env_clear();
    let output = command.output().await?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(matches!(output.status.code(), Some(0 | SOMETHING_LEFT)), "gantry leftovers ended with {}: {text}", output.status);
    Ok(text)
}
