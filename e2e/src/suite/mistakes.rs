//! Scenarios of what people get wrong.

use std::time::Duration;

use anyhow::{Result, ensure};
use gantry_crds::condition;

use super::World;
use super::manifests;
use super::world::COMING;
use crate::lab::wait::until;

/// A pod larger than any flavor.
pub async fn fits_nothing(world: &mut World) -> Result<()> {
    world.apply_cloud().await?;
    world.apply_pool("general", "", "{}").await?;
    world.apply_deployment("huge", 1, "100", "").await?;
    world.until_event("NoHostFits", "CPU").await?;
    world.apply_deployment("lost", 1, "100m", "      nodeSelector: {tier: nowhere}\n").await?;
    world.until_event("NoHostFits", "tier").await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    ensure!(world.hosts().await?.is_empty() && world.servers().await?.is_empty(), "something was bought for a pod that fits nothing");
    Ok(())
}

/// A wrong password, told; then the right one, without a restart.
pub async fn credentials(world: &mut World) -> Result<()> {
    let good = world.lab.cloud.clouds_yaml_text()?;
    let wrong = spoiled(&good);
    ensure!(wrong != good, "clouds.yaml has no secret to spoil");
    world.apply(&manifests::cloud(&world.namespace, &wrong, "openstack")).await?;
    world.apply_pool("general", "", "{}").await?;
    world.apply_deployment("web", 1, "1", "").await?;
    world.until_cloud("False", "Unauthorized").await?;
    world.until_event("Unauthorized", "Correct the Secret").await?;
    world.apply(&manifests::cloud(&world.namespace, &good, "openstack")).await?;
    world.until_cloud("True", "Answering").await?;
    world.until_running("web", 1).await
}

/// clouds.yaml with every password wrong.
fn spoiled(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once("password:") {
        Some((before, _)) if !line.contains("auth_type") => format!("{before}password: wrong-one"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Objects that name what does not exist, beside good ones.
pub async fn bad_objects(world: &mut World) -> Result<()> {
    let ns = world.namespace.clone();
    world.apply_cloud().await?;
    world.apply_pool("general", "", "{}").await?;
    world.apply(&manifests::pool(&ns, "no-cloud", "", "{}").replace("cloudName: main", "cloudName: nowhere")).await?;
    world.apply(&manifests::pool(&ns, "no-image", "", "{}").replace("debian-12-k8s", "no-such-image")).await?;
    world.apply(&manifests::pool(&ns, "no-flavor", "", "{}").replace("m1.xlarge", "m9.none")).await?;
    let no_secret = "apiVersion: gantry.cloud/v1alpha1\nkind: OpenStackCloud\nmetadata: {name: no-secret, namespace: NS}\nspec:\n  credentials: {secretName: nowhere}\n";
    world.apply(&no_secret.replace("NS", &ns)).await?;
    world.apply_deployment("web", 1, "1", "").await?;
    world.until_running("web", 1).await?;
    for (pool, word) in [("no-cloud", "nowhere"), ("no-image", "no-such-image"), ("no-flavor", "m9.none")] {
        until(&format!("pool {pool} to say what is missing"), COMING, || async {
            let pool = world.pool(pool).await.map_err(|error| error.to_string())?;
            let message =
                condition::find(&pool.status.unwrap_or_default().conditions, "Ready").map(|c| c.message.clone()).unwrap_or_default();
            if message.contains(word) { Ok(()) } else { Err(message) }
        })
        .await?;
    }
    ensure!(world.hosts().await?.len() == 1, "a broken pool bought a host");
    Ok(())
}
