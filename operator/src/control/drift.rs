//! Drift: what of a host is not what its pool's template says now. It is told; nothing is replaced for it.
//!
//! Invariant: only what the template says is compared. What it leaves to Nova or Neutron is no drift, and neither is what an upgrade adds
//! to the API with a default: a host that was bought before has no word on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt;
use gantry_cloud::Flavor;
use gantry_crds::{HostPhase, HostPort, HostSpec, NodeTemplate, Reserved, Taint, Template, VnicType, condition};
use gantry_plan::quantity::Quantity;

use super::context::Context;
use super::flavors;
use super::record;
use super::resolve::{Resolution, root_volume};
use crate::kube::objects::HostObject;
use crate::kube::store::Entry;

/// Hosts whose condition is written in one pass, and at the same time: a moved image makes thousands drift at once.
const TOLD_IN_A_PASS: usize = 64;
const WRITES_AT_ONCE: usize = 8;
/// Differences that a condition names.
const NAMED: usize = 10;
/// Domains whose labels describe the host; the template has no word on them.
const DESCRIBING: [&str; 4] = ["kubernetes.io", "k8s.io", "openstack.org", "gantry.cloud"];

/// A host of a pool and what of it is not as the template says.
pub(super) struct Compared {
    pub host: Arc<Entry<HostObject>>,
    pub differences: Vec<String>,
}

/// Writes the condition of those hosts whose condition says otherwise.
pub(super) async fn tell(ctx: &Context, compared: Vec<Compared>) {
    let news = compared.into_iter().filter(is_news).take(TOLD_IN_A_PASS);
    futures::stream::iter(news)
        .for_each_concurrent(WRITES_AT_ONCE, |compared| async move {
            if ctx.may_act() {
                write(ctx, &compared).await;
            }
        })
        .await;
}

/// A host that is not up has other things to tell, and one that never drifted need not say so.
fn is_news(compared: &Compared) -> bool {
    let host = &compared.host.value;
    let up = matches!(host.status.phase, HostPhase::Ready | HostPhase::NotReady) && !host.deleting;
    let told = condition::find(&host.status.conditions, "Drifted").filter(|c| c.status == "True").map(|c| c.message.as_str());
    up && told != message(&compared.differences).as_deref()
}

async fn write(ctx: &Context, compared: &Compared) {
    let host = &compared.host.value;
    let (reason, text) = match message(&compared.differences) {
        Some(text) => ("NotAsTemplate", text),
        None => ("AsTemplate", "the host is what its pool's template says".to_owned()),
    };
    let drifted = !compared.differences.is_empty();
    let set = |status: &mut _| record::set(status, host, ctx.wall(), "Drifted", drifted, reason, &text);
    record::ledger(ctx, &compared.host, set).await;
}

fn message(differences: &[String]) -> Option<String> {
    let more = differences.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let named = differences.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
    let advice = "the host stays as it is; delete the Host to have it drained and replaced";
    (!differences.is_empty()).then(|| format!("not as its pool's template says: {named}{more}: {advice}"))
}

/// What of a host is not what the template says, each in a few words.
pub(super) fn differences(template: &Template, found: &Resolution, catalog: &BTreeMap<String, Flavor>, host: &HostSpec) -> Vec<String> {
    let mut all = Vec::new();
    let mut note = |differs: bool, what: String| {
        if differs {
            all.push(what);
        }
    };
    note(!flavor_is_meant(template, catalog, &host.flavor), format!("flavor {}", host.flavor));
    note(!template.zones.is_empty() && !template.zones.contains(&host.zone), format!("zone {}", host.zone));
    note(found.image.id != host.image_id, format!("image {}, now {} {}", host.image_id, found.image.name, found.image.id));
    note(template.root_volume.as_ref().map(|volume| root_volume(volume, &host.zone)) != host.root_volume, "root volume".into());
    note(template.server_group != host.server_group, "server group".into());
    note(found.host_floating_ip() != host.floating_ip, "floating IP".into());
    note(template.metadata != host.metadata, "metadata".into());
    note(set(&template.tags) != set(&host.tags), "tags".into());
    note(template.key_pair != host.key_pair, "key pair".into());
    note(template.config_drive.is_some() && template.config_drive != host.config_drive, "config drive".into());
    note(template.scheduler_hints != host.scheduler_hints, "scheduler hints".into());
    let server = &template.bootstrap.kubeadm.api_server;
    note(server.as_ref().is_some_and(|server| *server != host.bootstrap.api_server), "API server".into());
    all.extend(ports(&found.host_ports(), &host.ports));
    all.extend(node(&template.node, host));
    all
}

/// A flavor that the cloud does not list any more is not known to be outside of a range.
fn flavor_is_meant(template: &Template, catalog: &BTreeMap<String, Flavor>, name: &str) -> bool {
    if !template.flavors.names.is_empty() {
        return template.flavors.names.iter().any(|wanted| wanted == name);
    }
    catalog.get(name).is_none_or(|flavor| flavors::is_meant(template, flavor))
}

fn set<T: Ord>(list: &[T]) -> BTreeSet<&T> {
    list.iter().collect()
}

fn ports(wanted: &[HostPort], have: &[HostPort]) -> Vec<String> {
    if wanted.len() != have.len() {
        return vec![format!("{} ports, now {}", have.len(), wanted.len())];
    }
    wanted.iter().zip(have).enumerate().flat_map(|(at, (wanted, have))| port(at + 1, wanted, have)).collect()
}

fn port(number: usize, wanted: &HostPort, have: &HostPort) -> Vec<String> {
    let differs = [
        (wanted.network_id != have.network_id, "network"),
        (!wanted.fixed_ips.is_empty() && wanted.fixed_ips != have.fixed_ips, "subnet or addresses"),
        (set(&wanted.security_group_ids) != set(&have.security_group_ids), "security groups"),
        (wanted.allowed_address_pairs != have.allowed_address_pairs, "allowed address pairs"),
        (wanted.vnic_type.unwrap_or(VnicType::Normal) != have.vnic_type.unwrap_or(VnicType::Normal), "vnic type"),
        (wanted.port_security.is_some() && wanted.port_security != have.port_security, "port security"),
        (wanted.qos_policy_id.is_some() && wanted.qos_policy_id != have.qos_policy_id, "QoS policy"),
    ];
    differs.into_iter().filter(|(differs, _)| *differs).map(|(_, what)| format!("port {number}: {what}")).collect()
}

fn node(wanted: &NodeTemplate, have: &HostSpec) -> Vec<String> {
    let differs = [
        (!same_labels(&wanted.labels, &have.labels), "labels of the node"),
        (taints(&wanted.taints) != taints(&have.taints), "taints"),
        (taints(&wanted.startup_taints) != taints(&have.startup_taints), "startup taints"),
        (wanted.max_pods.is_some_and(|most| most != have.max_pods), "maxPods"),
        (amounts(&wanted.reserved) != amounts(&have.reserved), "reserved"),
    ];
    differs.into_iter().filter(|(differs, _)| *differs).map(|(_, what)| what.to_owned()).collect()
}

fn same_labels(wanted: &BTreeMap<String, String>, have: &BTreeMap<String, String>) -> bool {
    let own = |(key, _): &(&String, &String)| !describes(key);
    wanted.iter().all(|(key, value)| have.get(key) == Some(value)) && have.iter().filter(own).all(|(key, _)| wanted.contains_key(key))
}

fn describes(key: &str) -> bool {
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    DESCRIBING.iter().any(|known| domain == *known || domain.strip_suffix(known).is_some_and(|rest| rest.ends_with('.')))
}

fn taints(list: &[Taint]) -> BTreeSet<&Taint> {
    list.iter().collect()
}

/// Milli-CPUs and bytes, however they are written.
fn amounts(reserved: &Reserved) -> (Option<i64>, Option<i64>) {
    let parse = |text: &str| text.parse::<Quantity>().ok();
    (parse(&reserved.cpu.0).map(|cpu| cpu.milli()), parse(&reserved.memory.0).map(|memory| memory.value()))
}

#[cfg(test)]
mod tests;
