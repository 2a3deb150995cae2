//! What a world begins with: a cluster, credentials, a cloud and a pool, and hosts that were there before.

use std::time::Duration;

use anyhow::{Context, Result};
use gantry_cloud_sim::{Config, Quota, Simulator};
use gantry_crds::{FINALIZER, LABEL_CLOUD, LABEL_POOL, META_CLUSTER, META_HOST, META_POOL};
use serde_json::{Value, json};
use uuid::Uuid;

use super::World;
use super::nodes::{self, Readiness};
use super::user_data::Join;
use crate::api::ApiServer;
use crate::api::store::{name_of, seconds};
use crate::checks::Limits;

/// How a world begins.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Everything that is drawn at random follows from it.
    pub seed: u64,
    /// `maxHosts` of the pool.
    pub hosts_max: usize,
    /// Flavors of the pool.
    pub flavors: Vec<&'static str>,
    /// Parts of the pool's template beyond flavors, image and port, merged into it.
    pub template: Value,
    /// When an empty host goes.
    pub empty_after: &'static str,
    /// Requests that the operator may send to OpenStack each second.
    pub requests_per_second: u32,
    /// Longest page of a list of servers.
    pub page: usize,
    /// How long a build takes.
    pub build: Duration,
    /// How many servers may be deleted within ten minutes (I6).
    pub deletions_max: usize,
}

impl Setup {
    /// A small world: a pool of m1.large, up to ten hosts, empty ones go after a minute.
    pub fn small(seed: u64) -> Self {
        Self {
            seed,
            hosts_max: 10,
            flavors: vec!["m1.large"],
            template: json!({}),
            empty_after: "1m",
            requests_per_second: 20,
            page: 1000,
            build: Duration::from_secs(8),
            deletions_max: usize::MAX,
        }
    }

    pub(super) fn cloud_config(&self) -> Config {
        let quota = Quota { instances: -1, cores: -1, ram: -1, ports: -1, ..Quota::default() };
        Config { seed: self.seed, build_latency: self.build, max_limit: self.page, quota, ..Config::default() }
    }

    pub(super) fn limits(&self) -> Limits {
        Limits { hosts_max: self.hosts_max, deletions_max: self.deletions_max }
    }

    fn pool(&self) -> Value {
        let mut template = json!({
            "flavors": {"names": self.flavors},
            "image": {"name": "debian-12-k8s"},
            "ports": [{"network": {"name": "apps"}}],
        });
        json_patch::merge(&mut template, &self.template);
        json!({
            "metadata": {"name": "general", "namespace": "apps"},
            "spec": {
                "cloudName": "main", "maxHosts": self.hosts_max, "template": template,
                "disruption": {"consolidation": {"after": self.empty_after}},
            },
        })
    }
}

/// The cluster with its cloud and pool; the answer is the UID of kube-system.
pub(super) fn cluster(api: &ApiServer, cloud: &Simulator, setup: &Setup) -> Result<String> {
    for name in ["default", "kube-public", "gantry-system", "apps"] {
        api.put("namespaces", json!({"metadata": {"name": name}}))?;
    }
    let system = api.put("namespaces", json!({"metadata": {"name": "kube-system"}}))?;
    api.put("configmaps", cluster_info())?;
    put_credentials(api, &cloud.clouds_yaml())?;
    api.put(
        "openstackclouds",
        json!({
            "metadata": {"name": "main", "namespace": "apps"},
            "spec": {
                "credentials": {"secretName": "openstack", "cloud": "openstack"},
                "pacing": {"requestsPerSecond": setup.requests_per_second, "concurrentBuilds": 20},
            },
        }),
    )?;
    api.put("vmpools", setup.pool())?;
    system["metadata"]["uid"].as_str().map(str::to_owned).context("kube-system has no UID")
}

fn cluster_info() -> Value {
    let kubeconfig = "apiVersion: v1\nkind: Config\nclusters:\n- name: ''\n  cluster:\n    server: https://10.0.0.1:6443\n    \
                      certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t\n";
    json!({"metadata": {"name": "cluster-info", "namespace": "kube-public"}, "data": {"kubeconfig": kubeconfig}})
}

/// The Secret with clouds.yaml, made or replaced.
fn put_credentials(api: &ApiServer, clouds_yaml: &str) -> Result<()> {
    use base64::Engine;
    let data = json!({"clouds.yaml": base64::engine::general_purpose::STANDARD.encode(clouds_yaml)});
    if api.get("secrets", "apps", "openstack").is_some() {
        api.edit("secrets", "apps", "openstack", |secret| secret["data"] = data);
        return Ok(());
    }
    api.put("secrets", json!({"metadata": {"name": "openstack", "namespace": "apps"}, "type": "Opaque", "data": data})).map(drop)
}

impl World {
    /// Writes the Secret with the credentials that the cloud accepts now.
    ///
    /// # Errors
    /// If the API server refuses it.
    pub fn put_credentials(&self) -> Result<()> {
        put_credentials(&self.api, &self.cloud.clouds_yaml())
    }

    /// Hosts that joined long ago: Host, server, port, Node and guest of each, all in order. With `busy` a pod runs on each.
    ///
    /// # Errors
    /// If one of the objects is refused.
    pub fn seed_hosts(&self, count: usize, setup: &Setup) -> Result<Vec<String>> {
        let mut names = Vec::with_capacity(count);
        let mut asked = Vec::with_capacity(count);
        for number in 0..count {
            let host = self.api.put("hosts", host(&format!("general-{number:05}"), number, setup))?;
            let uid = host["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
            let name = name_of(&host).to_owned();
            asked.push(json!({
                "name": name, "flavor": "m1.large", "zone": zone(number), "createdAgoMs": 86_400_000,
                "metadata": {META_HOST: uid, META_CLUSTER: self.cluster_uid, META_POOL: "apps/general"},
                "tags": [format!("{META_HOST}:{uid}"), format!("{META_CLUSTER}:{}", self.cluster_uid)],
                "ports": [{
                    "name": format!("{name}-0"),
                    "description": format!("{META_HOST}:{uid} {META_CLUSTER}:{}", self.cluster_uid),
                    "tags": [format!("{META_HOST}:{uid}"), format!("{META_CLUSTER}:{}", self.cluster_uid)],
                }],
            }));
            names.push(name);
        }
        let made = self.admin("POST", "servers", json!({"project": "demo", "servers": asked}));
        for (number, name) in names.iter().enumerate() {
            self.seed_node(name, number, &made["servers"][number])?;
        }
        Ok(names)
    }

    fn seed_node(&self, name: &str, number: usize, made: &Value) -> Result<()> {
        let id = made["id"].as_str().context("the simulator made no server")?;
        let now = self.clock.now();
        let condition = |type_: &str, status: &str, reason: &str, message: &str| json!({"type": type_, "status": status, "reason": reason, "message": message, "lastTransitionTime": seconds(now)});
        self.api.edit("hosts", "apps", name, |host| {
            let message = format!("server {id} is ACTIVE");
            host["status"] = json!({
                "phase": "Ready", "message": "", "portIDs": made["ports"], "serverID": id, "createSentAt": seconds(now),
                "address": format!("10.78.{}.{}", 16 + number / 250, number % 250 + 1), "providerID": format!("openstack:///{id}"),
                "nodeName": name,
                "conditions": [
                    condition("Joined", "True", "NodeRegistered", &format!("node {name} registered")),
                    condition("Launched", "True", "ServerActive", &message),
                ],
            });
        });
        let labels = [(LABEL_POOL, "general"), (gantry_crds::LABEL_HOST, name), ("topology.kubernetes.io/zone", zone(number))];
        let join = Join {
            name: name.to_owned(),
            token: (String::new(), String::new()),
            labels: labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            taints: Vec::new(),
            provider_id: None,
            max_pods: 110,
            reserved_cpu_milli: 200,
            reserved_memory_bytes: 512 * 1024 * 1024,
        };
        let mut node = nodes::registration(&join, id, (4, 8192), "10.78.16.1", now);
        nodes::set_readiness(&mut node, Readiness::Ready, now);
        self.api.put("nodes", node)?;
        self.guests(|guests| guests.seed(id, name));
        Ok(())
    }
}

/// The id that the simulator gives to what every start of it has.
fn stable_id(kind: &str, name: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("gantry-cloud-sim/{kind}/{name}").as_bytes()).to_string()
}

fn zone(number: usize) -> &'static str {
    ["az1", "az2"][number % 2]
}

fn host(name: &str, number: usize, setup: &Setup) -> Value {
    json!({
        "metadata": {
            "name": name, "namespace": "apps", "finalizers": [FINALIZER], "labels": {LABEL_POOL: "general", LABEL_CLOUD: "main"},
        },
        "spec": {
            "poolName": "general", "cloudName": "main", "flavor": setup.flavors.first().unwrap_or(&"m1.large"), "flavorID": "2", "zone": zone(number),
            "region": "RegionOne", "imageID": stable_id("image", "debian-12-k8s"),
            "ports": [{"networkID": stable_id("network", "apps")}],
            "labels": {LABEL_POOL: "general", gantry_crds::LABEL_HOST: name, "topology.kubernetes.io/zone": zone(number)},
            "allocatable": {"cpu": "3800m", "memory": "7918845952", "pods": "110", "ephemeral-storage": "18Gi"},
            "maxPods": 110, "bootstrap": {"apiServer": "https://10.0.0.1:6443"}, "price": "0.1", "reason": "seeded",
        },
    })
}
