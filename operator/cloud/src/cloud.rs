//! What Gantry asks of one OpenStack project.

use crate::{
    Flavor, FloatingIp, FloatingIpSpec, GroupSpec, Identity, Lookup, Mark, Named, Port, PortSpec, Quota, QuotaOf, Result, Server,
    ServerGroup, ServerSpec, Volume, VolumeSpec,
};
use async_trait::async_trait;
use tokio::time::Instant;

/// How urgent a call is: the pacer serves a waiting pod before a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A pod waits for it, or money is spent until it is done.
    Urgent,
    /// Regular observation.
    Normal,
    /// Clean-up that can wait.
    Background,
}

/// One OpenStack project in one region.
///
/// Every call is bounded in time. Reads and deletions are retried inside; creations never are: after [`crate::Error::Ambiguous`] the
/// caller looks first. A list is whole or an error, but proves presence, never absence. A deletion of what is gone is
/// [`crate::Error::NotFound`], and that is said only in the service's own words.
///
/// A creation whose turn comes at `send_before` or later is [`crate::Error::NotSent`]; see [`crate::CONNECT_LIMIT`].
#[async_trait]
pub trait Cloud: Send + Sync + 'static {
    /// Project and region behind the credentials; the first call of a new credential.
    async fn identity(&self) -> Result<Identity>;
    /// All flavors that the project can see.
    async fn flavors(&self) -> Result<Vec<Flavor>>;
    /// Names of the availability zones that are up.
    async fn zones(&self) -> Result<Vec<String>>;
    /// Nova's quota, and what can be told of the others asked for: a service that is absent or refuses leaves its lines out.
    async fn quota(&self, also: &[QuotaOf]) -> Result<Quota>;

    /// The active images, newest first.
    async fn images(&self, by: &Lookup) -> Result<Vec<Named>>;
    /// Networks.
    async fn networks(&self, by: &Lookup) -> Result<Vec<Named>>;
    /// Subnets.
    async fn subnets(&self, by: &Lookup) -> Result<Vec<Named>>;
    /// Security groups; the project's own if it has any.
    async fn security_groups(&self, by: &Lookup) -> Result<Vec<Named>>;
    /// QoS policies.
    async fn qos_policies(&self, by: &Lookup) -> Result<Vec<Named>>;

    /// Every server of the project; the caller compares marks itself.
    async fn servers(&self, priority: Priority) -> Result<Vec<Server>>;
    /// One server.
    async fn server(&self, id: &str) -> Result<Server>;
    /// Asks for a server; the answer is its id.
    async fn create_server(&self, spec: &ServerSpec, send_before: Instant) -> Result<String>;
    /// Deletes a server.
    async fn delete_server(&self, id: &str) -> Result<()>;

    /// Every server group of the project.
    async fn server_groups(&self) -> Result<Vec<ServerGroup>>;
    /// One server group.
    async fn server_group(&self, id: &str) -> Result<ServerGroup>;
    /// Creates a server group.
    async fn create_server_group(&self, spec: &GroupSpec, send_before: Instant) -> Result<ServerGroup>;
    /// Deletes a server group; its servers stay.
    async fn delete_server_group(&self, id: &str) -> Result<()>;

    /// The ports of the mark's host.
    async fn ports_of(&self, mark: &Mark) -> Result<Vec<Port>>;
    /// The ports of all hosts of the cluster with this UID.
    async fn ports_marked(&self, cluster: &str) -> Result<Vec<Port>>;
    /// One port.
    async fn port(&self, id: &str) -> Result<Port>;
    /// Creates a port, marked from birth.
    async fn create_port(&self, spec: &PortSpec, send_before: Instant) -> Result<Port>;
    /// Deletes a port.
    async fn delete_port(&self, id: &str) -> Result<()>;

    /// Every volume of the project. Like all calls about volumes [`crate::Error::Config`] in a cloud without Cinder.
    async fn volumes(&self) -> Result<Vec<Volume>>;
    /// The volumes with this name.
    async fn volumes_named(&self, name: &str) -> Result<Vec<Volume>>;
    /// One volume.
    async fn volume(&self, id: &str) -> Result<Volume>;
    /// Asks for a volume that holds an image.
    async fn create_volume(&self, spec: &VolumeSpec, send_before: Instant) -> Result<Volume>;
    /// Deletes a volume; [`crate::Error::Conflict`] while a server has it.
    async fn delete_volume(&self, id: &str) -> Result<()>;

    /// Every floating IP of the project.
    async fn floating_ips(&self) -> Result<Vec<FloatingIp>>;
    /// One floating IP.
    async fn floating_ip(&self, id: &str) -> Result<FloatingIp>;
    /// Creates a floating IP that leads to a port.
    async fn create_floating_ip(&self, spec: &FloatingIpSpec, send_before: Instant) -> Result<FloatingIp>;
    /// Deletes a floating IP.
    async fn delete_floating_ip(&self, id: &str) -> Result<()>;
}
