//! Hosts that never become useful for the pods that they were bought for (T13): two at most, then ever fewer tries.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::scene::{Scene, Trial, counts, grown, minutes, want};
use crate::lab::Life;
use crate::world::guests::Image;
use crate::world::{Setup, World};

/// Hosts that do not serve, alive at the same time.
const SURPLUS_MAX: usize = 2;
/// How often is looked.
const LOOK: Duration = Duration::from_secs(2);

/// A taint that is in no pool's template and that nobody lifts.
pub fn foreign_taint(trial: Trial) -> Result<String> {
    an_hour_of(trial, Image::ForeignTaint, 10)
}

/// Guests boot and do not join.
pub fn never_join(trial: Trial) -> Result<String> {
    an_hour_of(trial, Image::NeverJoins, 8)
}

/// One pod wants a host of its own, and none that comes serves it; then they do.
fn an_hour_of(trial: Trial, image: Image, creates_max: usize) -> Result<String> {
    let mut scene = Scene::new(&Setup::small(trial.seed))?;
    let (most, creates) = scene.play(async |life: Life| {
        life.world.guests(|guests| guests.image = image);
        want(&life.world, 1);
        let most = most_alive(&life, minutes(60)).await;
        let creates = counts(&life.world).creates;
        life.world.guests(|guests| guests.image = Image::Good);
        grown_at_last(&life).await?;
        Ok((most, creates))
    })?;
    ensure!(most <= SURPLUS_MAX, "{most} hosts at a time for a pod that none of them served");
    ensure!((1..=creates_max).contains(&creates), "{creates} servers in an hour for a pod that none of them served; at most {creates_max}");
    scene.ends_empty()?;
    Ok(format!("1 h: at most {most} hosts at a time, {creates} servers in all, served once hosts were good again"))
}

/// Nodes are half as big as their flavor says: what the first one shows is learned, and the pod gets a bigger flavor.
pub fn smaller(trial: Trial) -> Result<String> {
    let setup = Setup { flavors: vec!["m1.large", "m1.xlarge"], ..Setup::small(trial.seed) };
    let mut scene = Scene::new(&setup)?;
    let creates = scene.play(async |life: Life| {
        life.world.guests(|guests| guests.image = Image::HalfTheCpu);
        want(&life.world, 1);
        let most = most_alive(&life, minutes(10)).await;
        ensure!(most <= SURPLUS_MAX, "{most} hosts at a time for one pod");
        ensure!(life.world.outcome().pods == (1, 0), "the pod does not run\n{}", life.world.picture());
        let before = counts(&life.world).creates;
        want(&life.world, 2);
        life.sleep(minutes(10)).await;
        ensure!(life.world.outcome().pods == (2, 0), "the second pod does not run\n{}", life.world.picture());
        let after = counts(&life.world).creates;
        ensure!(after == before + 1, "{} servers for the second pod: what the first one taught was not used", after - before);
        Ok(after)
    })?;
    ensure!(creates == 3, "{creates} servers: a wrong guess costs one, and two pods need two");
    scene.ends_empty()?;
    Ok("half the CPU: 1 surplus host, learned for good: 3 servers for 2 pods".into())
}

async fn most_alive(life: &Life, time: Duration) -> usize {
    let (begun, mut most) = (tokio::time::Instant::now(), 0);
    while begun.elapsed() < time {
        life.sleep(LOOK).await;
        most = most.max(alive(&life.world));
    }
    most
}

fn alive(world: &World) -> usize {
    world.api.list("hosts").iter().filter(|host| !host["metadata"]["deletionTimestamp"].is_string()).count()
}

/// Whatever waits is served once the longest pause is over.
async fn grown_at_last(life: &Life) -> Result<Duration> {
    life.until("the pod runs", minutes(130), |world| world.outcome().pods == (1, 0)).await?;
    grown(life, 1, minutes(60)).await
}
