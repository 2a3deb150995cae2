//! Objects as YAML, written and taken away through a client: in loops of hundreds a kubectl each would cost more than what is tested.

use std::time::Duration;

use anyhow::{Context, Result};
use kube::api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use super::wait::until;

/// A namespace's default ServiceAccount comes a moment after the namespace; without it no pod can be created.
const ACCOUNT_LIMIT: Duration = Duration::from_secs(30);

/// Creates every document of this YAML, in order.
///
/// # Errors
/// What the API server says.
pub async fn create(client: &Client, yaml: &str) -> Result<()> {
    for document in yaml.split("---\n").filter(|text| !text.trim().is_empty()) {
        let object: DynamicObject = serde_saphyr::from_str(document).with_context(|| format!("no object:\n{document}"))?;
        let api = api(client, &object)?;
        let name = object.name_any();
        until(&format!("{name} to be created"), ACCOUNT_LIMIT, || async {
            match api.create(&PostParams::default(), &object).await {
                Ok(_) => Ok(Ok(())),
                Err(kube::Error::Api(status)) if status.code == 403 && status.message.contains("serviceaccount") => Err(status.message),
                Err(error) => Ok(Err(error)),
            }
        })
        .await??;
    }
    Ok(())
}

fn api(client: &Client, object: &DynamicObject) -> Result<Api<DynamicObject>> {
    let types = object.types.as_ref().context("an object without kind")?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::try_from(types)?);
    Ok(match object.namespace() {
        Some(namespace) => Api::namespaced_with(client.clone(), &namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    })
}

/// Objects of a namespace, as they are.
///
/// # Errors
/// What the API server says.
pub async fn list(client: &Client, kind: (&str, &str, &str), namespace: &str) -> Result<Vec<DynamicObject>> {
    Ok(of_kind(client, kind, namespace).list(&ListParams::default()).await?.items)
}

fn of_kind(client: &Client, (group, version, kind): (&str, &str, &str), namespace: &str) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    Api::namespaced_with(client.clone(), namespace, &resource)
}

/// Takes a namespace's objects of a kind away at once, with their finalizers: nobody is left who would honour them.
///
/// # Errors
/// What the API server says.
pub async fn remove_by_force(client: &Client, kind: (&str, &str, &str), namespace: &str) -> Result<()> {
    let api = of_kind(client, kind, namespace);
    for object in api.list(&ListParams::default()).await?.items {
        let name = object.name_any();
        if !object.finalizers().is_empty() {
            let free: Value = json!({"metadata": {"finalizers": null}});
            let _ = api.patch(&name, &PatchParams::default(), &Patch::Merge(free)).await;
        }
        let _ = api.delete(&name, &DeleteParams::default().grace_period(0)).await;
    }
    Ok(())
}
