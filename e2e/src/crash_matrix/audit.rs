//! What the calls themselves prove: servers made twice for one host, and things deleted that nobody had let go. Pure.

use std::collections::{BTreeMap, BTreeSet};

use gantry_crds::META_HOST;
use serde_json::Value;

use crate::lab::gate::{Exchange, Side};

/// What was found wrong in a run's calls, as sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Hosts for which more than one server, port, volume or floating IP of the same name was created.
    pub doubles: Vec<String>,
    /// Deletions that no Host's deletion stands for, and Hosts that were let go beyond those that had to be.
    pub unasked: Vec<String>,
}

/// Kinds of OpenStack resources by the last part of the path that creates them, with the key of their body.
const KINDS: [(&str, &str); 5] =
    [("servers", "server"), ("ports", "port"), ("volumes", "volume"), ("floatingips", "floatingip"), (GROUPS, "server_group")];
/// Hosts share them: one goes with the last of its hosts.
const GROUPS: &str = "os-server-groups";

/// Judges the calls of one run, in which at most `let_go` hosts had to go.
#[must_use]
pub fn audit(exchanges: &[Exchange], let_go: usize) -> Audit {
    let mut found = Audit::default();
    let mut made: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut owner_of: BTreeMap<String, String> = known(exchanges);
    let names = names(exchanges);
    let mut released: BTreeSet<String> = BTreeSet::new();
    for exchange in exchanges {
        if let Some(host) = host_let_go(exchange) {
            released.insert(host);
            continue;
        }
        if let Some((kind, body)) = created(exchange) {
            let name = body["name"].as_str().or(body["description"].as_str()).unwrap_or_default().to_owned();
            let who = body["metadata"][META_HOST].as_str().unwrap_or(&name).to_owned();
            *made.entry((kind.to_owned(), who)).or_default() += 1;
            if let Some(id) = exchange.answer.get(body_key(kind)).and_then(|made| made["id"].as_str()) {
                let owner = names.iter().find(|(uid, _)| name.contains(uid.as_str())).map_or(name.clone(), |(_, host)| host.clone());
                owner_of.entry(id.to_owned()).or_insert(owner);
            }
        }
        if let Some(id) = deleted(exchange) {
            let owner = owner_of.get(id).cloned().unwrap_or_default();
            if exchange.path.contains(GROUPS) && !released.is_empty() {
                continue;
            }
            if !released.iter().any(|host| owner == *host || owner.starts_with(&format!("{host}-"))) {
                found.unasked.push(format!("{} of {owner:?}, whose Host was not let go", exchange.call.label));
            }
        }
    }
    found.doubles = made.into_iter().filter(|(_, n)| *n > 1).map(|((kind, who), n)| format!("{n} {kind} for {who}")).collect();
    if released.len() > let_go {
        found.unasked.push(format!("{} hosts were let go instead of {let_go}: {released:?}", released.len()));
    }
    found
}

/// Ids and their owners, from the records that the operator wrote before it deleted anything: what was made before the gate was armed.
fn known(exchanges: &[Exchange]) -> BTreeMap<String, String> {
    let hosts = exchanges.iter().filter(|e| e.call.side == Side::Kubernetes && e.answer["kind"] == "Host");
    let mut known = BTreeMap::new();
    for host in hosts {
        let name = host.answer["metadata"]["name"].as_str().unwrap_or_default();
        let status = &host.answer["status"];
        let single = ["serverID", "volumeID", "floatingIPID"].iter().filter_map(|field| status[*field].as_str());
        let ports = status["portIDs"].as_array().into_iter().flatten().filter_map(Value::as_str);
        known.extend(single.chain(ports).map(|id| (id.to_owned(), name.to_owned())));
    }
    known
}

/// Names of hosts by their UID: what has no name of its own bears the UID.
fn names(exchanges: &[Exchange]) -> BTreeMap<String, String> {
    let hosts = exchanges.iter().map(|exchange| &exchange.answer).filter(|answer| answer["kind"] == "Host");
    let both = hosts.filter_map(|host| Some((host["metadata"]["uid"].as_str()?.to_owned(), host["metadata"]["name"].as_str()?.to_owned())));
    both.collect()
}

fn body_key(kind: &str) -> &'static str {
    KINDS.iter().find(|(name, _)| *name == kind).map_or("", |(_, key)| key)
}

/// Kind and body of a creation that was applied.
fn created(exchange: &Exchange) -> Option<(&'static str, &Value)> {
    let last = exchange.path.rsplit('/').next()?;
    let (kind, key) = KINDS.iter().find(|(kind, _)| *kind == last)?;
    let applied = exchange.call.side == Side::OpenStack && exchange.call.label.starts_with("POST") && exchange.done();
    applied.then(|| (*kind, &exchange.body[*key]))
}

/// Id of what was deleted in OpenStack.
fn deleted(exchange: &Exchange) -> Option<&str> {
    let is_deletion = exchange.call.side == Side::OpenStack && exchange.call.label.starts_with("DELETE") && exchange.done();
    is_deletion.then(|| exchange.path.rsplit('/').next()).flatten()
}

/// Name of the Host that was let go: the only thing that may ask for a deletion.
fn host_let_go(exchange: &Exchange) -> Option<String> {
    let is_release = exchange.call.label == "DELETE hosts" && exchange.done();
    is_release.then(|| exchange.path.rsplit('/').next().map(str::to_owned)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::gate::Call;
    use serde_json::json;

    fn post(host: &str, id: &str) -> Exchange {
        let body = json!({"server": {"name": format!("pool-{host}"), "metadata": {META_HOST: host}}});
        cloud("POST", "/os/0/compute/v2.1/servers", body, json!({"server": {"id": id}}))
    }

    fn delete(id: &str) -> Exchange {
        cloud("DELETE", &format!("/os/0/compute/v2.1/servers/{id}"), Value::Null, Value::Null)
    }

    fn cloud(method: &str, path: &str, body: Value, answer: Value) -> Exchange {
        Exchange { call: Call::openstack(method, path), path: path.into(), body, status: Some(202), answer }
    }

    fn release(host: &str) -> Exchange {
        let path = format!("/apis/gantry.cloud/v1alpha1/namespaces/a/hosts/pool-{host}");
        Exchange { call: Call::kubernetes("DELETE", &path), path, body: Value::Null, status: Some(200), answer: Value::Null }
    }

    #[test]
    fn one_server_a_host_and_deletions_of_hosts_that_were_let_go_are_right() {
        assert_eq!(audit(&[post("a", "1"), post("b", "2"), release("a"), delete("1")], 1), Audit::default());
    }

    #[test]
    fn a_second_server_of_one_host_is_a_double_even_if_the_first_is_gone() {
        let found = audit(&[post("a", "1"), post("a", "2")], 0);
        assert_eq!(found.doubles, ["2 servers for a"]);
    }

    #[test]
    fn a_creation_that_was_refused_made_nothing() {
        let refused = Exchange { status: Some(403), ..post("a", "1") };
        assert_eq!(audit(&[refused, post("a", "2")], 0), Audit::default());
    }

    #[test]
    fn a_deletion_before_its_host_was_let_go_is_unasked() {
        let found = audit(&[post("a", "1"), delete("1"), release("a")], 1);
        assert_eq!(found.unasked.len(), 1, "{found:?}");
    }

    #[test]
    fn more_hosts_let_go_than_had_to_are_unasked() {
        assert_eq!(audit(&[release("a"), release("b")], 1).unasked.len(), 1);
    }
}
