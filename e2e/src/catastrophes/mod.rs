//! `gantry-lab catastrophes`: those of the catastrophes T1 to T29 that a real OpenStack, and a bad proxy before it, can be made to show.

mod access;
mod clusters;
mod creations;
mod servers;

use std::path::PathBuf;

use anyhow::{Result, bail};
use futures::future::BoxFuture;

use crate::lab::cloud::Which;
use crate::lab::gate::{Gate, Scope};
use crate::lab::lane::allow_leases;
use crate::lab::operator::Operator;
use crate::lab::{Lab, Options};
use crate::suite::world::World;
use crate::suite::{Needs, Scenario, runner};

macro_rules! catastrophe {
    ($name:literal, $seconds:literal, $run:path) => {
        Scenario {
            name: $name,
            needs: Needs::Any,
            typical_s: $seconds,
            run: |world: &mut World| -> BoxFuture<'_, Result<()>> { Box::pin($run(world)) },
        }
    };
}

/// All of them, in the order of their numbers.
const CATASTROPHES: &[Scenario] = &[
    catastrophe!("T1: the server list is empty for half a minute: nothing is deleted, nothing bought", 60, creations::empty_list),
    catastrophe!("T5: a proxy answers everything with 404, 403, HTML: nothing is deleted, nothing bought", 70, creations::mad_proxy),
    catastrophe!("T6: answers to creations are lost: one server and one port a host", 110, creations::answers_lost),
    catastrophe!("T6: a creation is sent twice at once: one server stays", 60, creations::sent_twice),
    catastrophe!("T7: a creation is applied after its time-out: no second server", 160, creations::applied_late),
    catastrophe!("T12: a server is deleted behind our back: its host is replaced, no other is touched", 260, servers::deleted),
    catastrophe!("T14: quota is reached, then raised: told, no port leaks, and it goes on", 60, servers::quota),
    catastrophe!("T15: a server is stopped and started, set to ERROR and back: nothing is deleted", 130, servers::off_and_on),
    catastrophe!("T16: a server that cannot be deleted is kept in mind, and goes when it can", 70, servers::locked),
    catastrophe!("T19: a zone's hypervisor is down: its hosts stay, new ones go elsewhere", 60, servers::hypervisor_down),
    catastrophe!("T20: the token is revoked: the operator logs in again", 40, access::token_revoked),
    catastrophe!("T20: the credential is deleted, then a new Secret: nothing is deleted, it goes on", 70, access::credential_deleted),
    catastrophe!("T22: the pool is deleted while its hosts are being created: nothing is created after", 60, servers::pool_deleted_early),
    catastrophe!("T25: a stranger's server of the same name is left alone", 50, servers::namesake),
    catastrophe!("T17: two clusters in one project do not touch each other", 60, clusters::two_clusters),
    catastrophe!("T29: the operator is gone for good: the documented clean-up leaves nothing", 50, clusters::leftovers),
];

/// What is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where everything is kept that is written.
    pub dir: PathBuf,
    /// On which OpenStack.
    pub cloud: Which,
    /// Only those whose name contains this.
    pub filter: Option<String>,
}

/// Runs them, with the operator behind a gate.
///
/// # Errors
/// If the laboratory fails or a catastrophe ends badly.
pub async fn run(settings: Settings) -> Result<()> {
    let options = Options::light(settings.cloud, settings.dir);
    let lab = Lab::with_chart(&options).await?;
    allow_leases(&lab).await?;
    let gate = Gate::open(lab.control_plane.server(), lab.control_plane.ca_pem(), Scope::default()).await?;
    let mut world = World::new(lab);
    world.gate = Some(gate);
    let wanted = |scenario: &&Scenario| settings.filter.as_ref().is_none_or(|text| scenario.name.contains(text.as_str()));
    let chosen: Vec<Scenario> = CATASTROPHES.iter().filter(wanted).copied().collect();
    let count = runner::run(&mut world, &chosen).await;
    let stopped = world.finish().await;
    let count = count?;
    println!("catastrophes: {} passed, {} failed", count.passed, count.failed);
    if count.failed > 0 || count.passed == 0 {
        bail!("the catastrophes failed");
    }
    stopped
}

/// Starts an operator anew behind a gate with this view, in place of the world's.
async fn restarted_behind(world: &mut World, scope: Scope) -> Result<()> {
    if let Some(operator) = world.operator.take() {
        operator.kill().await?;
    }
    let gate = Gate::open(world.lab.control_plane.server(), world.lab.control_plane.ca_pem(), scope).await?;
    world.operator = Some(Operator::start_behind(&world.lab, &gate, "operator").await?);
    world.gate = Some(gate);
    Ok(())
}
