//! Creations whose answers do not come, or come late, and a sweep in the middle of them (T6, T7, T11).

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::scene::{Scene, Trial, counts, fault, grown, minutes, no_faults, want};
use crate::lab::Life;
use crate::world::Setup;

const SERVERS: &str = "/compute/v2.1/servers";

/// Each of 10 creations is applied, and its answer is an error or none.
pub fn answers_lost(trial: Trial) -> Result<String> {
    let mut made = 0;
    let losses = [json!({"status": 503}), json!({"status": 504}), json!({"reset": true}), json!({"status": 500})];
    for loss in &losses {
        let mut scene = Scene::new(&Setup::small(trial.seed))?;
        made += scene.play(async |life: Life| {
            let mut rule = json!({"kind": "request", "method": "POST", "path": SERVERS, "when": "after", "count": 10});
            json_patch::merge(&mut rule, loss);
            fault(&life.world, rule);
            want(&life.world, 10);
            grown(&life, 10, minutes(30)).await?;
            let servers = life.world.inventory().servers_of(&life.world.cluster_uid).count();
            ensure!(servers == 10, "{servers} servers for 10 hosts");
            Ok(counts(&life.world).creates)
        })?;
        scene.ends_empty()?;
    }
    ensure!(made == 10 * losses.len(), "{made} servers were asked for, and {} hosts were wanted", 10 * losses.len());
    Ok(format!("{made} creations applied and their answers lost: 1 server for each host, none asked for twice"))
}

/// A creation that is answered after 142 s; one that is applied 30 min after a proxy gave it up.
pub fn slow(trial: Trial) -> Result<String> {
    let mut scene = Scene::new(&Setup::small(trial.seed))?;
    let slow = scene.play(async |life: Life| {
        fault(&life.world, json!({"kind": "request", "method": "POST", "path": SERVERS, "when": "after", "delayMs": 142_000}));
        want(&life.world, 3);
        grown(&life, 3, minutes(30)).await?;
        no_faults(&life.world);
        Ok(counts(&life.world))
    })?;
    ensure!(slow.creates == 3, "{} creations for 3 hosts, each 142 s long", slow.creates);
    scene.ends_empty()?;
    let mut scene = Scene::new(&Setup::small(trial.seed + 1))?;
    let late = scene.play(async |life: Life| {
        let late = json!({"when": "after", "applyDelayMs": 1_800_000, "delayMs": 60_000, "status": 504, "count": 3});
        let mut rule = json!({"kind": "request", "method": "POST", "path": SERVERS});
        json_patch::merge(&mut rule, &late);
        fault(&life.world, rule);
        want(&life.world, 3);
        grown(&life, 3, minutes(120)).await?;
        // What was given up appears now: one of two servers of each host has to go, and only the one that lost.
        life.sleep(minutes(60)).await;
        let alive = life.world.inventory();
        let servers = alive.servers_of(&life.world.cluster_uid).count();
        ensure!(servers == 3, "{servers} servers for 3 hosts an hour later\n{}", life.world.picture());
        ensure!(life.world.hosts_in("Ready") == 3, "{}", life.world.picture());
        Ok(counts(&life.world))
    })?;
    scene.ends_empty()?;
    ensure!(late.creates <= 9, "{} creations for 3 hosts", late.creates);
    Ok(format!(
        "142 s: {} creations for 3 hosts; 30 min: {} creations, {} losers deleted, never two ACTIVE",
        slow.creates, late.creates, late.deletes
    ))
}

/// Orphans may be deleted, and creations, builds and answers take longer than any grace that one would think of.
pub fn swept_while_creating(trial: Trial) -> Result<String> {
    let setup = Setup { build: Duration::from_secs(100), ..Setup::small(trial.seed) };
    let mut scene = Scene::new(&setup)?;
    scene.world().api.edit("openstackclouds", "apps", "main", |cloud| cloud["spec"]["orphans"] = json!({"action": "Delete"}));
    let before = scene.play(async |life: Life| {
        fault(&life.world, json!({"kind": "request", "method": "POST", "path": "/networking/.*", "when": "after", "delayMs": 20_000}));
        fault(&life.world, json!({"kind": "request", "method": "POST", "path": SERVERS, "when": "after", "delayMs": 50_000}));
        for round in 1..=6 {
            want(&life.world, round);
            life.sleep(minutes(40)).await;
        }
        grown(&life, 6, minutes(60)).await?;
        Ok(counts(&life.world))
    })?;
    ensure!(before.deletes == 0, "{} servers were deleted while they were created", before.deletes);
    scene.ends_empty()?;
    Ok("6 creations within 4 h of sweeping with action Delete: 0 live servers deleted".into())
}
