//! Credentials that end (T20).

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::scene::{Scene, Trial, counts, grown, minutes, requests, untouched, want};
use crate::lab::Life;
use crate::world::{Setup, World};

/// Keystone's route for tokens.
const TOKENS: &str = "POST /identity/v3/auth/tokens";

fn is_ready(world: &World) -> bool {
    world.condition("openstackclouds", "main", "Ready").is_some_and(|(status, _)| status == "True")
}

/// Every token ends, again and again, while hosts come.
pub fn tokens_end(trial: Trial) -> Result<String> {
    let mut scene = Scene::new(&Setup::small(trial.seed))?;
    scene.play(async |life: Life| {
        want(&life.world, 6);
        for _ in 0..40 {
            life.sleep(Duration::from_millis(1500)).await;
            life.world.admin("POST", "tokens/expire", Value::Null);
        }
        grown(&life, 6, minutes(20)).await?;
        let (logins, after) = (requests(&life.world, TOKENS), counts(&life.world));
        ensure!(after.creates == 6 && after.deletes == 0, "{after:?}");
        ensure!(logins <= 60, "{logins} logins in a minute of tokens that end 40 times");
        Ok(format!("tokens ended 40 times in a minute: {logins} logins, 6 hosts, 0 deletes"))
    })
}

/// The old credential is deleted after a new Secret was written; nothing is to be felt.
pub fn rotated(trial: Trial) -> Result<String> {
    let mut scene = Scene::with_fleet(20, Setup::small(trial.seed))?;
    scene.play(async |life: Life| {
        life.sleep(minutes(2)).await;
        let before = counts(&life.world);
        let issued = tokens_issued(&life.world);
        life.world.admin("PUT", "users/demo/password", json!({"password": "rotated-canary-1"}));
        life.world.put_credentials()?;
        let back = life.until("the new Secret is used", minutes(5), |world| tokens_issued(world) > issued).await?;
        ensure!(back <= Duration::from_secs(60), "{back:?} after a new Secret");
        life.sleep(minutes(5)).await;
        ensure!(is_ready(&life.world), "{}", life.world.picture());
        untouched(&life.world, before)?;
        Ok(format!("Secret rotated: used after {} s, 0 deletes, 0 creates", back.as_secs()))
    })
}

fn tokens_issued(world: &World) -> u64 {
    world.admin("GET", "state", Value::Null)["tokensIssued"].as_u64().unwrap_or_default()
}

/// The application credential is deleted; Keystone answers 404 from then on. An hour later there is a new Secret.
pub fn revoked(trial: Trial) -> Result<String> {
    ended(trial, "openstack-appcred", |world| {
        if let Some(credential) = world.cloud.application_credential() {
            world.admin("DELETE", &format!("application-credentials/{}", credential.id), Value::Null);
        }
        world.admin("POST", "tokens/expire", Value::Null);
    })
}

/// The password is changed by somebody; the tokens end with it.
pub fn password_changed(trial: Trial) -> Result<String> {
    ended(trial, "openstack", |world| {
        world.admin("PUT", "users/demo/password", json!({"password": "changed-canary-2"}));
        world.admin("POST", "tokens/expire", Value::Null);
    })
}

fn ended(trial: Trial, entry: &str, end: impl Fn(&World)) -> Result<String> {
    let mut scene = Scene::with_fleet(20, Setup::small(trial.seed))?;
    scene.world().api.edit("openstackclouds", "apps", "main", |cloud| cloud["spec"]["credentials"]["cloud"] = json!(entry));
    scene.play(async |life: Life| {
        life.until("the cloud is ready", minutes(3), is_ready).await?;
        let before = counts(&life.world);
        let logins = requests(&life.world, TOKENS);
        end(&life.world);
        life.until("the cloud is not ready", minutes(10), |world| !is_ready(world)).await?;
        super::scene::nodes_fall_silent(&life.world);
        life.sleep(minutes(60)).await;
        untouched(&life.world, before)?;
        let tried = requests(&life.world, TOKENS) - logins;
        ensure!(tried <= 400, "{tried} logins in an hour without credentials");
        life.world.put_credentials()?;
        life.world.api.edit("openstackclouds", "apps", "main", |cloud| cloud["spec"]["credentials"]["cloud"] = json!("openstack"));
        let back = life.until("the cloud is ready again", minutes(10), is_ready).await?;
        ensure!(back <= Duration::from_secs(60), "{back:?} after a new Secret");
        untouched(&life.world, before)?;
        Ok(format!(
            "credentials of {entry} ended for 1 h: {tried} logins, 0 deletes, 0 creates, back {} s after a new Secret",
            back.as_secs()
        ))
    })
}
