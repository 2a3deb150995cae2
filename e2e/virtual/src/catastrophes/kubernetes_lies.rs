//! Kubernetes' answers are wrong, late or incomplete (T2, T8, T9, T22, T23, T24, T25).

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::scene::{Scene, Size, Trial, counts, grown, minutes, untouched, want};
use crate::api::status::Refusal;
use crate::api::store::name_of;
use crate::api::{Effect, Rule};
use crate::lab::Life;
use crate::world::{Setup, World};

/// Hosts are not listed, in four ways, while the cloud lists them all and orphans may be deleted.
pub fn hosts_unlisted(trial: Trial) -> Result<String> {
    let fleet = trial.fleet();
    let effects = [Effect::Refuse(Refusal::internal()), Effect::Hang, Effect::Break, Effect::Empty];
    for effect in &effects {
        let mut scene = Scene::with_fleet(fleet, Setup::small(trial.seed))?;
        let world = scene.lab.world.clone();
        world.api.edit("openstackclouds", "apps", "main", |cloud| cloud["spec"]["orphans"] = json!({"action": "Delete"}));
        world.api.chaos(|chaos| chaos.add(Rule::all("LIST", "hosts", effect.clone())));
        let before = counts(&world);
        scene.play(async |life: Life| {
            life.sleep(minutes(30)).await;
            untouched(&life.world, before)?;
            life.world.api.chaos(crate::api::chaos::Chaos::clear);
            life.world.api.chaos(|chaos| chaos.watch_epoch += 1);
            // Long enough for two passes of the sweep.
            life.sleep(minutes(if trial.size == Size::Full { 90 } else { 30 })).await;
            untouched(&life.world, before)
        })?;
    }
    Ok(format!("{fleet} hosts, not listed for 30 min in {} ways, orphans may go: 0 deletes, 0 creates", effects.len()))
}

/// Watches show everything 10 s, then 60 s late.
pub fn own_writes_invisible(trial: Trial) -> Result<String> {
    for late_s in [10, 60] {
        let mut scene = Scene::new(&Setup::small(trial.seed))?;
        let made = scene.play(async |life: Life| {
            life.sleep(minutes(1)).await;
            life.world.api.chaos(|chaos| {
                for kind in &crate::api::kinds::KINDS {
                    chaos.watch_delay.insert(kind.plural, Duration::from_secs(late_s));
                }
            });
            want(&life.world, 5);
            grown(&life, 5, minutes(60)).await?;
            life.sleep(minutes(10)).await;
            life.world.api.chaos(crate::api::chaos::Chaos::clear);
            life.sleep(minutes(5)).await;
            Ok(counts(&life.world))
        })?;
        ensure!(made.creates == 5 && made.hosts == 5 && made.deletes == 0, "{late_s} s late: {made:?} for 5 pods");
        scene.ends_empty()?;
    }
    Ok("own writes 10 s and 60 s late: 5 pods, 5 hosts, 5 creations each".into())
}

/// Half of the Hosts and Nodes lose every label that is ours.
pub fn labels_stripped(trial: Trial) -> Result<String> {
    let fleet = 40;
    let setup = Setup { deletions_max: 0, ..Setup::small(trial.seed) };
    let mut scene = Scene::with_fleet(fleet, setup)?;
    scene.play(async |life: Life| {
        life.sleep(minutes(2)).await;
        let before = counts(&life.world);
        for plural in ["hosts", "nodes"] {
            for object in life.world.api.list(plural).iter().step_by(2) {
                let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
                life.world.api.edit(plural, namespace, name_of(object), |object| object["metadata"]["labels"] = json!({}));
            }
        }
        life.sleep(minutes(30)).await;
        untouched(&life.world, before)?;
        want(&life.world, fleet + 30);
        life.sleep(minutes(30)).await;
        let hosts = life.world.api.list("hosts").len();
        ensure!(hosts == fleet + 10, "{hosts} hosts, and maxHosts is {}\n{}", fleet + 10, life.world.picture());
        Ok(format!("labels of half of {fleet} hosts stripped: 0 surplus, never more than maxHosts"))
    })
}

/// The pool goes in the first second of the operator's life, or before it.
pub fn pool_deleted_at_start(trial: Trial) -> Result<String> {
    for delay_ms in [0, 20, 200, 500, 1_000, 2_000, 4_000] {
        let mut scene = Scene::new(&Setup::small(trial.seed))?;
        let pool = scene.world().api.get("vmpools", "apps", "general");
        scene.world().api.edit("vmpools", "apps", "general", |pool| pool["metadata"]["finalizers"] = json!([gantry_crds::FINALIZER]));
        want(scene.world(), 5);
        scene.play(async |life: Life| {
            life.sleep(Duration::from_millis(delay_ms)).await;
            let Some(pool) = pool else { anyhow::bail!("there is no pool") };
            life.world.api.delete("vmpools", &pool, 0);
            let created = counts(&life.world);
            let hosts = life.world.api.list("hosts").len();
            life.sleep(Duration::from_secs(3)).await;
            let late = life.world.api.list("hosts").len();
            ensure!(late <= hosts, "{hosts} Hosts at the pool's deletion, {late} after it");
            life.until("the pool is gone", minutes(30), |world| world.api.list("vmpools").is_empty()).await?;
            let after = counts(&life.world);
            ensure!(after.creates <= created.creates + hosts, "{created:?} became {after:?}");
            Ok(())
        })?;
        let left = scene.world().checks.unreferenced(scene.world());
        ensure!(left.is_empty(), "left behind: {left:?}");
    }
    Ok("the pool deleted 0 to 4 s after the start: no Host made after it, nothing left".into())
}

/// Many join at once while watches are cut and the API server has no seats.
pub fn many_joins(trial: Trial) -> Result<String> {
    let joins = trial.fleet().min(500);
    let setup = Setup { hosts_max: joins + 10, requests_per_second: 100, ..Setup::small(trial.seed) };
    let mut scene = Scene::new(&setup)?;
    scene.world().api.edit("openstackclouds", "apps", "main", |cloud| cloud["spec"]["pacing"]["concurrentBuilds"] = json!(1000));
    let (lists, requests) = scene.play(async |life: Life| {
        life.sleep(minutes(1)).await;
        life.world.api.state().requests.clear();
        want(&life.world, joins);
        life.world.api.chaos(|chaos| chaos.add(Rule::all("WRITE", "", Effect::Refuse(Refusal::too_many_requests())).one_in(7)));
        for _ in 0..12 {
            life.sleep(Duration::from_secs(10)).await;
            life.world.api.chaos(|chaos| chaos.watch_epoch += 1);
        }
        life.world.api.chaos(crate::api::chaos::Chaos::clear);
        grown(&life, joins, minutes(40)).await?;
        let requests = life.world.api.state().requests.clone();
        let lists: u64 =
            requests.iter().filter(|(name, _)| name.starts_with("LIST ") && !name.contains("secrets")).map(|(_, count)| count).sum();
        Ok((lists, requests.values().sum::<u64>()))
    })?;
    ensure!(lists <= 7 * 12, "{lists} lists after 12 cuts of 7 watches");
    let creates = scene.world().checks.servers_created();
    ensure!(creates == joins, "{creates} creations for {joins} hosts");
    let each = requests / joins as u64;
    ensure!(each <= 60, "{each} requests to the API server for each host");
    Ok(format!("{joins} joins, watches cut 12 times, every 7th write 429: {lists} lists, {each} requests a host, {creates} creations"))
}

/// Each field of a ready Host's status in turn, and all of them.
pub fn fields_left_out(trial: Trial) -> Result<String> {
    let mut scene = Scene::with_fleet(12, Setup::small(trial.seed))?;
    let fields = scene.play(async |life: Life| {
        life.sleep(minutes(2)).await;
        let before = counts(&life.world);
        let first = life.world.api.list("hosts").first().cloned();
        let fields: Vec<String> =
            first.iter().filter_map(|host| host["status"].as_object()).flat_map(|status| status.keys().cloned()).collect();
        for field in &fields {
            strip(&life.world, |status| drop(status.as_object_mut().and_then(|map| map.remove(field))));
            life.sleep(minutes(15)).await;
            untouched(&life.world, before).map_err(|error| error.context(format!("status.{field} was left out")))?;
        }
        strip(&life.world, |status| *status = json!({}));
        life.sleep(minutes(30)).await;
        untouched(&life.world, before).map_err(|error| error.context("the whole status was left out"))?;
        Ok(fields.len())
    })?;
    Ok(format!("{fields} fields of 12 Hosts' status left out one by one, and all: 0 deletes, 0 creates"))
}

fn strip(world: &World, change: impl Fn(&mut Value)) {
    for host in world.api.list("hosts") {
        world.api.edit("hosts", "apps", name_of(&host), |host| change(&mut host["status"]));
    }
}

/// Nodes without provider id are nobody's: not counted as a host's, not deleted.
pub fn provider_id_empty(trial: Trial) -> Result<String> {
    let mut scene = Scene::with_fleet(12, Setup::small(trial.seed))?;
    scene.play(async |life: Life| {
        life.sleep(minutes(2)).await;
        let before = counts(&life.world);
        for node in life.world.api.list("nodes") {
            life.world.api.edit("nodes", "", name_of(&node), |node| node["spec"]["providerID"] = json!(""));
        }
        life.sleep(minutes(60)).await;
        untouched(&life.world, before)?;
        ensure!(life.world.api.list("nodes").len() == 12, "nodes were deleted");
        Ok("12 nodes without provider id for 1 h: 0 deletes, 0 creates".into())
    })
}
