//! Status of pools and clouds: computed whole, written only when it says something new.

use std::collections::BTreeMap;
use std::fmt::Debug;

use gantry_crds::{
    Condition, LABEL_POOL, OfferingStatus, OpenStackCloud, OpenStackCloudStatus, QuotaLine, QuotaStatus, VMPool, VMPoolStatus, condition,
};
use gantry_plan::Plan;
use gantry_plan::model::{Key, Pool, Snapshot};
use gantry_plan::quantity::{parse_price_micro, print_price_micro};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::{Api, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::context::{Context, reference};
use super::offerings::OfferingKey;
use super::snapshot::{missing, offerings};
use crate::kube::objects::{CloudObject, PoolObject};

/// Writes what changed.
pub(super) async fn write(ctx: &Context, snapshot: &Snapshot, plan: &Plan) {
    for (key, entry) in ctx.stores.pools.list() {
        let Some(planned) = snapshot.pools.iter().find(|pool| pool.key == key) else { continue };
        let status = pool_status(ctx, &key, &entry.value, planned, plan, snapshot.now);
        announce_block(ctx, &entry.value, &status);
        put::<VMPool, _>(ctx, &key, &entry.value.status, status).await;
    }
    for (key, entry) in ctx.stores.clouds.list() {
        let status = cloud_status(ctx, &key, &entry.value, snapshot.now);
        put::<OpenStackCloud, _>(ctx, &key, &entry.value.status, status).await;
    }
    ctx.metrics.hosts(ctx.stores.hosts.list().iter().map(|(key, entry)| {
        let host = &entry.value;
        (format!("{}/{}", key.namespace, host.spec.pool_name), format!("{:?}", host.status.phase))
    }));
}

fn pool_status(ctx: &Context, key: &Key, pool: &PoolObject, planned: &Pool, plan: &Plan, now: Timestamp) -> VMPoolStatus {
    let hosts = ctx.stores.hosts.list();
    let mine: Vec<_> =
        hosts.iter().filter(|(host, entry)| host.namespace == key.namespace && entry.value.spec.pool_name == key.name).collect();
    let cost = mine.iter().filter_map(|(_, entry)| parse_price_micro(&entry.value.spec.price).ok()).sum();
    let ready = mine.iter().filter(|(_, entry)| entry.value.status.phase == gantry_crds::HostPhase::Ready && !entry.value.deleting).count();
    let mut conditions = pool.status.conditions.clone();
    let condition = |type_: &str, (ok, reason, message): (bool, &str, String)| Condition {
        type_: type_.into(),
        status: if ok { "True" } else { "False" }.into(),
        last_transition_time: Time(now),
        reason: reason.into(),
        message,
        observed_generation: Some(pool.generation),
    };
    condition::set(&mut conditions, condition("Ready", readiness(ctx, pool, planned, mine.len())));
    condition::set(&mut conditions, condition("CanGrow", growth(key, planned, plan)));
    VMPoolStatus {
        conditions,
        observed_generation: Some(pool.generation),
        replicas: i32::try_from(mine.len()).unwrap_or(i32::MAX),
        ready_hosts: i32::try_from(ready).unwrap_or(i32::MAX),
        selector: format!("{LABEL_POOL}={}", key.name),
        cost_per_hour: print_price_micro(cost),
    }
}

/// What was found, and what is left out because the cloud does not have it.
fn resolved(ctx: &Context, pool: &PoolObject) -> String {
    let state = ctx.clouds.state(&Key::new(&pool.namespace, &pool.spec.cloud_name));
    let (flavors, zones) = missing(&pool.spec.template, &state);
    if flavors.is_empty() && zones.is_empty() {
        return "cloud, flavors, zones, image and networks were found".into();
    }
    let names = [flavors, zones].concat().join(", ");
    format!("left out, because the cloud does not have it: {names}; everything else was found")
}

fn readiness(ctx: &Context, pool: &PoolObject, planned: &Pool, hosts: usize) -> (bool, &'static str, String) {
    match &planned.ready {
        _ if pool.deleting => (false, "Deleting", format!("the pool is being deleted; {hosts} hosts are being drained and deleted")),
        Ok(()) => (true, "Resolved", resolved(ctx, pool)),
        Err(why) => (false, "NotReady", why.clone()),
    }
}

fn growth(key: &Key, planned: &Pool, plan: &Plan) -> (bool, &'static str, String) {
    match (&planned.ready, plan.blocked.get(key)) {
        (Err(why), _) => (false, "NotReady", why.clone()),
        (Ok(()), Some(why)) => (false, "Blocked", format!("blocked: {why}")),
        (Ok(()), None) => (true, "NothingInTheWay", "nothing that is known stands in the way of one more host".into()),
    }
}

/// A pool that becomes blocked says so in an event, once for each reason.
fn announce_block(ctx: &Context, pool: &PoolObject, new: &VMPoolStatus) {
    let reason = |status: &VMPoolStatus| condition::find(&status.conditions, "CanGrow").map(|c| (c.status.clone(), c.reason.clone()));
    if reason(&pool.status) == reason(new) {
        return;
    }
    let Some(condition) = condition::find(&new.conditions, "CanGrow") else { return };
    let was_blocked = condition::find(&pool.status.conditions, "CanGrow").is_some_and(|c| c.reason == "Blocked");
    match condition.reason.as_str() {
        "Blocked" => ctx.pool_event(pool, "Warning", "Blocked", &condition.message),
        "NothingInTheWay" if was_blocked => ctx.pool_event(pool, "Normal", "Unblocked", &condition.message),
        _ => {}
    }
}

fn cloud_status(ctx: &Context, key: &Key, cloud: &CloudObject, now: Timestamp) -> OpenStackCloudStatus {
    let state = ctx.clouds.state(key);
    // Before the first answer the status says what an earlier process wrote.
    let mut status = cloud.status.clone();
    let (ok, reason, message) = match state.ready() {
        Ok(()) => (true, "Answering".to_owned(), "the credentials work; flavors, zones, quota and servers have been read".to_owned()),
        Err(problem) => (false, problem.reason, problem.message),
    };
    let condition = Condition {
        type_: "Ready".into(),
        status: if ok { "True" } else { "False" }.into(),
        last_transition_time: Time(now),
        reason,
        message,
        observed_generation: Some(cloud.generation),
    };
    announce_cloud(ctx, cloud, &condition);
    condition::set(&mut status.conditions, condition);
    status.observed_generation = Some(cloud.generation);
    if !ok {
        return status;
    }
    status.region = state.identity.as_ref().map(|identity| identity.region.clone());
    status.project_id = state.identity.as_ref().map(|identity| identity.project_id.clone());
    status.servers = i32::try_from(state.inventory.by_host.values().map(Vec::len).sum::<usize>()).ok();
    status.offerings = offering_status(ctx, key, cloud, &state, now);
    if let Some((quota, _)) = state.quota {
        status.quota = Some(quota_status(&quota));
        status.summary = summary(&quota);
    }
    status
}

fn announce_cloud(ctx: &Context, cloud: &CloudObject, new: &Condition) {
    let old = condition::find(&cloud.status.conditions, "Ready").map(|c| (c.status.as_str(), c.reason.as_str()));
    if old == Some((new.status.as_str(), new.reason.as_str())) || new.reason == "Reading" {
        return;
    }
    let kind = if new.status == "True" { "Normal" } else { "Warning" };
    ctx.events.emit(&reference("OpenStackCloud", cloud), kind, &new.reason, &new.message);
}

/// Only what pools of this cloud may use: a cloud has more flavors than anybody wants to read.
fn offering_status(
    ctx: &Context,
    key: &Key,
    cloud: &CloudObject,
    state: &super::cloud_state::CloudState,
    now: Timestamp,
) -> Vec<OfferingStatus> {
    let pools = ctx.stores.pools.list();
    let mine: Vec<_> =
        pools.iter().filter(|(pool, entry)| pool.namespace == key.namespace && entry.value.spec.cloud_name == key.name).collect();
    let used = |flavor: &str, zone: &str| {
        mine.iter().any(|(_, pool)| {
            let template = &pool.value.spec.template;
            template.flavors.names.iter().any(|name| name == flavor)
                && (template.zones.is_empty() || template.zones.iter().any(|name| name == zone))
        })
    };
    let offerings = offerings(ctx, key, cloud, state, now).into_iter().filter(|offering| used(&offering.flavor, &offering.zone));
    offerings
        .map(|offering| {
            let id = OfferingKey { cloud: key.clone(), flavor: offering.flavor.clone(), zone: offering.zone.clone() };
            let failed = ctx.offerings.get(&id, now);
            OfferingStatus {
                vcpus: i32::try_from(offering.vcpus).unwrap_or(i32::MAX),
                memory_mib: offering.memory_mib,
                disk_gib: offering.disk_gib,
                resources: BTreeMap::new(),
                price: print_price_micro(offering.price_micro),
                available: failed.is_none(),
                until: failed.as_ref().map(|failed| Time(failed.until)),
                reason: failed.map(|failed| failed.message),
                flavor: offering.flavor,
                zone: offering.zone,
            }
        })
        .collect()
}

fn quota_status(quota: &gantry_cloud::Quota) -> QuotaStatus {
    let line = |line: gantry_cloud::Line| QuotaLine { limit: line.limit, used: line.used };
    QuotaStatus { instances: line(quota.instances), cores: line(quota.cores), memory_mib: line(quota.memory_mib) }
}

fn summary(quota: &gantry_cloud::Quota) -> BTreeMap<String, String> {
    let line = |line: gantry_cloud::Line| {
        if line.limit < 0 { format!("{} of any", line.used) } else { format!("{} of {}", line.used, line.limit) }
    };
    [("cores".to_owned(), line(quota.cores)), ("instances".to_owned(), line(quota.instances))].into()
}

/// The merge patch that makes `new` of `old`: a field that is left out of `new` is taken away only by `null`.
pub(super) fn merge_patch(old: &Value, mut new: Value) -> Value {
    if let (Some(old), Some(new)) = (old.as_object(), new.as_object_mut()) {
        for (name, value) in old {
            match new.get_mut(name) {
                None => drop(new.insert(name.clone(), Value::Null)),
                Some(inner) if inner.is_object() => *inner = merge_patch(value, inner.take()),
                Some(_) => {}
            }
        }
    }
    new
}

/// Patches the status if it differs from what is there.
async fn put<K, T>(ctx: &Context, key: &Key, old: &T, new: T)
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
    T: PartialEq + Serialize,
{
    if *old == new || !ctx.may_act() {
        return;
    }
    let api: Api<K> = Api::namespaced(ctx.client.clone(), &key.namespace);
    if let Err(error) =
        api.patch_status(&key.name, &PatchParams::default(), &Patch::Merge(json!({ "status": merge_patch(&json!(old), json!(new)) }))).await
    {
        tracing::warn!(object = %key, kind = %K::kind(&()), %error, "a status could not be written; written again with the next change");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_taken_away() {
        let old = json!({"a": 1, "b": {"x": 1, "y": 2}, "list": [1]});
        let new = json!({"b": {"x": 3}, "c": 4});
        assert_eq!(merge_patch(&old, new), json!({"a": null, "b": {"x": 3, "y": null}, "c": 4, "list": null}));
    }
}
