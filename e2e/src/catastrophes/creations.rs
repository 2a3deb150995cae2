//! Bad proxies: lists that show nothing, answers that are lost, requests that arrive twice or late.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::lab::gate::{How, Which};
use crate::suite::checks::no_doubles;
use crate::suite::manifests;
use crate::suite::world::World;

/// How long a lie lasts: many times the pause between two looks.
const LIE: Duration = Duration::from_secs(25);
/// Requests that a lie bears on; more than come in its time.
const ALL: u32 = 100_000;
/// Longer than the operator waits for an answer to a creation.
const LATE: Duration = Duration::from_secs(75);

const SERVERS: Which = Which { method: "POST", path_end: "/servers" };
const PORTS: Which = Which { method: "POST", path_end: "/ports" };
const LIST: Which = Which { method: "GET", path_end: "/servers/detail" };

/// A pool with this many pods, each of which needs a host.
pub(super) async fn with_pods(world: &World, count: usize) -> Result<()> {
    world.apply_cloud().await?;
    let pool = manifests::pool(&world.namespace, "general", "  maxHosts: 6\n", "{}");
    world.apply(&pool.replace("[m1.large, m1.xlarge]", "[m1.large]")).await?;
    world.apply_deployment("web", count, "2500m", "").await
}

/// Ids of all servers.
pub(super) async fn ids(world: &mut World) -> Result<BTreeSet<String>> {
    Ok(world.servers().await?.iter().filter_map(|server| server["id"].as_str().map(str::to_owned)).collect())
}

/// One server and one port a host, and as many as pods need.
async fn one_each(world: &mut World, hosts: usize) -> Result<()> {
    let servers = world.servers().await?;
    no_doubles(&servers)?;
    let left = world.lab.cloud.left().await?;
    let ports = left.iter().filter(|what| what.starts_with("port ")).count();
    ensure!(servers.len() == hosts && ports == hosts, "{hosts} hosts were wanted; there is {left:?}");
    Ok(())
}

pub(super) async fn answers_lost(world: &mut World) -> Result<()> {
    world.gate()?.spoil(SERVERS, How::AnswerLost, 3);
    world.gate()?.spoil(PORTS, How::AnswerLost, 3);
    with_pods(world, 3).await?;
    world.until_running("web", 3).await?;
    one_each(world, 3).await
}

pub(super) async fn sent_twice(world: &mut World) -> Result<()> {
    world.gate()?.spoil(SERVERS, How::SentTwice, 2);
    with_pods(world, 2).await?;
    world.until_running("web", 2).await?;
    // The losers of the race end in ERROR; they go because they bear the host's UID and are not the recorded server.
    world.until_left(4).await?;
    one_each(world, 2).await
}

pub(super) async fn applied_late(world: &mut World) -> Result<()> {
    world.gate()?.spoil(SERVERS, How::SentLate(LATE), 1);
    with_pods(world, 1).await?;
    tokio::time::sleep(LATE + Duration::from_secs(5)).await;
    world.until_running("web", 1).await?;
    one_each(world, 1).await
}

/// Nothing of this may change while the cloud lies.
async fn unchanged_by(world: &mut World, which: Which, lies: &[How]) -> Result<()> {
    with_pods(world, 2).await?;
    world.until_running("web", 2).await?;
    let before = ids(world).await?;
    for lie in lies {
        world.gate()?.arm(None);
        world.gate()?.spoil(which.clone(), lie.clone(), ALL);
        tokio::time::sleep(LIE / u32::try_from(lies.len())?).await;
        world.gate()?.spoil_nothing();
        let written: Vec<String> = world.gate()?.exchanges().iter().map(|exchange| exchange.call.label.clone()).collect();
        let changes = written.iter().filter(|label| label.starts_with("DELETE") || label.starts_with("POST"));
        ensure!(changes.clone().count() == 0, "while the cloud answered {lie:?}: {:?}", changes.collect::<Vec<_>>());
    }
    ensure!(before == ids(world).await?, "servers came or went because the cloud lied");
    world.until_hosts(2).await?;
    world.scale("web", 3).await?;
    world.until_running("web", 3).await
}

pub(super) async fn empty_list(world: &mut World) -> Result<()> {
    unchanged_by(world, LIST, &[How::Instead(200, "{\"servers\": []}")]).await
}

pub(super) async fn mad_proxy(world: &mut World) -> Result<()> {
    let lies = [
        How::Instead(404, "{\"itemNotFound\": {\"code\": 404, \"message\": \"not here\"}}"),
        How::Instead(403, "<html><h1>403 Forbidden</h1></html>"),
        How::Instead(200, "<html><h1>Maintenance</h1></html>"),
    ];
    unchanged_by(world, Which::ALL, &lies).await
}
