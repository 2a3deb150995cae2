//! What pods prefer is weighed against price, and is never a requirement.

mod bought;
mod limits;
mod places;

use std::sync::Arc;

use crate::fixtures::*;
use crate::model::{Pod, PodSpec, Preferred, Snapshot, Spread};
use crate::planner::{Command, Plan};

const ZONE: &str = "topology.kubernetes.io/zone";
const NODE: &str = "kubernetes.io/hostname";

/// So many pods of one CPU with this `app`, changed in one way.
fn of(app: &str, count: usize, change: impl Fn(&mut PodSpec)) -> Vec<Pod> {
    let mut all = pods(count, app, 1_000, 1);
    for pod in &mut all {
        pod.labels = Arc::new(labels(&[("app", app)]));
        change(pod.spec_mut());
    }
    all
}

/// With this weight.
fn wish<T>(weight: i32, term: T) -> Vec<Preferred<T>> {
    vec![Preferred { weight, term }]
}

/// `ScheduleAnyway` over a key.
fn anyway(app: &str, key: &str) -> Vec<Spread> {
    vec![Spread { required: false, ..spread(app, key) }]
}

/// Makes all that az2 offers cost so much, in percent.
fn az2_costs(snapshot: &mut Snapshot, percent: i64) {
    for offering in &mut snapshot.clouds.get_mut(&key("main")).unwrap().offerings {
        if offering.zone == "az2" {
            offering.price_micro = offering.price_micro * percent / 100;
        }
    }
}

/// Names of the pods of each host that is bought, without numbers, in order.
fn hosts(plan: &Plan) -> Vec<Vec<&str>> {
    let mut hosts = Vec::new();
    for command in &plan.commands {
        if let Command::CreateHost { pods, .. } = command {
            hosts.push(pods.iter().map(|pod| pod.name.split('-').next().unwrap()).collect());
        }
    }
    hosts
}
