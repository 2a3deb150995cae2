//! The certificate approver: requests of our own hosts are judged; nobody else's are touched.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use gantry_cloud::ServerStatus;
use gantry_plan::host::{ServerSeen, ServerState};
use gantry_plan::model::Key;

use super::context::{Context, key_of};
use super::steps;
use crate::bootstrap::approval;
use crate::bootstrap::approve::{Claimant, Deletion, HostFacts, NodeFacts, ServerFacts, Verdict, claimant, judge};
use crate::bootstrap::token::{MAX_ATTEMPTS, id_for};
use crate::kube::csr::Csr;
use crate::kube::objects::HostObject;

/// Requests that wait for a fact are judged again this often.
const AGAIN: Duration = Duration::from_secs(1);
/// Without any request the loop beats this often.
const REST: Duration = Duration::from_secs(30);

/// Runs until the process stops. Essential.
pub async fn run(ctx: Context) {
    loop {
        ctx.pulse.beat("approvals");
        let waiting = if ctx.may_act() { pass(&ctx).await } else { !ctx.stores.csrs.is_empty() };
        tokio::select! {
            () = ctx.stop.cancelled() => return,
            () = ctx.signals.csrs.marked() => {}
            () = tokio::time::sleep(if waiting { AGAIN } else { REST }) => {}
        }
    }
}

/// Judges every open request; whether one of them waits.
async fn pass(ctx: &Context) -> bool {
    let mut waiting = false;
    for (_, csr) in ctx.stores.csrs.list() {
        let Some(host) = owner(ctx, &csr.value) else { continue };
        match judge(&csr.value, Some(&facts(ctx, &host)), ctx.memories.api_time.now(ctx.wall())) {
            Verdict::Ignore => {}
            Verdict::Wait(why) => {
                tracing::debug!(csr = csr.value.name, host = %key_of(&host), why, "a certificate request waits");
                waiting = true;
            }
            verdict => waiting |= !decide(ctx, &csr.value, &host, &verdict).await,
        }
    }
    waiting
}

async fn decide(ctx: &Context, csr: &Csr, host: &HostObject, verdict: &Verdict) -> bool {
    match approval::write(&ctx.client, csr, verdict, ctx.wall()).await {
        Ok(_) => {
            let Verdict::Deny(why) = verdict else {
                tracing::info!(csr = csr.name, signer = csr.signer, host = %key_of(host), "certificate approved");
                return true;
            };
            tracing::warn!(csr = csr.name, signer = csr.signer, host = %key_of(host), why, "certificate denied");
            ctx.host_event(host, "Warning", "CertificateDenied", &format!("Certificate request {} was denied: {why}", csr.name));
            true
        }
        Err(error) => {
            tracing::warn!(csr = csr.name, %error, "a verdict could not be written; tried again");
            false
        }
    }
}

/// The host that the claimant of a request belongs to.
fn owner(ctx: &Context, csr: &Csr) -> Option<HostObject> {
    match claimant(csr)? {
        Claimant::Node(name) => {
            let named = ctx.stores.hosts_named(name).into_iter().filter_map(|key| ctx.stores.hosts.get(&key));
            let mut named: Vec<_> = named.map(|entry| entry.value.clone()).collect();
            // Two namespaces with a host of the same name: the one whose server stands behind the node.
            named.sort_by_key(|host| host.status.server_id.is_none());
            named.into_iter().next()
        }
        Claimant::Token(id) => {
            // Only hosts that have not joined: each id is a hash, and a join of hundreds would otherwise hash for all.
            let joining = ctx.stores.hosts.list().into_iter().filter(|(_, entry)| entry.value.status.node_name.is_none());
            let mut owners = joining.filter(|(_, entry)| token_ids(&entry.value).iter().any(|own| own == id));
            owners.next().map(|(_, entry)| entry.value.clone())
        }
    }
}

fn token_ids(host: &HostObject) -> Vec<String> {
    (0..MAX_ATTEMPTS).map(|attempt| id_for(&host.uid, attempt)).collect()
}

fn facts(ctx: &Context, host: &HostObject) -> HostFacts {
    let node = ctx.stores.nodes.get(&Key::new("", &host.name));
    let provider = |id: &str| (!id.is_empty()).then(|| id.to_owned());
    HostFacts {
        name: host.name.clone(),
        token_ids: token_ids(host),
        server: server(ctx, host),
        node: node.map(|node| NodeFacts { provider_id: provider(&node.value.provider_id) }),
        deletion: if host.deleting { Deletion::Begun } else { Deletion::None },
    }
}

/// What the newest complete list says of the host's server.
fn server(ctx: &Context, host: &HostObject) -> ServerFacts {
    let inventory = steps::cloud(ctx, host).inventory;
    let Some(server) = host.status.server_id.as_ref().and_then(|id| inventory.servers.get(id)) else { return from_answer(ctx, host) };
    if server.status != ServerStatus::Active {
        return ServerFacts::NotActive;
    }
    let addresses: BTreeSet<IpAddr> = server.addresses.iter().filter_map(|address| address.parse().ok()).collect();
    ServerFacts::Active { id: server.id.clone(), addresses }
}

/// What a GET by id answered, where the list does not show the server (it was begun before, or it leaves servers out).
fn from_answer(ctx: &Context, host: &HostObject) -> ServerFacts {
    match (ctx.memories.get(&host.uid).server, &host.status.server_id) {
        (ServerSeen::Present { state: ServerState::Active, address, .. }, Some(id)) => {
            ServerFacts::Active { id: id.clone(), addresses: address.iter().filter_map(|address| address.parse().ok()).collect() }
        }
        _ => ServerFacts::Unknown,
    }
}
