//! The plan as one object, for programs: kind Plan.

use std::collections::BTreeMap;

use gantry_plan::model::{Key, Snapshot};
use gantry_plan::quantity::print_price_micro;
use gantry_plan::{Command, Plan, Unplaced};
use serde::Serialize;

use super::Timing;
use super::node::{self, Node};
use crate::offline::think::offering;

/// The object.
#[derive(Debug, Serialize)]
pub struct Document {
    kind: &'static str,
    commands: Vec<Line>,
    placed: Vec<Placed>,
    unplaced: Vec<Left>,
    cost: Cost,
    timing: Times,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
enum Line {
    CreateHost { pool: Key, flavor: String, zone: String, price: String, node: Box<Node>, pods: Vec<Key>, reason: String },
    DeleteHost { host: Key, replaced_by: Vec<String>, saves: String, reason: String },
}

#[derive(Debug, Serialize)]
struct Placed {
    pod: Key,
    node: String,
}

#[derive(Debug, Serialize)]
struct Left {
    pod: Key,
    reasons: Vec<Reason>,
}

#[derive(Debug, Serialize)]
struct Reason {
    #[serde(skip_serializing_if = "Option::is_none")]
    pool: Option<Key>,
    why: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cost {
    before: String,
    after: String,
    lower_bound: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Times {
    read_ms: u128,
    plan_ms: u128,
}

/// The plan as an object.
pub fn document(snapshot: &Snapshot, plan: &Plan, timing: Timing) -> Document {
    let mut bought: BTreeMap<&Key, usize> = BTreeMap::new();
    let placed = |(pod, node): &(Key, String)| Placed { pod: pod.clone(), node: node.clone() };
    Document {
        kind: "Plan",
        commands: plan.commands.iter().map(|command| line(snapshot, command, &mut bought)).collect(),
        placed: plan.placed.iter().map(placed).collect(),
        unplaced: plan.unplaced.iter().map(left).collect(),
        cost: Cost {
            before: print_price_micro(plan.cost.before_micro),
            after: print_price_micro(plan.cost.after_micro),
            lower_bound: print_price_micro(plan.cost.lower_bound_micro),
        },
        timing: Times { read_ms: timing.read.as_millis(), plan_ms: timing.plan.as_millis() },
    }
}

fn line<'a>(snapshot: &Snapshot, command: &'a Command, bought: &mut BTreeMap<&'a Key, usize>) -> Line {
    match command {
        Command::CreateHost { pool, flavor, zone, price_micro, pods, allocatable, labels, reason, claims: _ } => {
            let at = bought.entry(pool).or_default();
            *at += 1;
            Line::CreateHost {
                pool: pool.clone(),
                flavor: flavor.clone(),
                zone: zone.clone(),
                price: print_price_micro(*price_micro),
                node: Box::new(node::node(snapshot, pool, *at, labels, allocatable)),
                pods: pods.clone(),
                reason: reason.clone(),
            }
        }
        Command::DeleteHost { host, reason, uid: _ } => {
            Line::DeleteHost { host: host.clone(), replaced_by: Vec::new(), saves: saves(snapshot, host), reason: reason.clone() }
        }
    }
}

/// What an hour of a host costs.
pub(super) fn saves(snapshot: &Snapshot, host: &Key) -> String {
    let found = snapshot.hosts.iter().find(|one| one.key == *host);
    print_price_micro(found.and_then(|host| offering(snapshot, host)).map_or(0, |offering| offering.price_micro))
}

fn left(unplaced: &Unplaced) -> Left {
    let reason = |(pool, why): &(Option<Key>, String)| Reason { pool: pool.clone(), why: why.clone() };
    Left { pod: unplaced.pod.clone(), reasons: unplaced.reasons.iter().map(reason).collect() }
}
