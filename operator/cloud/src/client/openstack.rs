//! The client itself, and the few shapes that its calls have: one thing, a list, a creation, a deletion.

use super::answer::unreadable;
use super::ask::Ask;
use super::call::Call;
use super::engine::Engine;
use super::jitter::Jitter;
use super::pacer::Pacing;
use super::paging::{List, Page, all};
use super::quota::Silence;
use super::sockets::Sockets;
use crate::{CloudConfig, Hook, Priority, Result, Transport};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::time::Instant;

/// A client of one OpenStack project in one region. Cheap to share by [`Arc`]; made anew when its `clouds.yaml` changes.
pub struct OpenStack {
    pub(super) engine: Engine,
    /// Whether this cloud was seen to keep the tags that a port is created with. Until then a port may bear them as description only.
    pub(super) tags_kept: AtomicBool,
    pub(super) silence: Silence,
}

impl OpenStack {
    /// Prepares a client; nothing is sent before the first call.
    ///
    /// # Errors
    /// [`crate::Error::Config`] if the CA or the client certificate of `config` cannot be used.
    pub fn connect(config: CloudConfig, pacing: Pacing, hook: Arc<dyn Hook>) -> Result<Self> {
        let sockets = Sockets::new(&config)?;
        Ok(Self::connect_over(config, pacing, hook, Arc::new(sockets)))
    }

    /// The same over another transport; it has to see to certificates itself.
    pub fn connect_over(config: CloudConfig, pacing: Pacing, hook: Arc<dyn Hook>, transport: Arc<dyn Transport>) -> Self {
        Self::new(Engine::new(config, pacing, hook, transport))
    }

    /// The same with waits that the seed foretells, so that a run can be repeated.
    pub fn with_seed(self, seed: u64) -> Self {
        Self { engine: self.engine.with_jitter(Jitter::seeded(seed)), ..self }
    }

    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, tags_kept: AtomicBool::new(false), silence: Silence::default() }
    }

    pub(super) async fn one<T: DeserializeOwned>(&self, ask: Ask<'_>) -> Result<T> {
        let reply = self.engine.run(ask).await?;
        serde_json::from_slice(&reply.body).map_err(|_| unreadable(ask.call, &reply))
    }

    pub(super) async fn show<T: DeserializeOwned>(&self, call: &'static Call, id: &str) -> Result<T> {
        self.one(Ask::of(call).id(id)).await
    }

    pub(super) async fn create<T: DeserializeOwned>(&self, call: &'static Call, body: Result<Value>, send_before: Instant) -> Result<T> {
        self.one(Ask::of(call).body(&body?).send_before(send_before)).await
    }

    pub(super) async fn delete(&self, call: &'static Call, id: &str) -> Result<()> {
        self.engine.run(Ask::of(call).id(id)).await.map(drop)
    }

    pub(super) async fn list<P: Page, T: From<P::Item>>(&self, call: &'static Call, filter: &[(&str, &str)]) -> Result<Vec<T>> {
        self.list_at::<P, T>(call, call.priority, filter).await
    }

    pub(super) async fn list_at<P: Page, T: From<P::Item>>(
        &self,
        call: &'static Call,
        priority: Priority,
        filter: &[(&str, &str)],
    ) -> Result<Vec<T>> {
        let items = all::<P>(&self.engine, &List { call, priority, filter }).await?;
        Ok(items.into_iter().map(T::from).collect())
    }
}

#[cfg(test)]
#[path = "openstack_tests.rs"]
mod tests;
