//! A pod as a decision has it: its spec and labels by number, and of its life only what is not the usual.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use gantry_plan::model::{Key, Labels, Name, Pod, PodSpec};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Values that are written once.
pub(super) struct Table<T> {
    values: Vec<Arc<T>>,
    at: HashMap<Arc<T>, usize>,
    /// Found without looking at the value: a snapshot shares most of them.
    by_address: HashMap<*const T, usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { values: Vec::new(), at: HashMap::new(), by_address: HashMap::new() }
    }
}

impl<T: Eq + Hash> Table<T> {
    /// The value's number.
    fn number(&mut self, value: &Arc<T>) -> usize {
        if let Some(at) = self.by_address.get(&Arc::as_ptr(value)) {
            return *at;
        }
        let next = self.values.len();
        let at = *self.at.entry(value.clone()).or_insert(next);
        if at == next {
            self.values.push(value.clone());
        }
        self.by_address.insert(Arc::as_ptr(value), at);
        at
    }

    /// All, in order of their numbers.
    pub fn into_values(self) -> Vec<Arc<T>> {
        self.values
    }
}

/// A pod.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row<'a> {
    key: Cow<'a, Key>,
    uid: Cow<'a, str>,
    labels: usize,
    spec: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nominated: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "is_false")]
    unschedulable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unschedulable_since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_false")]
    terminating: bool,
    created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<Cow<'a, (Name, Name)>>,
    #[serde(default, skip_serializing_if = "is_false")]
    mirror: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl<'a> Row<'a> {
    /// The pod, written down.
    pub fn of(pod: &'a Pod, specs: &mut Table<PodSpec>, labels: &mut Table<Labels>) -> Self {
        Self {
            key: Cow::Borrowed(&pod.key),
            uid: Cow::Borrowed(&pod.uid),
            labels: labels.number(&pod.labels),
            spec: specs.number(&pod.spec),
            node: pod.node_name.as_deref().map(Cow::Borrowed),
            nominated: pod.nominated_node.as_deref().map(Cow::Borrowed),
            unschedulable: pod.unschedulable,
            unschedulable_since: pod.unschedulable_since,
            terminating: pod.terminating,
            created: pod.created,
            owner: pod.owner.as_ref().map(Cow::Borrowed),
            mirror: pod.mirror,
        }
    }

    /// The pod; `None` if its spec or labels are not among these.
    pub fn pod(self, specs: &[Arc<PodSpec>], labels: &[Arc<Labels>]) -> Option<Pod> {
        Some(Pod {
            key: self.key.into_owned(),
            uid: self.uid.into_owned(),
            labels: labels.get(self.labels)?.clone(),
            spec: specs.get(self.spec)?.clone(),
            node_name: self.node.as_deref().map(Name::from),
            let_in: None,
            nominated_node: self.nominated.as_deref().map(Name::from),
            unschedulable: self.unschedulable,
            unschedulable_since: self.unschedulable_since,
            terminating: self.terminating,
            created: self.created,
            owner: self.owner.map(Cow::into_owned),
            mirror: self.mirror,
        })
    }
}
