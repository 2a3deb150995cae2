//! Pools and clouds come and go: finalizers first and last, hosts of a deleted pool released, failed hosts given up.

use std::fmt::Debug;

use gantry_crds::{FINALIZER, OpenStackCloud, VMPool, condition};
use gantry_plan::model::Key;
use kube::api::{Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::{Api, Error, Resource};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::context::{Context, reference};
use super::offerings::Bought;
use super::planning::delete_host;
use crate::kube::objects::{HostObject, Object};
use crate::kube::store::Entry;

/// One look at all pools, clouds and failed hosts.
pub(super) async fn pass(ctx: &Context) {
    for (key, pool) in ctx.stores.pools.list() {
        let hosts = hosts_of(ctx, |host| host.namespace == key.namespace && host.spec.pool_name == key.name);
        if pool.value.deleting {
            release(ctx, &hosts, &format!("pool {} is being deleted", key.name)).await;
        }
        hold::<VMPool, _, _>(ctx, &key, &pool, hosts.is_empty()).await;
    }
    for (key, cloud) in ctx.stores.clouds.list() {
        let used = !hosts_of(ctx, |host| host.namespace == key.namespace && host.spec.cloud_name == key.name).is_empty();
        if cloud.value.deleting && used {
            let message = "Hosts of this cloud still exist; delete their pools first. The credentials are kept until they are gone";
            ctx.events.emit(&reference("OpenStackCloud", &cloud.value), "Warning", "CloudInUse", message);
        }
        hold::<OpenStackCloud, _, _>(ctx, &key, &cloud, !used).await;
    }
    give_up_failed(ctx).await;
    give_up_unasked(ctx).await;
    let uids: std::collections::HashSet<String> = ctx.stores.hosts.list().into_iter().map(|(_, entry)| entry.uid().to_owned()).collect();
    ctx.memories.retain(|uid| uids.contains(uid));
}

type Hosts = Vec<(Key, std::sync::Arc<Entry<HostObject>>)>;

fn hosts_of(ctx: &Context, which: impl Fn(&HostObject) -> bool) -> Hosts {
    ctx.stores.hosts.list().into_iter().filter(|(_, entry)| which(&entry.value)).collect()
}

async fn release(ctx: &Context, hosts: &Hosts, why: &str) {
    for (key, entry) in hosts.iter().filter(|(_, entry)| !entry.value.deleting).take_while(|_| ctx.may_act()) {
        ctx.host_event(&entry.value, "Normal", "HostReleased", why);
        delete_host(ctx, key, entry.uid(), entry.version).await;
    }
}

/// A host that cannot go on makes room for another one; what it stood for is cleaned up by its finalizer.
async fn give_up_failed(ctx: &Context) {
    for (key, entry) in hosts_of(ctx, |host| !host.deleting && condition::is_true(&host.status.conditions, "Failed")) {
        let why = condition::find(&entry.value.status.conditions, "Failed").map(|c| c.message.clone()).unwrap_or_default();
        tracing::info!(host = %key, why, "failed host given up");
        delete_host(ctx, &key, entry.uid(), entry.version).await;
    }
}

/// A host that nothing was asked for yet is let go when what it was bought as failed since: its pods may find another offering.
async fn give_up_unasked(ctx: &Context) {
    let now = ctx.now();
    ctx.offerings.end_trials(|key| ctx.stores.hosts.get(key).is_some(), now);
    for (key, entry) in hosts_of(ctx, |host| !host.deleting && host.status.create_sent_at.is_none() && host.status.server_id.is_none()) {
        let Some(failed) = ctx.offerings.refuses(&Bought::of(&entry.value), &key, now).filter(|_| ctx.may_act()) else { continue };
        let why = format!("{} in {} failed meanwhile: {}", entry.value.spec.flavor, entry.value.spec.zone, failed.told());
        tracing::info!(host = %key, why, "host given up before anything was asked for");
        ctx.host_event(&entry.value, "Normal", "HostReleased", &why);
        delete_host(ctx, &key, entry.uid(), entry.version).await;
    }
}

/// Puts our finalizer on, or takes it off a deleted object of which nothing is left.
async fn hold<K, S, T>(ctx: &Context, key: &Key, entry: &Entry<Object<S, T>>, nothing_left: bool)
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let object = &entry.value;
    let mut finalizers = object.finalizers.clone();
    match (object.deleting, object.held()) {
        (false, false) => finalizers.push(FINALIZER.into()),
        (true, true) if nothing_left => finalizers.retain(|finalizer| finalizer != FINALIZER),
        _ => return,
    }
    let api: Api<K> = Api::namespaced(ctx.client.clone(), &key.namespace);
    let patch = json!({"metadata": {"resourceVersion": entry.version.to_string(), "finalizers": finalizers}});
    match api.patch(&key.name, &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(_) => {}
        Err(Error::Api(status)) if status.code == 404 || status.code == 409 => ctx.signals.plan.mark(),
        Err(error) => tracing::warn!(object = %key, kind = %K::kind(&()), %error, "a finalizer could not be changed; tried again"),
    }
}
