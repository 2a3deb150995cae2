//! How far a preference may go, for every world.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;

use super::*;
use crate::model::{Key, Offering, Pool, Quota, Taint};
use crate::planner::prefer::worth_of;
use crate::planner::preferences;
use crate::planner::tests::properties::{replay, worlds};

/// What the pods of a shape prefer.
fn fond() -> impl Strategy<Value = PodSpec> {
    let key = || select(vec![ZONE, NODE]);
    let weight = || select(vec![1, 30, 100]);
    let term_of = (select(vec!["x", "y"]), key()).prop_map(|(app, key)| pod_term(app, key));
    let apart = (weight(), term_of.clone())
        .prop_map(|(weight, term)| PodSpec { preferred_anti_affinity: wish(weight, term), ..PodSpec::default() });
    let near = (weight(), term_of).prop_map(|(weight, term)| PodSpec { preferred_affinity: wish(weight, term), ..PodSpec::default() });
    let spread = (select(vec!["x", "y"]), key()).prop_map(|(app, key)| PodSpec { spread: anyway(app, key), ..PodSpec::default() });
    let node = (weight(), select(vec!["az1", "az2", "m1.xlarge"])).prop_map(|(weight, value)| {
        let key = if value.starts_with("az") { ZONE } else { "node.kubernetes.io/instance-type" };
        let preferred_nodes = wish(weight, term(vec![expression(key, "In", &[value])]));
        PodSpec { preferred_nodes, ..PodSpec::default() }
    });
    prop_oneof![1 => Just(PodSpec::default()), 2 => apart, 2 => near, 2 => spread, 2 => node]
}

/// A world in which pods that are alike prefer the same; some pools ask pods to stay away.
fn fond_world() -> impl Strategy<Value = Snapshot> {
    (worlds::world(), vec(fond(), 8), vec(any::<bool>(), 4)).prop_map(|(mut snapshot, fonds, soft)| {
        for at in 0..snapshot.pods.len() {
            let name = snapshot.pods[at].key.name.clone();
            let shape = name.strip_prefix("pod-").and_then(|rest| rest.split('-').next()?.parse::<usize>().ok());
            let fond = fonds[shape.unwrap_or(at) % fonds.len()].clone();
            let spec = snapshot.pod(at).spec_mut();
            spec.preferred_nodes = fond.preferred_nodes;
            spec.preferred_affinity = fond.preferred_affinity;
            spec.preferred_anti_affinity = fond.preferred_anti_affinity;
            spec.spread.extend(fond.spread);
        }
        let softened = snapshot.pools.iter_mut().zip(soft).filter(|(_, soft)| *soft);
        softened.for_each(|(pool, _)| pool.taints.push(taint("spare", "", "PreferNoSchedule")));
        snapshot.daemon_sets.clear();
        snapshot
    })
}

/// Such a world without limits, in which prices differ by little.
fn fond_market() -> impl Strategy<Value = Snapshot> {
    (fond_world(), vec(90..120i64, 4)).prop_map(|(mut snapshot, percents)| {
        let cloud = snapshot.clouds.get_mut(&key("main")).unwrap();
        cloud.quota = Quota::default();
        for (offering, percent) in cloud.offerings.iter_mut().zip(percents) {
            *offering = Offering { price_micro: offering.vcpus * percent * 10_000, unavailable: None, ..offering.clone() };
        }
        for pool in &mut snapshot.pools {
            let zones = Vec::new();
            let limitless = Pool {
                max_hosts: 100,
                replicas: None,
                limit_cpu_milli: None,
                limit_memory_bytes: None,
                zones,
                ready: Ok(()),
                ..pool.clone()
            };
            *pool = limitless;
        }
        snapshot
    })
}

/// The same world, in which nobody prefers anything.
fn indifferent(snapshot: &Snapshot) -> Snapshot {
    let mut plain = snapshot.clone();
    for at in 0..plain.pods.len() {
        let spec = plain.pod(at).spec_mut();
        spec.preferred_nodes.clear();
        spec.preferred_affinity.clear();
        spec.preferred_anti_affinity.clear();
        spec.spread.retain(|spread| spread.required);
    }
    let hard = |taints: &mut Vec<Taint>| taints.retain(|taint| taint.effect != "PreferNoSchedule");
    plain.pools.iter_mut().for_each(|pool| hard(&mut pool.taints));
    plain
}

fn price(plan: &Plan) -> i64 {
    let price = |command: &Command| match command {
        Command::CreateHost { price_micro, .. } => *price_micro,
        Command::DeleteHost { .. } => 0,
    };
    plan.commands.iter().map(price).sum()
}

/// What the preferences are worth that a plan meets with the hosts that it buys.
fn met_micro(snapshot: &Snapshot, plan: &Plan) -> i64 {
    let pods: BTreeMap<&Key, &Arc<Pod>> = snapshot.pods.iter().map(|pod| (&pod.key, pod)).collect();
    let mut worth = 0;
    for command in &plan.commands {
        if let Command::CreateHost { price_micro, pods: names, allocatable, .. } = command {
            for pod in names.iter().map(|name| pods[name]) {
                let met: i64 = preferences(snapshot, plan, pod).iter().map(|one| one.weight() * one.met_percent as i64 / 100 + 1).sum();
                worth += worth_of(&pod.spec.requests, allocatable, *price_micro, met.min(100));
            }
        }
    }
    worth
}

fn both(snapshot: &Snapshot, fond: &Plan, plain: &Plan) -> String {
    let shown = |plan: &Plan| {
        format!("{:?}\n{:?}", created(plan), plan.placed.iter().map(|(pod, node)| format!("{} {node}", pod.name)).collect::<Vec<_>>())
    };
    let wishes = snapshot.pods.iter().map(|pod| (&pod.key.name, preferences(snapshot, fond, pod)));
    let wishes: Vec<String> = wishes.map(|(name, all)| format!("{name}: {all:?}")).collect();
    format!("{}\n{}\n{}\n{}", shown(fond), shown(plain), worlds::sketch(snapshot), wishes.join("\n"))
}

fn unplaced(plan: &Plan) -> Vec<&Key> {
    plan.unplaced.iter().map(|entry| &entry.pod).collect()
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_plan_costs_no_more_for_preferences_than_those_that_it_meets_are_worth(snapshot in fond_market()) {
        let (fond, plain) = (quick(&snapshot), quick(&indifferent(&snapshot)));
        if unplaced(&fond) == unplaced(&plain) {
            let (price, without) = (price(&fond), price(&plain));
            prop_assert!(price <= without + met_micro(&snapshot, &fond), "{price} {without}\n{}", both(&snapshot, &fond, &plain));
            prop_assert!(price * 100 <= without * 110, "{price} {without}");
        }
    }

    #[test]
    fn nobody_is_left_over_for_a_preference(snapshot in fond_world()) {
        let (fond, plain) = (quick(&snapshot), quick(&indifferent(&snapshot)));
        prop_assert!(fond.unplaced.len() <= plain.unplaced.len(), "{:?} {:?}\n{}", unplaced(&fond), unplaced(&plain), both(&snapshot, &fond, &plain));
    }

    #[test]
    fn pods_that_prefer_fit_where_they_are_planned_and_nothing_is_bought_twice(snapshot in fond_world()) {
        let plan = quick(&snapshot);
        prop_assert_eq!(replay::misfits(&snapshot, &plan), Vec::<String>::new(), "{}", worlds::sketch(&snapshot));
        let all = plan.unplaced.iter().all(|entry| entry.reasons.iter().all(|(pool, _)| pool.is_none()));
        prop_assert!(!all || created(&quick(&after(&snapshot, &plan))).is_empty(), "{}", worlds::sketch(&snapshot));
    }

    #[test]
    fn the_order_of_lists_changes_no_preference(snapshot in fond_world(), seed: u64) {
        prop_assert_eq!(quick(&worlds::shuffled(&snapshot, seed)), quick(&snapshot));
    }
}
