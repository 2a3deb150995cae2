//! Bootstrap tokens whose Host is gone: Secrets of Kubernetes, ours by label, swept whatever a cloud's spec says.

use std::time::Duration;

use gantry_crds::LABEL_HOST_UID;
use gantry_plan::sweep::{Fate, Kind, Memory, Pass, Thing, judge};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams, Preconditions};
use kube::{Api, ResourceExt};

use super::super::context::Context;
use super::sides;
use crate::bootstrap::token;

/// Between two passes.
const EVERY: Duration = Duration::from_secs(15 * 60);
/// Tokens per page, and pages before a list is taken for endless.
const PAGE_SIZE: u32 = 500;
const MAX_PAGES: usize = 100;

/// Runs until the process stops.
pub async fn run(ctx: Context) {
    let mut memory = Memory::default();
    loop {
        tokio::select! {
            () = ctx.stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        if let Err(why) = pass(&ctx, &mut memory).await {
            tracing::debug!(why, "no sweep of bootstrap tokens now");
        }
    }
}

async fn pass(ctx: &Context, memory: &mut Memory) -> Result<(), String> {
    if !ctx.may_act() {
        return Err("this process may not act".into());
    }
    let api: Api<Secret> = Api::namespaced(ctx.client.clone(), token::NAMESPACE);
    let secrets = list(&api).await?;
    let listed_at = ctx.now();
    let pass = Pass {
        cluster: ctx.cluster_uid.to_string(),
        things: secrets.iter().filter_map(|secret| thing(ctx, secret)).collect(),
        listed_at,
        hosts_at: ctx.now(),
        hosts: sides::hosts(ctx).await?,
        ..Pass::default()
    };
    for orphan in judge(memory, &pass, ctx.now())?.into_iter().filter(|orphan| orphan.fate == Fate::Delete) {
        let Some(secret) = secrets.iter().find(|secret| secret.name_any() == orphan.id) else { continue };
        let params =
            DeleteParams { preconditions: Some(Preconditions { uid: secret.uid(), resource_version: None }), ..DeleteParams::default() };
        match api.delete(&orphan.id, &params).await {
            Ok(_) => tracing::info!(secret = orphan.id, host = orphan.host, "bootstrap token of a Host that is gone deleted"),
            Err(error) => tracing::warn!(secret = orphan.id, %error, "a bootstrap token could not be deleted; tried again"),
        }
    }
    Ok(())
}

async fn list(api: &Api<Secret>) -> Result<Vec<Secret>, String> {
    let (mut params, mut all) = (ListParams::default().labels(LABEL_HOST_UID).limit(PAGE_SIZE), Vec::new());
    for _ in 0..MAX_PAGES {
        let page = api.list(&params).await.map_err(|error| format!("the tokens cannot be listed: {error}"))?;
        all.extend(page.items);
        match page.metadata.continue_.filter(|next| !next.is_empty()) {
            Some(next) => params = params.continue_token(&next),
            None => return Ok(all),
        }
    }
    Err(format!("the list of tokens has more than {MAX_PAGES} pages"))
}

/// Only Secrets of a bootstrap token's type, whatever their labels say.
fn thing(ctx: &Context, secret: &Secret) -> Option<Thing> {
    let host = secret.labels().get(LABEL_HOST_UID).filter(|uid| !uid.is_empty())?;
    (secret.type_.as_deref() == Some(token::SECRET_TYPE)).then(|| Thing {
        kind: Kind::Token,
        id: secret.name_any(),
        name: secret.name_any(),
        cluster: ctx.cluster_uid.to_string(),
        host: Some(host.clone()),
        created: secret.metadata.creation_timestamp.as_ref().map(|time| time.0),
        used_by: None,
        kept: false,
        members: 0,
    })
}
