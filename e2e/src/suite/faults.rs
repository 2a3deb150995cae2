//! Scenarios of a cloud that lies, refuses and goes away; on the simulator.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::World;
use super::checks::no_doubles;

async fn ready_pool(world: &World, zones: &str) -> Result<()> {
    world.apply_cloud().await?;
    world.apply_pool("general", "", "{}").await?;
    let ns = world.namespace.clone();
    let patch = format!("{{\"spec\":{{\"template\":{{\"zones\":{zones}}}}}}}");
    world.kubectl(&["patch", "vmpool", "general", "-n", &ns, "--type=merge", "-p", &patch]).await.map(drop)
}

/// Every build in az1 fails.
pub async fn no_valid_host(world: &mut World) -> Result<()> {
    world.lab.cloud.fault(json!({"kind": "build", "zone": "az1", "outcome": "error", "code": 500, "message": "No valid host was found. There are not enough hosts available."}))?;
    ready_pool(world, "[\"az1\",\"az2\"]").await?;
    world.apply_deployment("web", 3, "2500m", "").await?;
    world.until_running("web", 3).await?;
    for host in world.hosts().await? {
        ensure!(host.spec.zone == "az2" || host.metadata.deletion_timestamp.is_some(), "a host in the zone without room is kept");
    }
    world.lab.cloud.no_faults()
}

/// Creations are applied and answered with 503, a reset, or not at all.
pub async fn answers_lost(world: &mut World) -> Result<()> {
    let lost = |how: serde_json::Value| {
        let mut fault = json!({"kind": "request", "method": "POST", "path": "/compute/v2.1/servers", "when": "after", "count": 2});
        fault.as_object_mut().into_iter().for_each(|f| f.extend(how.as_object().cloned().unwrap_or_default()));
        fault
    };
    world.lab.cloud.fault(lost(json!({"status": 503})))?;
    world.lab.cloud.fault(lost(json!({"reset": true})))?;
    world.lab.cloud.fault(
        json!({"kind": "request", "method": "POST", "path": "/networking/v2.0/ports", "when": "after", "count": 2, "status": 503}),
    )?;
    ready_pool(world, "[\"az1\"]").await?;
    world.apply_deployment("web", 5, "2500m", "").await?;
    world.until_running("web", 5).await?;
    let servers = world.servers().await?;
    no_doubles(&servers)?;
    ensure!(servers.len() == world.hosts().await?.len(), "{} servers", servers.len());
    world.lab.cloud.no_faults()
}

/// Lists show nothing for half a minute.
pub async fn empty_lists(world: &mut World) -> Result<()> {
    ready_pool(world, "[\"az1\"]").await?;
    world.apply_deployment("web", 2, "2500m", "").await?;
    world.until_running("web", 2).await?;
    let before = ids(world).await?;
    world.lab.cloud.fault(json!({"kind": "list"}))?;
    world.apply_deployment("more", 1, "2500m", "").await?;
    world.until_running("more", 1).await?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    world.lab.cloud.no_faults()?;
    let after = ids(world).await?;
    ensure!(before.iter().all(|id| after.contains(id)), "a server went while lists were empty: {before:?} {after:?}");
    ensure!(after.len() == before.len() + 1, "hosts were bought because lists were empty: {before:?} {after:?}");
    Ok(())
}

async fn ids(world: &mut World) -> Result<Vec<String>> {
    Ok(world.servers().await?.iter().filter_map(|server| server["id"].as_str().map(str::to_owned)).collect())
}

/// Every request is answered with 503 for a while.
pub async fn unplugged(world: &mut World) -> Result<()> {
    ready_pool(world, "[\"az1\"]").await?;
    world.apply_deployment("web", 1, "2500m", "").await?;
    world.until_running("web", 1).await?;
    world.lab.cloud.fault(json!({"kind": "request", "path": "/.*", "status": 503}))?;
    world.scale("web", 3).await?;
    tokio::time::sleep(Duration::from_secs(12)).await;
    ensure!(world.pods("web").await?.len() == 3, "pods went while OpenStack was away");
    world.lab.cloud.no_faults()?;
    world.until_running("web", 3).await?;
    no_doubles(&world.servers().await?)
}
