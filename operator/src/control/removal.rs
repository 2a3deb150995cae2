//! A host's way out of OpenStack: servers and ports deleted by id, and only what bears its UID.

use std::sync::Arc;

use gantry_cloud::{Cloud, Error};

use super::context::{Context, key_of};
use super::server_seen::{absent, remember};
use super::steps::{Outcome, RETRY, cell_poke, trouble};
use super::{create, nodes};
use crate::kube::objects::HostObject;

/// Looks for a port whose creation was not recorded, before there is none.
const PORT_LOOKS: u32 = 3;

/// DELETE of the recorded server, once no pod runs on its node any more.
pub(super) async fn delete_server(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>) -> Outcome {
    let Some(id) = &host.status.server_id else { return Outcome::Again(RETRY) };
    if !nodes::drained(ctx, host).await {
        return Outcome::Again(RETRY);
    }
    match client.delete_server(id).await {
        Ok(()) => tracing::info!(host = %key_of(host), server = id, "deletion of the server asked for"),
        Err(Error::NotFound { .. }) => remember(ctx, host, absent(ctx.memories.get(&host.uid).server, ctx.now()), ctx.now()),
        Err(error) => {
            trouble(ctx, host, "the server cannot be deleted", &error);
            return Outcome::Again(RETRY);
        }
    }
    ctx.memories.update(&host.uid, |memory| memory.delete_sent_at = Some(ctx.now()));
    cell_poke(ctx, host);
    Outcome::Next
}

/// By id, and only what a complete list showed with our UID; the next list shows whether it is gone.
pub(super) async fn delete_stray(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>, id: &str) -> Outcome {
    tracing::warn!(host = %key_of(host), server = id, "a second server bears this host's UID; it is deleted");
    if let Err(error) = client.delete_server(id).await
        && !matches!(error, Error::NotFound { .. })
    {
        trouble(ctx, host, "a second server of this host cannot be deleted", &error);
    }
    cell_poke(ctx, host);
    Outcome::Again(RETRY)
}

/// Which ports of the host are left: by tag, and those that were recorded.
pub(super) async fn look_at_ports(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>) -> Outcome {
    match client.ports_by_tag(&create::host_tag(host)).await {
        Ok(found) => {
            let unrecorded = host.status.port_ids.len() < host.spec.ports.len();
            if found.is_empty() && unrecorded && ctx.memories.get(&host.uid).ports_looked < PORT_LOOKS {
                // A creation that was answered late may still show up.
                ctx.memories.update(&host.uid, |memory| memory.ports_looked += 1);
                return Outcome::Again(RETRY);
            }
            let mut left: Vec<String> = found.into_iter().map(|port| port.id).collect();
            left.extend(host.status.port_ids.iter().filter(|id| !left.contains(id)).cloned().collect::<Vec<_>>());
            ctx.memories.update(&host.uid, |memory| memory.ports_left = Some(left));
            Outcome::Next
        }
        Err(error) => {
            trouble(ctx, host, "the host's ports cannot be listed", &error);
            Outcome::Again(RETRY)
        }
    }
}

/// DELETE of one port.
pub(super) async fn delete_port(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>, id: &str) -> Outcome {
    match client.delete_port(id).await {
        Ok(()) | Err(Error::NotFound { .. }) => {
            let key = id.to_owned();
            ctx.memories.update(&host.uid, |memory| memory.ports_left.iter_mut().for_each(|left| left.retain(|port| *port != key)));
            Outcome::Next
        }
        Err(error) => {
            trouble(ctx, host, "the host's port cannot be deleted", &error);
            Outcome::Again(RETRY)
        }
    }
}
