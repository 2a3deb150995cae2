//! Status of pools and clouds: computed whole, written only when it says something new.

mod cloud;
mod pool;

use std::fmt::Debug;

use gantry_crds::{OpenStackCloud, VMPool};
use gantry_plan::Plan;
use gantry_plan::model::{Key, Snapshot};
use kube::api::{Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::{Api, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::context::Context;
use super::drift;

/// Writes what changed.
pub(super) async fn write(ctx: &Context, snapshot: &Snapshot, plan: &Plan) {
    for (key, entry) in ctx.stores.pools.list() {
        let Some(planned) = snapshot.pools.iter().find(|pool| pool.key == key) else { continue };
        let view = pool::View::new(ctx, &key, &entry.value, planned);
        let compared = view.compared();
        let status = view.status(plan, compared.as_deref());
        pool::announce_block(ctx, &entry.value, &status);
        put::<VMPool, _>(ctx, &key, &entry.value.status, status).await;
        drift::tell(ctx, compared.unwrap_or_default()).await;
    }
    for (key, entry) in ctx.stores.clouds.list() {
        let status = cloud::status(ctx, &key, &entry.value, snapshot.now);
        put::<OpenStackCloud, _>(ctx, &key, &entry.value.status, status).await;
    }
    ctx.metrics.hosts(ctx.stores.hosts.list().iter().map(|(key, entry)| {
        let host = &entry.value;
        (format!("{}/{}", key.namespace, host.spec.pool_name), format!("{:?}", host.status.phase))
    }));
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
