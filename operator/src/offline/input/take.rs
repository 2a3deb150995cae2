//! One object, by its kind, into what has been read so far.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_crds::{Host, OpenStackCloud, VMPool};
use gantry_plan::model::Key;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;

use super::body::{Body, Head};
use super::kinds::Kind;
use super::{Input, Place, amounts, pools};
use crate::kube::objects::PoolObject;
use crate::kube::project::{self, Origin, wire};
use crate::offline::decision;

/// Namespace of objects that name none, as kubectl has it.
const DEFAULT_NAMESPACE: &str = "default";
/// Other kinds that are told by name.
const IGNORED_KINDS_MAX: usize = 100;

impl Input {
    /// Takes in an object; `kind` is that of the list that it comes from.
    pub(super) fn take(&mut self, place: Place, kind: &str, body: &Body<'_>) {
        self.objects += 1;
        let head: Head = match body.read() {
            Ok(head) => head,
            Err(what) => return self.problem(place, "", what),
        };
        let name = if head.kind.is_empty() { kind } else { &head.kind };
        if name.is_empty() {
            return self.problem(place, "", "it has no kind; every object says what it is".into());
        }
        let Some(kind) = Kind::of(&head.api_version, name) else { return self.pass_over(name) };
        match self.take_kind(kind, body) {
            Ok(()) => *self.seen.entry(kind).or_default() += 1,
            Err(what) => self.problem(place, &body.title(name), what),
        }
    }

    fn pass_over(&mut self, kind: &str) {
        if self.ignored.len() < IGNORED_KINDS_MAX || self.ignored.contains_key(kind) {
            *self.ignored.entry(kind.to_owned()).or_default() += 1;
        }
    }

    fn take_kind(&mut self, kind: Kind, body: &Body<'_>) -> Result<(), String> {
        match kind {
            Kind::Pod => return self.take_pod(body.read()?),
            Kind::Node => return self.take_node(body.read()?),
            Kind::Pool => return self.take_pool(body.read()?),
            Kind::DaemonSet => return self.take_daemon_set(body.read()?),
            Kind::Decision => return self.take_decision(body),
            Kind::DisruptionBudget => return Ok(()),
            _ => {}
        }
        let twice = match kind {
            Kind::Namespace => named(body, |o: &wire::Namespace| &o.metadata, project::namespace, &mut self.namespaces),
            Kind::Volume => named(body, |o: &wire::Volume| &o.metadata, project::volume, &mut self.volumes),
            Kind::StorageClass => named(body, |o: &wire::Class| &o.metadata, project::class, &mut self.classes),
            Kind::CsiNode => named(body, |o: &wire::CsiNode| &o.metadata, project::drivers, &mut self.drivers),
            Kind::CsiDriver => named(body, |o: &wire::CsiDriver| &o.metadata, project::csi_driver, &mut self.required_drivers),
            Kind::PriorityClass => named(body, |o: &wire::PriorityClass| &o.metadata, |class| class, &mut self.ranks),
            Kind::Claim => keyed(body, |o: &mut wire::Claim| &mut o.metadata, project::volume_claim, &mut self.claims),
            Kind::Host => keyed(body, |o: &mut Host| &mut o.metadata, Into::into, &mut self.hosts),
            _ => keyed(body, |o: &mut OpenStackCloud| &mut o.metadata, Into::into, &mut self.clouds),
        };
        self.repeated += usize::from(twice?);
        Ok(())
    }

    fn take_pod(&mut self, mut pod: wire::Pod) -> Result<(), String> {
        let key = key(&mut pod.metadata)?;
        if let Some(what) = amounts::of_pod(&pod.spec) {
            return Err(what);
        }
        let class = pod.spec.priority.is_none().then(|| pod.spec.priority_class_name.0.clone());
        pod.metadata.uid.get_or_insert_with(|| key.to_string());
        let Some(pod) = project::pod(pod, &self.interner, Origin::File) else { return Ok(()) };
        if let Some(class) = class {
            self.unranked.insert(key.clone(), class);
        }
        self.repeated += usize::from(self.pods.insert(key, Arc::new(pod)).is_some());
        Ok(())
    }

    fn take_pool(&mut self, mut pool: VMPool) -> Result<(), String> {
        let key = key(&mut pool.metadata)?;
        let pool: PoolObject = pool.into();
        if let Some(what) = pools::wrong(&pool) {
            return Err(what);
        }
        self.repeated += usize::from(self.pools.insert(key, pool).is_some());
        Ok(())
    }

    fn take_node(&mut self, node: wire::Node) -> Result<(), String> {
        if let Some(what) = amounts::of_node(&node) {
            return Err(what);
        }
        let name = name(&node.metadata)?;
        self.repeated += usize::from(self.nodes.insert(name, project::node(node)).is_some());
        Ok(())
    }

    fn take_daemon_set(&mut self, mut set: wire::DaemonSet) -> Result<(), String> {
        let key = key(&mut set.metadata)?;
        if let Some(what) = amounts::of_pod(&set.spec.template.spec) {
            return Err(format!("spec.template.{what}"));
        }
        self.repeated += usize::from(self.daemon_sets.insert(key, project::daemon_set(set)).is_some());
        Ok(())
    }

    fn take_decision(&mut self, body: &Body<'_>) -> Result<(), String> {
        if self.decision.is_some() {
            return Err("it is the second decision; replay one at a time".into());
        }
        let decision = match body {
            Body::Json(text) => decision::read(text),
            Body::Tree(value) => decision::read(&value.to_string()),
        };
        self.decision = Some(decision?);
        Ok(())
    }
}

fn name(meta: &ObjectMeta) -> Result<String, String> {
    let name = meta.name.clone().filter(|name| !name.is_empty());
    name.ok_or_else(|| "metadata.name: it is missing; every object has a name".into())
}

/// Name and namespace; one that is not given is filled in.
fn key(meta: &mut ObjectMeta) -> Result<Key, String> {
    if meta.namespace.as_deref().is_none_or(str::is_empty) {
        meta.namespace = Some(DEFAULT_NAMESPACE.to_owned());
    }
    Ok(Key::new(meta.namespace.clone().unwrap_or_default(), name(meta)?))
}

/// Takes in an object without a namespace. Whether it was there before.
fn named<W: DeserializeOwned, T>(
    body: &Body<'_>,
    meta: fn(&W) -> &ObjectMeta,
    read: fn(W) -> T,
    into: &mut BTreeMap<String, T>,
) -> Result<bool, String> {
    let object: W = body.read()?;
    let name = name(meta(&object))?;
    Ok(into.insert(name, read(object)).is_some())
}

/// Takes in an object with a namespace. Whether it was there before.
fn keyed<W: DeserializeOwned, T>(
    body: &Body<'_>,
    meta: fn(&mut W) -> &mut ObjectMeta,
    read: fn(W) -> T,
    into: &mut BTreeMap<Key, T>,
) -> Result<bool, String> {
    let mut object: W = body.read()?;
    let key = key(meta(&mut object))?;
    Ok(into.insert(key, read(object)).is_some())
}
