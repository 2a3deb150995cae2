//! The server: written down before it is asked for, and looked for before it is asked for again.

use std::sync::Arc;

use gantry_cloud::{Cloud, Error, Root, ServerSpec, UserData};
use gantry_crds::META_POOL;
use gantry_plan::host::{Bearer, PostAnswer, ServerSeen, ServerState, Sweep, TokenSeen, Write, answered, found};
use gantry_plan::model::Key;
use jiff::SignedDuration;

use super::builds::Place;
use super::context::{Context, key_of};
use super::parts::{final_failure, mark};
use super::steps::{self, LOOK_AGAIN, Outcome, RETRY, cell_poke, cloud, send_before, trouble};
use super::{groups, nodes, record, server_seen};
use crate::bootstrap::{token_store, user_data};
use crate::kube::objects::HostObject;
use crate::kube::store::Entry;

/// A search for an unanswered creation is not repeated within this time.
const FIND_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// Token, user data, intent, POST, id: in this order.
pub(super) async fn server(ctx: &Context, entry: &Arc<Entry<HostObject>>, client: &Arc<dyn Cloud>) -> Outcome {
    let host = &entry.value;
    let (Some(_place), Some(_in_group)) = (place(ctx, host), place_in_group(ctx, host)) else { return Outcome::Again(LOOK_AGAIN) };
    let spec = match server_spec(ctx, host).await {
        Ok(spec) => spec,
        Err(why) => {
            tracing::warn!(host = %key_of(host), why, "the server cannot be asked for yet");
            ctx.host_event(host, "Warning", "NotReadyToBoot", &why);
            return Outcome::Again(RETRY);
        }
    };
    // Against the version that was decided on: a host that was marked for deletion since gets no server.
    if !record::writes(ctx, entry, &[Write::Intent(ctx.wall())], |_| {}).await {
        return Outcome::Next;
    }
    let answer = client.create_server(&spec, send_before(ctx)).await;
    take(ctx, host, answer).await
}

/// What the answer to POST /servers leads to: the state machine's own rule, and the telling of it.
async fn take(ctx: &Context, host: &HostObject, answer: Result<String, Error>) -> Outcome {
    let meaning = meaning(&answer);
    let writes = answered(&meaning);
    match (meaning, answer) {
        (PostAnswer::Created(id), _) => {
            tell_created(ctx, host, &id);
            // Nova has it, and the next list shows it: no need to ask for it by id.
            let built = ServerSeen::Present { state: ServerState::Build, task: None, address: None };
            ctx.memories.update(&host.uid, |memory| (memory.server, memory.server_at) = (built, Some(ctx.now())));
            record::surely(ctx, host, &writes, |_| {}).await;
            Outcome::Next
        }
        (PostAnswer::Unclear, Err(error)) => {
            trouble(ctx, host, "the answer to the server's creation is not clear; it is looked for before it is asked for again", &error);
            ctx.memories.update(&host.uid, |memory| memory.sweep = Sweep { since: Some(ctx.now()), ..Sweep::default() });
            Outcome::Again(LOOK_AGAIN)
        }
        (PostAnswer::Refused(Some(failure)), _) => steps::fail(ctx, host, writes, &failure).await,
        (_, Err(error)) => {
            record::surely(ctx, host, &writes, |_| {}).await;
            trouble(ctx, host, "the server cannot be asked for", &error);
            Outcome::Again(RETRY)
        }
        (_, Ok(_)) => Outcome::Next,
    }
}

/// A conflict is not clear either: an earlier creation may hold the port.
fn meaning(answer: &Result<String, Error>) -> PostAnswer {
    match answer {
        Ok(id) => PostAnswer::Created(id.clone()),
        Err(Error::NotSent { .. }) => PostAnswer::NotSent,
        Err(Error::Ambiguous { .. } | Error::Bug { .. } | Error::Conflict { .. } | Error::Transient { .. } | Error::NotFound { .. }) => {
            PostAnswer::Unclear
        }
        Err(error) => PostAnswer::Refused(final_failure(error)),
    }
}

fn tell_created(ctx: &Context, host: &HostObject, id: &str) {
    tracing::info!(host = %key_of(host), server = id, flavor = host.spec.flavor, zone = host.spec.zone, "server asked for");
    let message = format!("Server {id} ({} in {}) was asked for", host.spec.flavor, host.spec.zone);
    ctx.host_event(host, "Normal", "ServerCreated", &message);
    ctx.metrics.server_asked(host.created, ctx.wall());
    if let Some(since) = ctx.memories.get(&host.uid).wanted_since {
        ctx.metrics.pod_served(since, ctx.now());
    }
}

/// A place among the cloud's concurrent builds, if there is one.
fn place(ctx: &Context, host: &HostObject) -> Option<Place> {
    let cloud = Key::new(&host.namespace, &host.spec.cloud_name);
    let limit = usize::try_from(ctx.stores.clouds.get(&cloud)?.value.spec.pacing.concurrent_builds).unwrap_or(0);
    let same_cloud = |other: &HostObject| other.namespace == host.namespace && other.spec.cloud_name == host.spec.cloud_name;
    ctx.builds.take(&cloud, &host.uid, limit, || building(ctx, same_cloud))
}

/// The one place in a server group whose members must be built one after the other; any number otherwise.
fn place_in_group(ctx: &Context, host: &HostObject) -> Option<Option<Place>> {
    let policy = host.spec.server_group.as_ref().map(|group| group.policy);
    let Some(group) = host.status.server_group_id.as_ref().filter(|_| policy.is_some_and(groups::one_at_a_time)) else { return Some(None) };
    let same_group = |other: &HostObject| other.status.server_group_id.as_ref() == Some(group);
    ctx.builds.take(&Key::new("server-group", group), &host.uid, 1, || building(ctx, same_group)).map(Some)
}

/// UIDs of the hosts that the ledger shows in creation.
fn building(ctx: &Context, which: impl Fn(&HostObject) -> bool) -> Vec<String> {
    let is_building = |other: &HostObject| {
        let launched = gantry_crds::condition::is_true(&other.status.conditions, "Launched");
        other.status.create_sent_at.is_some() && !launched && !other.deleting
    };
    let hosts = ctx.stores.hosts.list().into_iter();
    hosts.filter(|(_, entry)| is_building(&entry.value) && which(&entry.value)).map(|(_, entry)| entry.uid().to_owned()).collect()
}

async fn server_spec(ctx: &Context, host: &HostObject) -> Result<ServerSpec, String> {
    let spec = &host.spec;
    let discovery = ctx.discovery.endpoint(Some(spec.bootstrap.api_server.as_str()))?;
    let token = token_store::ensure(nodes::tokens(ctx), &host.uid, &host.name).await.map_err(|error| error.to_string())?;
    ctx.memories.update(&host.uid, |memory| memory.token = TokenSeen::Live { renewed_at: ctx.now() });
    let data = user_data::render(spec, &host.name, &token, &discovery).map_err(|error| error.to_string())?;
    let mut metadata = spec.metadata.clone();
    metadata.insert(META_POOL.to_owned(), format!("{}/{}", host.namespace, spec.pool_name));
    Ok(ServerSpec {
        name: host.name.clone(),
        flavor_id: spec.flavor_id.clone(),
        root: match &host.status.volume_id {
            Some(volume) => Root::Volume(volume.clone()),
            None => Root::Image(spec.image_id.clone()),
        },
        zone: spec.zone.clone(),
        port_ids: host.status.port_ids.clone(),
        key_name: spec.key_pair.clone(),
        config_drive: spec.config_drive,
        server_group: host.status.server_group_id.clone(),
        hints: spec.scheduler_hints.clone(),
        metadata,
        tags: spec.tags.clone(),
        mark: mark(ctx, host),
        user_data: UserData(data.to_string()),
    })
}

/// Looks for a server that an unanswered creation may have left: in the cloud's shared list, and at the port.
pub(super) async fn find(ctx: &Context, entry: &Arc<Entry<HostObject>>, client: &Arc<dyn Cloud>) -> Outcome {
    let host = &entry.value;
    let sweep = ctx.memories.get(&host.uid).sweep;
    let Some(list) = server_seen::list(&cloud(ctx, host).inventory, host) else { return ask_for_a_list(ctx, host) };
    let told_lately = sweep.last.or(sweep.since).is_some_and(|last| list.begun.duration_since(last) < FIND_EVERY);
    if list.bearers.is_empty() && told_lately {
        return ask_for_a_list(ctx, host);
    }
    let at_port = match list.bearers.is_empty() {
        true => at_port(ctx, host, client).await,
        false => Ok(None),
    };
    let at_port = match at_port {
        Ok(bearer) => bearer,
        Err(error) => {
            trouble(ctx, host, "the port cannot be looked at", &error);
            return Outcome::Again(RETRY);
        }
    };
    match found(&sweep, &list, at_port.as_ref()) {
        Ok(write) => {
            tracing::info!(host = %key_of(host), found = ?write, "the server of an unanswered creation was found");
            record::surely(ctx, host, &[write], |_| {}).await;
            Outcome::Next
        }
        Err(sweep) => {
            ctx.memories.update(&host.uid, |memory| memory.sweep = sweep);
            Outcome::Next
        }
    }
}

fn ask_for_a_list(ctx: &Context, host: &HostObject) -> Outcome {
    cell_poke(ctx, host);
    Outcome::Again(LOOK_AGAIN)
}

/// The server that the first port is bound to, if that server bears our mark.
async fn at_port(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>) -> Result<Option<Bearer>, Error> {
    let Some(port) = host.status.port_ids.first() else { return Ok(None) };
    let device = match client.port(port).await {
        Ok(port) => port.device_id,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    if device.is_empty() {
        return Ok(None);
    }
    match client.server(&device).await {
        Ok(server) if server.mark() == Some(mark(ctx, host)) => Ok(Some(server_seen::bearer(&server))),
        Ok(other) => Err(Error::Conflict {
            message: format!("the port is bound to server {}, which is not this host's", other.id),
            request_id: None,
        }),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The unclear creation came to nothing: a new intent may be written.
pub(super) async fn forget(ctx: &Context, entry: &Entry<HostObject>) -> Outcome {
    tracing::info!(host = %key_of(&entry.value), "the unanswered creation came to nothing; asked again");
    if record::writes(ctx, entry, &[Write::IntentForgotten], |_| {}).await {
        ctx.memories.update(&entry.value.uid, |memory| memory.sweep = Sweep::default());
    }
    Outcome::Next
}

#[cfg(test)]
mod tests {
    use super::*;
    use gantry_plan::host::Failure;

    #[test]
    fn only_an_answer_that_rules_a_server_out_takes_the_intent_back() {
        let (message, request_id) = (|| "m".to_owned(), None::<String>);
        let none = || request_id.clone();
        let answers = [
            Ok("s".to_owned()),
            Err(Error::NotSent { message: message() }),
            Err(Error::Quota { resources: vec![], message: message(), request_id: none() }),
            Err(Error::Unauthorized { message: message(), request_id: none() }),
            Err(Error::OverLimit { retry_after: None, message: message(), request_id: none() }),
            Err(Error::Ambiguous { message: message(), request_id: none() }),
            Err(Error::Bug { message: message(), request_id: none() }),
            Err(Error::Conflict { message: message(), request_id: none() }),
            Err(Error::Transient { message: message(), request_id: none() }),
            Err(Error::NotFound { message: message(), request_id: none() }),
        ];
        let wanted = [
            PostAnswer::Created("s".into()),
            PostAnswer::NotSent,
            PostAnswer::Refused(Some(Failure::new("QuotaExceeded", "m"))),
            PostAnswer::Refused(None),
            PostAnswer::Refused(None),
            PostAnswer::Unclear,
            PostAnswer::Unclear,
            PostAnswer::Unclear,
            PostAnswer::Unclear,
            PostAnswer::Unclear,
        ];
        assert_eq!(answers.map(|answer| meaning(&answer)), wanted);
    }
}
