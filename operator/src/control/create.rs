//! Port and server, written down before they are asked for and looked for before they are asked for again.

use std::sync::Arc;

use gantry_cloud::{Cloud, Error, PortSpec, Priority, ServerSpec, ServerStatus, UserData};
use gantry_crds::{HostStatus, META_CLUSTER, META_HOST, META_POOL};
use gantry_plan::host::{Failure, Sweep};
use gantry_plan::model::Key;
use jiff::SignedDuration;

use super::builds::Place;
use super::context::{Context, key_of};
use super::record::{self, stamp};
use super::steps::{self, LOOK_AGAIN, Outcome, RETRY, cloud, trouble};
use crate::bootstrap::{token_store, user_data};
use crate::kube::objects::HostObject;
use crate::kube::store::Entry;

/// A search for an unanswered creation is not repeated within this time.
const FIND_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// The tag that port and server of a host bear.
pub(super) fn host_tag(host: &HostObject) -> String {
    format!("{META_HOST}:{}", host.uid)
}

fn tags(ctx: &Context, host: &HostObject) -> Vec<String> {
    vec![host_tag(host), format!("{META_CLUSTER}:{}", ctx.cluster_uid)]
}

/// Looks for the port by tag and name; creates it if it is not there; records its id.
pub(super) async fn port(ctx: &Context, entry: &Entry<HostObject>, client: &Arc<dyn Cloud>, index: usize) -> Outcome {
    let host = &entry.value;
    let Some(wanted) = host.spec.ports.get(index) else { return Outcome::Again(RETRY) };
    let name = format!("{}-{index}", host.name);
    let found = match client.ports_by_tag(&host_tag(host)).await {
        Ok(found) => found.into_iter().find(|port| port.name == name),
        Err(error) => return refused(ctx, entry, "the port cannot be looked for", error).await,
    };
    let spec = PortSpec {
        name,
        network_id: wanted.network_id.clone(),
        subnet_id: wanted.subnet_id.clone(),
        security_group_ids: wanted.security_group_ids.clone(),
        tags: tags(ctx, host),
    };
    let port = match found {
        Some(port) => port,
        None => match client.create_port(&spec).await {
            Ok(port) => port,
            Err(error) => return refused(ctx, entry, "the port cannot be created", error).await,
        },
    };
    record::ledger(ctx, entry, |status| record_port(status, index, port.id)).await;
    Outcome::Next
}

fn record_port(status: &mut HostStatus, index: usize, id: String) {
    if status.port_ids.len() == index {
        status.port_ids.push(id);
    }
}

/// What a refusal before the server leads to: what would be refused again fails the host, anything else is tried again.
async fn refused(ctx: &Context, entry: &Entry<HostObject>, what: &str, error: Error) -> Outcome {
    match final_failure(&error) {
        Some(failure) => steps::fail(ctx, entry, &failure).await,
        None => {
            trouble(ctx, &entry.value, what, &error);
            Outcome::Again(RETRY)
        }
    }
}

fn final_failure(error: &Error) -> Option<Failure> {
    let lasting = matches!(error, Error::Quota { .. } | Error::NoHost { .. } | Error::BadSpec { .. });
    lasting.then(|| Failure { reason: error.category().into(), message: error.to_string() })
}

/// Token, user data, intent, POST, id: in this order.
pub(super) async fn server(ctx: &Context, entry: &Arc<Entry<HostObject>>, client: &Arc<dyn Cloud>) -> Outcome {
    let host = &entry.value;
    let Some(_place) = place(ctx, host) else { return Outcome::Again(LOOK_AGAIN) };
    let spec = match server_spec(ctx, host).await {
        Ok(spec) => spec,
        Err(why) => {
            tracing::warn!(host = %key_of(host), why, "the server cannot be asked for yet");
            ctx.host_event(host, "Warning", "NotReadyToBoot", &why);
            return Outcome::Again(RETRY);
        }
    };
    let sent = ctx.now();
    if !record::ledger(ctx, entry, |status| status.create_sent_at = Some(stamp(sent))).await {
        return Outcome::Next;
    }
    let Some(written) = ctx.stores.hosts.get(&key_of(host)) else { return Outcome::Next };
    if !ctx.may_act() {
        return Outcome::Again(RETRY);
    }
    let answer = client.create_server(&spec).await;
    answered(ctx, &written, answer).await
}

async fn answered(ctx: &Context, entry: &Arc<Entry<HostObject>>, answer: Result<String, Error>) -> Outcome {
    let host = &entry.value;
    match answer {
        Ok(id) => {
            tracing::info!(host = %key_of(host), server = id, flavor = host.spec.flavor, zone = host.spec.zone, "server asked for");
            let message = format!("Server {id} ({} in {}) was asked for", host.spec.flavor, host.spec.zone);
            ctx.host_event(host, "Normal", "ServerCreated", &message);
            ctx.metrics.server_asked(host.created, ctx.now());
            if let Some(since) = ctx.memories.get(&host.uid).wanted_since {
                ctx.metrics.pod_served(since, ctx.now());
            }
            record_id(ctx, entry, id).await
        }
        Err(error) if matches!(error, Error::Ambiguous { .. } | Error::Bug { .. } | Error::Conflict { .. }) => {
            trouble(ctx, host, "the answer to the server's creation is not clear; it is looked for before it is asked for again", &error);
            ctx.memories.update(&host.uid, |memory| memory.sweep = Sweep { since: Some(ctx.now()), ..Sweep::default() });
            Outcome::Again(LOOK_AGAIN)
        }
        Err(error) => {
            // Refused: surely nothing was created, so the intent is taken back.
            record::ledger(ctx, entry, |status| status.create_sent_at = None).await;
            let Some(entry) = ctx.stores.hosts.get(&key_of(host)) else { return Outcome::Next };
            refused(ctx, &entry, "the server cannot be asked for", error).await
        }
    }
}

/// The id must be recorded: the host may have been marked for deletion meanwhile, so a lost race is tried again with what is there now.
async fn record_id(ctx: &Context, entry: &Arc<Entry<HostObject>>, id: String) -> Outcome {
    /// Attempts at writing the id down; after a crash it is found by the host's UID.
    const ATTEMPTS: usize = 5;
    let key = key_of(&entry.value);
    for _ in 0..ATTEMPTS {
        let Some(entry) = ctx.stores.hosts.get(&key) else { break };
        if record::ledger(ctx, &entry, |status| status.server_id = Some(id.clone())).await {
            break;
        }
    }
    Outcome::Next
}

/// A place among the cloud's concurrent builds, if there is one.
fn place(ctx: &Context, host: &HostObject) -> Option<Place> {
    let cloud = Key::new(&host.namespace, &host.spec.cloud_name);
    let limit = usize::try_from(ctx.stores.clouds.get(&cloud)?.value.spec.pacing.concurrent_builds).unwrap_or(0);
    let hosts = ctx.stores.hosts.list().into_iter();
    let building = hosts.filter(|(key, entry)| {
        let other = &entry.value;
        let launched = gantry_crds::condition::is_true(&other.status.conditions, "Launched");
        let same_cloud = key.namespace == host.namespace && other.spec.cloud_name == host.spec.cloud_name;
        same_cloud && other.status.create_sent_at.is_some() && !launched && !other.deleting
    });
    ctx.builds.take(&cloud, &host.uid, limit, building.map(|(_, entry)| entry.uid.clone()))
}

async fn server_spec(ctx: &Context, host: &HostObject) -> Result<ServerSpec, String> {
    let own = Some(host.spec.bootstrap.api_server.as_str());
    let discovery = ctx.discovery.endpoint(own)?;
    let token = token_store::ensure(&ctx.client, &host.uid, &host.name, ctx.now()).await.map_err(|error| error.to_string())?;
    ctx.memories.update(&host.uid, |memory| memory.token_gone = false);
    let data = user_data::render(&host.spec, &host.name, &token, &discovery).map_err(|error| error.to_string())?;
    let metadata = [
        (META_HOST.to_owned(), host.uid.clone()),
        (META_CLUSTER.to_owned(), ctx.cluster_uid.to_string()),
        (META_POOL.to_owned(), format!("{}/{}", host.namespace, host.spec.pool_name)),
    ];
    Ok(ServerSpec {
        name: host.name.clone(),
        flavor_id: host.spec.flavor_id.clone(),
        image_id: host.spec.image_id.clone(),
        zone: host.spec.zone.clone(),
        port_ids: host.status.port_ids.clone(),
        metadata: metadata.into(),
        tags: tags(ctx, host),
        user_data: UserData(data.to_string()),
    })
}

/// Looks for a server that an unanswered creation may have left: in a complete list, and at the port.
pub(super) async fn find(ctx: &Context, entry: &Arc<Entry<HostObject>>, client: &Arc<dyn Cloud>) -> Outcome {
    let host = &entry.value;
    let begun = ctx.now();
    let known = ctx.memories.get(&host.uid).sweep.last;
    if known.is_some_and(|last| begun.duration_since(last) < FIND_EVERY) {
        return Outcome::Again(LOOK_AGAIN);
    }
    let servers = match client.servers(Priority::Urgent).await {
        Ok(servers) => servers,
        Err(error) => {
            trouble(ctx, host, "the servers cannot be listed", &error);
            return Outcome::Again(RETRY);
        }
    };
    let ours = |server: &&gantry_cloud::Server| server.metadata.get(META_HOST) == Some(&host.uid);
    let found = servers.iter().filter(ours).max_by_key(|server| rank(&server.status)).map(|server| server.id.clone());
    let found = match found {
        Some(id) => Some(id),
        None => match at_port(host, client).await {
            Ok(id) => id,
            Err(error) => {
                trouble(ctx, host, "the port cannot be looked at", &error);
                return Outcome::Again(RETRY);
            }
        },
    };
    match found {
        Some(id) => {
            tracing::info!(host = %key_of(host), server = id, "the server of an unanswered creation was found");
            record_id(ctx, entry, id).await
        }
        None => {
            ctx.memories.update(&host.uid, |memory| {
                let since = memory.sweep.since.or(Some(begun));
                memory.sweep = Sweep { since, misses: memory.sweep.misses + 1, last: Some(begun), port_free: true };
            });
            Outcome::Next
        }
    }
}

/// Of several servers of one host the one to keep: the losers of a race for a port end in ERROR.
fn rank(status: &ServerStatus) -> u8 {
    match status {
        ServerStatus::Active => 2,
        ServerStatus::Error | ServerStatus::Deleted | ServerStatus::SoftDeleted => 0,
        _ => 1,
    }
}

/// The server that the first port is bound to, if that server bears our UID.
async fn at_port(host: &HostObject, client: &Arc<dyn Cloud>) -> Result<Option<String>, Error> {
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
        Ok(server) if server.metadata.get(META_HOST) == Some(&host.uid) => Ok(Some(server.id)),
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
    tracing::info!(host = %key_of(&entry.value), cloud_is_there = cloud(ctx, &entry.value).client.is_some(), "the unanswered creation came to nothing; asked again");
    if record::ledger(ctx, entry, |status| status.create_sent_at = None).await {
        ctx.memories.update(&entry.value.uid, |memory| memory.sweep = Sweep::default());
    }
    Outcome::Next
}
