//! A host's way out of OpenStack: servers and parts deleted by id, and only what bears its UID or is recorded.

use std::sync::Arc;
use std::time::Duration;

use gantry_cloud::{Cloud, Error, VolumeStatus};
use gantry_plan::host::{Deletion, Kind, Left, Leftover, PartsLook, is_all, next_part_look, to_delete};

use super::context::{Context, key_of};
use super::parts::mark;
use super::server_seen::remember_absent;
use super::steps::{Outcome, RETRY, cell_poke, trouble};
use super::{groups, nodes, observation};
use crate::kube::objects::HostObject;

/// What came of asking for a deletion.
enum Answer {
    Accepted,
    Missing,
    /// The service does not do it now, in its words.
    Refused(String),
    /// Nothing can be said.
    Unanswered,
}

fn answer(result: Result<(), Error>, ctx: &Context, host: &HostObject, what: &str) -> Answer {
    match result {
        Ok(()) => Answer::Accepted,
        Err(Error::NotFound { .. }) => Answer::Missing,
        Err(error) => {
            trouble(ctx, host, what, &error);
            let refused = matches!(error, Error::Conflict { .. } | Error::BadSpec { .. } | Error::Forbidden { .. });
            if refused { Answer::Refused(error.message().to_owned()) } else { Answer::Unanswered }
        }
    }
}

impl Answer {
    fn record(&self, deletion: &mut Deletion, now: jiff::Timestamp) {
        match self {
            Self::Accepted => deletion.accept(now),
            Self::Missing => deletion.miss(now),
            Self::Refused(why) => deletion.refuse(now, why),
            Self::Unanswered => {}
        }
    }

    fn outcome(&self) -> Outcome {
        if matches!(self, Self::Unanswered) { Outcome::Again(RETRY) } else { Outcome::Next }
    }
}

/// DELETE of the recorded server, once no pod runs on its node any more.
pub(super) async fn server(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>) -> Outcome {
    let Some(id) = &host.status.server_id else { return Outcome::Again(RETRY) };
    if !nodes::drained(ctx, host).await {
        return Outcome::Again(RETRY);
    }
    let asked = ctx.now();
    let answer = answer(client.delete_server(id).await, ctx, host, "the server cannot be deleted");
    match answer {
        Answer::Accepted => tracing::info!(host = %key_of(host), server = id, "deletion of the server asked for"),
        Answer::Missing => remember_absent(ctx, host, asked),
        _ => {}
    }
    ctx.memories.update(&host.uid, |memory| answer.record(&mut memory.deletion, ctx.now()));
    cell_poke(ctx, host);
    answer.outcome()
}

/// By id, and only what a complete list showed with our UID.
pub(super) async fn stray(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>, id: &str) -> Outcome {
    if host.status.server_id.as_deref() == Some(id) {
        return Outcome::Again(RETRY);
    }
    tracing::warn!(host = %key_of(host), server = id, "a second server bears this host's UID; it is deleted");
    let answer = answer(client.delete_server(id).await, ctx, host, "a second server of this host cannot be deleted");
    ctx.memories.update(&host.uid, |memory| {
        if let Some(deletion) = memory.strays.get_mut(id) {
            answer.record(deletion, ctx.now());
        }
    });
    cell_poke(ctx, host);
    answer.outcome()
}

/// Which parts of the host are left: by mark, and those that were recorded.
pub(super) async fn look_for_parts(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>) -> Outcome {
    let (ledger, begun) = (observation::ledger(host), ctx.now());
    let found = match marked(ctx, host, client).await {
        Ok(found) => found,
        Err(error) => {
            trouble(ctx, host, "what belongs to the host cannot be listed", &error);
            return Outcome::Again(RETRY);
        }
    };
    let memory = ctx.memories.get(&host.uid);
    let look = PartsLook {
        witness: memory.witness,
        unclear: memory.unclear_part.map(|(_, at, answers)| (at, answers)),
        acting_since: ctx.acting_since(),
        begun,
    };
    // A creation that is answered late may still show up.
    if !is_all(&ledger, &found, &look) {
        return Outcome::Again(Duration::try_from(next_part_look()).unwrap_or(RETRY));
    }
    if let Some(volume) = ledger.parts.volume.as_ref().filter(|_| ledger.keeps_volume()) {
        let message = format!("Root volume {volume} is kept, as the pool asks for; it bears the metadata gantry-host={}", host.uid);
        ctx.host_event(host, "Normal", "VolumeKept", &message);
        tracing::info!(host = %key_of(host), volume, "root volume kept");
    }
    let left = to_delete(&ledger, found, groups::is_shared(ctx, host));
    let left = left.into_iter().map(|what| Left { what, deletion: Deletion::default() }).collect();
    ctx.memories.update(&host.uid, |memory| memory.parts_left = Some(left));
    Outcome::Next
}

/// Everything but servers that bears exactly this host's mark.
async fn marked(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>) -> Result<Vec<Leftover>, Error> {
    let mine = mark(ctx, host);
    let of = |kind| move |id: String| Leftover { kind, id };
    let ports = client.ports_of(&mine).await?.into_iter().filter(|port| port.mark().as_ref() == Some(&mine));
    let mut all: Vec<Leftover> = ports.map(|port| port.id).map(of(Kind::Port)).collect();
    if host.spec.root_volume.is_some() {
        let volumes = match client.volumes_named(&host.name).await {
            // A cloud without Cinder has no volume of a host that recorded none.
            Err(Error::Config { .. }) if host.status.volume_id.is_none() => vec![],
            volumes => volumes?,
        };
        let volumes = volumes.into_iter();
        all.extend(volumes.filter(|volume| volume.mark().as_ref() == Some(&mine)).map(|volume| volume.id).map(of(Kind::Volume)));
    }
    if host.spec.floating_ip.is_some() {
        let ips = client.floating_ips().await?.into_iter();
        all.extend(ips.filter(|ip| ip.mark().as_ref() == Some(&mine)).map(|ip| ip.id).map(of(Kind::FloatingIp)));
    }
    Ok(all)
}

/// DELETE of one part.
pub(super) async fn part(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>, part: &Leftover) -> Outcome {
    let id = &part.id;
    let what = format!("the host's {} cannot be deleted", part.kind.word());
    let answer = match part.kind {
        Kind::Port => answer(client.delete_port(id).await, ctx, host, &what),
        Kind::FloatingIp => answer(client.delete_floating_ip(id).await, ctx, host, &what),
        Kind::ServerGroup => answer(client.delete_server_group(id).await, ctx, host, &what),
        Kind::Volume => volume(ctx, host, client, id, &what).await,
    };
    ctx.memories.update(&host.uid, |memory| memory.part(part, |deletion| answer.record(deletion, ctx.now())));
    answer.outcome()
}

/// Cinder deletes in its own time and refuses to be asked twice: looked at first.
async fn volume(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>, id: &str, what: &str) -> Answer {
    match client.volume(id).await.map(|volume| volume.status) {
        Ok(VolumeStatus::Deleting) => Answer::Accepted,
        Ok(VolumeStatus::InUse | VolumeStatus::Attaching | VolumeStatus::Detaching) => {
            Answer::Refused("Cinder shows it as attached although its server is gone".into())
        }
        Ok(_) => answer(client.delete_volume(id).await, ctx, host, what),
        Err(error) => answer(Err(error), ctx, host, what),
    }
}
