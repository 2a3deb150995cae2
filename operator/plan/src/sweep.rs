//! What this cluster left behind in a cloud: judged from two complete passes, never from one, and never while one side is not fully known.
//!
//! Invariants: what does not bear our cluster's UID is not looked at. The Hosts were listed after the cloud, so that whatever the cloud
//! showed had its Host already; a list that is incomplete or held says nothing, neither first nor second.

mod fate;
mod thing;

pub use fate::Fate;
pub use thing::{Kind, Recorded, Thing};

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use crate::fleet::Cap;

/// An orphan is older than this: longer than any creation takes.
pub const GRACE: SignedDuration = SignedDuration::from_hours(1);
/// Time between the first and the last of the passes that must show it.
pub const PASSES_APART: SignedDuration = SignedDuration::from_mins(10);
/// More servers without a Host than this, in percent of all of ours, are no leak: then Hosts were lost, and nothing is deleted.
pub const LEAK_SHARE: usize = 20;
/// So many servers without a Host are a leak, however few there are.
pub const LEAK_ALWAYS: usize = 10;

/// What is to become of orphans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// People are told.
    #[default]
    Report,
    /// They are deleted.
    Delete,
}

/// One pass over a cloud and the cluster, both complete.
#[derive(Clone, Debug, Default)]
pub struct Pass {
    /// UID of our cluster.
    pub cluster: String,
    /// What the cloud showed, servers of others included: they may use what is ours.
    pub things: Vec<Thing>,
    /// When the last of the cloud's lists ended.
    pub listed_at: Timestamp,
    /// Every Host of the cluster by UID, deleted ones with a finalizer too.
    pub hosts: BTreeMap<String, Recorded>,
    /// When the list of Hosts began.
    pub hosts_at: Timestamp,
    /// Servers that may not be deleted, each with the reason: its node is Ready, or pods are bound to it.
    pub in_service: BTreeMap<String, String>,
    /// What is to become of orphans.
    pub action: Action,
    /// Hosts of this cloud: what the cap is measured by.
    pub fleet: usize,
}

/// Something of ours that nothing stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// What it is.
    pub kind: Kind,
    /// OpenStack id, or a Secret's name.
    pub id: String,
    /// Name.
    pub name: String,
    /// The Host UID that it bears.
    pub host: Option<String>,
    /// When it was first seen without a Host.
    pub since: Timestamp,
    /// Why it is an orphan.
    pub why: &'static str,
    /// What will happen.
    pub fate: Fate,
}

/// What earlier passes showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    seen: BTreeMap<(Kind, String), Timestamp>,
    cap: Cap,
}

/// Judges a pass: orphans in the order in which they may be deleted. Those with [`Fate::Delete`] have taken their place under the cap.
///
/// # Errors
/// Why nothing can be said: the Hosts were listed before the cloud was.
pub fn judge(memory: &mut Memory, pass: &Pass, now: Timestamp) -> Result<Vec<Orphan>, &'static str> {
    if pass.hosts_at < pass.listed_at {
        return Err("the Hosts were listed before the cloud was");
    }
    let servers: Servers<'_> =
        pass.things.iter().filter(|thing| thing.kind == Kind::Server).map(|thing| (thing.id.as_str(), thing)).collect();
    let suspects: Vec<Suspect<'_>> = pass.things.iter().filter_map(|thing| Some((thing, suspicion(pass, &servers, thing)?))).collect();
    remember(memory, &suspects, now);
    let mut orphans: Vec<Suspect<'_>> = suspects.into_iter().filter(|(thing, _)| old_enough(memory, thing, now)).collect();
    orphans.sort_by(|(a, _), (b, _)| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
    let is_loss = is_loss(pass, orphans.iter().filter(|(thing, _)| thing.kind == Kind::Server).count());
    let judged = orphans.into_iter().map(|(thing, why)| Orphan {
        kind: thing.kind,
        id: thing.id.clone(),
        name: thing.name.clone(),
        host: thing.host.clone(),
        since: memory.seen.get(&thing.key()).copied().unwrap_or(now),
        why,
        fate: fate::of(pass, &servers, thing, is_loss),
    });
    Ok(fate::under_the_cap(judged.collect(), &mut memory.cap, pass.fleet, now))
}

type Servers<'a> = HashMap<&'a str, &'a Thing>;
type Suspect<'a> = (&'a Thing, &'static str);

/// Why nothing stands for it, as far as this pass shows.
fn suspicion(pass: &Pass, servers: &Servers<'_>, thing: &Thing) -> Option<&'static str> {
    if thing.cluster != pass.cluster || pass.cluster.is_empty() || thing.kept || in_use(pass, servers, thing) {
        return None;
    }
    let Some(host) = &thing.host else {
        // A server group is shared: it goes when no Host records it and no server is in it.
        let is_unused = thing.kind == Kind::ServerGroup && thing.members == 0;
        return (is_unused && !pass.hosts.values().any(|host| host.ids.contains(&thing.id)))
            .then_some("no Host records it, and it is empty");
    };
    match pass.hosts.get(host) {
        None => Some("no Host has the UID that it bears"),
        // A server that its Host does not record is the host driver's: the creation may be unclear still.
        Some(living) => {
            let is_double = thing.kind.doubles() && living.complete && !living.ids.contains(&thing.id);
            is_double.then_some("its Host records another one")
        }
    }
}

/// Whether a listed server uses it that is none of ours, or whose Host lives.
fn in_use(pass: &Pass, servers: &Servers<'_>, thing: &Thing) -> bool {
    let Some(server) = thing.used_by.as_ref().and_then(|id| servers.get(id.as_str())) else { return false };
    server.cluster != pass.cluster || server.host.as_ref().is_none_or(|host| pass.hosts.contains_key(host))
}

/// Keeps when each suspect was first seen; one that is no suspect any more is forgotten.
fn remember(memory: &mut Memory, suspects: &[Suspect<'_>], now: Timestamp) {
    let before = std::mem::take(&mut memory.seen);
    memory.seen = suspects.iter().map(|(thing, _)| (thing.key(), before.get(&thing.key()).copied().unwrap_or(now))).collect();
}

fn old_enough(memory: &Memory, thing: &Thing, now: Timestamp) -> bool {
    let Some(first) = memory.seen.get(&thing.key()) else { return false };
    let born = thing.created.unwrap_or(*first);
    now.duration_since(*first) >= PASSES_APART && now.duration_since(born) > GRACE
}

/// Whether so many servers have no Host that Hosts must have been lost.
fn is_loss(pass: &Pass, orphans: usize) -> bool {
    let ours = pass.things.iter().filter(|thing| thing.kind == Kind::Server && thing.cluster == pass.cluster).count();
    orphans > LEAK_ALWAYS && orphans * 100 > ours * LEAK_SHARE
}

#[cfg(test)]
mod tests;
