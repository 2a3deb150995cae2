//! What is written is read back, small and whole.

use gantry_plan::model::{Claim, NodeTerm, Pod};

use super::*;

fn pod(name: &str, priority: i32) -> Arc<Pod> {
    let spec = PodSpec { priority, node_affinity: Some(vec![NodeTerm::default()]), ..PodSpec::default() };
    Arc::new(Pod {
        key: Key::new("apps", name),
        uid: format!("uid-{name}"),
        spec: Arc::new(spec),
        unschedulable: true,
        unschedulable_since: Some(Timestamp::UNIX_EPOCH),
        owner: Some(("ReplicaSet".into(), "web".into())),
        ..Pod::default()
    })
}

fn snapshot() -> Snapshot {
    let bound = Pod { node_name: Some("n".into()), nominated_node: Some("m".into()), terminating: true, mirror: true, ..Pod::default() };
    Snapshot {
        now: Timestamp::from_second(1_800_000_000).unwrap(),
        pods: vec![pod("a", 1), pod("b", 1), pod("c", 2), Arc::new(bound)],
        nodes: vec![Node { name: "n".into(), drivers: Some(BTreeMap::from([("d".into(), None)])), ..Node::default() }],
        namespaces: BTreeMap::from([("apps".into(), Labels::default())]),
        clouds: BTreeMap::from([(Key::new("apps", "main"), Cloud::default())]),
        ..Snapshot::default()
    }
}

fn plan() -> Plan {
    let create = Command::CreateHost {
        pool: Key::new("apps", "general"),
        flavor: "m1.large".into(),
        zone: "az1".into(),
        price_micro: 1,
        pods: vec![Key::new("apps", "a")],
        allocatable: Default::default(),
        labels: BTreeMap::new(),
        claims: vec![Claim { shape: u64::MAX, pods: 1 }],
        reason: "for 1 pod".into(),
    };
    let delete = Command::DeleteHost { host: Key::new("apps", "x"), uid: "u".into(), reason: "empty".into() };
    Plan { commands: vec![create, delete], effort_used: 17, ..Plan::default() }
}

#[test]
fn what_is_written_is_read_back() {
    let (snapshot, plan) = (snapshot(), plan());
    let expected = Decision {
        version: env!("CARGO_PKG_VERSION").into(),
        effort_used: 17,
        commands: plan.commands.iter().map(Made::from).collect(),
        snapshot: snapshot.clone(),
    };
    assert_eq!(read(&write(&snapshot, &plan)), Ok(expected));
}

#[test]
fn equal_specs_are_written_once_and_read_back_shared() {
    let text = write(&snapshot(), &plan());
    assert_eq!(text.matches("never_preempts").count(), 3);
    let pods = read(&text).unwrap().snapshot.pods;
    assert!(Arc::ptr_eq(&pods[0].spec, &pods[1].spec));
}

#[test]
fn a_number_that_names_nothing_is_told() {
    let text = write(&snapshot(), &plan()).replacen("\"spec\":0", "\"spec\":99", 1);
    assert_eq!(read(&text), Err("pods[0] names a spec or labels that are not there".into()));
}

#[test]
fn a_wrong_field_is_named() {
    let text = write(&snapshot(), &plan()).replacen("\"effortUsed\":17", "\"effortUsed\":\"x\"", 1);
    assert!(read(&text).unwrap_err().starts_with("effortUsed: invalid type"), "{:?}", read(&text));
}
