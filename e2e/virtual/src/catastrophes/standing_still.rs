//! Nothing can be had, nothing goes, or nothing answers, for hours (T12, T14, T15, T16).

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::scene::{Scene, Trial, counts, fault, grown, minutes, no_faults, requests, untouched, want};
use crate::lab::Life;
use crate::world::guests::Image;
use crate::world::{Setup, World};

const POST_SERVERS: &str = "POST /compute/v2.1/servers";

/// Two hosts are there; a third never registers and goes, and only its server is deleted.
pub fn one_never_registers(trial: Trial) -> Result<String> {
    let mut scene = Scene::new(&Setup::small(trial.seed))?;
    scene.play(async |life: Life| {
        want(&life.world, 2);
        grown(&life, 2, minutes(15)).await?;
        let healthy: Vec<String> = life.world.inventory().servers_of(&life.world.cluster_uid).map(|server| server.id.clone()).collect();
        life.world.guests(|guests| guests.image = Image::NeverJoins);
        want(&life.world, 3);
        life.until("a host that never joined is given up", minutes(60), |world| world.checks.servers_deleted() == 1).await?;
        life.world.guests(|guests| guests.image = Image::Good);
        grown(&life, 3, minutes(60)).await?;
        let now = life.world.inventory();
        ensure!(healthy.iter().all(|id| now.servers.iter().any(|server| server.id == *id)), "a healthy server was deleted");
        Ok(format!("1 host that never registered replaced: {} deletes, the 2 healthy ones untouched", counts(&life.world).deletes))
    })
}

/// Six hours at the end of the quota, with hosts that can still go.
pub fn quota_spent(trial: Trial) -> Result<String> {
    let setup = Setup { flavors: vec!["m1.large", "m1.xlarge"], ..Setup::small(trial.seed) };
    let mut scene = Scene::new(&setup)?;
    scene.play(async |life: Life| {
        want(&life.world, 2);
        grown(&life, 2, minutes(15)).await?;
        // The limits say that there is room: the quota is met when a server is asked for.
        let spent = json!({"forbidden": {"code": 403, "message": "Quota exceeded for cores: Requested 4, but already used 8 of 8 cores"}});
        fault(&life.world, json!({"kind": "request", "method": "POST", "path": "/compute/v2.1/servers", "status": 403, "body": spent}));
        six_hours(&life, 4).await
    })
}

/// Six hours in which every build fails.
pub fn no_valid_host(trial: Trial) -> Result<String> {
    let setup = Setup { flavors: vec!["m1.large", "m1.xlarge"], ..Setup::small(trial.seed) };
    let mut scene = Scene::new(&setup)?;
    scene.play(async |life: Life| {
        want(&life.world, 2);
        grown(&life, 2, minutes(15)).await?;
        let message = "No valid host was found. There are not enough hosts available.";
        fault(&life.world, json!({"kind": "build", "outcome": "error", "code": 500, "message": message}));
        six_hours(&life, 4).await
    })
}

/// Tries are bounded by the back-off of each of `offerings`, no port is left, and hosts that are not needed still go.
async fn six_hours(life: &Life, offerings: u64) -> Result<String> {
    let begun = requests(&life.world, POST_SERVERS);
    want(&life.world, 4);
    life.sleep(minutes(180)).await;
    want(&life.world, 0);
    life.until("hosts still go", minutes(20), |world| world.hosts_in("Ready") == 0).await?;
    want(&life.world, 2);
    life.sleep(minutes(180)).await;
    let tries = requests(&life.world, POST_SERVERS) - begun;
    // 15 s doubling to 5 min, in two spells of 3 h, and 2 hosts at a time.
    let most = offerings * 2 * (180 / 5 + 10);
    ensure!(tries <= most, "{tries} tries in 6 h, and the back-off of {offerings} offerings allows {most}");
    ensure!(tries >= offerings, "{tries} tries: not every flavor and zone was tried");
    no_faults(&life.world);
    grown(life, 2, minutes(20)).await?;
    let ports = life.world.outcome().things.get("port").copied().unwrap_or_default();
    ensure!(ports == 2, "{ports} ports for 2 hosts");
    Ok(format!("6 h: {tries} tries (at most {most}), 0 ports left, hosts still went, back when it ended"))
}

/// Servers off, in ERROR, and the API away for an hour each; then all is well again without anybody's help.
pub fn away_for_an_hour(trial: Trial) -> Result<String> {
    let fleet = 40;
    let mut scene = Scene::with_fleet(fleet, Setup::small(trial.seed))?;
    scene.play(async |life: Life| {
        life.sleep(minutes(2)).await;
        let before = counts(&life.world);
        for status in ["SHUTOFF", "ERROR"] {
            set_status(&life.world, status);
            life.sleep(minutes(60)).await;
            untouched(&life.world, before).map_err(|error| error.context(format!("servers in {status} for 1 h")))?;
            set_status(&life.world, "ACTIVE");
            life.until("all are ready again", minutes(15), |world| world.hosts_in("Ready") == fleet).await?;
        }
        fault(&life.world, json!({"kind": "request", "path": "/.*", "status": 503}));
        life.sleep(minutes(60)).await;
        untouched(&life.world, before).map_err(|error| error.context("the API away for 1 h"))?;
        no_faults(&life.world);
        life.until("the cloud is ready again", minutes(2), |world| {
            world.condition("openstackclouds", "main", "Ready").is_some_and(|(status, _)| status == "True")
        })
        .await?;
        untouched(&life.world, before)?;
        Ok(format!("{fleet} hosts SHUTOFF, ERROR, unreachable for 1 h each: 100 % back, 0 deletes, 0 creates"))
    })
}

fn set_status(world: &World, status: &str) {
    for server in world.inventory().servers_of(&world.cluster_uid) {
        world.admin("PUT", &format!("servers/{}", server.id), json!({"status": status}));
    }
}

/// DELETE is accepted and nothing happens for two hours.
pub fn deletion_hangs(trial: Trial) -> Result<String> {
    let mut scene = Scene::new(&Setup::small(trial.seed))?;
    scene.play(async |life: Life| {
        want(&life.world, 3);
        grown(&life, 3, minutes(15)).await?;
        fault(&life.world, json!({"kind": "delete", "outcome": "never"}));
        want(&life.world, 0);
        life.sleep(minutes(120)).await;
        let during = counts(&life.world);
        ensure!(during.hosts == 3 && during.going == 3, "hosts whose servers are there have gone: {during:?}");
        ensure!(during.creates == 3, "servers were replaced: {during:?}");
        no_faults(&life.world);
        life.until("all are gone", minutes(60), |world| world.api.list("hosts").is_empty()).await?;
        Ok("deletions that take 2 h: finalizers kept, nothing created twice, gone at last".into())
    })
}

/// Deleted servers are kept for ten minutes and count for the quota.
pub fn soft_deletion(trial: Trial) -> Result<String> {
    let mut scene = Scene::new(&Setup::small(trial.seed))?;
    scene.play(async |life: Life| {
        life.world.admin("PUT", "options", json!({"reclaimIntervalMs": 600_000}));
        for _ in 0..3 {
            want(&life.world, 3);
            grown(&life, 3, minutes(30)).await?;
            want(&life.world, 0);
            life.sleep(Duration::from_secs(400)).await;
        }
        life.until("all are gone", minutes(60), |world| world.api.list("hosts").is_empty()).await?;
        life.sleep(minutes(15)).await;
        let (after, left) = (counts(&life.world), life.world.checks.unreferenced(&life.world));
        ensure!(left.is_empty(), "left behind: {left:?}");
        ensure!(after.creates <= 9, "{} creations for 3 times 3 hosts", after.creates);
        Ok(format!("soft deletions of 10 min, 3 times up and down: {} creations, nothing left", after.creates))
    })
}
