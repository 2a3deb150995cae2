//! OpenStack as Gantry sees it: one small trait, errors by meaning, and the client that speaks to Keystone, Nova, Neutron and Glance.
//!
//! Architecture invariant: this crate knows nothing of Kubernetes. It never decides; it asks and tells what was answered.
//!
//! ```no_run
//! use gantry_cloud::{Cloud, CloudConfig, OpenStack, Pacing, Priority, no_hook};
//!
//! # async fn example(clouds_yaml: &str, cacert: Option<&str>) -> gantry_cloud::Result<()> {
//! let config = CloudConfig::from_clouds_yaml(clouds_yaml, "openstack", cacert)?;
//! let cloud = OpenStack::connect(config, Pacing::default(), no_hook())?;
//! println!("{:?} has {} servers", cloud.identity().await?, cloud.servers(Priority::Normal).await?.len());
//! # Ok(())
//! # }
//! ```

mod client;
mod config;
mod error;
mod fault;
mod hook;
mod model;
mod wire;

pub use client::{OpenStack, Pacing};
pub use config::{CloudConfig, Secret};
pub use error::{Error, Resource, Result};
pub use fault::FaultMeaning;
pub use hook::{Hook, Observation, no_hook};
pub use model::*;

use async_trait::async_trait;

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
/// Every call is bounded in time. Reads and deletions are retried inside; creations never are: after [`Error::Ambiguous`] the caller
/// looks first. A list proves presence, never absence.
#[async_trait]
pub trait Cloud: Send + Sync + 'static {
    /// Project and region behind the credentials; the first call of a new credential.
    async fn identity(&self) -> Result<Identity>;
    /// All flavors that the project can see.
    async fn flavors(&self) -> Result<Vec<Flavor>>;
    /// Names of the availability zones that are up.
    async fn zones(&self) -> Result<Vec<String>>;
    /// Quota of instances, cores and memory.
    async fn quota(&self) -> Result<Quota>;
    /// The active images with this name, or the one with this id.
    async fn images(&self, by: &Lookup) -> Result<Vec<Named>>;
    /// The networks with this name, or the one with this id.
    async fn networks(&self, by: &Lookup) -> Result<Vec<Named>>;
    /// The subnets with this name, or the one with this id.
    async fn subnets(&self, by: &Lookup) -> Result<Vec<Named>>;
    /// The security groups with this name, or the one with this id.
    async fn security_groups(&self, by: &Lookup) -> Result<Vec<Named>>;

    /// Every server of the project, whole or not at all; the caller compares tags and metadata itself.
    async fn servers(&self, priority: Priority) -> Result<Vec<Server>>;
    /// One server. [`Error::NotFound`] only for Nova's own 404.
    async fn server(&self, id: &str) -> Result<Server>;
    /// Asks for a server; the answer is its id.
    async fn create_server(&self, spec: &ServerSpec) -> Result<String>;
    /// Deletes a server; one that is gone is [`Error::NotFound`].
    async fn delete_server(&self, id: &str) -> Result<()>;

    /// The ports that bear this tag, whole or not at all.
    async fn ports_by_tag(&self, tag: &str) -> Result<Vec<Port>>;
    /// One port.
    async fn port(&self, id: &str) -> Result<Port>;
    /// Creates a port, tagged from birth.
    async fn create_port(&self, spec: &PortSpec) -> Result<Port>;
    /// Deletes a port; one that is gone is [`Error::NotFound`].
    async fn delete_port(&self, id: &str) -> Result<()>;
}
