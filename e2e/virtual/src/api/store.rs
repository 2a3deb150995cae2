//! The objects, the one counter of versions, and what happened lately, as etcd keeps them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use serde_json::{Value, json};

use super::kinds::{Kind, Scope, Status};
use super::status::Refusal;

/// Changes that are remembered; a watch from before them is told 410.
const HISTORY_MAX: usize = 100_000;

/// Where an object is: plural, namespace, name.
pub type Place = (&'static str, String, String);

/// What happened to an object.
#[derive(Clone, Debug)]
pub struct Change {
    /// The version that it made.
    pub version: u64,
    /// The kind's plural.
    pub plural: &'static str,
    /// The object before.
    pub before: Option<Arc<Value>>,
    /// The object after; `None` if it is gone.
    pub after: Option<Arc<Value>>,
    /// What a watch shows: the object after, or as it was last, with the version of its deletion.
    pub shown: Arc<Value>,
    /// When.
    pub at: Timestamp,
}

/// All objects.
#[derive(Debug)]
pub struct Store {
    objects: BTreeMap<Place, Arc<Value>>,
    history: VecDeque<Change>,
    version: u64,
    forgotten: u64,
    random: StdRng,
}

impl Store {
    /// An empty one; UIDs follow from the seed.
    pub fn new(seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed);
        Self { objects: BTreeMap::new(), history: VecDeque::new(), version: 1, forgotten: 0, random }
    }

    /// The newest version.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Watches from before this version are told 410.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// From now on, nothing that happened until now is remembered.
    pub fn forget_history(&mut self) {
        self.history.clear();
        self.forgotten = self.version;
    }

    /// The object.
    pub fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(&(kind.plural, namespace.to_owned(), name.to_owned()))
    }

    /// All objects of a kind, in one namespace or in all, by namespace and name.
    pub fn list(&self, kind: &Kind, namespace: &str) -> impl Iterator<Item = (&Place, &Arc<Value>)> {
        let first = (kind.plural, namespace.to_owned(), String::new());
        let (plural, namespace) = (kind.plural, namespace.to_owned());
        let of_kind = self.objects.range(first..).take_while(move |(place, _)| place.0 == plural);
        of_kind.take_while(move |(place, _)| namespace.is_empty() || place.1 == namespace)
    }

    /// What the list was when `version` was the newest.
    pub fn list_at(&self, kind: &Kind, version: u64) -> Vec<Arc<Value>> {
        let mut then: BTreeMap<Place, Arc<Value>> = self.list(kind, "").map(|(place, object)| (place.clone(), object.clone())).collect();
        for change in self.history.iter().rev().take_while(|change| change.version > version).filter(|change| change.plural == kind.plural)
        {
            let place = place_of(kind, &change.shown);
            match &change.before {
                Some(before) => drop(then.insert(place, before.clone())),
                None => drop(then.remove(&place)),
            }
        }
        then.into_values().collect()
    }

    /// What happened after `version`, oldest first.
    pub fn changes_after(&self, version: u64) -> impl Iterator<Item = &Change> {
        let first = self.history.partition_point(|change| change.version <= version);
        self.history.range(first..)
    }

    /// Puts a new object in.
    ///
    /// # Errors
    /// If the name is taken or the object does not fit.
    pub fn create(&mut self, kind: &'static Kind, namespace: &str, mut object: Value, now: Timestamp) -> Result<Arc<Value>, Refusal> {
        let name = self.name_for(&object["metadata"]);
        if name.is_empty() {
            return Err(Refusal::invalid(kind, "", "metadata.name: Required value: name or generateName is required"));
        }
        if self.get(kind, namespace, &name).is_some() {
            return Err(Refusal::already_exists(kind, &name));
        }
        let meta = &mut object["metadata"];
        meta["name"] = name.clone().into();
        meta["uid"] = self.uid().into();
        meta["creationTimestamp"] = seconds(now).into();
        if kind.scope == Scope::Namespaced {
            meta["namespace"] = namespace.into();
        }
        if kind.group == "gantry.cloud" {
            meta["generation"] = 1.into();
        }
        remove(meta, &["resourceVersion", "deletionTimestamp", "selfLink"]);
        if kind.status == Status::Subresource && kind.group == "gantry.cloud" {
            remove(&mut object, &["status"]);
        }
        let object = kind.admitted(object).map_err(|error| Refusal::invalid(kind, &name, &format!("{error:#}")))?;
        Ok(self.put(kind, None, object, now))
    }

    /// Replaces an object by what became of it; an object that waits for nothing more goes.
    ///
    /// # Errors
    /// If the object does not fit, or its finalizers do not while it is deleted.
    pub fn replace(&mut self, kind: &'static Kind, old: &Arc<Value>, new: Value, now: Timestamp) -> Result<Arc<Value>, Refusal> {
        let mut new = kind.admitted(new).map_err(|error| Refusal::invalid(kind, name_of(old), &format!("{error:#}")))?;
        new["metadata"]["managedFields"] = old["metadata"]["managedFields"].clone();
        if new == **old {
            return Ok(old.clone());
        }
        let is_deleting = old["metadata"]["deletionTimestamp"].is_string();
        let finalizers = |object: &Value| object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        if is_deleting && finalizers(&new).iter().any(|finalizer| !finalizers(old).contains(finalizer)) {
            let why = "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted";
            return Err(Refusal { code: 422, ..Refusal::invalid(kind, name_of(old), why) });
        }
        let is_spec_changed = without(&new, &["metadata", "status"]) != without(old, &["metadata", "status"]);
        if let (true, Some(generation)) = (is_spec_changed, old["metadata"]["generation"].as_i64()) {
            new["metadata"]["generation"] = (generation + 1).into();
        }
        if is_deleting && finalizers(&new).is_empty() && new["metadata"]["deletionGracePeriodSeconds"] == 0 {
            return Ok(self.take_away(kind, &Arc::new(new), Some(old), now));
        }
        Ok(self.put(kind, Some(old), new, now))
    }

    /// DELETE: the object goes, or is marked if somebody holds it. The answer is the object as it is then, and whether it is gone.
    pub fn delete(&mut self, kind: &'static Kind, old: &Arc<Value>, grace_s: u64, now: Timestamp) -> (Arc<Value>, bool) {
        let is_held = old["metadata"]["finalizers"].as_array().is_some_and(|all| !all.is_empty());
        let is_marked = old["metadata"]["deletionTimestamp"].is_string();
        if !is_held && (grace_s == 0 || (is_marked && old["metadata"]["deletionGracePeriodSeconds"] == 0)) {
            return (self.take_away(kind, old, Some(old), now), true);
        }
        if is_marked {
            return (old.clone(), false);
        }
        let mut marked = (**old).clone();
        let meta = &mut marked["metadata"];
        meta["deletionTimestamp"] = seconds(now).into();
        meta["deletionGracePeriodSeconds"] = grace_s.into();
        if let Some(generation) = meta["generation"].as_i64() {
            meta["generation"] = (generation + 1).into();
        }
        (self.put(kind, Some(old), marked, now), false)
    }

    fn put(&mut self, kind: &'static Kind, before: Option<&Arc<Value>>, mut object: Value, now: Timestamp) -> Arc<Value> {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        object["metadata"]["managedFields"] = json!([managed(kind, now)]);
        let object = Arc::new(object);
        self.objects.insert(place_of(kind, &object), object.clone());
        self.note(kind, before.cloned(), Some(object.clone()), object.clone(), now);
        object
    }

    fn take_away(&mut self, kind: &'static Kind, last: &Arc<Value>, before: Option<&Arc<Value>>, now: Timestamp) -> Arc<Value> {
        self.version += 1;
        self.objects.remove(&place_of(kind, last));
        let mut shown = (**last).clone();
        shown["metadata"]["resourceVersion"] = self.version.to_string().into();
        let shown = Arc::new(shown);
        self.note(kind, before.cloned(), None, shown.clone(), now);
        shown
    }

    fn note(&mut self, kind: &'static Kind, before: Option<Arc<Value>>, after: Option<Arc<Value>>, shown: Arc<Value>, at: Timestamp) {
        if self.history.len() >= HISTORY_MAX
            && let Some(oldest) = self.history.pop_front()
        {
            self.forgotten = oldest.version;
        }
        self.history.push_back(Change { version: self.version, plural: kind.plural, before, after, shown, at });
    }

    fn name_for(&mut self, meta: &Value) -> String {
        match (meta["name"].as_str(), meta["generateName"].as_str()) {
            (Some(name), _) if !name.is_empty() => name.to_owned(),
            (_, Some(prefix)) => format!("{prefix}{:05x}", self.random.next_u32() & 0xf_ffff),
            _ => String::new(),
        }
    }

    fn uid(&mut self) -> String {
        let mut bytes = [0; 16];
        self.random.fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

fn place_of(kind: &Kind, object: &Value) -> Place {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    (kind.plural, text("namespace"), text("name"))
}

/// Who changed the object last, and when: one manager stands for all.
fn managed(kind: &Kind, now: Timestamp) -> Value {
    json!({"manager": "virtual", "operation": "Update", "apiVersion": kind.api_version(), "time": seconds(now), "fieldsType": "FieldsV1", "fieldsV1": {}})
}

/// Name of an object.
pub fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// `2026-11-23T08:00:00Z`, as the API server writes times.
pub fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn remove(object: &mut Value, fields: &[&str]) {
    if let Some(map) = object.as_object_mut() {
        fields.iter().for_each(|field| drop(map.remove(*field)));
    }
}

fn without(object: &Value, fields: &[&str]) -> Value {
    let mut rest = object.as_object().cloned().unwrap_or_default();
    fields.iter().for_each(|field| drop(rest.remove(*field)));
    json!(rest)
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
