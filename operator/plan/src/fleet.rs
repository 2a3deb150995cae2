//! Whether a cloud's list of servers can be believed: one that misses many of those that Hosts record says more of the list than of the servers.
//!
//! A list proves presence, never absence. This is the rule for the fleet as a whole: below the threshold nothing is held, above it nothing
//! is concluded from absence, and nothing is bought where servers are missing, until a list shows them again or a person says that they are gone.

mod accepted;
mod cap;

pub use accepted::Accepted;
pub use cap::{CAP_SHARE, CAP_WINDOW, Cap};

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

/// More missing servers than this share of the recorded ones, in percent, hold the cloud.
pub const MISSING_SHARE: usize = 20;
/// So many missing servers never hold a cloud, however few it has.
pub const MISSING_ALWAYS: usize = 1;
/// A server that was asked for less than this before the list began may be missing from it rightly.
pub const YOUNG: SignedDuration = SignedDuration::from_mins(2);
/// Zones that a sentence names.
const ZONES_NAMED: usize = 5;

/// A server that a living Host records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded<'a> {
    /// Nova id.
    pub server: &'a str,
    /// The availability zone that it was asked for in.
    pub zone: &'a str,
    /// When it was asked for; `None` counts as long ago.
    pub sent_at: Option<Timestamp>,
}

/// What a complete list says of the fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Servers that Hosts record and that the list had to show.
    pub recorded: usize,
    /// Those that it does not show.
    pub missing: usize,
    hold: Option<Hold>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Hold {
    message: String,
    /// Where nothing is created; `None` is everywhere.
    zones: Option<BTreeSet<String>>,
}

impl Verdict {
    /// Why nothing may be concluded from a server's absence.
    pub fn absence(&self) -> Option<&str> {
        self.hold.as_ref().map(|hold| hold.message.as_str())
    }

    /// Why no server is created in `zone`.
    pub fn creation(&self, zone: &str) -> Option<&str> {
        let hold = self.hold.as_ref()?;
        let here = hold.zones.as_ref().is_none_or(|zones| zones.contains(zone));
        here.then_some(hold.message.as_str())
    }
}

/// Compares what Hosts record with a complete list that began at `begun`.
pub fn judge<'a>(
    recorded: impl IntoIterator<Item = Recorded<'a>>,
    listed: impl Fn(&str) -> bool,
    accepted: Accepted,
    begun: Timestamp,
    now: Timestamp,
) -> Verdict {
    let mut zones: BTreeMap<&str, Zone> = BTreeMap::new();
    for server in recorded {
        let shown = listed(server.server);
        let young = server.sent_at.is_some_and(|sent| begun.duration_since(sent) < YOUNG);
        if shown || !young {
            zones.entry(server.zone).or_default().count(shown);
        }
    }
    let (recorded, missing) = (zones.values().map(|zone| zone.recorded).sum(), zones.values().map(|zone| zone.missing).sum());
    let hold = (too_many(missing, recorded) && !accepted.covers(missing, now)).then(|| hold(&zones, missing, recorded));
    Verdict { recorded, missing, hold }
}

#[derive(Clone, Copy, Default)]
struct Zone {
    recorded: usize,
    missing: usize,
}

impl Zone {
    fn count(&mut self, shown: bool) {
        self.recorded += 1;
        self.missing += usize::from(!shown);
    }

    fn affected(self) -> bool {
        self.missing * 100 > self.recorded * MISSING_SHARE
    }
}

fn too_many(missing: usize, recorded: usize) -> bool {
    missing > MISSING_ALWAYS && missing * 100 > recorded * MISSING_SHARE
}

fn hold(zones: &BTreeMap<&str, Zone>, missing: usize, recorded: usize) -> Hold {
    let affected: BTreeSet<String> = zones.iter().filter(|(_, zone)| zone.affected()).map(|(name, _)| (*name).to_owned()).collect();
    let zones = (affected.len() < zones.len()).then_some(affected);
    let place = match &zones {
        None => "anywhere".to_owned(),
        Some(zones) => format!("in {}", zones.iter().take(ZONES_NAMED).cloned().collect::<Vec<_>>().join(", ")),
    };
    let message = format!(
        "the list of servers misses {missing} of the {recorded} that Hosts record: this is taken for a fault of the list. No server is created {place} \
         and none is taken for gone until they are listed again. If they are gone, annotate the OpenStackCloud with \
         gantry.cloud/accept-missing-servers={missing}"
    );
    Hold { message, zones }
}

#[cfg(test)]
mod tests;
