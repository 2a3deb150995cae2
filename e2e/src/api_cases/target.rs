//! The API server's resource that objects of a case are tried on: without effect as any user, for real as the client's own.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, GroupVersionKind, ObjectMeta, Patch, PatchParams, PostParams};
use kube::core::Request;
use kube::discovery::{Scope, pinned_kind};
use serde_json::Value;

use super::Operation;

/// The resource of one kind, in one namespace where it has any.
pub(super) struct Target {
    client: Client,
    api: Api<DynamicObject>,
}

/// What the API server said.
pub(super) enum Answer {
    Accepted,
    Rejected(String),
}

impl Target {
    /// The resource that `object` belongs to, in its namespace or else in `namespace`, which is made.
    pub(super) async fn new(client: Client, object: &Value, namespace: &str) -> Result<Self> {
        let object: DynamicObject = serde_json::from_value(object.clone()).context("no object")?;
        let types = object.types.context("no apiVersion or no kind")?;
        let (resource, capabilities) = pinned_kind(&client, &GroupVersionKind::try_from(&types)?).await?;
        if capabilities.scope == Scope::Cluster {
            return Ok(Self { api: Api::all_with(client.clone(), &resource), client });
        }
        let namespace = object.metadata.namespace.unwrap_or_else(|| namespace.into());
        ensure_namespace(&client, &namespace).await?;
        Ok(Self { api: Api::namespaced_with(client.clone(), &namespace, &resource), client })
    }

    /// Makes the object, in place of one that an interrupted run left.
    pub(super) async fn create_for_real(&self, object: &Value) -> Result<Value> {
        let typed: DynamicObject = serde_json::from_value(object.clone())?;
        let mut made = self.api.create(&PostParams::default(), &typed).await;
        if matches!(&made, Err(kube::Error::Api(status)) if status.reason == "AlreadyExists") {
            self.delete_for_real(object).await?;
            made = self.api.create(&PostParams::default(), &typed).await;
        }
        let made = made.with_context(|| format!("cannot create {}, which is to be changed", name_of(object)))?;
        Ok(serde_json::to_value(made)?)
    }

    pub(super) async fn delete_for_real(&self, object: &Value) -> Result<()> {
        let deleted = self.api.delete(name_of(object), &DeleteParams::default()).await;
        deleted.map(drop).with_context(|| format!("cannot delete {}", name_of(object)))
    }

    /// Asks the API server without effect, strict about unknown fields.
    pub(super) async fn dry_run(&self, operation: Operation, object: &Value, patch: &Value, user: Option<&str>) -> Result<Answer> {
        let (request, post) = (Request::new(self.api.resource_url()), PostParams { dry_run: true, ..Default::default() });
        let name = name_of(object);
        let mut http = match operation {
            Operation::Create => request.create(&post, serde_json::to_vec(object)?)?,
            Operation::Replace => request.replace(name, &post, serde_json::to_vec(object)?)?,
            Operation::Patch => request.patch(name, &PatchParams::default().dry_run(), &Patch::Merge(patch))?,
            Operation::Status => request.patch_subresource("status", name, &PatchParams::default().dry_run(), &Patch::Merge(patch))?,
            Operation::Delete => request.delete(name, &DeleteParams { dry_run: true, ..Default::default() })?,
        };
        if operation != Operation::Delete {
            *http.uri_mut() = format!("{}&fieldValidation=Strict", http.uri()).parse()?;
        }
        if let Some(user) = user {
            http.headers_mut().insert("Impersonate-User", user.parse()?);
        }
        match self.client.request::<Value>(http).await {
            Ok(_) => Ok(Answer::Accepted),
            Err(kube::Error::Api(status)) => Ok(Answer::Rejected(status.message)),
            Err(error) => Err(error).context("cannot ask the API server"),
        }
    }
}

fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

async fn ensure_namespace(client: &Client, name: &str) -> Result<()> {
    let object = Namespace { metadata: ObjectMeta { name: Some(name.into()), ..Default::default() }, ..Default::default() };
    match Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &object).await {
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(()),
        other => other.map(drop).with_context(|| format!("cannot create namespace {name}")),
    }
}
