//! The snapshot: everything the planner may know, taken from the stores at one instant.

use std::collections::{BTreeMap, HashMap};

use gantry_plan::model::{self, Key, Snapshot};
use gantry_plan::quantity::parse_price_micro;
use jiff::Timestamp;

use super::cloud_state::CloudState;
use super::context::Context;
use super::learned::Kind;
use super::offerings::OfferingKey;
use super::{flavors, resolve};
use crate::kube::objects::{CloudObject, HostObject, PoolObject};
use crate::kube::project::{Drivers, Interner};
use crate::kube::store::{Kept, Store};
use crate::model_of;

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
        pods: ctx.stores.pods.values(|entry| entry.value.clone()),
        nodes: nodes(ctx),
        namespaces: named(&ctx.stores.namespaces),
        volumes: volumes(ctx),
        daemon_sets: ctx.stores.daemon_sets.values(|entry| entry.value.clone()),
        hosts: hosts(ctx),
        pools: ctx.stores.pools.list().iter().map(|(key, entry)| pool(ctx, key, &entry.value)).collect(),
        clouds: ctx.stores.clouds.list().iter().map(|(key, entry)| (key.clone(), cloud(ctx, key, &entry.value, now))).collect(),
    }
}

/// Nodes, each with the drivers of its CSINode.
fn nodes(ctx: &Context) -> Vec<model::Node> {
    let drivers: BTreeMap<String, Drivers> = named(&ctx.stores.csi_nodes);
    ctx.stores.nodes.values(|entry| model::Node { drivers: drivers.get(&entry.value.name).cloned(), ..entry.value.clone() })
}

fn volumes(ctx: &Context) -> model::Volumes {
    let claims = ctx.stores.volume_claims.list().into_iter();
    let required = ctx.stores.csi_drivers.list().into_iter().filter(|(_, entry)| entry.value);
    model::Volumes {
        claims: claims.map(|(key, entry)| (key, entry.value.clone())).collect(),
        volumes: named(&ctx.stores.volumes),
        classes: named(&ctx.stores.classes),
        required_drivers: required.map(|(key, _)| key.name).collect(),
    }
}

/// All of a kind that has no namespace, by name.
fn named<T: Clone + Kept>(store: &Store<T>) -> BTreeMap<String, T> {
    store.list().into_iter().map(|(key, entry)| (key.name, entry.value.clone())).collect()
}

fn hosts(ctx: &Context) -> Vec<model::Host> {
    let (interner, hosts) = (Interner::default(), ctx.stores.hosts.list());
    let mut quotas: HashMap<(&str, &str), Option<Timestamp>> = HashMap::new();
    let mut seen = Vec::with_capacity(hosts.len());
    for (key, entry) in &hosts {
        let cloud = (key.namespace.as_str(), entry.value.spec.cloud_name.as_str());
        let quota_at = quotas.entry(cloud).or_insert_with(|| ctx.clouds.state(&Key::new(cloud.0, cloud.1)).quota.map(|(_, at)| at));
        seen.push(host(ctx, &entry.value, *quota_at, &interner));
    }
    seen
}

fn host(ctx: &Context, host: &HostObject, quota_at: Option<Timestamp>, interner: &Interner) -> model::Host {
    let sent = host.status.create_sent_at.as_ref().map(|time| time.0);
    let counted = quota_at.zip(sent).is_some_and(|(read, sent)| read.duration_since(sent) > SENT_ROUNDING);
    let told = model_of::host(host, interner);
    model::Host { in_quota: told.in_quota && counted, unneeded_since: ctx.memories.unneeded_since(&host.uid), ..told }
}

fn pool(ctx: &Context, key: &Key, pool: &PoolObject) -> model::Pool {
    model::Pool {
        learned: learned(ctx, key, pool),
        useless: ctx.useless.of(key, ctx.now()),
        ready: ready(ctx, key, pool),
        ..model_of::pool(pool, wanted_flavors(ctx, key, pool))
    }
}

/// What real nodes of the pool's flavors showed, for the image that its template means now.
fn learned(ctx: &Context, key: &Key, pool: &PoolObject) -> BTreeMap<String, model::Learned> {
    let cloud_key = Key::new(&key.namespace, &pool.spec.cloud_name);
    let template = &pool.spec.template;
    let (state, cloud) = (ctx.clouds.state(&cloud_key), ctx.stores.clouds.get(&cloud_key));
    let Ok(found) = resolve::resolve(template, &state) else { return BTreeMap::new() };
    let lesson = |name: String| {
        let mut lesson = ctx.learned.get(&cloud_key, &Kind::of_template(template, &name, &found.image.id))?;
        // Devices that no node has shown yet, because their plugin speaks late, are still expected.
        let devices =
            state.flavors.get(&name).zip(cloud.as_ref()).map(|(flavor, cloud)| flavors::devices(&cloud.value.spec.devices, flavor));
        for (device, amount) in devices.unwrap_or_default() {
            lesson.allocatable.extended.entry(device).or_insert(amount);
        }
        Some((name, lesson))
    };
    wanted_flavors(ctx, key, pool).into_iter().filter_map(lesson).collect()
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
                resources: flavors::devices(&cloud.spec.devices, flavor),
                price_micro: price_micro(cloud, flavor),
                until: failed.as_ref().map(|failed| failed.until),
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
