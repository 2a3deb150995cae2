//! The API server: requests become reads and writes of the store, by the rules of the real one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::chaos::{Chaos, Effect};
use super::kinds::{Kind, Status};
use super::list;
use super::path::Target;
use super::select::Selector;
use super::status::{self, Refusal};
use super::store::{Store, name_of};
use super::watching::Watch;
use crate::clock::WorldClock;

/// A request, taken apart.
#[derive(Clone, Debug)]
pub struct Asked {
    /// HTTP method.
    pub method: String,
    /// What it is about.
    pub target: Target,
    /// Query parameters.
    pub query: BTreeMap<String, String>,
    /// Body.
    pub body: Value,
    /// `Content-Type`.
    pub content_type: String,
}

impl Asked {
    /// `LIST`, `WATCH`, `GET`, or the method of a write.
    pub fn verb(&self) -> &str {
        match (self.method.as_str(), &self.target.name) {
            ("GET", None) if self.parameter("watch") == "true" => "WATCH",
            ("GET", None) => "LIST",
            (method, _) => method,
        }
    }

    /// A query parameter; empty if it is not there.
    pub fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }

    pub(super) fn selector(&self) -> Result<Selector, Refusal> {
        Selector::read(self.parameter("labelSelector"), self.parameter("fieldSelector"))
    }
}

/// What is answered.
pub enum Answer {
    /// One JSON document with its code.
    Whole(u16, Value),
    /// A stream of events.
    Stream(Watch),
}

/// Everything in it.
pub struct State {
    /// Objects and history.
    pub store: Store,
    /// What is wrong.
    pub chaos: Chaos,
    /// Requests by verb and route since the last look.
    pub requests: BTreeMap<String, u64>,
    /// Pods whose eviction a PodDisruptionBudget forbids, by namespace.
    pub guarded_namespaces: Vec<String>,
}

/// The API server; clones are the same one.
#[derive(Clone)]
pub struct ApiServer {
    state: Arc<Mutex<State>>,
    versions: watch::Sender<u64>,
    clock: WorldClock,
}

impl ApiServer {
    /// An API server without objects.
    pub fn new(seed: u64, clock: WorldClock) -> Self {
        let state = State { store: Store::new(seed), chaos: Chaos::default(), requests: BTreeMap::new(), guarded_namespaces: Vec::new() };
        Self { state: Arc::new(Mutex::new(state)), versions: watch::Sender::new(0), clock }
    }

    /// The state; whoever changes it ends with [`Self::tell`].
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the watches.
    pub fn tell(&self) {
        let version = self.state().store.version();
        self.versions.send_replace(version);
    }

    /// Changes what is wrong.
    pub fn chaos(&self, change: impl FnOnce(&mut Chaos)) {
        change(&mut self.state().chaos);
        self.tell();
    }

    /// Told at each change.
    pub fn versions(&self) -> watch::Receiver<u64> {
        self.versions.subscribe()
    }

    /// What time it is in the world.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What is to go wrong with this request; counts it.
    pub fn effect(&self, asked: &Asked) -> Option<Effect> {
        let mut state = self.state();
        let (verb, route) = (asked.verb().to_owned(), asked.target.route());
        *state.requests.entry(format!("{verb} {route}")).or_default() += 1;
        state.chaos.effect(&verb, &route)
    }

    /// Applies a request.
    ///
    /// # Errors
    /// What the API server refuses it with.
    pub fn answer(&self, asked: &Asked, effect: Option<&Effect>) -> Result<Answer, Refusal> {
        if asked.verb() == "WATCH" {
            return Ok(Answer::Stream(Watch::open(self, asked)?));
        }
        let now = self.now();
        let answer = match asked.verb() {
            "LIST" => list::answer(&self.state(), asked, effect),
            "GET" => self.read(asked),
            "POST" => create(&mut self.state(), asked, now),
            "PUT" | "PATCH" => change(&mut self.state(), asked, now),
            "DELETE" => delete(&mut self.state(), asked, now),
            other => Err(Refusal::bad_request(&format!("the method {other} is not known"))),
        };
        self.tell();
        answer.map(|(code, body)| Answer::Whole(code, body))
    }

    fn read(&self, asked: &Asked) -> Result<(u16, Value), Refusal> {
        Ok((200, (*found(&self.state().store, &asked.target)?).clone()))
    }
}

fn found(store: &Store, target: &Target) -> Result<Arc<Value>, Refusal> {
    let name = target.name.as_deref().unwrap_or_default();
    store.get(target.kind, &target.namespace, name).cloned().ok_or_else(|| Refusal::not_found(target.kind, name))
}

fn create(state: &mut State, asked: &Asked, now: Timestamp) -> Result<(u16, Value), Refusal> {
    let target = &asked.target;
    if target.subresource.as_deref() == Some("eviction") {
        return evict(state, asked, now);
    }
    if target.name.is_some() {
        return Err(Refusal::bad_request("POST to an object is not understood here"));
    }
    let made = state.store.create(target.kind, &target.namespace, with_data(asked.body.clone()), now)?;
    Ok((201, (*made).clone()))
}

/// `stringData` of a Secret becomes `data`.
fn with_data(mut object: Value) -> Value {
    use base64::Engine;
    let plain = object.as_object_mut().and_then(|map| map.remove("stringData"));
    for (key, text) in plain.iter().filter_map(Value::as_object).flatten() {
        let encoded = base64::engine::general_purpose::STANDARD.encode(text.as_str().unwrap_or_default());
        object["data"][key] = encoded.into();
    }
    object
}

/// The API server asks the budgets and then deletes, with the grace that the pod has.
fn evict(state: &mut State, asked: &Asked, now: Timestamp) -> Result<(u16, Value), Refusal> {
    let target = &asked.target;
    let pod = found(&state.store, target)?;
    preconditions(target.kind, &pod, &asked.body["deleteOptions"]["preconditions"])?;
    if state.guarded_namespaces.contains(&target.namespace) {
        return Err(Refusal::disruption_budget());
    }
    state.store.delete(target.kind, &pod, grace_s(target.kind, &pod), now);
    Ok((201, status::success()))
}

/// A pod on a node ends in its own time: its kubelet says when.
fn grace_s(kind: &Kind, object: &Value) -> u64 {
    let is_bound = kind.plural == "pods" && object["spec"]["nodeName"].as_str().is_some_and(|node| !node.is_empty());
    if is_bound { 30 } else { 0 }
}

fn delete(state: &mut State, asked: &Asked, now: Timestamp) -> Result<(u16, Value), Refusal> {
    let target = &asked.target;
    let object = found(&state.store, target)?;
    preconditions(target.kind, &object, &asked.body["preconditions"])?;
    let grace_s = asked.body["gracePeriodSeconds"].as_u64().unwrap_or_else(|| grace_s(target.kind, &object));
    let (last, is_gone) = state.store.delete(target.kind, &object, grace_s, now);
    let uid = last["metadata"]["uid"].as_str().unwrap_or_default();
    let body = if is_gone { status::deleted(target.kind, name_of(&last), uid) } else { (*last).clone() };
    Ok((200, body))
}

fn preconditions(kind: &Kind, object: &Value, wanted: &Value) -> Result<(), Refusal> {
    for (field, word) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
        let is = &object["metadata"][field];
        if wanted[field].is_string() && wanted[field] != *is {
            let why = format!("Precondition failed: {word} in precondition: {}, {word} in object meta: {is}", wanted[field]);
            return Err(Refusal::conflict(kind, name_of(object), &why));
        }
    }
    Ok(())
}

fn change(state: &mut State, asked: &Asked, now: Timestamp) -> Result<(u16, Value), Refusal> {
    let target = &asked.target;
    let old = found(&state.store, target)?;
    let given = if asked.method == "PUT" { with_data(asked.body.clone()) } else { patched(&old, asked)? };
    let version = &given["metadata"]["resourceVersion"];
    if version.as_str().is_some_and(|version| !version.is_empty()) && *version != old["metadata"]["resourceVersion"] {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Refusal::conflict(target.kind, name_of(&old), why));
    }
    if given["metadata"]["uid"] != old["metadata"]["uid"] {
        preconditions(target.kind, &old, &json!({"uid": given["metadata"]["uid"]}))?;
    }
    let new = taken_over(target, &old, given);
    let stored = state.store.replace(target.kind, &old, new, now)?;
    Ok((200, (*stored).clone()))
}

fn patched(old: &Value, asked: &Asked) -> Result<Value, Refusal> {
    let mut object = old.clone();
    match asked.content_type.as_str() {
        "application/json-patch+json" => {
            let patch: json_patch::Patch =
                serde_json::from_value(asked.body.clone()).map_err(|error| Refusal::bad_request(&error.to_string()))?;
            let refused = |error: json_patch::PatchError| Refusal::invalid(asked.target.kind, name_of(old), &error.to_string());
            json_patch::patch(&mut object, &patch).map_err(refused)?;
        }
        "application/merge-patch+json" => json_patch::merge(&mut object, &asked.body),
        other => return Err(Refusal::bad_request(&format!("the patch type {other} is not understood here"))),
    }
    Ok(object)
}

/// What a write may change of an object: its subresource, or all but the subresources and what only the API server writes.
fn taken_over(target: &Target, old: &Value, given: Value) -> Value {
    match target.subresource.as_deref() {
        Some("status") => with_field(old.clone(), "status", &given["status"]),
        Some("approval") => {
            let mut new = old.clone();
            new["status"]["conditions"] = given["status"]["conditions"].clone();
            new
        }
        _ => {
            let mut new = given;
            if target.kind.status == Status::Subresource {
                new = with_field(new, "status", &old["status"]);
            }
            for field in [
                "uid",
                "name",
                "namespace",
                "creationTimestamp",
                "deletionTimestamp",
                "deletionGracePeriodSeconds",
                "generation",
                "resourceVersion",
            ] {
                let meta = new["metadata"].take();
                new["metadata"] = with_field(meta, field, &old["metadata"][field]);
            }
            new
        }
    }
}

fn with_field(mut object: Value, field: &str, value: &Value) -> Value {
    if !object.is_object() {
        object = json!({});
    }
    if let Some(map) = object.as_object_mut() {
        if value.is_null() {
            map.remove(field);
        } else {
            map.insert(field.to_owned(), value.clone());
        }
    }
    object
}
