//! Pools.

use std::collections::BTreeMap;

use gantry_crds::{NodeTemplate, Template};
use gantry_plan::model::{self, Key};
use gantry_plan::quantity::{Quantity, parse_duration};
use gantry_plan::resources::Resources;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use super::taints;
use crate::control::resolve;
use crate::kube::objects::PoolObject;
use crate::kube::project::amounts;

/// Pods per node where a template says nothing.
const MAX_PODS: i32 = 110;

/// A VMPool as its object tells, with the flavors that its template means. What was learned of them, what turned out useless, and whether
/// it is ready, is said on top.
pub fn pool(pool: &PoolObject, flavors: Vec<String>) -> model::Pool {
    let spec = &pool.spec;
    let node = &spec.template.node;
    let (reserved, limits) = (reserved(node), spec.limits.clone().unwrap_or_default());
    model::Pool {
        key: Key::new(&pool.namespace, &pool.name),
        cloud: spec.cloud_name.clone(),
        replicas: spec.replicas.map(size),
        min_hosts: size(spec.min_hosts),
        max_hosts: size(spec.max_hosts),
        limit_cpu_milli: limit(limits.cpu).map(|limit| limit.milli()),
        limit_memory_bytes: limit(limits.memory).map(|limit| limit.value()),
        weight: spec.weight,
        flavors,
        zones: spec.template.zones.clone(),
        labels: node.labels.clone(),
        taints: taints(&node.taints),
        startup_taints: taints(&node.startup_taints),
        max_pods: i64::from(node.max_pods.unwrap_or(MAX_PODS)),
        reserved_cpu_milli: reserved.cpu_milli,
        reserved_memory_bytes: reserved.memory_bytes,
        empty_after: parse_duration(&spec.disruption.consolidation.after).ok(),
        extras: extras(&spec.template),
        learned: BTreeMap::new(),
        useless: Vec::new(),
        ready: Ok(()),
    }
}

fn size(count: i32) -> usize {
    usize::try_from(count).unwrap_or(0)
}

fn limit(written: Option<Written>) -> Option<Quantity> {
    written.and_then(|written| written.0.parse().ok())
}

fn reserved(node: &NodeTemplate) -> Resources {
    let map = [("cpu".to_owned(), node.reserved.cpu.clone()), ("memory".to_owned(), node.reserved.memory.clone())];
    amounts(Some(&map.into_iter().collect()))
}

fn extras(template: &Template) -> model::Extras {
    model::Extras {
        ports: i64::try_from(template.ports.len()).unwrap_or(i64::MAX),
        floating_ips: i64::from(template.floating_ip.is_some()),
        volume_gib: template.root_volume.as_ref().map(resolve::size_gib),
        grouped: template.server_group.is_some(),
    }
}
