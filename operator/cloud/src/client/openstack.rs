//! [`Cloud`] over HTTP: each method is one call, or one list, and its translation.

use super::answer::unreadable;
use super::ask::Ask;
use super::call::{self, Call};
use super::engine::Engine;
use super::pacer::Pacing;
use super::paging::{List, all};
use crate::wire::neutron::TagsAtBirth;
use crate::wire::{glance, neutron, nova, nova_create, nova_offer};
use crate::{
    Cloud, CloudConfig, Error, Flavor, Hook, Identity, Lookup, Named, Port, PortSpec, Priority, Quota, Result, Server, ServerSpec,
};
use async_trait::async_trait;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A client of one OpenStack project in one region. Cheap to share by [`Arc`]; made anew when its `clouds.yaml` changes.
pub struct OpenStack {
    engine: Engine,
    /// Whether this cloud was seen to keep the tags that a port is created with. Until then a port may bear its tag as description.
    tags_kept: AtomicBool,
}

impl OpenStack {
    /// Prepares a client; nothing is sent before the first call.
    ///
    /// # Errors
    /// [`Error::Config`] if the CA of `config` cannot be used.
    pub fn connect(config: CloudConfig, pacing: Pacing, hook: Arc<dyn Hook>) -> Result<Self> {
        Ok(Self { engine: Engine::new(config, pacing, hook)?, tags_kept: AtomicBool::new(false) })
    }

    async fn one<T: DeserializeOwned>(&self, ask: Ask<'_>) -> Result<T> {
        let call = ask.call;
        let reply = self.engine.run(ask).await?;
        serde_json::from_slice(&reply.body).map_err(|_| unreadable(call, &reply))
    }

    async fn ports(&self, tag: &str, key: &str) -> Result<Vec<Port>> {
        let list = List { call: &call::PORTS, priority: call::PORTS.priority, filter: &[(key, tag)] };
        let ports = all::<neutron::Ports>(&self.engine, &list).await?;
        let ports = ports.into_iter().map(Port::from);
        Ok(ports.filter(|port| port.tags.iter().any(|own| own == tag)).collect())
    }

    async fn post_port(&self, spec: &PortSpec, tags: TagsAtBirth) -> Result<neutron::WirePort> {
        let body = neutron::body(spec, tags)?;
        let one: neutron::OnePort = self.one(Ask::of(&call::CREATE_PORT).body(&body)).await?;
        Ok(one.port)
    }

    async fn named(&self, call: &'static Call, by: &Lookup) -> Result<Vec<neutron::WireNamed>> {
        let filter = match by {
            Lookup::Id(id) => [("id", id.as_str())],
            Lookup::Name(name) => [("name", name.as_str())],
        };
        let list = List { call, priority: call.priority, filter: &filter };
        let found = all::<neutron::NamedPage>(&self.engine, &list).await?;
        Ok(found.into_iter().filter(|item| finds(by, &item.id, &item.name)).collect())
    }
}

#[async_trait]
impl Cloud for OpenStack {
    async fn identity(&self) -> Result<Identity> {
        let session = self.engine.session().await?;
        self.engine.microversion(&session).await?;
        Ok(Identity { project_id: session.project_id.clone(), region: session.endpoints.region.clone() })
    }

    async fn flavors(&self) -> Result<Vec<Flavor>> {
        let list = List { call: &call::FLAVORS, priority: call::FLAVORS.priority, filter: &[] };
        let flavors = all::<nova_offer::Flavors>(&self.engine, &list).await?;
        Ok(flavors.into_iter().filter(|flavor| !flavor.disabled).map(Flavor::from).collect())
    }

    async fn zones(&self) -> Result<Vec<String>> {
        self.one::<nova_offer::Zones>(Ask::of(&call::ZONES)).await.map(nova_offer::Zones::available)
    }

    async fn quota(&self) -> Result<Quota> {
        let limits: nova_offer::Limits = self.one(Ask::of(&call::LIMITS)).await?;
        limits.quota().ok_or_else(|| Error::Bug {
            message: "Nova's limits lack instances, cores or memory; their use cannot be planned with".to_owned(),
            request_id: None,
        })
    }

    async fn images(&self, by: &Lookup) -> Result<Vec<Named>> {
        let images = match by {
            Lookup::Id(id) => match self.one::<glance::WireImage>(Ask::of(&call::IMAGE).id(id)).await {
                Ok(image) => vec![image],
                Err(Error::NotFound { .. }) => vec![],
                Err(error) => return Err(error),
            },
            Lookup::Name(name) => {
                let list = List { call: &call::IMAGES, priority: call::IMAGES.priority, filter: &[("name", name)] };
                all::<glance::Images>(&self.engine, &list).await?
            }
        };
        let active = images.into_iter().filter(glance::WireImage::is_active).map(Named::from);
        Ok(active.filter(|image| finds(by, &image.id, &image.name)).collect())
    }

    async fn networks(&self, by: &Lookup) -> Result<Vec<Named>> {
        Ok(plain(self.named(&call::NETWORKS, by).await?))
    }

    async fn subnets(&self, by: &Lookup) -> Result<Vec<Named>> {
        Ok(plain(self.named(&call::SUBNETS, by).await?))
    }

    async fn security_groups(&self, by: &Lookup) -> Result<Vec<Named>> {
        // An administrator sees every project's "default"; the own project's is meant.
        let groups = self.named(&call::SECURITY_GROUPS, by).await?;
        let own = self.engine.session().await?.project_id.clone();
        let (mine, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.project_id == own);
        Ok(plain(if mine.is_empty() { others } else { mine }))
    }

    async fn servers(&self, priority: Priority) -> Result<Vec<Server>> {
        // No filter, sorting or limit: any of them hides the servers of a cell that is down.
        let list = List { call: &call::SERVERS, priority, filter: &[] };
        let servers = all::<nova::Servers>(&self.engine, &list).await?;
        Ok(servers.into_iter().map(Server::from).collect())
    }

    async fn server(&self, id: &str) -> Result<Server> {
        let one: nova::OneServer = self.one(Ask::of(&call::SERVER).id(id)).await?;
        Ok(one.server.into())
    }

    async fn create_server(&self, spec: &ServerSpec) -> Result<String> {
        let body = nova_create::body(spec)?;
        let created: nova_create::Created = self.one(Ask::of(&call::CREATE_SERVER).body(&body)).await?;
        Ok(created.server.id)
    }

    async fn delete_server(&self, id: &str) -> Result<()> {
        self.engine.run(Ask::of(&call::DELETE_SERVER).id(id)).await.map(drop)
    }

    async fn ports_by_tag(&self, tag: &str) -> Result<Vec<Port>> {
        if self.tags_kept.load(Ordering::Relaxed) {
            return self.ports(tag, "tags").await;
        }
        let (mut ports, described) = tokio::try_join!(self.ports(tag, "tags"), self.ports(tag, "description"))?;
        let more = described.into_iter().filter(|port| ports.iter().all(|known| known.id != port.id)).collect::<Vec<_>>();
        ports.extend(more);
        Ok(ports)
    }

    async fn port(&self, id: &str) -> Result<Port> {
        let one: neutron::OnePort = self.one(Ask::of(&call::PORT).id(id)).await?;
        Ok(one.port.into())
    }

    async fn create_port(&self, spec: &PortSpec) -> Result<Port> {
        let port = match self.post_port(spec, TagsAtBirth::Sent).await {
            Err(error) if neutron::refuses_tags(&error) => self.post_port(spec, TagsAtBirth::LeftOut).await?,
            other => other?,
        };
        self.tags_kept.store(port.has_tags(&spec.tags), Ordering::Relaxed);
        Ok(port.into())
    }

    async fn delete_port(&self, id: &str) -> Result<()> {
        self.engine.run(Ask::of(&call::DELETE_PORT).id(id)).await.map(drop)
    }
}

fn plain(found: Vec<neutron::WireNamed>) -> Vec<Named> {
    found.into_iter().map(Named::from).collect()
}

/// Services ignore filters that they do not know, and some compare loosely: compared again here.
fn finds(by: &Lookup, id: &str, name: &str) -> bool {
    match by {
        Lookup::Id(wanted) => id == wanted,
        Lookup::Name(wanted) => name == wanted,
    }
}

#[cfg(test)]
#[path = "openstack_tests.rs"]
mod tests;
