//! The clean-up: by id, servers first, and what they use once they are gone.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use gantry_cloud::{Cloud, Error};
use gantry_plan::sweep::{Kind, Thing};
use tokio::time::Instant;

use super::found;
use crate::control::sweep::act;

/// What is not gone by then is left.
const LIMIT: Duration = Duration::from_secs(600);
/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(2);

/// What becomes of volumes that were kept on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// They stay.
    Spared,
    /// They go too.
    Deleted,
}

/// What is to be deleted.
pub(super) fn doomed(found: &[Thing], kept: Kept) -> Vec<&Thing> {
    found.iter().filter(|thing| !thing.kept || kept == Kept::Deleted).collect()
}

/// What may be deleted now: servers, and what no server uses.
fn ready<'a>(doomed: &[&'a Thing], found: &[Thing]) -> Vec<&'a Thing> {
    let servers: BTreeSet<&str> = found.iter().filter(|thing| thing.kind == Kind::Server).map(|thing| thing.id.as_str()).collect();
    let is_used = |thing: &Thing| thing.members > 0 || thing.used_by.as_deref().is_some_and(|user| servers.contains(user));
    doomed.iter().filter(|thing| !is_used(thing)).copied().collect()
}

/// Deletes round by round until nothing is left that is to go, or the time is over; the answer is what is left.
pub(super) async fn run(client: &Arc<dyn Cloud>, cluster: &str, kept: Kept, out: &mut (dyn Write + Send)) -> Result<Vec<Thing>> {
    let (end, mut asked) = (Instant::now() + LIMIT, BTreeSet::new());
    loop {
        let now = found(client, cluster).await?;
        let doomed = doomed(&now, kept);
        if doomed.is_empty() || Instant::now() > end {
            return Ok(now);
        }
        for thing in ready(&doomed, &now) {
            let is_first = asked.insert((thing.kind, thing.id.clone()));
            match act::delete(client, thing.kind, &thing.id).await {
                Ok(()) if is_first => writeln!(out, "deleted {} {} ({})", thing.kind, thing.id, thing.name)?,
                Ok(()) => {}
                // In use until its server is gone for good, or a passing fault: looked at again.
                Err(error @ (Error::Conflict { .. } | Error::Transient { .. } | Error::OverLimit { .. })) => {
                    writeln!(out, "{} {} waits: {}", thing.kind, thing.id, error.message())?;
                }
                Err(error) => writeln!(out, "{} {} stays: {error}", thing.kind, thing.id)?,
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(kind: Kind, id: &str, used_by: Option<&str>) -> Thing {
        let used_by = used_by.map(str::to_owned);
        Thing { kind, id: id.into(), name: id.into(), cluster: "c".into(), host: None, created: None, used_by, kept: false, members: 0 }
    }

    fn ids(things: &[&Thing]) -> Vec<String> {
        things.iter().map(|thing| thing.id.clone()).collect()
    }

    #[test]
    fn servers_go_first_and_what_they_use_when_they_are_gone() {
        let all = [
            thing(Kind::Server, "server", None),
            thing(Kind::Port, "bound", Some("server")),
            thing(Kind::Port, "free", None),
            thing(Kind::Volume, "attached to a server that is gone", Some("gone")),
            Thing { members: 1, ..thing(Kind::ServerGroup, "group", None) },
        ];
        assert_eq!(ids(&ready(&doomed(&all, Kept::Spared), &all)), ["server", "free", "attached to a server that is gone"]);
    }

    #[test]
    fn volumes_kept_on_purpose_go_only_if_asked_for() {
        let all = [Thing { kept: true, ..thing(Kind::Volume, "kept", None) }, thing(Kind::Volume, "other", None)];
        assert_eq!(ids(&doomed(&all, Kept::Spared)), ["other"]);
        assert_eq!(ids(&doomed(&all, Kept::Deleted)), ["kept", "other"]);
    }
}
