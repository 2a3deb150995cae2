//! Scenarios in which operators die.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::World;
use super::checks::no_doubles;
use crate::lab::operator::Operator;

/// Kills during the way up and during the way down.
const KILLS: u64 = 5;

/// kill -9 again and again while hosts come and go.
pub async fn killed_at_random(world: &mut World) -> Result<()> {
    world.apply_cloud().await?;
    world.apply_pool("general", "  maxHosts: 6\n", "{}").await?;
    world.apply_deployment("web", 6, "2500m", "").await?;
    kills(world).await?;
    world.until_running("web", 6).await?;
    let hosts = world.hosts().await?.len();
    ensure!(hosts <= 6, "{hosts} hosts for 6 pods");
    let servers = world.servers().await?;
    no_doubles(&servers)?;
    ensure!(servers.len() == hosts, "{} servers for {hosts} hosts", servers.len());
    world.scale("web", 0).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    kills(world).await?;
    world.until_hosts(0).await.map(drop)
}

async fn kills(world: &mut World) -> Result<()> {
    for _ in 0..KILLS {
        let pause = rand::Rng::random_range(&mut rand::rng(), 200..2500);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        if let Some(operator) = world.operator.take() {
            operator.kill().await?;
        }
        world.start_operator().await?;
    }
    Ok(())
}

/// A second operator stands by; the first is ended in order, then the second takes over at once.
pub async fn two_operators(world: &mut World) -> Result<()> {
    world.apply_cloud().await?;
    world.apply_pool("general", "", "{}").await?;
    let second = Operator::start(&world.lab, "operator-2").await?;
    world.apply_deployment("web", 2, "2500m", "").await?;
    world.until_running("web", 2).await?;
    no_doubles(&world.servers().await?)?;
    if let Some(first) = world.operator.take() {
        first.stop().await?;
    }
    world.scale("web", 4).await?;
    world.until_running("web", 4).await?;
    no_doubles(&world.servers().await?)?;
    world.operator = Some(second);
    Ok(())
}
