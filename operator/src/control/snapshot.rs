//! The snapshot: everything the planner may know, taken from the stores at one instant.

use gantry_crds::condition;
use gantry_plan::model::{self, Key, Snapshot};
use gantry_plan::quantity::{Quantity, parse_duration, parse_price_micro};
use gantry_plan::resources::Resources;
use jiff::Timestamp;

use super::cloud_state::CloudState;
use super::context::Context;
use super::offerings::OfferingKey;
use super::references;
use crate::kube::objects::{CloudObject, HostObject, PoolObject};
use crate::kube::project::amounts;

/// Price of a vCPU hour where no price is given, in micro-units (public clouds that bill by rule: 0.0100).
const VCPU_PRICE_MICRO: i64 = 10_000;
/// Price of a GiB hour where no price is given, in micro-units (0.0040).
const GIB_PRICE_MICRO: i64 = 4_000;

/// `createSentAt` is kept in whole seconds, and Nova counts a server once it has answered.
const SENT_ROUNDING: jiff::SignedDuration = jiff::SignedDuration::from_secs(2);

/// Takes it. The caller has checked that all stores are synced.
pub fn take(ctx: &Context, now: Timestamp) -> Snapshot {
    Snapshot {
        now,
        pods: ctx.stores.pods.list().into_iter().map(|(_, entry)| entry.value.clone()).collect(),
        nodes: ctx.stores.nodes.list().into_iter().map(|(_, entry)| entry.value.clone()).collect(),
        daemon_sets: ctx.stores.daemon_sets.list().into_iter().map(|(_, entry)| entry.value.clone()).collect(),
        hosts: ctx.stores.hosts.list().iter().map(|(key, entry)| host(ctx, key, &entry.value)).collect(),
        pools: ctx.stores.pools.list().iter().map(|(key, entry)| pool(ctx, key, &entry.value)).collect(),
        clouds: ctx.stores.clouds.list().iter().map(|(key, entry)| (key.clone(), cloud(ctx, key, &entry.value, now))).collect(),
    }
}

fn host(ctx: &Context, key: &Key, host: &HostObject) -> model::Host {
    let spec = &host.spec;
    let cloud = ctx.clouds.state(&Key::new(&key.namespace, &spec.cloud_name));
    let quota_at = cloud.quota.map(|(_, at)| at);
    let sent = host.status.create_sent_at.as_ref().map(|time| time.0);
    model::Host {
        key: key.clone(),
        uid: host.uid.clone(),
        pool: spec.pool_name.clone(),
        cloud: spec.cloud_name.clone(),
        flavor: spec.flavor.clone(),
        zone: spec.zone.clone(),
        labels: spec.labels.clone(),
        taints: taints(&spec.taints),
        startup_taints: taints(&spec.startup_taints),
        allocatable: amounts(Some(&spec.allocatable)),
        created: host.created,
        deleting: host.deleting,
        failed: condition::is_true(&host.status.conditions, "Failed"),
        joined: condition::is_true(&host.status.conditions, "Joined"),
        in_quota: host.status.server_id.is_some()
            && quota_at.zip(sent).is_some_and(|(read, sent)| read.duration_since(sent) > SENT_ROUNDING),
        empty_since: condition::find(&host.status.conditions, "Empty").filter(|c| c.status == "True").map(|c| c.last_transition_time.0),
    }
}

fn taints(taints: &[gantry_crds::Taint]) -> Vec<model::Taint> {
    taints.iter().map(|t| model::Taint { key: t.key.clone(), value: t.value.clone(), effect: t.effect.as_str().into() }).collect()
}

fn pool(ctx: &Context, key: &Key, pool: &PoolObject) -> model::Pool {
    let spec = &pool.spec;
    let size = |n: i32| usize::try_from(n).unwrap_or(0);
    let node = &spec.template.node;
    let reserved = reserved(node);
    model::Pool {
        key: key.clone(),
        cloud: spec.cloud_name.clone(),
        replicas: spec.replicas.map(size),
        min_hosts: size(spec.min_hosts),
        max_hosts: size(spec.max_hosts),
        limit_cpu_milli: spec.limits.as_ref().and_then(|l| l.cpu.as_ref()).and_then(|q| q.0.parse::<Quantity>().ok()).map(|q| q.milli()),
        limit_memory_bytes: spec
            .limits
            .as_ref()
            .and_then(|l| l.memory.as_ref())
            .and_then(|q| q.0.parse::<Quantity>().ok())
            .map(|q| q.value()),
        weight: spec.weight,
        flavors: spec.template.flavors.names.clone(),
        zones: spec.template.zones.clone(),
        labels: node.labels.clone(),
        taints: taints(&node.taints),
        startup_taints: taints(&node.startup_taints),
        max_pods: i64::from(node.max_pods.unwrap_or(110)),
        reserved_cpu_milli: reserved.cpu_milli,
        reserved_memory_bytes: reserved.memory_bytes,
        empty_after: parse_duration(&spec.disruption.consolidation.after).ok(),
        ready: ready(ctx, key, pool),
    }
}

fn reserved(node: &gantry_crds::NodeTemplate) -> Resources {
    let map = [("cpu".to_owned(), node.reserved.cpu.clone()), ("memory".to_owned(), node.reserved.memory.clone())];
    amounts(Some(&map.into_iter().collect()))
}

/// Whether the pool may create hosts, or why not, in words.
pub(super) fn ready(ctx: &Context, key: &Key, pool: &PoolObject) -> Result<(), String> {
    let cloud_key = Key::new(&key.namespace, &pool.spec.cloud_name);
    if pool.deleting {
        return Err("the pool is being deleted".into());
    }
    let Some(cloud) = ctx.stores.clouds.get(&cloud_key) else {
        return Err(format!("OpenStackCloud {} does not exist in namespace {}", cloud_key.name, key.namespace));
    };
    if cloud.value.deleting {
        return Err(format!("OpenStackCloud {} is being deleted", cloud_key.name));
    }
    let state = ctx.clouds.state(&cloud_key);
    state.ready().map_err(|problem| format!("OpenStackCloud {}: {}", cloud_key.name, problem.message))?;
    for (kind, lookup) in references::named(&pool.spec.template) {
        state.resolve(kind, &lookup)?;
    }
    let (flavors, zones) = missing(&pool.spec.template, &state);
    all_missing(&pool.spec.template.flavors.names, &flavors, "flavor")?;
    all_missing(&pool.spec.template.zones, &zones, "availability zone")?;
    ctx.discovery.endpoint(pool.spec.template.bootstrap.kubeadm.api_server.as_deref()).map(drop)
}

/// Flavors and zones that a template names and the cloud does not have now: they are left out, and the others serve.
pub(super) fn missing<'a>(template: &'a gantry_crds::Template, state: &CloudState) -> (Vec<&'a str>, Vec<&'a str>) {
    let flavors = template.flavors.names.iter().filter(|name| !state.flavors.contains_key(*name)).map(String::as_str).collect();
    let zones = template.zones.iter().filter(|zone| !state.zones.contains(zone)).map(String::as_str).collect();
    (flavors, zones)
}

fn all_missing(named: &[String], missing: &[&str], word: &str) -> Result<(), String> {
    if missing.is_empty() || missing.len() < named.len() {
        return Ok(());
    }
    Err(format!("{word} {} does not exist in the cloud; correct the name in the pool's template, or create it", missing.join(", ")))
}

fn cloud(ctx: &Context, key: &Key, cloud: &CloudObject, now: Timestamp) -> model::Cloud {
    let state = ctx.clouds.state(key);
    model::Cloud {
        region: state.identity.as_ref().map(|identity| identity.region.clone()).unwrap_or_default(),
        offerings: offerings(ctx, key, cloud, &state, now),
        quota: state.quota.map(|(quota, _)| quota_lines(&quota)).unwrap_or_default(),
    }
}

/// Every flavor in every zone, with its price and what failed.
pub(super) fn offerings(ctx: &Context, key: &Key, cloud: &CloudObject, state: &CloudState, now: Timestamp) -> Vec<model::Offering> {
    let pairs = state.flavors.values().flat_map(|flavor| state.zones.iter().map(move |zone| (flavor, zone)));
    pairs
        .map(|(flavor, zone)| {
            let failed = ctx.offerings.get(&OfferingKey { cloud: key.clone(), flavor: flavor.name.clone(), zone: zone.clone() }, now);
            model::Offering {
                flavor: flavor.name.clone(),
                zone: zone.clone(),
                vcpus: i64::from(flavor.vcpus),
                memory_mib: flavor.memory_mib,
                disk_gib: flavor.disk_gib,
                price_micro: price_micro(cloud, flavor),
                unavailable: failed.map(|failed| failed.message),
            }
        })
        .collect()
}

fn price_micro(cloud: &CloudObject, flavor: &gantry_cloud::Flavor) -> i64 {
    let given = cloud.spec.prices.iter().find(|price| matches(&price.flavor, &flavor.name));
    let given = given.and_then(|price| parse_price_micro(&price.per_hour).ok());
    given.unwrap_or_else(|| i64::from(flavor.vcpus) * VCPU_PRICE_MICRO + flavor.memory_mib.saturating_mul(GIB_PRICE_MICRO) / 1024)
}

/// Whether `name` matches `pattern`, where `*` is any run of characters.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = rest.split('*').collect();
    let (last, middle) = parts.split_last().unwrap_or((&"", &[]));
    for part in middle {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

fn quota_lines(quota: &gantry_cloud::Quota) -> model::Quota {
    let line = |line: gantry_cloud::Line| model::Line { limit: line.limit, used: line.used };
    model::Quota { instances: line(quota.instances), cores: line(quota.cores), memory_mib: line(quota.memory_mib) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        let yes = [("m1.large", "m1.large"), ("m1.*", "m1.large"), ("*", "x"), ("*large", "m1.large"), ("m*.l*e", "m1.large")];
        let no =
            [("m1.large", "m1.larger"), ("m2.*", "m1.large"), ("*small", "m1.large"), ("m*x*e", "m1.large"), ("m1.large*e", "m1.large")];
        yes.iter().for_each(|(pattern, name)| assert!(matches(pattern, name), "{pattern} {name}"));
        no.iter().for_each(|(pattern, name)| assert!(!matches(pattern, name), "{pattern} {name}"));
    }
}
