//! The end-to-end suite: scenarios one after the other on one laboratory, each of which ends with an empty cloud.

pub mod checks;
mod faults;
mod growth;
pub mod manifests;
mod mistakes;
mod restarts;
pub mod runner;
mod whole_way;
pub mod world;

pub use world::World;

use futures::future::BoxFuture;

use crate::lab::cloud::Which;

/// What a scenario does, given the world.
pub type Run = for<'a> fn(&'a mut World) -> BoxFuture<'a, anyhow::Result<()>>;

/// Where a scenario can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Any OpenStack.
    Any,
    /// The simulator: it needs faults that a real cloud cannot be asked for.
    Simulator,
}

/// One scenario.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// Its rule, in words.
    pub name: &'static str,
    /// Where it can run.
    pub needs: Needs,
    /// Seconds that it typically takes, for the time left.
    pub typical_s: u64,
    /// What it does.
    pub run: Run,
}

macro_rules! scenario {
    ($name:literal, $needs:ident, $seconds:literal, $run:path) => {
        Scenario { name: $name, needs: Needs::$needs, typical_s: $seconds, run: |world| Box::pin($run(world)) }
    };
}

/// All scenarios, in their order.
pub const SCENARIOS: &[Scenario] = &[
    scenario!("scale from zero: pods that find no room get hosts, and the hosts go with the pods", Any, 25, growth::from_zero),
    scenario!("two pools: each pod gets a host of the pool that it selects and tolerates", Any, 25, growth::two_pools),
    scenario!("replicas: kubectl scale sets the number of hosts", Any, 25, growth::replicas),
    scenario!("a pod that fits nothing buys nothing and is told why", Any, 10, mistakes::fits_nothing),
    scenario!("quota reached: told why, and it goes on when the quota is raised", Any, 35, growth::quota),
    scenario!("a pool is deleted while its pods run: they are evicted, then everything goes", Any, 25, growth::pool_deleted),
    scenario!("a PodDisruptionBudget holds up a drain and is obeyed", Any, 25, growth::budget),
    scenario!("operator killed at random moments: nothing doubled, nothing lost", Any, 60, restarts::killed_at_random),
    scenario!("two operators: one leads, and the other takes over", Any, 40, restarts::two_operators),
    scenario!("credentials wrong, then corrected: told why, and it goes on without a restart", Any, 30, mistakes::credentials),
    scenario!("bad objects: a cloud, a pool and references that do not exist are told and harm nobody", Any, 25, mistakes::bad_objects),
    scenario!("no valid host in one zone: the next best offering is taken", Simulator, 25, faults::no_valid_host),
    scenario!("answers to creations are lost: no server is doubled", Simulator, 60, faults::answers_lost),
    scenario!("server lists are empty for a while: nothing is deleted, nothing bought", Simulator, 30, faults::empty_lists),
    scenario!("OpenStack is unplugged and comes back: everything goes on", Simulator, 40, faults::unplugged),
];

/// The scenario for real kubelets and the operator in a pod; it needs root.
pub const WHOLE_WAY: Scenario =
    scenario!("the whole way: operator from the chart in a pod, hosts with real kubelets", Any, 60, whole_way::real_kubelets);

/// The scenarios that can run on this OpenStack.
#[must_use]
pub fn for_cloud(which: Which) -> Vec<Scenario> {
    SCENARIOS.iter().filter(|scenario| scenario.needs == Needs::Any || which == Which::Simulated).copied().collect()
}
