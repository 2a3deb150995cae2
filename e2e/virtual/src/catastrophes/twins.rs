//! More than one of something: operators, clusters, names (T10, T17, T25, T29).

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use jiff::SignedDuration;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::scene::{Scene, Size, Trial, counts, grown, minutes, untouched, want};
use crate::api::{Effect, Rule};
use crate::lab::{End, Lab, Life};
use crate::wire::Wire;
use crate::world::{Setup, World};

/// Two replicas; the lease's writes fail for 20 s, again and again, while hosts are made.
pub fn leadership_lost(trial: Trial) -> Result<String> {
    let mut scene = Scene::new(&Setup::small(trial.seed))?;
    let replicas = [("gantry-0", Wire::whole(), SignedDuration::ZERO), ("gantry-1", Wire::whole(), SignedDuration::ZERO)];
    let mut random = StdRng::seed_from_u64(trial.seed);
    let end = scene.lab.lives(&replicas, async |life: Life| {
        want(&life.world, 8);
        for _ in 0..12 {
            life.sleep(Duration::from_millis(random.random_range(3_000..20_000))).await;
            life.world.api.chaos(|chaos| chaos.add(Rule::all("PUT", "leases", Effect::Break)));
            life.sleep(Duration::from_secs(20)).await;
            life.world.api.chaos(crate::api::chaos::Chaos::clear);
        }
        grown(&life, 8, minutes(30)).await?;
        life.sleep(minutes(5)).await;
        Ok(counts(&life.world))
    })?;
    let End::Done(after) = end else { bail!("a whole wire was cut") };
    scene.unbroken()?;
    ensure!(after.hosts == 8, "{after:?} for 8 pods");
    let servers = scene.world().inventory().servers_of(&scene.world().cluster_uid).count();
    ensure!(servers == 8, "{servers} servers for 8 hosts");
    scene.ends_empty()?;
    Ok(format!("leadership lost 12 times among 2 replicas: 8 hosts, {} creations, 0 orphans", after.creates))
}

/// Two clusters with the same names in one project; both grow and shrink all day.
pub fn two_clusters(trial: Trial) -> Result<String> {
    let hours = if trial.size == Size::Full { 24 } else { 3 };
    let mut lab = Lab::new(&Setup::small(trial.seed))?;
    let other = lab.add_cluster(&Setup { seed: trial.seed + 1_000, ..Setup::small(trial.seed) })?;
    for world in [&lab.world, &other] {
        world.api.edit("openstackclouds", "apps", "main", |cloud| cloud["spec"]["orphans"] = json!({"action": "Delete"}));
    }
    let mut random = StdRng::seed_from_u64(trial.seed);
    let worlds: [Arc<World>; 2] = [lab.world.clone(), other.clone()];
    let end = lab.life(&Wire::whole(), async |life: Life| {
        for _ in 0..hours * 3 {
            for world in &worlds {
                want(world, random.random_range(0..6));
            }
            life.sleep(minutes(20)).await;
        }
        for world in &worlds {
            want(world, 0);
        }
        life.until("both are empty", minutes(30), |_| worlds.iter().all(|world| world.api.list("hosts").is_empty())).await?;
        Ok(())
    })?;
    let End::Done(()) = end else { bail!("a whole wire was cut") };
    let mut made = 0;
    for world in &worlds {
        ensure!(world.checks.violations().is_empty(), "{}", world.checks.violations().join("; "));
        ensure!(world.checks.unreferenced(world).is_empty(), "left behind: {:?}", world.checks.unreferenced(world));
        made += world.checks.servers_created();
    }
    Ok(format!("two clusters of one name in one project for {hours} h: {made} servers made, 0 cross touches, nothing left"))
}

/// Servers, ports and nodes of the names that ours have, none of them ours.
pub fn namesakes(trial: Trial) -> Result<String> {
    let mut scene = Scene::with_fleet(10, Setup::small(trial.seed))?;
    scene.world().api.edit("openstackclouds", "apps", "main", |cloud| cloud["spec"]["orphans"] = json!({"action": "Delete"}));
    let world = scene.lab.world.clone();
    let names: Vec<String> = world.api.list("hosts").iter().map(|host| crate::api::store::name_of(host).to_owned()).collect();
    let others: Vec<Value> = names
        .iter()
        .map(|name| json!({"name": name, "flavor": "m1.large", "ports": [{"name": format!("{name}-0")}], "createdAgoMs": 86_400_000}))
        .collect();
    world.admin("POST", "servers", json!({"project": "demo", "servers": others}));
    let hosts = world.api.list("hosts");
    let twin: Vec<Value> = hosts
        .iter()
        .map(|host| {
            json!({
                "name": host["metadata"]["name"], "flavor": "m1.large", "createdAgoMs": 86_400_000,
                "metadata": {gantry_crds::META_HOST: host["metadata"]["uid"], gantry_crds::META_CLUSTER: "another-cluster"},
            })
        })
        .collect();
    world.admin("POST", "servers", json!({"project": "demo", "servers": twin}));
    let foreign = world.inventory().servers.len();
    scene.play(async |life: Life| {
        life.sleep(minutes(2)).await;
        let before = counts(&life.world);
        life.sleep(minutes(180)).await;
        untouched(&life.world, before)?;
        ensure!(life.world.inventory().servers.len() == foreign, "servers of others were deleted");
        Ok(())
    })?;
    scene.world().checks.deletions_max(usize::MAX);
    scene.ends_empty()?;
    let left = scene.world().inventory().servers.len();
    ensure!(left == foreign - 10, "{left} servers of others are left of {}", foreign - 10);
    Ok(format!("10 hosts among {left} namesakes, one of each with its Host's UID: none touched, 10 deleted by id"))
}

/// kill -9 in the middle of work, and what the manual says to clean up with.
pub fn killed_for_good(trial: Trial) -> Result<String> {
    let mut found = 0;
    for (number, after_s) in [3, 8, 14, 20, 60].into_iter().enumerate() {
        let mut scene = Scene::new(&Setup::small(trial.seed + number as u64))?;
        scene.play(async |life: Life| {
            want(&life.world, 4);
            life.sleep(Duration::from_secs(after_s)).await;
            Ok(())
        })?;
        found += scene.lab.clean_up()?;
        let cluster = scene.world().cluster_uid.clone();
        let left: Vec<_> =
            scene.world().inventory().things().into_iter().filter(|thing| thing.cluster.as_deref() == Some(&cluster)).collect();
        ensure!(left.is_empty(), "left after the clean-up: {left:?}");
    }
    Ok(format!("killed for good at 5 moments: {found} things found and deleted, 0 left"))
}
