//! Plans that do not hold are found out.

use gantry_plan::model::Snapshot;
use gantry_plan::{Command, Plan, plan};

use super::replay;
use crate::baseline::problem;
use crate::worlds::diverse::spread;
use crate::worlds::plain::openstack;
use crate::worlds::{HOSTNAME, MIB, Shape, ZONE, asks, wait, world};

/// Three pods that fill a host, and a fourth.
fn four_pods() -> Snapshot {
    let mut snapshot = world(&[openstack("g.4", 4, 16, &["az1", "az2"])]);
    wait(&mut snapshot, &Shape::new(&[("app", "web")], asks(1_000, 1_024 * MIB)), 4);
    snapshot
}

fn flaw(snapshot: &Snapshot, plan: &Plan) -> Option<String> {
    replay(&problem(snapshot).unwrap(), snapshot, plan).err()
}

/// The plan with all pods on its first host, and no other.
fn on_one_host(snapshot: &Snapshot) -> Plan {
    let mut plan = plan(snapshot);
    plan.commands.truncate(1);
    if let Some(Command::CreateHost { pods, .. }) = plan.commands.first_mut() {
        *pods = snapshot.pods.iter().map(|pod| pod.key.clone()).collect();
    }
    plan
}

#[test]
fn a_sound_plan_has_no_flaw() {
    let snapshot = four_pods();
    assert_eq!(flaw(&snapshot, &plan(&snapshot)), None);
}

#[test]
fn a_host_that_is_too_full_is_found_out() {
    let snapshot = four_pods();
    assert_eq!(
        flaw(&snapshot, &on_one_host(&snapshot)).as_deref(),
        Some("a host of type 0 is asked for 4000 of resource 0 and offers 3500")
    );
}

#[test]
fn a_pod_that_is_forgotten_is_found_out() {
    let snapshot = four_pods();
    assert_eq!(flaw(&snapshot, &Plan::default()).map(|flaw| flaw.starts_with("4 pods are neither placed nor unplaced")), Some(true));
}

#[test]
fn pods_that_are_not_spread_are_found_out() {
    for (key, scope) in [(HOSTNAME, "Host"), (ZONE, "Zone")] {
        let mut snapshot = world(&[openstack("g.4", 4, 16, &["az1", "az2"])]);
        let mut spec = asks(1_000, 1_024 * MIB);
        let web = gantry_plan::model::Selector { labels: [("app".to_owned(), "web".to_owned())].into(), expressions: Vec::new() };
        spec.spread.push(spread(key, web));
        wait(&mut snapshot, &Shape::new(&[("app", "web")], spec), 3);
        let flaw = flaw(&snapshot, &on_one_host(&snapshot)).unwrap_or_default();
        assert!(flaw.starts_with(&format!("Rule {{ kind: Spread(1), scope: {scope}, watch: 0 }} is broken")), "{flaw}");
    }
}
