//! The world in a few lines, for whoever has to find out what went wrong, and in numbers, for comparing two ends.

use std::collections::BTreeMap;

use serde_json::Value;

use super::World;
use super::pods::node_of;

/// What two runs must have in common at their ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Hosts by phase, those being deleted as `Deleting`.
    pub hosts: BTreeMap<String, usize>,
    /// Servers of ours by status.
    pub servers: BTreeMap<String, usize>,
    /// Other things of ours by kind.
    pub things: BTreeMap<&'static str, usize>,
    /// Nodes.
    pub nodes: usize,
    /// Pods that are bound, and pods that are not.
    pub pods: (usize, usize),
    /// Bootstrap tokens.
    pub tokens: usize,
    /// Pools.
    pub pools: usize,
}

impl World {
    /// Where everything stands.
    pub fn outcome(&self) -> Outcome {
        let mut outcome = Outcome::default();
        for host in self.api.list("hosts") {
            let phase = if host["metadata"]["deletionTimestamp"].is_string() { "Deleting" } else { phase_of(&host) };
            *outcome.hosts.entry(phase.to_owned()).or_default() += 1;
        }
        let inventory = self.inventory();
        for server in inventory.servers_of(&self.cluster_uid) {
            *outcome.servers.entry(server.status.clone()).or_default() += 1;
        }
        let ours = inventory.things().into_iter().filter(|thing| thing.cluster.as_deref() == Some(&self.cluster_uid));
        for thing in ours.filter(|thing| thing.kind != "server") {
            *outcome.things.entry(thing.kind).or_default() += 1;
        }
        let pods = self.api.list("pods");
        let bound = pods.iter().filter(|pod| node_of(pod).is_some()).count();
        outcome.nodes = self.api.list("nodes").len();
        outcome.pods = (bound, pods.len() - bound);
        outcome.tokens = self.api.list("secrets").iter().filter(|secret| secret["type"] == "bootstrap.kubernetes.io/token").count();
        outcome.pools = self.api.list("vmpools").len();
        outcome
    }

    /// The same with the sentences of hosts and conditions.
    pub fn picture(&self) -> String {
        let mut text = format!("{:?}\n", self.outcome());
        for host in self.api.list("hosts").iter().take(10) {
            let status = &host["status"];
            text += &format!(
                "host {} {} {}: {}\n",
                host["metadata"]["name"],
                phase_of(host),
                host["metadata"]["deletionTimestamp"],
                status["message"]
            );
        }
        for plural in ["vmpools", "openstackclouds"] {
            for object in self.api.list(plural) {
                for condition in object["status"]["conditions"].as_array().into_iter().flatten() {
                    text += &format!(
                        "{plural} {}={} {}: {}\n",
                        condition["type"], condition["status"], condition["reason"], condition["message"]
                    );
                }
            }
        }
        text
    }

    /// A condition of an object: status and reason.
    pub fn condition(&self, plural: &str, name: &str, type_: &str) -> Option<(String, String)> {
        let object = self.api.get(plural, "apps", name)?;
        let all = object["status"]["conditions"].as_array()?;
        let found = all.iter().find(|condition| condition["type"] == type_)?;
        let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
        Some((text("status"), text("reason")))
    }

    /// Hosts that are in this phase and not being deleted.
    pub fn hosts_in(&self, phase: &str) -> usize {
        let hosts = self.api.list("hosts");
        hosts.iter().filter(|host| phase_of(host) == phase && !host["metadata"]["deletionTimestamp"].is_string()).count()
    }
}

fn phase_of(host: &Value) -> &str {
    host["status"]["phase"].as_str().unwrap_or("Pending")
}
