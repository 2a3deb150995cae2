//! What a pod asks for, as kube-scheduler adds it up (component-helpers 1.37, resource.PodRequests, with status resources).

use gantry_plan::resources::Resources;

use super::amounts;
use super::wire::{Amounts, Container, ContainerStatus, PodSpec, PodStatus, Requirements};

/// Which of a running container's requests: those of the spec, those that the kubelet set aside, or those that it has.
#[derive(Clone, Copy)]
enum View {
    Spec,
    Allocated,
    Actual,
}

/// The sum: the larger of what the spec says and what is in force, pod-level resources in its place, overhead on top; `pods` is 1.
pub(super) fn requests(spec: &PodSpec, status: &PodStatus) -> Resources {
    let mut sum = containers(spec, status);
    pod_level(spec, status, &mut sum);
    sum.add(&amounts::of(&spec.overhead));
    sum.pods = 1;
    sum
}

/// Only the larger counts while a resize is under way; a resize that can never be is not counted.
fn containers(spec: &PodSpec, status: &PodStatus) -> Resources {
    let infeasible = is_infeasible(status);
    let mut sum = if infeasible { Resources::default() } else { total(spec, status, View::Spec) };
    match (&status.allocated_resources, &status.resources.requests) {
        (Some(allocated), Some(actual)) => {
            sum.raise_to(&amounts::of(allocated));
            sum.raise_to(&amounts::of(actual));
        }
        _ if status.container_statuses.is_empty() && status.init_container_statuses.is_empty() && !infeasible => {}
        _ => {
            sum.raise_to(&total(spec, status, View::Allocated));
            sum.raise_to(&total(spec, status, View::Actual));
        }
    }
    sum
}

fn is_infeasible(status: &PodStatus) -> bool {
    let pending = status.conditions.iter().find(|condition| *condition.type_ == "PodResizePending");
    pending.is_some_and(|condition| *condition.reason == "Infeasible")
}

/// The larger of the running containers with their sidecars, and each init container with the sidecars before it.
fn total(spec: &PodSpec, status: &PodStatus, view: View) -> Resources {
    let asks = |container: &Container| of_container(container, status, view);
    let mut running = Resources::default();
    spec.containers.iter().for_each(|container| running.add(&asks(container)));
    let (mut sidecars, mut starting) = (Resources::default(), Resources::default());
    for container in spec.init_containers.iter() {
        let mut asks = asks(container);
        if *container.restart_policy == "Always" {
            sidecars.add(&asks);
            starting.raise_to(&sidecars);
        } else {
            asks.add(&sidecars);
            starting.raise_to(&asks);
        }
    }
    running.add(&sidecars);
    running.raise_to(&starting);
    running
}

fn of_container(container: &Container, status: &PodStatus, view: View) -> Resources {
    let mut all = status.container_statuses.iter().chain(status.init_container_statuses.iter());
    let shown = all.find(|shown| *shown.name == *container.name);
    let spec = || if is_infeasible(status) { Resources::default() } else { defaulted(&container.resources) };
    let allocated = |shown: &ContainerStatus| shown.allocated_resources.as_ref().map(amounts::of);
    match view {
        View::Spec => defaulted(&container.resources),
        View::Allocated => shown.and_then(allocated).unwrap_or_else(spec),
        View::Actual => {
            let actual = shown.and_then(|shown| shown.resources.requests.as_ref()).map(amounts::of);
            actual.or_else(|| shown.and_then(allocated)).unwrap_or_else(spec)
        }
    }
}

/// A request that is not given is the limit (the API server's SetDefaults_Pod; manifests have not been through it).
fn defaulted(requirements: &Requirements) -> Resources {
    let mut all = amounts::of(&requirements.limits);
    let Some(requests) = &requirements.requests else { return all };
    let given = amounts::of(requests);
    let has = |name: &str| requests.contains_key(name);
    if has("cpu") {
        all.cpu_milli = given.cpu_milli;
    }
    if has("memory") {
        all.memory_bytes = given.memory_bytes;
    }
    if has("ephemeral-storage") {
        all.ephemeral_bytes = given.ephemeral_bytes;
    }
    all.extended.extend(given.extended);
    all
}

/// Pod-level cpu, memory and huge pages replace the containers' sum; what it leaves out is what the containers ask for in the spec
/// (SetDefaults_Pod).
fn pod_level(spec: &PodSpec, status: &PodStatus, sum: &mut Resources) {
    let from_limits = |name: &str| is_huge(name) || !asked_by_containers(spec, name);
    let limits = spec.resources.limits.iter().filter(|(name, _)| from_limits(name));
    let requests = spec.resources.requests.iter().flat_map(|requests| requests.iter());
    let whole: Amounts = super::wire::Given(limits.chain(requests).map(|(name, amount)| (name.clone(), *amount)).collect());
    let mut asks = amounts::of(&whole);
    if spec.resources.requests.is_some() && status.resources.requests.is_some() {
        resized(&mut asks, status);
    }
    if !spec.resources.limits.is_empty() || spec.resources.requests.is_some() {
        let in_spec = total(spec, status, View::Spec);
        sum.cpu_milli = if whole.contains_key("cpu") { asks.cpu_milli } else { in_spec.cpu_milli };
        sum.memory_bytes = if whole.contains_key("memory") { asks.memory_bytes } else { in_spec.memory_bytes };
    }
    sum.extended.extend(asks.extended.into_iter().filter(|(name, _)| is_huge(name)));
}

/// A resize of the whole pod under way counts as one of its containers does.
fn resized(asks: &mut Resources, status: &PodStatus) {
    if is_infeasible(status) {
        *asks = Resources::default();
    }
    status.resources.requests.iter().chain(&status.allocated_resources).for_each(|shown| asks.raise_to(&amounts::of(shown)));
}

fn is_huge(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Whether any container asks for it: then a pod-level limit is no request (SetDefaults_Pod).
fn asked_by_containers(spec: &PodSpec, name: &str) -> bool {
    let all = spec.containers.iter().chain(spec.init_containers.iter());
    let asks = |resources: &Requirements| {
        resources.limits.contains_key(name) || resources.requests.as_ref().is_some_and(|requests| requests.contains_key(name))
    };
    all.into_iter().any(|container| asks(&container.resources))
}
