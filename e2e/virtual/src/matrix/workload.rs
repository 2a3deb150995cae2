//! What the operator has to do while it is killed: up, down, a creation that fails, a server that vanishes, a pool that goes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use serde_json::json;

use super::Run;
use crate::lab::{End, Lab, Life};
use crate::wire::Wire;
use crate::world::pods::Set;
use crate::world::{Setup, World};

/// Pods, each of which needs a host of its own.
const PODS: usize = 2;
/// Long enough for anything; what has not come to its end by then is stuck.
const LIMIT: Duration = Duration::from_secs(3600);
/// Nothing may change for this long at the end.
const QUIET: Duration = Duration::from_secs(150);

/// One kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// Two pods come, two hosts are bought.
    ScaleUp,
    /// The same with root volumes, floating IPs and a server group.
    ScaleUpParts,
    /// The pods go, and the hosts after them.
    ScaleDown,
    /// The first build fails; another one is tried.
    FailedCreate,
    /// A server vanishes behind everybody's back.
    ServerDeleted,
    /// The pool is deleted.
    PoolDeletion,
    /// The pool is deleted, and its hosts have every part there is.
    PoolDeletionParts,
}

impl Workload {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ScaleUp,
        Self::ScaleUpParts,
        Self::ScaleDown,
        Self::FailedCreate,
        Self::ServerDeleted,
        Self::PoolDeletion,
        Self::PoolDeletionParts,
    ];

    fn setup(self, seed: u64) -> Setup {
        let template = match self {
            Self::ScaleUpParts | Self::PoolDeletionParts => json!({
                "rootVolume": {"size": "20Gi", "type": "ssd"},
                "serverGroup": {"policy": "soft-anti-affinity"},
                "floatingIP": {"network": {"name": "public"}},
            }),
            _ => json!({}),
        };
        Setup { template, ..Setup::small(seed) }
    }

    /// Before the operator is in danger: whether it has hosts already.
    fn begins_with_hosts(self) -> bool {
        matches!(self, Self::ScaleDown | Self::ServerDeleted | Self::PoolDeletion | Self::PoolDeletionParts)
    }

    fn begin(self, world: &World) {
        match self {
            Self::ScaleUp | Self::ScaleUpParts => want(world, PODS),
            Self::FailedCreate => {
                let message = "No valid host was found. There are not enough hosts available.";
                world.admin("POST", "faults", json!({"kind": "build", "outcome": "error", "count": 1, "message": message}));
                want(world, PODS);
            }
            Self::ScaleDown => world.pods(|pods| pods.scale("web", 0)),
            Self::ServerDeleted => {
                if let Some(server) = world.inventory().servers_of(&world.cluster_uid).next() {
                    world.admin("DELETE", &format!("servers/{}", server.id), json!(null));
                }
            }
            Self::PoolDeletion | Self::PoolDeletionParts => {
                if let Some(pool) = world.api.get("vmpools", "apps", "general") {
                    world.api.delete("vmpools", &pool, 0);
                }
            }
        }
    }

    /// Whether the world is where it has to come to.
    fn is_done(self, world: &World) -> bool {
        let outcome = world.outcome();
        match self {
            Self::ScaleUp | Self::ScaleUpParts | Self::FailedCreate | Self::ServerDeleted => {
                outcome.hosts == [("Ready".to_owned(), PODS)].into()
                    && outcome.pods == (PODS, 0)
                    && outcome.servers == [("ACTIVE".to_owned(), PODS)].into()
            }
            Self::ScaleDown => outcome.hosts.is_empty() && outcome.servers.is_empty() && outcome.nodes == 0,
            Self::PoolDeletion | Self::PoolDeletionParts => outcome.hosts.is_empty() && outcome.pools == 0,
        }
    }

    /// The whole of it, with one life on `wire` and, if that is cut, another one.
    ///
    /// # Errors
    /// If the machine fails.
    pub fn run(self, seed: u64, wire: &Arc<Wire>) -> Result<(Lab, Run)> {
        let mut lab = Lab::new(&self.setup(seed))?;
        if self.begins_with_hosts() {
            want(&lab.world, PODS);
            lab.life(&Wire::whole(), async |life: Life| Workload::ScaleUp.settled(&life).await)?;
        }
        self.begin(&lab.world);
        let mut stuck = None;
        for wire in [wire.clone(), Wire::whole()] {
            match lab.life(&wire, async |life: Life| self.settled(&life).await) {
                Ok(End::Done(())) => break,
                Ok(End::Killed) => {}
                Err(error) => {
                    stuck = Some(format!("{error:#}"));
                    break;
                }
            }
        }
        let checks = &lab.world.checks;
        let run = Run {
            leaks: checks.unreferenced(&lab.world),
            doubles: checks.doubles(),
            violations: checks.violations(),
            stuck,
            ..Run::default()
        };
        Ok((lab, run))
    }

    /// Waits for the end, and that it stays.
    async fn settled(self, life: &Life) -> Result<()> {
        loop {
            life.until(&format!("{self:?} done"), LIMIT, |world| self.is_done(world)).await?;
            let then = life.world.outcome();
            life.sleep(QUIET).await;
            if life.world.outcome() == then {
                return Ok(());
            }
        }
    }
}

fn want(world: &World, replicas: usize) {
    let set = Set { name: "web".into(), replicas, cpu_milli: 3000, memory_mib: 1024, selector: None };
    world.pods(|pods| pods.set(set));
}
