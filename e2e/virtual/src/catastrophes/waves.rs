//! Purchases and their seats: across a kill, while hosts join one after the other, and when nobody needs them any more (T30, T31, T32).

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::scene::{Scene, Trial, counts, fault, grown, minutes};
use crate::api::chaos::{Effect, Rule};
use crate::api::kinds::Kind;
use crate::api::status::Refusal;
use crate::lab::Life;
use crate::world::pods::{Set, node_of};
use crate::world::{Setup, World};

/// Hosts that the pods need.
const HOSTS: usize = 4;

/// Pods of two sizes, three of each on a host of four vCPUs.
fn want_hosts(world: &World, hosts: usize) {
    for (name, cpu_milli) in [("big", 900), ("small", 300)] {
        world.pods(|pods| pods.set(Set { name: name.into(), replicas: 3 * hosts, cpu_milli, memory_mib: 512, selector: None }));
    }
}

/// Killed every few seconds from the purchase to the join: the seats are in the Hosts, so nothing is bought twice.
pub fn killed_before_the_join(trial: Trial) -> Result<String> {
    let setup = Setup { build: Duration::from_secs(40), ..Setup::small(trial.seed) };
    let mut scene = Scene::new(&setup)?;
    scene.play(async |life: Life| {
        want_hosts(&life.world, HOSTS);
        life.until("hosts are bought", minutes(5), |world| !world.api.list("hosts").is_empty()).await
    })?;
    for seconds in [1, 3, 7, 20, 40] {
        scene.play(async |life: Life| {
            life.sleep(Duration::from_secs(seconds)).await;
            Ok(())
        })?;
    }
    let creates = scene.play(async |life: Life| creates_in_the_end(&life).await)?;
    ensure!(creates == HOSTS, "{creates} servers for {HOSTS} hosts");
    scene.ends_empty()?;
    Ok(format!("killed 5 times between purchase and join: {creates} servers for {} pods, none bought twice", 6 * HOSTS))
}

/// Servers that were asked for when all hosts are there, and a while later.
async fn creates_in_the_end(life: &Life) -> Result<usize> {
    grown(life, HOSTS, minutes(20)).await?;
    life.sleep(minutes(5)).await;
    Ok(counts(&life.world).creates)
}

/// Each host joins a minute after the one before, while more pods come.
pub fn joins_one_by_one(trial: Trial) -> Result<String> {
    let mut scene = Scene::new(&Setup::small(trial.seed))?;
    let creates = scene.play(async |life: Life| {
        for minute in 1..=HOSTS as u64 {
            fault(&life.world, json!({"kind": "build", "latencyMs": minute * 60_000, "count": 1}));
        }
        want_hosts(&life.world, HOSTS);
        creates_in_the_end(&life).await
    })?;
    ensure!(creates == HOSTS, "{creates} servers for {HOSTS} hosts");
    scene.ends_empty()?;
    Ok(format!("{HOSTS} hosts joined a minute apart: {creates} servers for {} pods, none bought twice", 6 * HOSTS))
}

/// No toleration may be added to pods, or it never gets there: nodes open for all, at once or when their time is up, and say so.
pub fn nobody_is_let_in(trial: Trial) -> Result<String> {
    let pods = Kind::of("pods")?;
    let answers = [(Refusal::forbidden(pods, "any", "no"), "KubernetesRefused"), (Refusal::conflict(pods, "any", "no"), "KeptInVain")];
    let mut took = Vec::new();
    for (answer, event) in answers {
        let mut scene = Scene::new(&Setup::small(trial.seed))?;
        scene.world().api.chaos(|chaos| chaos.add(Rule::all("PATCH", "pods", Effect::Refuse(answer))));
        let time = scene.play(async |life: Life| {
            want_hosts(&life.world, HOSTS);
            let time = life.until("all pods run", minutes(20), all_run).await?;
            let creates = creates_in_the_end(&life).await?;
            ensure!(creates == HOSTS, "{creates} servers for {HOSTS} hosts");
            let told = life.world.api.list("events").iter().filter(|found| found["reason"] == event).count();
            ensure!(told >= HOSTS, "{told} events {event} of {HOSTS} hosts");
            Ok(time)
        })?;
        took.push(time.as_secs());
        scene.ends_empty()?;
    }
    Ok(format!("pods refused: all ran after {} s; pods not to be written: after {} s, none bought twice", took[0], took[1]))
}

fn all_run(world: &World) -> bool {
    let pods = world.api.list("pods");
    !pods.is_empty() && pods.iter().all(|pod| node_of(pod).is_some())
}

/// Builds take ten minutes; after one of them most pods are gone.
pub fn surplus_is_cancelled(trial: Trial) -> Result<String> {
    let setup = Setup { build: Duration::from_secs(600), ..Setup::small(trial.seed) };
    let mut scene = Scene::new(&setup)?;
    scene.play(async |life: Life| {
        want_hosts(&life.world, HOSTS);
        life.until("servers are asked for", minutes(5), |world| counts(world).creates == HOSTS).await?;
        life.sleep(minutes(1)).await;
        want_hosts(&life.world, 1);
        let took = life.until("the others are let go", minutes(3), |world| counts(world).hosts - counts(world).going == 1).await?;
        grown(&life, 1, minutes(30)).await?;
        life.sleep(minutes(5)).await;
        let after = counts(&life.world);
        ensure!(after.creates == HOSTS && after.hosts == 1, "{after:?}");
        Ok(format!("{} of {HOSTS} hosts let go {} s after their pods, before they were built", HOSTS - 1, took.as_secs()))
    })
}
