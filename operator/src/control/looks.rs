//! Looks at what a server is made of: the port of one that is ACTIVE, the volume of one that is to be.

use std::sync::Arc;

use gantry_cloud::{Cloud, Error, Port, Volume, VolumeStatus};
use gantry_plan::host::{Absence, PortSeen, VolumeSeen};
use jiff::{SignedDuration, Timestamp};

use super::context::Context;
use super::steps::{Outcome, RETRY, trouble};
use crate::kube::objects::HostObject;

/// A volume is not looked at again within this time.
const VOLUME_EVERY: SignedDuration = SignedDuration::from_secs(2);

/// GET of the first port: is the ACTIVE server on it?
pub(super) async fn port(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>) -> Outcome {
    let (Some(id), Some(server)) = (host.status.port_ids.first(), &host.status.server_id) else { return Outcome::Again(RETRY) };
    let (asked, before) = (ctx.now(), ctx.memories.get(&host.uid).port);
    let seen = match client.port(id).await {
        Ok(port) => port_seen(&before, &port, server, asked),
        Err(Error::NotFound { .. }) => lost(&before, format!("its port {id} is gone"), asked),
        Err(error) => {
            trouble(ctx, host, "the server's port cannot be looked at", &error);
            return Outcome::Again(RETRY);
        }
    };
    ctx.memories.update(&host.uid, |memory| memory.port = seen);
    Outcome::Next
}

/// An answer without a device and without the status DOWN says nothing: fields may be left out.
fn port_seen(before: &PortSeen, port: &Port, server: &str, asked: Timestamp) -> PortSeen {
    match port.device_id.as_str() {
        device if device == server => PortSeen::Ours,
        "" if port.status == "DOWN" => lost(before, format!("its port {} is bound to nothing", port.id), asked),
        "" => PortSeen::Ours,
        other => lost(before, format!("its port {} is bound to {other}", port.id), asked),
    }
}

fn lost(before: &PortSeen, why: String, asked: Timestamp) -> PortSeen {
    let before = match before {
        PortSeen::Lost(absence, _) => Some(absence),
        _ => None,
    };
    PortSeen::Lost(Absence::again(before, asked), why)
}

/// GET of the root volume.
pub(super) async fn volume(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>) -> Outcome {
    let Some(id) = &host.status.volume_id else { return Outcome::Again(RETRY) };
    let (asked, memory) = (ctx.now(), ctx.memories.get(&host.uid));
    if memory.volume_at.is_some_and(|at| asked.duration_since(at) < VOLUME_EVERY) {
        return Outcome::Again(VOLUME_EVERY.unsigned_abs());
    }
    let seen = match client.volume(id).await {
        Ok(volume) => volume_seen(&volume),
        Err(Error::NotFound { .. }) => VolumeSeen::Gone(Absence::again(gone(&memory.volume), asked)),
        Err(error) => {
            trouble(ctx, host, "the root volume cannot be looked at", &error);
            return Outcome::Again(RETRY);
        }
    };
    let decides = matches!(seen, VolumeSeen::Available | VolumeSeen::Failed(_));
    ctx.memories.update(&host.uid, |memory| (memory.volume, memory.volume_at) = (seen, Some(asked)));
    if decides { Outcome::Next } else { Outcome::Again(VOLUME_EVERY.unsigned_abs()) }
}

fn gone(before: &VolumeSeen) -> Option<&Absence> {
    match before {
        VolumeSeen::Gone(absence) => Some(absence),
        _ => None,
    }
}

fn volume_seen(volume: &Volume) -> VolumeSeen {
    match volume.status {
        VolumeStatus::Available => VolumeSeen::Available,
        VolumeStatus::Error => VolumeSeen::Failed(format!("volume {} is in state error", volume.id)),
        _ => VolumeSeen::Coming,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn port(device: &str, status: &str) -> Port {
        Port { id: "p".into(), name: "h-0".into(), device_id: device.into(), status: status.into(), addresses: vec![], tags: vec![] }
    }

    #[test]
    fn a_port_is_lost_only_if_neutron_says_so_and_t24_not_if_it_leaves_fields_out() {
        let seen = |device, status| port_seen(&PortSeen::Unknown, &port(device, status), "s", at(9));
        let lost = |why: &str| PortSeen::Lost(Absence { since: at(9), last: at(9), answers: 1 }, why.into());
        let wanted =
            [PortSeen::Ours, PortSeen::Ours, PortSeen::Ours, lost("its port p is bound to nothing"), lost("its port p is bound to other")];
        assert_eq!([seen("s", "ACTIVE"), seen("", "ACTIVE"), seen("", ""), seen("", "DOWN"), seen("other", "ACTIVE")], wanted);
    }

    #[test]
    fn answers_in_a_row_add_up_and_one_good_answer_ends_them() {
        let first = lost(&PortSeen::Unknown, "w".into(), at(1));
        let second = port_seen(&first, &port("", "DOWN"), "s", at(5));
        assert_eq!(second, PortSeen::Lost(Absence { since: at(1), last: at(5), answers: 2 }, "its port p is bound to nothing".into()));
        assert_eq!(port_seen(&second, &port("s", "ACTIVE"), "s", at(6)), PortSeen::Ours);
    }
}
