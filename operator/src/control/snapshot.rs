//! The snapshot: everything the planner may know, taken from the stores at one instant.

use gantry_crds::condition;
use gantry_plan::model::{self, Key, Snapshot};
use gantry_plan::quantity::{Quantity, parse_duration, parse_price_micro};
use gantry_plan::resources::Resources;
use jiff::Timestamp;

use super::cloud_state::CloudState;
use super::context::Context;
use super::offerings::OfferingKey;
use super::{flavors, resolve};
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
        group: host.status.server_group_id.clone(),
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
        flavors: wanted_flavors(ctx, key, pool),
        zones: spec.template.zones.clone(),
        labels: node.labels.clone(),
        taints: taints(&node.taints),
        startup_taints: taints(&node.startup_taints),
        max_pods: i64::from(node.max_pods.unwrap_or(110)),
        reserved_cpu_milli: reserved.cpu_milli,
        reserved_memory_bytes: reserved.memory_bytes,
        empty_after: parse_duration(&spec.disruption.consolidation.after).ok(),
        extras: extras(&spec.template),
        ready: ready(ctx, key, pool),
    }
}

/// The names that the template gives, or those of the flavors that have what it asks for.
fn wanted_flavors(ctx: &Context, key: &Key, pool: &PoolObject) -> Vec<String> {
    if pool.spec.template.flavors.names.is_empty() { matching_flavors(ctx, key, pool) } else { pool.spec.template.flavors.names.clone() }
}

/// Flavors of the pool's cloud that the template means, cheapest first.
pub(super) fn matching_flavors(ctx: &Context, key: &Key, pool: &PoolObject) -> Vec<String> {
    let cloud_key = Key::new(&key.namespace, &pool.spec.cloud_name);
    let Some(cloud) = ctx.stores.clouds.get(&cloud_key) else { return Vec::new() };
    flavors::matching(&pool.spec.template, &ctx.clouds.state(&cloud_key).flavors, |flavor| price_micro(&cloud.value, flavor))
}

fn extras(template: &gantry_crds::Template) -> model::Extras {
    model::Extras {
        ports: i64::try_from(template.ports.len()).unwrap_or(i64::MAX),
        floating_ips: i64::from(template.floating_ip.is_some()),
        volume_gib: template.root_volume.as_ref().map(resolve::size_gib),
        grouped: template.server_group.is_some(),
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
    resolve::resolve(&pool.spec.template, &state)?;
    any_flavor(&pool.spec.template.flavors, &matching_flavors(ctx, key, pool))?;
    let (flavors, zones) = missing(&pool.spec.template, &state);
    all_missing(&pool.spec.template.flavors.names, &flavors, "flavor")?;
    all_missing(&pool.spec.template.zones, &zones, "availability zone")?;
    if let Some(failed) = ctx.offerings.pool(&cloud_key, key, ctx.now()) {
        return Err(format!("{}: {}; tried again at {}", failed.reason, failed.message, failed.until));
    }
    ctx.discovery.endpoint(pool.spec.template.bootstrap.kubeadm.api_server.as_deref()).map(drop)
}

/// Flavors and zones that a template names and the cloud does not have now: they are left out, and the others serve.
pub(super) fn missing<'a>(template: &'a gantry_crds::Template, state: &CloudState) -> (Vec<&'a str>, Vec<&'a str>) {
    let flavors = template.flavors.names.iter().filter(|name| !state.flavors.contains_key(*name)).map(String::as_str).collect();
    let zones = template.zones.iter().filter(|zone| !state.zones.contains(zone)).map(String::as_str).collect();
    (flavors, zones)
}

/// Whether anything in the cloud has what is asked for.
fn any_flavor(wanted: &gantry_crds::Flavors, found: &[String]) -> Result<(), String> {
    if !found.is_empty() || !wanted.names.is_empty() {
        return Ok(());
    }
    Err(format!("no flavor of the cloud has {}; ask for less in template.flavors, or name flavors", flavors::asked(wanted)))
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
                unavailable: state.fleet.creation(zone).map(str::to_owned).or(failed.map(|failed| failed.message)),
            }
        })
        .collect()
}

pub(super) fn price_micro(cloud: &CloudObject, flavor: &gantry_cloud::Flavor) -> i64 {
    let given = cloud.spec.prices.iter().find(|price| flavors::fits(&price.flavor, &flavor.name));
    let given = given.and_then(|price| parse_price_micro(&price.per_hour).ok());
    given.unwrap_or_else(|| i64::from(flavor.vcpus) * VCPU_PRICE_MICRO + flavor.memory_mib.saturating_mul(GIB_PRICE_MICRO) / 1024)
}

fn quota_lines(quota: &gantry_cloud::Quota) -> model::Quota {
    let line = |line: gantry_cloud::Line| model::Line { limit: line.limit, used: line.used };
    let known = |known: Option<gantry_cloud::Line>| known.map_or(model::Line { limit: -1, used: 0 }, line);
    model::Quota {
        instances: line(quota.instances),
        cores: line(quota.cores),
        memory_mib: line(quota.memory_mib),
        ports: known(quota.ports),
        floating_ips: known(quota.floating_ips),
        volumes: known(quota.volumes),
        gigabytes: known(quota.gigabytes),
        server_groups: known(quota.server_groups),
        server_group_members: quota.server_group_members.unwrap_or(-1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_quota_that_is_not_known_limits_nothing() {
        let known = gantry_cloud::Line { limit: 10, used: 4 };
        let lines = quota_lines(&gantry_cloud::Quota { ports: Some(known), ..Default::default() });
        assert_eq!((lines.ports, lines.volumes.limit), (model::Line { limit: 10, used: 4 }, -1));
        assert_eq!(lines.server_group_members, -1);
    }

    #[test]
    fn what_no_flavor_has_is_told() {
        let wanted = gantry_crds::Flavors { vcpus: Some(gantry_crds::CpuRange { min: Some(512), max: None }), ..Default::default() };
        let why = any_flavor(&wanted, &[]).unwrap_err();
        assert_eq!(why, "no flavor of the cloud has vcpus from 512; ask for less in template.flavors, or name flavors");
        assert!(any_flavor(&wanted, &["m1.huge".to_owned()]).is_ok());
    }
}
