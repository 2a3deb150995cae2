//! What a server is made of: in which order parts are asked for, when one is asked for again, and which go with the host.

use jiff::{SignedDuration, Timestamp};

use super::absence::lasting;
use super::ledger::{Failure, Kind, Ledger, Leftover, Part, Stage};
use super::seen::{Absence, Left, Observation, VolumeSeen};
use super::step::{Answer, Phase, Step, failed, status};
use super::unclear::{AMBIGUOUS_GRACE, grace};
use super::{PART_AGAIN, VOLUME_LIMIT};

/// How often a volume is looked at while Cinder makes it.
const VOLUME_POLL: SignedDuration = SignedDuration::from_secs(2);
/// Time between the first and the last 404 that prove a part gone which a server is to be made of.
const PART_GONE: SignedDuration = SignedDuration::from_mins(1);
/// How often an unclear part is looked for.
const PART_POLL: SignedDuration = SignedDuration::from_secs(5);

/// The next part, or the server once all are there.
pub(super) fn next(host: &Ledger, seen: &Observation) -> Answer {
    if let Some(part) = host.missing_part() {
        let what = match part {
            Part::Port(index) if host.wanted.ports > 1 => format!("port {} of {}", index + 1, host.wanted.ports),
            part => format!("the {}", part.kind().word()),
        };
        // The volume is waited for before the floating IP is asked for: it fails more often, and takes longer.
        if part != Part::FloatingIp || volume_ready(host, seen) {
            return (status(Phase::Building, &format!("{what} is being created")), Step::EnsurePart(part));
        }
    }
    if host.wanted.volume.is_some() && !volume_ready(host, seen) {
        return volume(seen);
    }
    (status(Phase::Building, "the server is being asked for"), Step::CreateServer)
}

fn volume_ready(host: &Ledger, seen: &Observation) -> bool {
    host.wanted.volume.is_none() || (host.parts.volume.is_some() && seen.volume == VolumeSeen::Available)
}

fn volume(seen: &Observation) -> Answer {
    let over = seen.patience.is_over(Stage::Parts, VOLUME_LIMIT);
    match &seen.volume {
        VolumeSeen::Failed(why) => failed(Failure::new("VolumeError", format!("Cinder could not make the root volume: {why}"))),
        VolumeSeen::Gone(absence) if lasting(absence, PART_GONE) && seen.held.is_none() => {
            failed(Failure::new("VolumeLost", "the root volume was deleted by somebody else before the server was asked for"))
        }
        _ if over => {
            let message = format!("the root volume was not available after {} minutes; it is given up", VOLUME_LIMIT.as_mins());
            failed(Failure::new("VolumeError", message))
        }
        _ => (status(Phase::Building, "Cinder makes the root volume"), Step::LookAtVolume),
    }
}

/// Whether a part whose last creation got an unclear answer at `unclear_since` may be asked for again: a list begun after the grace shows
/// none with our mark. After so many unclear answers the grace is longer.
pub fn may_create_part(unclear: Option<(Timestamp, u32)>, list_begun: Timestamp) -> bool {
    unclear.is_none_or(|(since, answers)| list_begun.duration_since(since) >= grace(answers.saturating_sub(1)))
}

/// When an unclear part is looked for again.
pub fn next_part_look() -> SignedDuration {
    PART_POLL
}

/// What this process knows of the parts that were ever asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Witness {
    /// It put the finalizer on the Host, which comes before every part: it heard every answer.
    FromBirth,
    /// Another process may have asked for a part, and that may still be on its way.
    #[default]
    Later,
}

/// What looking for the parts of a host that is being deleted rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartsLook {
    /// What this process knows.
    pub witness: Witness,
    /// When the creation of a part got an unclear answer last, and how many it got.
    pub unclear: Option<(Timestamp, u32)>,
    /// Since when this process acts: what another one sent left before that.
    pub acting_since: Timestamp,
    /// When this one began.
    pub begun: Timestamp,
}

/// Whether what one look found by mark is all there is: nothing is missing, or what is missing is not on its way any more. What another
/// process asked for may come on top of what this one made: it is waited for in any case.
pub fn is_all(host: &Ledger, found: &[Leftover], look: &PartsLook) -> bool {
    let alone = look.witness == Witness::FromBirth || look.begun.duration_since(look.acting_since) >= AMBIGUOUS_GRACE;
    let settled = look.unclear.is_none() || may_create_part(look.unclear, look.begun);
    alone && (settled || !misses_any(host, found))
}

/// Whether a wanted part of the host's own is neither recorded nor found. Server groups are shared and bear no host's mark.
fn misses_any(host: &Ledger, found: &[Leftover]) -> bool {
    let mut known = host.parts.all();
    known.extend_from_slice(found);
    known.sort();
    known.dedup();
    let have = |kind| known.iter().filter(|left| left.kind == kind).count();
    let wanted = &host.wanted;
    have(Kind::Port) < wanted.ports
        || have(Kind::Volume) < usize::from(wanted.volume.is_some())
        || have(Kind::FloatingIp) < usize::from(wanted.floating_ip)
}

/// What of the recorded and the found parts is to be deleted, in this order; `shared`: another host uses the server group.
/// A volume that is kept stays; a second one with the host's UID, which never held anything, does not.
pub fn to_delete(host: &Ledger, found: Vec<Leftover>, shared: bool) -> Vec<Leftover> {
    let mut all = host.parts.all();
    all.extend(found);
    let kept = host.parts.volume.as_ref().filter(|_| host.keeps_volume());
    all.retain(|left| match left.kind {
        Kind::Volume => Some(&left.id) != kept,
        Kind::ServerGroup => !shared,
        Kind::Port | Kind::FloatingIp => true,
    });
    all.sort();
    all.dedup();
    all
}

/// The next part to delete, once the server is gone; `None` when nothing is left.
pub(super) fn delete(seen: &Observation, now: Timestamp) -> Option<Answer> {
    let Some(parts) = &seen.parts_left else {
        return Some((status(Phase::Deleting, "the server is gone; what it was made of is looked for"), Step::LookForParts));
    };
    let left: Vec<&Left> = parts.iter().filter(|left| !left.is_gone(seen.held.is_some())).collect();
    let first = left.first()?;
    let words = |left: &Left| match &left.deletion.refused {
        Some(why) => format!("the {} {} cannot be deleted yet: {why}", left.what.kind.word(), left.what.id),
        None => format!("the server is gone; its {} is being deleted", left.what.kind.word()),
    };
    // One kind after the other; of a kind, one that cannot be deleted now does not hold up the others.
    let same_kind = || left.iter().filter(|left| left.what.kind == first.what.kind);
    if let Some(due) = same_kind().find(|left| left.deletion.is_due(PART_AGAIN, now)) {
        return Some((status(Phase::Deleting, &words(due)), Step::DeletePart(due.what.clone())));
    }
    let pause = same_kind().map(|left| left.deletion.left(PART_AGAIN, now)).min().unwrap_or(PART_AGAIN);
    Some((status(Phase::Deleting, &words(first)), Step::Wait(pause)))
}

/// Whether the first port's 404s, or its being bound elsewhere, have lasted long enough to be believed.
pub(super) fn port_is_lost(absence: &Absence) -> bool {
    lasting(absence, PART_GONE)
}

/// How often a volume or a port is looked at.
pub(super) fn look_again(last: Option<Timestamp>, now: Timestamp, look: Step) -> Step {
    match last.map(|last| VOLUME_POLL - now.duration_since(last)).filter(|left| *left > SignedDuration::ZERO) {
        Some(left) => Step::Wait(left),
        None => look,
    }
}
