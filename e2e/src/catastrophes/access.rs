//! What happens to the operator's access: its token is revoked, its credential deleted.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::creations::{ids, with_pods};
use crate::lab::mishaps::Credential;
use crate::suite::checks::no_doubles;
use crate::suite::manifests;
use crate::suite::world::World;

/// How long the operator is left without a credential.
const WITHOUT: Duration = Duration::from_secs(20);
/// The entry of clouds.yaml that is changed.
const ENTRY: &str = "openstack-appcred";

fn logins(world: &World) -> Result<usize> {
    Ok(world.gate()?.counted().iter().filter(|call| call.label.ends_with("auth/tokens")).count())
}

pub(super) async fn token_revoked(world: &mut World) -> Result<()> {
    with_pods(world, 1).await?;
    world.until_running("web", 1).await?;
    let token = world.gate()?.keystone_token().context("the operator has not logged in")?;
    world.gate()?.arm(None);
    world.lab.cloud.revoke(&token).await?;
    world.scale("web", 2).await?;
    world.until_running("web", 2).await?;
    let logins = logins(world)?;
    ensure!(logins <= 3, "{logins} log-ins after one token was revoked");
    no_doubles(&world.servers().await?)
}

pub(super) async fn credential_deleted(world: &mut World) -> Result<()> {
    let (first, second) = (world.lab.cloud.new_credential("first").await?, world.lab.cloud.new_credential("second").await?);
    let outcome = without_credential(world, &first, &second).await;
    // The world's end needs a credential that works.
    world.apply_cloud().await?;
    let deleted = world.lab.cloud.delete_credential(&second.id).await;
    outcome.and(deleted)
}

async fn without_credential(world: &mut World, first: &Credential, second: &Credential) -> Result<()> {
    let text = world.clouds_yaml()?;
    let secret = |credential| manifests::cloud(&world.namespace, &with_credential(&text, credential), ENTRY);
    let (one, two) = (secret(first), secret(second));
    with_pods(world, 1).await?;
    world.apply(&one).await?;
    world.until_running("web", 1).await?;
    world.until_cloud("True", "Answering").await?;
    let before = ids(world).await?;
    world.gate()?.arm(None);
    world.lab.cloud.delete_credential(&first.id).await?;
    // Services believe a token that they saw for five minutes more: only an operator that logs in anew is refused at once.
    if let Some(operator) = world.operator.take() {
        operator.kill().await?;
    }
    world.start_operator().await?;
    world.scale("web", 2).await?;
    world.until_cloud("False", "Unauthorized").await?;
    world.gate()?.arm(None);
    tokio::time::sleep(WITHOUT).await;
    let (deletions, logins) = (world.gate()?.exchanges().iter().filter(|e| e.call.label.starts_with("DELETE")).count(), logins(world)?);
    ensure!(deletions == 0, "{deletions} deletions without a credential");
    ensure!(logins as u64 <= WITHOUT.as_secs(), "{logins} log-ins in {} s with a credential that is gone", WITHOUT.as_secs());
    world.apply(&two).await?;
    world.until_running("web", 2).await?;
    ensure!(before.is_subset(&ids(world).await?), "a server went because the credential did");
    no_doubles(&world.servers().await?)
}

/// clouds.yaml with another application credential.
fn with_credential(text: &str, credential: &Credential) -> String {
    let lines = text.lines().map(|line| {
        let field = |name: &str, value: &str| line.split_once(name).map(|(before, _)| format!("{before}{name} {value}"));
        field("application_credential_id:", &credential.id)
            .or_else(|| field("application_credential_secret:", &credential.secret))
            .unwrap_or_else(|| line.to_owned())
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_secret_of_clouds_yaml_are_exchanged_and_nothing_else() {
        let text = "a:\n  application_credential_id: x\n  application_credential_secret: y\n  auth_url: z\n";
        let credential = Credential { id: "1".into(), secret: "2".into() };
        let new = with_credential(text, &credential);
        assert_eq!(new, "a:\n  application_credential_id: 1\n  application_credential_secret: 2\n  auth_url: z\n");
    }
}
