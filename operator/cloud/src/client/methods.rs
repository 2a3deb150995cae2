//! [`Cloud`] over HTTP: each method is one call, or one list, and its translation.

use super::ask::Ask;
use super::call::{self, Call};
use super::lookup::{glance_filter, meant, neutron_filter};
use super::openstack::OpenStack;
use super::{ports, quota};
use crate::wire::neutron_offer::{NamedPage, WireNamed};
use crate::wire::{cinder, glance, neutron_address, neutron_port, nova, nova_create, nova_group, nova_offer};
use crate::{
    Cloud, Error, Flavor, FloatingIp, FloatingIpSpec, GroupSpec, Identity, Lookup, Mark, Named, Port, PortSpec, Priority, Quota, QuotaOf,
    Result, Server, ServerGroup, ServerSpec, Volume, VolumeSpec,
};
use async_trait::async_trait;
use tokio::time::Instant;

#[async_trait]
impl Cloud for OpenStack {
    async fn identity(&self) -> Result<Identity> {
        let session = self.engine.session().await?;
        self.engine.microversion(&session).await?;
        Ok(Identity { project_id: session.project_id.clone(), region: session.endpoints.region.clone() })
    }

    async fn flavors(&self) -> Result<Vec<Flavor>> {
        let flavors = self.list::<nova_offer::Flavors, nova_offer::WireFlavor>(&call::FLAVORS, &[]).await?;
        Ok(flavors.into_iter().filter(|flavor| !flavor.disabled).map(Flavor::from).collect())
    }

    async fn zones(&self) -> Result<Vec<String>> {
        self.one::<nova_offer::Zones>(Ask::of(&call::ZONES)).await.map(nova_offer::Zones::available)
    }

    async fn quota(&self, also: &[QuotaOf]) -> Result<Quota> {
        let limits: nova_offer::Limits = self.one(Ask::of(&call::LIMITS)).await?;
        let mut quota = limits.quota().ok_or_else(no_limits)?;
        for kind in also {
            quota::add(self, *kind, &self.engine.session().await?.project_id, &mut quota).await;
        }
        Ok(quota)
    }

    async fn images(&self, by: &Lookup) -> Result<Vec<Named>> {
        if let Lookup::Id(id) = by {
            let found = self.show::<glance::WireImage>(&call::IMAGE, id).await;
            return found.map_or_else(none_if_not_found, |image| Ok(glance::usable(vec![image], by)));
        }
        let filter = glance_filter(by)?;
        let filter: Vec<(&str, &str)> = filter.iter().map(|(key, value)| (*key, value.as_str())).collect();
        Ok(glance::usable(self.list::<glance::Images, glance::WireImage>(&call::IMAGES, &filter).await?, by))
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

    async fn qos_policies(&self, by: &Lookup) -> Result<Vec<Named>> {
        Ok(plain(self.named(&call::QOS_POLICIES, by).await?))
    }

    async fn servers(&self, priority: Priority) -> Result<Vec<Server>> {
        // No filter, sorting or limit: any of them hides the servers of a cell that is down.
        self.list_at::<nova::Servers, Server>(&call::SERVERS, priority, &[]).await
    }

    async fn server(&self, id: &str) -> Result<Server> {
        self.show::<nova::OneServer>(&call::SERVER, id).await.map(|one| one.server.into())
    }

    async fn create_server(&self, spec: &ServerSpec, send_before: Instant) -> Result<String> {
        let created: nova_create::Created = self.create(&call::CREATE_SERVER, nova_create::body(spec), send_before).await?;
        Ok(created.server.id)
    }

    async fn delete_server(&self, id: &str) -> Result<()> {
        self.delete(&call::DELETE_SERVER, id).await
    }

    async fn server_groups(&self) -> Result<Vec<ServerGroup>> {
        self.list::<nova_group::Groups, ServerGroup>(&call::SERVER_GROUPS, &[]).await
    }

    async fn server_group(&self, id: &str) -> Result<ServerGroup> {
        self.show::<nova_group::OneGroup>(&call::SERVER_GROUP, id).await.map(|one| one.server_group.into())
    }

    async fn create_server_group(&self, spec: &GroupSpec, send_before: Instant) -> Result<ServerGroup> {
        let one: nova_group::OneGroup = self.create(&call::CREATE_SERVER_GROUP, nova_group::body(spec), send_before).await?;
        Ok(one.server_group.into())
    }

    async fn delete_server_group(&self, id: &str) -> Result<()> {
        self.delete(&call::DELETE_SERVER_GROUP, id).await
    }

    async fn ports_of(&self, mark: &Mark) -> Result<Vec<Port>> {
        ports::of(self, mark).await
    }

    async fn ports_marked(&self, cluster: &str) -> Result<Vec<Port>> {
        ports::marked(self, cluster).await
    }

    async fn port(&self, id: &str) -> Result<Port> {
        self.show::<neutron_port::OnePort>(&call::PORT, id).await.map(|one| one.port.into())
    }

    async fn create_port(&self, spec: &PortSpec, send_before: Instant) -> Result<Port> {
        ports::create(self, spec, send_before).await
    }

    async fn delete_port(&self, id: &str) -> Result<()> {
        self.delete(&call::DELETE_PORT, id).await
    }

    async fn volumes(&self) -> Result<Vec<Volume>> {
        self.list_at::<cinder::Volumes, Volume>(&call::VOLUMES, Priority::Background, &[]).await
    }

    async fn volumes_named(&self, name: &str) -> Result<Vec<Volume>> {
        let volumes = self.list::<cinder::Volumes, Volume>(&call::VOLUMES, &[("name", name)]).await?;
        Ok(volumes.into_iter().filter(|volume| volume.name == name).collect())
    }

    async fn volume(&self, id: &str) -> Result<Volume> {
        self.show::<cinder::OneVolume>(&call::VOLUME, id).await.map(|one| one.volume.into())
    }

    async fn create_volume(&self, spec: &VolumeSpec, send_before: Instant) -> Result<Volume> {
        self.create::<cinder::OneVolume>(&call::CREATE_VOLUME, cinder::body(spec), send_before).await.map(|one| one.volume.into())
    }

    async fn delete_volume(&self, id: &str) -> Result<()> {
        self.delete(&call::DELETE_VOLUME, id).await
    }

    async fn floating_ips(&self) -> Result<Vec<FloatingIp>> {
        let project = self.engine.session().await?.project_id.clone();
        self.list::<neutron_address::FloatingIps, FloatingIp>(&call::FLOATING_IPS, &[("project_id", &project)]).await
    }

    async fn floating_ip(&self, id: &str) -> Result<FloatingIp> {
        self.show::<neutron_address::OneFloatingIp>(&call::FLOATING_IP, id).await.map(|one| one.floatingip.into())
    }

    async fn create_floating_ip(&self, spec: &FloatingIpSpec, send_before: Instant) -> Result<FloatingIp> {
        let body = neutron_address::body(spec);
        self.create::<neutron_address::OneFloatingIp>(&call::CREATE_FLOATING_IP, body, send_before).await.map(|one| one.floatingip.into())
    }

    async fn delete_floating_ip(&self, id: &str) -> Result<()> {
        self.delete(&call::DELETE_FLOATING_IP, id).await
    }
}

impl OpenStack {
    async fn named(&self, call: &'static Call, by: &Lookup) -> Result<Vec<WireNamed>> {
        let filter = neutron_filter(by)?;
        let filter: Vec<(&str, &str)> = filter.iter().map(|(key, value)| (*key, value.as_str())).collect();
        Ok(meant(self.list::<NamedPage, WireNamed>(call, &filter).await?, by))
    }
}

fn plain(found: Vec<WireNamed>) -> Vec<Named> {
    found.into_iter().map(Named::from).collect()
}

fn none_if_not_found<T>(error: Error) -> Result<Vec<T>> {
    if matches!(error, Error::NotFound { .. }) { Ok(vec![]) } else { Err(error) }
}

fn no_limits() -> Error {
    let message = "Nova's limits lack instances, cores or memory; their use cannot be planned with".to_owned();
    Error::Bug { message, request_id: None }
}
