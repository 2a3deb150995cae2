//! Hosts that were bought join in any order, while a scheduler takes pods as they come: nothing is bought twice.

mod world;

use std::sync::Arc;

use crate::fixtures::*;
use crate::model::Snapshot;
use world::{Dice, Outcome, joined};

const ZONE: &str = "topology.kubernetes.io/zone";
const CPU_MILLI: [i64; 5] = [100, 250, 500, 1_000, 1_500];
const MEMORY_MIB: [i64; 6] = [100, 256, 512, 1_024, 2_048, 4_096];
const PODS: usize = 16;

/// Pods of so many groups, those of each alike and spread over zones; without a group, each as large as it likes.
fn groups(groups: usize, seed: u64) -> Snapshot {
    let dice = &mut Dice::of(seed);
    let mut sizes: Vec<(i64, i64)> = (0..PODS).map(|_| (CPU_MILLI[dice.roll(5)], MEMORY_MIB[dice.roll(6)])).collect();
    (groups..PODS).filter(|_| groups > 0).for_each(|at| sizes[at] = sizes[at % groups]);
    let spread_out = sizes.iter().enumerate().map(|(at, (cpu_milli, memory_mib))| {
        let app = format!("x{}", if groups > 0 { at % groups } else { 0 });
        let mut pod = pod(&format!("p{at}"), *cpu_milli, 0);
        pod.labels = Arc::new(labels(&[("app", &app)]));
        pod.spec_mut().requests.memory_bytes = memory_mib << 20;
        pod.spec_mut().spread = vec![spread(&app, ZONE)];
        pod
    });
    let mut snapshot = world(spread_out.collect());
    snapshot.pools[0].max_hosts = 100;
    snapshot.pools[0].flavors.push("m1.small".to_owned());
    let smalls = ["az1", "az2"].map(|zone| offering("m1.small", zone, 2, 4));
    snapshot.clouds.get_mut(&key("main")).unwrap().offerings.extend(smalls);
    snapshot
}

/// Pods that go anywhere, beside those of a group or alone.
fn beside_plain(is_alone: bool, seed: u64) -> Snapshot {
    let mut snapshot = groups(1, seed);
    if is_alone {
        snapshot.pods.clear();
    }
    let dice = &mut Dice::of(seed + 77);
    for at in 0..PODS {
        let mut plain = pod(&format!("q{at}"), CPU_MILLI[dice.roll(5)], 0);
        plain.spec_mut().requests.memory_bytes = MEMORY_MIB[dice.roll(6)] << 20;
        snapshot.pods.push(Arc::new(plain));
    }
    snapshot
}

fn sum(world: impl Fn(u64) -> Snapshot, seeds: std::ops::Range<u64>) -> Outcome {
    let outcomes = seeds.map(|seed| joined(world(seed), seed + 1_000));
    outcomes.fold(Outcome::default(), |sum, one| Outcome {
        hosts: sum.hosts + one.hosts,
        bought_later: sum.bought_later + one.bought_later,
        waiting: sum.waiting + one.waiting,
    })
}

#[test]
fn nothing_is_bought_twice_in_whatever_order_hosts_join() {
    let worlds: [&dyn Fn(u64) -> Snapshot; 6] = [
        &|seed| groups(0, seed),
        &|seed| groups(1, seed),
        &|seed| groups(2, seed),
        &|seed| groups(3, seed),
        &|seed| beside_plain(false, seed),
        &|seed| beside_plain(true, seed),
    ];
    for (at, world) in worlds.into_iter().enumerate() {
        let outcome = sum(world, 0..20);
        assert_eq!((outcome.hosts > 20, outcome.bought_later, outcome.waiting), (true, 0, 0), "world {at}: {outcome:?}");
    }
}
