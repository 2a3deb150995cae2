//! Pools and clouds of files: the status of an OpenStackCloud stands for the cloud.

use std::collections::{BTreeMap, BTreeSet};

use gantry_crds::condition;
use gantry_plan::model::{self, Cloud, Key, Learned, Offering};
use jiff::Timestamp;

use crate::control::learned::{Kind, Learned as Lessons};
use crate::kube::objects::{CloudObject, PoolObject};
use crate::model_of;

/// Hosts that a pool may be asked for; the API accepts no more.
const HOSTS_MAX: i32 = 5_000;
/// Price of an hour, in micro-units: a sum over all hosts of a cloud stays far from the end of the numbers.
const PRICE_MICRO_MAX: i64 = 1_000_000_000_000;
/// Virtual CPUs of a flavor.
const VCPUS_MAX: i64 = 100_000;
/// Memory of a flavor, and its disk: a PiB.
const MIB_MAX: i64 = 1 << 30;
const GIB_MAX: i64 = 1 << 20;

/// What the API would not have accepted of a pool.
pub(super) fn wrong(pool: &PoolObject) -> Option<String> {
    let spec = &pool.spec;
    let sizes = [("minHosts", spec.min_hosts), ("maxHosts", spec.max_hosts), ("replicas", spec.replicas.unwrap_or(0))];
    let (field, size) = sizes.into_iter().find(|(_, size)| !(0..=HOSTS_MAX).contains(size))?;
    Some(format!("spec.{field}: it is {size}; write a number from 0 to {HOSTS_MAX}"))
}

/// All pools, each with what is known of its flavors and whether it may buy.
pub(super) fn pools(pools: &BTreeMap<Key, PoolObject>, clouds: &BTreeMap<Key, CloudObject>) -> Vec<model::Pool> {
    let lessons = Lessons::default();
    clouds.iter().for_each(|(key, cloud)| lessons.restore(key, &cloud.status.learned));
    let read = |pool: &PoolObject| {
        let key = Key::new(&pool.namespace, &pool.spec.cloud_name);
        let flavors = flavors(pool);
        model::Pool {
            learned: learned(pool, &flavors, |kind| lessons.get(&key, kind)),
            ready: ready(pool, clouds.get(&key)),
            ..model_of::pool(pool, flavors)
        }
    };
    pools.values().map(read).collect()
}

/// The flavors that a template names, or those that the pool's status says it means.
fn flavors(pool: &PoolObject) -> Vec<String> {
    let names = &pool.spec.template.flavors.names;
    if names.is_empty() { pool.status.resolved.clone().unwrap_or_default().flavors } else { names.clone() }
}

fn learned(pool: &PoolObject, flavors: &[String], get: impl Fn(&Kind) -> Option<Learned>) -> BTreeMap<String, Learned> {
    let template = &pool.spec.template;
    let resolved = pool.status.resolved.as_ref().and_then(|resolved| resolved.image.as_ref()).map(|image| &image.id);
    let Some(image) = template.image.id.as_ref().or(resolved) else { return BTreeMap::new() };
    flavors.iter().filter_map(|flavor| Some((flavor.clone(), get(&Kind::of_template(template, flavor, image))?))).collect()
}

/// Whether a pool may create hosts, or why not, in words.
fn ready(pool: &PoolObject, cloud: Option<&CloudObject>) -> Result<(), String> {
    let name = &pool.spec.cloud_name;
    if pool.deleting {
        return Err("the pool is being deleted".into());
    }
    let Some(cloud) = cloud else { return Err(format!("OpenStackCloud {name} of namespace {} is not in the input", pool.namespace)) };
    if cloud.deleting {
        return Err(format!("OpenStackCloud {name} is being deleted"));
    }
    not_ready(&cloud.status.conditions).map_or(Ok(()), |why| Err(format!("OpenStackCloud {name}: {why}")))?;
    if cloud.status.offerings.is_empty() {
        return Err(format!(
            "OpenStackCloud {name} has no status.offerings, which say what can be bought; read it from a cluster, or write them"
        ));
    }
    not_ready(&pool.status.conditions).map_or(Ok(()), Err)?;
    any_flavor(pool, cloud)
}

fn not_ready(conditions: &[gantry_crds::Condition]) -> Option<String> {
    condition::find(conditions, "Ready").filter(|condition| condition.status == "False").map(|condition| condition.message.clone())
}

fn any_flavor(pool: &PoolObject, cloud: &CloudObject) -> Result<(), String> {
    let offered: BTreeSet<&str> = cloud.status.offerings.iter().map(|offering| offering.flavor.as_str()).collect();
    let wanted = flavors(pool);
    if wanted.is_empty() {
        return Err("the pool asks for flavors by size, and its status.resolved.flavors does not say which those are; name flavors".into());
    }
    if wanted.iter().any(|flavor| offered.contains(flavor.as_str())) {
        return Ok(());
    }
    let (wanted, offered) = (wanted.join(", "), offered.into_iter().collect::<Vec<_>>().join(", "));
    Err(format!("the cloud offers none of the pool's flavors {wanted}; its status.offerings have {offered}"))
}

/// All clouds.
///
/// # Errors
/// The first whose status has a price or an amount that is none, with what is wrong.
pub(super) fn clouds(clouds: &BTreeMap<Key, CloudObject>, now: Timestamp) -> Result<BTreeMap<Key, Cloud>, String> {
    let read = |(key, cloud): (&Key, &CloudObject)| match model_of::cloud(&cloud.status, now) {
        Ok(model) => match model.offerings.iter().find(|offering| !is_plausible(offering)) {
            Some(offering) => Err(format!(
                "OpenStackCloud {key}: status.offerings: {} in {} has a size or a price that no server has",
                offering.flavor, offering.zone
            )),
            None => Ok((key.clone(), model)),
        },
        Err(error) => Err(format!("OpenStackCloud {key}: status.offerings: {error}")),
    };
    clouds.iter().map(read).collect()
}

fn is_plausible(offering: &Offering) -> bool {
    (0..=VCPUS_MAX).contains(&offering.vcpus)
        && (0..=MIB_MAX).contains(&offering.memory_mib)
        && (0..=GIB_MAX).contains(&offering.disk_gib)
        && (0..=PRICE_MICRO_MAX).contains(&offering.price_micro)
        && offering.resources.values().all(|amount| *amount >= 0)
}
