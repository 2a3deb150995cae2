//! The pen writes what the model checks.

use std::collections::BTreeMap;

use gantry_crds::{HostBootstrap, HostPort, HostSpec, Reserved};
use gantry_plan::host::{Failure, Ledger};

use super::super::observation;
use super::*;

fn host() -> HostObject {
    let ports = vec![HostPort::default(), HostPort::default()];
    let spec = HostSpec {
        pool_name: "general".into(),
        cloud_name: "main".into(),
        flavor: "m1.large".into(),
        flavor_id: "f".into(),
        zone: "az1".into(),
        region: "RegionOne".into(),
        image_id: "i".into(),
        ports,
        root_volume: None,
        server_group: None,
        floating_ip: None,
        metadata: BTreeMap::new(),
        tags: vec![],
        key_pair: None,
        config_drive: None,
        scheduler_hints: BTreeMap::new(),
        labels: BTreeMap::new(),
        taints: vec![],
        startup_taints: vec![],
        allocatable: BTreeMap::new(),
        max_pods: 110,
        reserved: Reserved::default(),
        bootstrap: HostBootstrap { api_server: "https://10.0.0.1:6443".into() },
        claims: Vec::new(),
        price: "0.1".into(),
        reason: "a pod waits".into(),
    };
    let object = Host { metadata: Default::default(), spec, status: None };
    HostObject::from(object)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

#[test]
fn every_change_of_the_status_is_the_same_change_of_the_ledger() {
    let id = |id: &str| id.to_owned();
    let changes = [
        Write::Part(Part::ServerGroup, id("g")),
        Write::Part(Part::Port(0), id("p0")),
        Write::Part(Part::Port(0), id("late")),
        Write::Part(Part::Port(1), id("p1")),
        Write::Part(Part::Volume, id("v")),
        Write::Part(Part::FloatingIp, id("f")),
        Write::Part(Part::FloatingIp, id("late")),
        Write::Intent(at(5)),
        Write::IntentTakenBack,
        Write::Intent(at(6)),
        Write::IntentForgotten,
        Write::Intent(at(7)),
        Write::Server(id("s")),
        Write::Server(id("late")),
        Write::Launched,
        Write::Joined,
        Write::Failed(Failure::new("NeverReady", "why")),
    ];
    let mut object = host();
    let mut ledger = observation::ledger(&object);
    assert_eq!(ledger.wanted.ports, 2);
    for change in changes {
        let before = object.status.clone();
        apply(&mut object.status, &host(), at(9), &change);
        ledger.apply(&change);
        let read: Ledger = observation::ledger(&object);
        assert_eq!(read, ledger, "{change:?} on {before:?}");
    }
}
