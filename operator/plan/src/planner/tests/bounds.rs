//! What bounds every plan of every world: limits and quota to the last line, the floor, what a change of the world may do to the bound, and
//! that a world with the same demand comes to rest whatever is let go.

mod broken;
mod course;

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;

use super::properties::worlds::{shuffled, world};
use crate::effort::Effort;
use crate::fixtures::*;
use crate::model::{Extras, Key, Line, Offering, Pod, Pool, Quota, Snapshot};
use crate::planner::{Command, lower_bound_micro, plan_with};
use broken::{below_floor, broken_limits, broken_quota, made, over_seated, owner};
use course::{carried_out, carrying};

const CASES: u32 = 300;
/// Plans that are carried out one after the other.
const ROUNDS: usize = 40;

/// `PROPTEST_CASES` asks for more.
fn config() -> Config {
    Config { cases: Config::default().cases.max(CASES), failure_persistence: None, ..Config::default() }
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![2 => Just(Line { limit: -1, used: 0 }), 1 => (0..12i64, 0..6i64).prop_map(|(limit, used)| Line { limit, used })]
}

fn extras() -> impl Strategy<Value = Extras> {
    (0..3i64, 0..2i64, prop::option::of(10..60i64), any::<bool>()).prop_map(|(ports, floating_ips, volume_gib, grouped)| Extras {
        ports,
        floating_ips,
        volume_gib,
        grouped,
    })
}

/// A world in which every line of the quota may be short and hosts may be late, unneeded, silent or seated.
fn bounded() -> impl Strategy<Value = Snapshot> {
    let lines = (line(), line(), line(), line(), line(), -1..4i64);
    let lives = prop::collection::vec((select(vec![0, 10, 40]), any::<bool>(), 0..4), 8);
    (world(), prop::collection::vec(extras(), 4), lines, lives).prop_map(|(mut snapshot, extras, lines, lives)| {
        for (pool, extras) in snapshot.pools.iter_mut().zip(extras) {
            pool.extras = extras;
        }
        let (ports, floating_ips, volumes, mut gigabytes, server_groups, server_group_members) = lines;
        gigabytes.limit *= if gigabytes.limit < 0 { 1 } else { 30 };
        let cloud = snapshot.clouds.get_mut(&key("main")).unwrap();
        cloud.quota = Quota { ports, floating_ips, volumes, gigabytes, server_groups, server_group_members, ..cloud.quota };
        for (host, (unneeded, joined, group)) in snapshot.hosts.iter_mut().zip(lives) {
            host.unneeded_since = (unneeded > 0).then(|| ago(unneeded));
            host.joined = joined;
            host.group = (group > 1).then(|| format!("group-{group}"));
        }
        snapshot
    })
}

/// A copy of a waiting pod if the choice falls on one, and a pod of another shape.
fn with_one_more(snapshot: &Snapshot, copy: &prop::sample::Index, cpu_milli: i64) -> Snapshot {
    let mut more = snapshot.clone();
    let chosen = (!snapshot.pods.is_empty()).then(|| copy.get(&snapshot.pods)).filter(|pod| pod.node_name.is_none());
    more.pods.extend(chosen.map(|pod| Arc::new(Pod { key: key("more"), uid: "more".to_owned(), ..(**pod).clone() })));
    more.pods.push(Arc::new(pod("most", cpu_milli, 2)));
    more
}

/// Waiting pods that some host takes, limits and company aside.
fn taken(snapshot: &Snapshot) -> BTreeSet<Key> {
    let mut free = snapshot.clone();
    free.clouds.get_mut(&key("main")).unwrap().quota = Quota::default();
    for pool in &mut free.pools {
        let limitless =
            Pool { replicas: None, min_hosts: 0, max_hosts: 1_000, limit_cpu_milli: None, limit_memory_bytes: None, ..pool.clone() };
        *pool = Pool { extras: Extras::default(), ..limitless };
    }
    for pod in &mut free.pods {
        let spec = Arc::make_mut(pod).spec_mut();
        (spec.affinity, spec.anti_affinity, spec.spread, spec.host_ports) = Default::default();
    }
    let plan = quick(&free);
    let bought = plan.commands.iter().filter_map(|command| match command {
        Command::CreateHost { pods, .. } => Some(pods.clone()),
        Command::DeleteHost { .. } => None,
    });
    bought.flatten().collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nothing_that_is_bought_breaks_a_limit_or_any_line_of_the_quota(snapshot in bounded()) {
        let plan = quick(&snapshot);
        prop_assert_eq!(broken_limits(&snapshot, &plan), Vec::<String>::new());
        prop_assert_eq!(broken_quota(&snapshot, &plan), Vec::<&str>::new());
        prop_assert!(!over_seated(&snapshot, &plan));
    }

    #[test]
    fn only_what_can_be_had_is_bought(snapshot in bounded()) {
        let plan = quick(&snapshot);
        for (pool, flavor, zone) in made(&snapshot, &plan) {
            let owner = snapshot.pools.iter().find(|owner| owner.key == pool).unwrap();
            let is_it = |offering: &&Offering| offering.flavor == flavor && offering.zone == zone;
            let offering = snapshot.clouds[&key("main")].offerings.iter().find(is_it).unwrap();
            prop_assert!(offering.unavailable.is_none() && owner.flavors.contains(&flavor));
            prop_assert!(owner.zones.is_empty() || owner.zones.contains(&zone));
        }
    }

    #[test]
    fn all_that_a_plan_lets_go_leaves_the_floor(snapshot in bounded()) {
        let plan = quick(&snapshot);
        prop_assert_eq!(below_floor(&snapshot, &plan), Vec::<Key>::new());
        let mut going = deleted(&plan);
        let all = going.len();
        going.sort_unstable();
        going.dedup();
        prop_assert_eq!(going.len(), all, "each goes once");
    }

    #[test]
    fn no_host_with_pods_goes_but_for_replicas_and_the_same_demand_comes_to_rest(snapshot in bounded()) {
        let mut now = snapshot;
        let mut went = 0;
        for round in 0..ROUNDS {
            let plan = quick(&now);
            let busy = carrying(&now);
            for name in deleted(&plan) {
                let host = now.hosts.iter().find(|host| host.key.name == name).unwrap();
                let exact = owner(&now, host).is_some_and(|pool| pool.replicas.is_some());
                prop_assert!(exact || !busy.contains(name), "{} goes with its pods", name);
            }
            if plan.commands.is_empty() {
                return Ok(());
            }
            went += deleted(&plan).len();
            now = carried_out(&now, &plan, round);
        }
        prop_assert!(false, "after {} plans there is no rest; {} hosts went", ROUNDS, went);
    }

    #[test]
    fn a_plan_is_made_again_from_any_order_with_the_effort_that_it_took(snapshot in bounded(), units in select(vec![0, 60, 3_000]), seed: u64) {
        let first = plan_with(&snapshot, &mut Effort::units(units));
        let again = plan_with(&shuffled(&snapshot, seed), &mut Effort::units(first.effort_used));
        prop_assert_eq!(again, first);
    }

    #[test]
    fn one_more_pod_never_lowers_the_bound(mut snapshot in world(), copy: prop::sample::Index, cpu in select(vec![0, 100, 1_000, 3_500, 9_000])) {
        snapshot.nodes.clear();
        snapshot.hosts.clear();
        let more = with_one_more(&snapshot, &copy, cpu);
        let (bound, before) = (lower_bound_micro(&more), lower_bound_micro(&snapshot));
        prop_assert!(bound >= before, "{} below {}", bound, before);
    }

    #[test]
    fn an_offering_less_never_lowers_the_bound_of_pods_that_others_take(mut snapshot in world(), gone in 0..4usize) {
        snapshot.nodes.clear();
        snapshot.hosts.clear();
        let mut fewer = snapshot.clone();
        fewer.clouds.get_mut(&key("main")).unwrap().offerings.remove(gone);
        let taken = taken(&fewer);
        for world in [&mut snapshot, &mut fewer] {
            world.pods.retain(|pod| taken.contains(&pod.key));
        }
        let (bound, before) = (lower_bound_micro(&fewer), lower_bound_micro(&snapshot));
        prop_assert!(bound >= before, "{} below {}", bound, before);
    }
}
