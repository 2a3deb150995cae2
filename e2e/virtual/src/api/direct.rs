//! The API server as the world around the operator uses it: at once, and never failing.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use serde_json::Value;

use super::kinds::Kind;
use super::server::ApiServer;
use super::store::name_of;

impl ApiServer {
    /// The object, if it is there.
    pub fn get(&self, plural: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let kind = Kind::of(plural).ok()?;
        self.state().store.get(kind, namespace, name).cloned()
    }

    /// All objects of a kind.
    pub fn list(&self, plural: &str) -> Vec<Arc<Value>> {
        let Ok(kind) = Kind::of(plural) else { return Vec::new() };
        self.state().store.list(kind, "").map(|(_, object)| object.clone()).collect()
    }

    /// Puts an object in; its namespace is in its metadata. Unlike a client's, its status counts.
    ///
    /// # Errors
    /// If it is there already or does not fit.
    pub fn put(&self, plural: &str, object: Value) -> Result<Arc<Value>> {
        let kind = Kind::of(plural)?;
        let (now, status) = (self.now(), object["status"].clone());
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        let made = self.state().store.create(kind, &namespace, object, now).map_err(|refusal| anyhow!("{}", refusal.message))?;
        let made = if status.is_null() || made["status"] == status {
            made
        } else {
            let mut with_status = (*made).clone();
            with_status["status"] = status;
            self.state().store.replace(kind, &made, with_status, now).map_err(|refusal| anyhow!("{}", refusal.message))?
        };
        self.tell();
        Ok(made)
    }

    /// Changes any part of an object; nothing if it is not there.
    pub fn edit(&self, plural: &str, namespace: &str, name: &str, change: impl FnOnce(&mut Value)) {
        let (Ok(kind), now) = (Kind::of(plural), self.now()) else { return };
        {
            let mut state = self.state();
            let Some(old) = state.store.get(kind, namespace, name).cloned() else { return };
            let mut new = (*old).clone();
            change(&mut new);
            if let Err(refusal) = state.store.replace(kind, &old, new, now) {
                tracing::error!(plural, name, why = refusal.message, "the world's own write was refused");
            }
        }
        self.tell();
    }

    /// DELETE with this grace.
    pub fn delete(&self, plural: &str, object: &Value, grace_s: u64) {
        let (Ok(kind), now) = (Kind::of(plural), self.now()) else { return };
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        {
            let mut state = self.state();
            let Some(current) = state.store.get(kind, namespace, name_of(object)).cloned() else { return };
            if current["metadata"]["uid"] == object["metadata"]["uid"] {
                state.store.delete(kind, &current, grace_s, now);
            }
        }
        self.tell();
    }

    /// A pod's kubelet says that it has ended, or its node is gone: it goes.
    pub fn confirm_ended(&self, pod: &Value) {
        let (Ok(kind), now) = (Kind::of("pods"), self.now()) else { return };
        {
            let mut state = self.state();
            let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
            let Some(current) = state.store.get(kind, namespace, name_of(pod)).cloned() else { return };
            if current["metadata"]["uid"] == pod["metadata"]["uid"] {
                state.store.delete(kind, &current, 0, now);
            }
        }
        self.tell();
    }
}
