//! OpenStack as Gantry sees it: one small trait, errors by meaning, and the client that speaks to Keystone, Nova, Neutron, Glance and Cinder.
//!
//! Architecture invariant: this crate knows nothing of Kubernetes. It never decides; it asks and tells what was answered.
//!
//! ```no_run
//! use gantry_cloud::{Cloud, CloudConfig, OpenStack, Pacing, Priority, SecretFiles, no_hook};
//!
//! # async fn example(clouds_yaml: &str, cacert: Option<&str>) -> gantry_cloud::Result<()> {
//! let config = CloudConfig::from_clouds_yaml(clouds_yaml, "openstack", SecretFiles { cacert, ..SecretFiles::default() })?;
//! let cloud = OpenStack::connect(config, Pacing::default(), no_hook())?;
//! println!("{:?} has {} servers", cloud.identity().await?, cloud.servers(Priority::Normal).await?.len());
//! # Ok(())
//! # }
//! ```

mod client;
mod cloud;
mod config;
mod error;
mod fault;
mod hook;
mod model;
mod transport;
mod wire;

pub use client::{Effect, OpenStack, Pacing, Service, meaning};
pub use cloud::{Cloud, Priority};
pub use config::{CloudConfig, Secret, SecretFiles};
pub use error::{Error, Resource, Result};
pub use fault::FaultMeaning;
pub use hook::{Hook, Observation, no_hook};
pub use model::*;
pub use transport::{ANSWER_LIMIT_BYTES, CONNECT_LIMIT, NoAnswer, Transport};
