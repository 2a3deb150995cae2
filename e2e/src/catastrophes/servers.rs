//! What happens to servers: gone, stopped, in ERROR, locked, without room, without a hypervisor.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gantry_crds::Host;
use kube::ResourceExt;
use serde_json::json;

use super::creations::{ids, with_pods};
use crate::lab::wait::until;
use crate::suite::checks::no_doubles;
use crate::suite::world::{COMING, GOING, World};

/// Time to prove a server gone: the node is not ready after 50 s, then three minutes of 404.
const PROVED: Duration = Duration::from_secs(400);

fn server_of(host: &Host) -> Result<String> {
    host.status.as_ref().and_then(|status| status.server_id.clone()).with_context(|| format!("host {} has no server", host.name_any()))
}

/// One host that is ready, and its server.
async fn one_ready(world: &World) -> Result<(Host, String)> {
    with_pods(world, 1).await?;
    world.until_running("web", 1).await?;
    let host = world.until_hosts(1).await?.remove(0);
    let server = server_of(&host)?;
    Ok((host, server))
}

pub(super) async fn deleted(world: &mut World) -> Result<()> {
    world.apply_cloud().await?;
    world.apply_pool("general", "  minHosts: 3\n", "{}").await?;
    let hosts = world.until_hosts(3).await?;
    let victim = server_of(&hosts[0])?;
    let others: Vec<String> = hosts[1..].iter().map(server_of).collect::<Result<_>>()?;
    world.lab.cloud.delete_server(&victim).await?;
    let name = hosts[0].name_any();
    until(&format!("{name} to be replaced"), PROVED, || async {
        let names: Vec<String> = world.hosts().await.map_err(|error| error.to_string())?.iter().map(ResourceExt::name_any).collect();
        if names.contains(&name) { Err(format!("{names:?}")) } else { Ok(()) }
    })
    .await?;
    let after: Vec<String> = world.until_hosts(3).await?.iter().map(server_of).collect::<Result<_>>()?;
    ensure!(
        others.iter().all(|server| after.contains(server)),
        "servers that nobody touched are not there any more: {others:?}, {after:?}"
    );
    no_doubles(&world.servers().await?)
}

pub(super) async fn quota(world: &mut World) -> Result<()> {
    world.lab.cloud.set_quota(json!({"cores": 4})).await?;
    let blocked = async {
        with_pods(world, 2).await?;
        world.until_event("Blocked", "quota").await
    };
    let blocked = tokio::time::timeout(COMING, blocked).await;
    let left = world.lab.cloud.left().await?;
    world.lab.cloud.set_quota(json!({"cores": 400})).await?;
    let message = blocked.context("nobody was told of the quota")??;
    ensure!(message.contains("cores"), "the event does not say which quota: {message}");
    let ports = left.iter().filter(|what| what.starts_with("port ")).count();
    ensure!(ports <= 1, "a host that the quota refused keeps its port: {left:?}");
    world.until_running("web", 2).await?;
    no_doubles(&world.servers().await?)
}

pub(super) async fn off_and_on(world: &mut World) -> Result<()> {
    let (_, server) = one_ready(world).await?;
    world.gate()?.arm(None);
    world.lab.cloud.act(&server, json!({"os-stop": null})).await?;
    until_not_ready(world).await?;
    world.lab.cloud.act(&server, json!({"os-start": null})).await?;
    world.until_hosts(1).await?;
    world.lab.cloud.act(&server, json!({"os-resetState": {"state": "error"}})).await?;
    tokio::time::sleep(Duration::from_secs(8)).await;
    world.lab.cloud.act(&server, json!({"os-resetState": {"state": "active"}})).await?;
    let host = world.until_hosts(1).await?.remove(0);
    ensure!(server_of(&host)? == server, "the host was given another server");
    let deletions = world.gate()?.exchanges().into_iter().filter(|e| e.call.label.starts_with("DELETE")).count();
    ensure!(deletions == 0, "{deletions} deletions although every server came back");
    Ok(())
}

async fn until_not_ready(world: &World) -> Result<()> {
    until("the host to be not ready", COMING, || async {
        let hosts = world.hosts().await.map_err(|error| error.to_string())?;
        let phases: Vec<_> = hosts.iter().filter_map(|host| host.status.as_ref()).map(|status| status.phase).collect();
        if phases == [gantry_crds::HostPhase::NotReady] { Ok(()) } else { Err(format!("{phases:?}")) }
    })
    .await
}

pub(super) async fn locked(world: &mut World) -> Result<()> {
    let (host, server) = one_ready(world).await?;
    world.lab.cloud.act(&server, json!({"lock": null})).await?;
    world.scale("web", 0).await?;
    until("the host to be on its way out", GOING, || async {
        let hosts = world.hosts().await.map_err(|error| error.to_string())?;
        let going = hosts.iter().any(|host| host.metadata.deletion_timestamp.is_some());
        if going { Ok(()) } else { Err("nothing is being deleted".to_owned()) }
    })
    .await?;
    tokio::time::sleep(Duration::from_secs(15)).await;
    let kept = world.hosts().await?;
    let unlocked = world.lab.cloud.act(&server, json!({"unlock": null})).await;
    ensure!(kept.iter().any(|kept| kept.uid() == host.uid()), "the Host went although its server could not be deleted");
    unlocked?;
    world.until_hosts(0).await?;
    ensure!(world.lab.cloud.left().await?.is_empty(), "something is left: {:?}", world.lab.cloud.left().await?);
    Ok(())
}

pub(super) async fn hypervisor_down(world: &mut World) -> Result<()> {
    with_pods(world, 2).await?;
    world.until_running("web", 2).await?;
    let hosts = world.until_hosts(2).await?;
    let zone = hosts[0].spec.zone.clone();
    let before = ids(world).await?;
    world.lab.cloud.hypervisor(&zone, false).await?;
    let outcome = grows_elsewhere(world, &zone).await;
    world.lab.cloud.hypervisor(&zone, true).await?;
    outcome?;
    let after = ids(world).await?;
    ensure!(before.is_subset(&after), "hosts of the zone were replaced: {before:?}, {after:?}");
    no_doubles(&world.servers().await?)
}

async fn grows_elsewhere(world: &World, zone: &str) -> Result<()> {
    let old: Vec<String> = world.hosts().await?.iter().map(ResourceExt::name_any).collect();
    world.scale("web", 3).await?;
    world.until_running("web", 3).await?;
    let hosts = world.hosts().await?;
    let new = hosts.iter().find(|host| !old.contains(&host.name_any()) && host.metadata.deletion_timestamp.is_none());
    ensure!(new.is_some_and(|host| host.spec.zone != zone), "the new host is in zone {zone}, whose hypervisor is down");
    Ok(())
}

pub(super) async fn pool_deleted_early(world: &mut World) -> Result<()> {
    with_pods(world, 3).await?;
    until("the first host to be planned", COMING, || async {
        if world.hosts().await.is_ok_and(|hosts| !hosts.is_empty()) { Ok(()) } else { Err("no host".to_owned()) }
    })
    .await?;
    if let Some(operator) = world.operator.take() {
        operator.kill().await?;
    }
    let ns = world.namespace.clone();
    world.kubectl(&["delete", "vmpool", "general", "-n", &ns, "--wait=false"]).await?;
    world.gate()?.arm(None);
    world.start_operator().await?;
    world.until_hosts(0).await?;
    let made = world.gate()?.exchanges().into_iter().filter(|e| e.call.label.starts_with("POST") && e.call.label.ends_with("/servers"));
    ensure!(made.count() == 0, "servers were asked for after the pool was deleted");
    ensure!(world.lab.cloud.left().await?.is_empty(), "something is left: {:?}", world.lab.cloud.left().await?);
    Ok(())
}

pub(super) async fn namesake(world: &mut World) -> Result<()> {
    let (host, server) = one_ready(world).await?;
    let stranger = world.lab.cloud.strangers_server(&host.name_any(), &host.spec).await?;
    world.scale("web", 0).await?;
    let outcome = world.until_hosts(0).await.map(drop);
    let all = ids(world).await?;
    world.lab.cloud.delete_server(&stranger).await?;
    outcome?;
    ensure!(all.contains(&stranger), "a stranger's server was deleted because it has a host's name");
    ensure!(!all.contains(&server), "the host's own server is left");
    world.until_left(0).await
}
