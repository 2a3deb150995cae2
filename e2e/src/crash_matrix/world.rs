//! What there is when a run has ended: counted on both sides, so that it can be compared with what there should be.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use gantry_crds::{Host, HostPhase, LABEL_HOST_UID};
use k8s_openapi::api::core::v1::{Node, Pod, Secret};
use kube::api::ListParams;
use kube::{Api, Client};
use serde_json::Value;

use super::workload::Goal;
use crate::lab::lane::{LABEL, Lane};

/// Everything that a run may leave behind, by its name, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World(BTreeMap<String, i64>);

impl World {
    /// What a goal means.
    #[must_use]
    pub fn wanted(goal: Goal) -> Self {
        let (hosts, pods) = (count(goal.hosts), count(goal.pods));
        let all = ["servers", "servers ACTIVE", "ports", "volumes", "volumes in-use", "floatingIps", "hosts"];
        let mut world: BTreeMap<String, i64> = all.into_iter().map(|what| (what.to_owned(), hosts)).collect();
        // One for all of the pool, gone with the last of them.
        world.insert("serverGroups".to_owned(), hosts.min(1));
        world
            .extend([("hosts Ready", hosts), ("nodes", hosts), ("nodes ready", hosts), ("pods running", pods)].map(|(w, n)| (w.into(), n)));
        Self(world).without_zeros()
    }

    /// What there is.
    ///
    /// # Errors
    /// If one of the two sides does not answer.
    pub async fn of(client: &Client, lane: &Lane) -> Result<Self> {
        let mut world = in_cloud(&lane.cloud.simulator_admin("GET", "inventory", Value::Null)?, &lane.before);
        let hosts = Api::<Host>::namespaced(client.clone(), &lane.namespace).list(&ListParams::default()).await?.items;
        let of_lane = ListParams::default().labels(&format!("{LABEL}={}", lane.namespace));
        let nodes = Api::<Node>::all(client.clone()).list(&of_lane).await?.items;
        let pods = Api::<Pod>::namespaced(client.clone(), &lane.namespace).list(&ListParams::default()).await?.items;
        let ready =
            |host: &&Host| host.status.as_ref().is_some_and(|s| s.phase == HostPhase::Ready) && host.metadata.deletion_timestamp.is_none();
        let running = |pod: &&Pod| pod.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Running");
        world.extend([
            ("hosts".to_owned(), count(hosts.len())),
            ("hosts Ready".to_owned(), count(hosts.iter().filter(ready).count())),
            ("nodes".to_owned(), count(nodes.len())),
            ("nodes ready".to_owned(), count(nodes.iter().filter(|node| is_ready(node)).count())),
            ("pods running".to_owned(), count(pods.iter().filter(running).count())),
            ("tokens".to_owned(), tokens(client, lane).await?),
        ]);
        Ok(Self(world).without_zeros())
    }

    fn without_zeros(mut self) -> Self {
        self.0.retain(|_, n| *n != 0);
        self
    }

    /// What is there beyond what should be.
    #[must_use]
    pub fn beyond(&self, wanted: &Self) -> Vec<String> {
        let more = self.0.iter().filter(|(what, n)| **n > wanted.0.get(*what).copied().unwrap_or(0));
        more.map(|(what, n)| format!("{what}: {n} instead of {}", wanted.0.get(what).copied().unwrap_or(0))).collect()
    }
}

impl std::fmt::Display for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all: Vec<String> = self.0.iter().map(|(what, n)| format!("{what} {n}")).collect();
        f.write_str(&all.join(", "))
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Everything that the cloud did not have before, by kind and by status.
fn in_cloud(inventory: &Value, before: &BTreeSet<String>) -> BTreeMap<String, i64> {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for (kind, things) in inventory.as_object().into_iter().flatten() {
        let new = things.as_array().into_iter().flatten().filter(|thing| !thing["id"].as_str().is_some_and(|id| before.contains(id)));
        for thing in new {
            *counts.entry(kind.clone()).or_default() += 1;
            if let Some(status) = thing["status"].as_str() {
                *counts.entry(format!("{kind} {status}")).or_default() += 1;
            }
        }
    }
    counts
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref()).into_iter().flatten();
    let ready = conditions.into_iter().any(|c| c.type_ == "Ready" && c.status == "True");
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref()).is_some_and(|taints| !taints.is_empty());
    ready && !taints
}

/// Bootstrap tokens that this lane's operators made and that are still there.
async fn tokens(client: &Client, lane: &Lane) -> Result<i64> {
    let made: BTreeSet<String> = lane.gate.tokens_for();
    if made.is_empty() {
        return Ok(0);
    }
    let secrets: Api<Secret> = Api::namespaced(client.clone(), "kube-system");
    let all = secrets.list(&ListParams::default().labels(LABEL_HOST_UID)).await?.items;
    let ours = all.iter().filter_map(|secret| secret.metadata.labels.as_ref()?.get(LABEL_HOST_UID)).filter(|uid| made.contains(*uid));
    Ok(count(ours.count()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cloud(servers: usize, ports: usize) -> World {
        let things = |n: usize, status: &str| (0..n).map(|id| json!({"id": id.to_string(), "status": status})).collect::<Vec<_>>();
        World(in_cloud(&json!({"servers": things(servers, "ACTIVE"), "ports": things(ports, "DOWN")}), &BTreeSet::new()))
    }

    #[test]
    fn what_is_there_too_much_is_named_and_what_lacks_is_no_leak() {
        assert_eq!(cloud(2, 3).beyond(&cloud(2, 2)), ["ports: 3 instead of 2", "ports DOWN: 3 instead of 2"]);
        assert!(cloud(1, 1).beyond(&cloud(2, 2)).is_empty());
        assert_eq!(cloud(2, 2), cloud(2, 2));
    }

    #[test]
    fn a_volume_that_nobody_expected_is_a_leak_and_what_was_there_before_is_none() {
        let inventory = json!({"volumes": [{"id": "new"}], "ports": [{"id": "old"}]});
        let world = World(in_cloud(&inventory, &BTreeSet::from(["old".to_owned()])));
        assert_eq!(world.beyond(&World::wanted(Goal { hosts: 0, pods: 0, let_go: 0 })), ["volumes: 1 instead of 0"]);
    }
}
