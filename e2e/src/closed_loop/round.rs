//! One workload: its pods wait, a pool may grow, and every purchase is watched until all pods run.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use gantry_crds::Host;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use serde_json::Value;

use super::workloads::Workload;
use crate::lab::wait::until;
use crate::lab::{Lab, helm, objects};
use crate::suite::manifests;

/// For all pods to be looked at by the scheduler.
const WAITING_LIMIT: Duration = Duration::from_secs(60);
/// For all pods to run.
const RUNNING_LIMIT: Duration = Duration::from_secs(240);
/// A purchase that comes after all pods run is one too many as well: so long it is waited for.
const AFTERWARDS: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(100);
/// For hosts to go again.
const GOING_LIMIT: Duration = Duration::from_secs(120);

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The workload.
    pub name: &'static str,
    /// How guests joined.
    pub joining: &'static str,
    /// Pods of it.
    pub pods: usize,
    /// Seats that the first purchases were made for.
    pub planned: usize,
    /// Pods that ran.
    pub ran: usize,
    /// Hosts until all pods had a seat.
    pub hosts: usize,
    /// Hosts bought after that.
    pub twice: usize,
    /// Until all ran, or the limit.
    pub seconds: f64,
    /// What the scheduler says of pods that did not run.
    pub waiting: Vec<String>,
}

impl Row {
    /// Whether the plan came true: every pod was planned and ran, and no host was bought twice.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.planned >= self.pods && self.ran == self.pods && self.twice == 0
    }
}

/// Hosts in the order in which they were seen, with their seats.
#[derive(Debug, Default)]
struct Purchases {
    seen: BTreeSet<String>,
    seats: usize,
    hosts: usize,
    twice: usize,
}

impl Purchases {
    fn see(&mut self, hosts: &[Host], pods: usize) {
        for host in hosts {
            if !self.seen.insert(host.uid().unwrap_or_default()) {
                continue;
            }
            if self.seats >= pods {
                self.twice += 1;
                continue;
            }
            self.hosts += 1;
            self.seats += host.spec.claims.iter().map(|claim| usize::try_from(claim.pods).unwrap_or_default()).sum::<usize>();
        }
    }
}

/// Runs it in a namespace of its own, and takes everything away again.
///
/// # Errors
/// If the laboratory fails; a plan that does not come true is no error here.
pub async fn run(lab: &Lab, namespace: &str, workload: &Workload, joining: &'static str) -> Result<Row> {
    prepare(lab, namespace, workload).await?;
    let pods = workload.pods();
    let all: Api<Pod> = Api::namespaced(lab.client.clone(), namespace);
    until("all pods to be found unschedulable", WAITING_LIMIT, || async {
        let waiting = all.list(&ListParams::default()).await.map_err(|error| error.to_string())?.items;
        let count = waiting.iter().filter(|pod| is_unschedulable(pod)).count();
        if count == pods { Ok(()) } else { Err(format!("{count} of {pods}")) }
    })
    .await?;
    let start = Instant::now();
    let pool = manifests::pool(namespace, "general", "  maxHosts: 500\n", "{}").replace("after: 3s", "after: 1h");
    helm::apply(lab, &pool.replace("[m1.large, m1.xlarge]", "[m1.small, m1.large, m1.xlarge]")).await?;
    let (purchases, ran, seconds) = watch(lab, namespace, pods, start).await?;
    let waiting = all.list(&ListParams::default()).await?.items.iter().filter_map(why_it_waits).collect();
    remove(lab, namespace).await?;
    let Purchases { seats: planned, hosts, twice, .. } = purchases;
    Ok(Row { name: workload.name, joining, pods, planned, ran, hosts, twice, seconds, waiting })
}

async fn prepare(lab: &Lab, namespace: &str, workload: &Workload) -> Result<()> {
    let cloud = manifests::cloud(namespace, &lab.cloud.clouds_yaml_text()?, "openstack-appcred");
    objects::create(&lab.client, &format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n---\n{cloud}")).await?;
    let documents = workload.objects.iter().map(|object| {
        let mut object: Value = object.clone();
        object["metadata"]["namespace"] = namespace.into();
        serde_saphyr::to_string(&object).context("an object cannot be written")
    });
    objects::create(&lab.client, &documents.collect::<Result<Vec<_>>>()?.join("---\n")).await
}

fn is_unschedulable(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "PodScheduled" && condition.reason.as_deref() == Some("Unschedulable"))
}

/// The scheduler's last word on a pod that does not run.
fn why_it_waits(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    if status.phase.as_deref() == Some("Running") {
        return None;
    }
    let said = status.conditions.iter().flatten().find(|condition| condition.type_ == "PodScheduled");
    let said = said.and_then(|condition| condition.message.clone()).unwrap_or_default();
    Some(format!("{}: nominated for {:?}: {said}", pod.name_any(), status.nominated_node_name))
}

/// Watches until all run or time is up, and a moment longer.
async fn watch(lab: &Lab, namespace: &str, pods: usize, start: Instant) -> Result<(Purchases, usize, f64)> {
    let all: Api<Pod> = Api::namespaced(lab.client.clone(), namespace);
    let hosts: Api<Host> = Api::namespaced(lab.client.clone(), namespace);
    let mut purchases = Purchases::default();
    let mut done: Option<Instant> = None;
    loop {
        let mut now = hosts.list(&ListParams::default()).await?.items;
        now.sort_by_key(|host| host.creation_timestamp().map(|time| time.0));
        purchases.see(&now, pods);
        let seen = all.list(&ListParams::default()).await?.items;
        let ran = seen.iter().filter(|pod| pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Running"))).count();
        if done.is_none() && (ran == pods || start.elapsed() > RUNNING_LIMIT) {
            done = Some(Instant::now());
        }
        if let Some(done) = done.filter(|done| done.elapsed() > AFTERWARDS) {
            return Ok((purchases, ran, (done - start).as_secs_f64()));
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn remove(lab: &Lab, namespace: &str) -> Result<()> {
    for kinds in ["replicasets", "pods", "vmpools", "openstackclouds", "persistentvolumeclaims"] {
        helm::kubectl(lab, &["delete", kinds, "--all", "-n", namespace, "--wait=true", &format!("--timeout={}s", GOING_LIMIT.as_secs())])
            .await?;
    }
    helm::kubectl(lab, &["delete", "namespace", namespace, "--wait=false"]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(uid: &str, seats: i32) -> Host {
        let claim = gantry_crds::HostClaim { shape: "1".into(), pods: seats };
        let mut host = Host::new(uid, gantry_crds::HostSpec { claims: vec![claim], ..gantry_crds::HostSpec::default() });
        host.metadata.uid = Some(uid.into());
        host
    }

    #[test]
    fn a_host_that_comes_when_all_pods_have_a_seat_is_bought_twice() {
        let mut purchases = Purchases::default();
        purchases.see(&[host("a", 2)], 5);
        purchases.see(&[host("a", 2), host("b", 3)], 5);
        purchases.see(&[host("b", 3), host("c", 1)], 5);
        assert_eq!((purchases.hosts, purchases.seats, purchases.twice), (2, 5, 1));
    }

    #[test]
    fn a_plan_comes_true_when_all_pods_were_planned_and_ran_on_what_was_bought_once() {
        let row = Row { pods: 4, planned: 4, ran: 4, ..Row::default() };
        let spoiled = [Row { planned: 3, ..row.clone() }, Row { ran: 3, ..row.clone() }, Row { twice: 1, ..row.clone() }];
        assert_eq!((row.holds(), spoiled.map(|row| row.holds())), (true, [false; 3]));
    }
}
