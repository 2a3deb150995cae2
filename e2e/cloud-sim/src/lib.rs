//! A simulated OpenStack that answers as the real one does, over HTTP or in process: Keystone, Nova, Neutron, Glance and Cinder.
//!
//! Its answers (bodies, codes, headers) follow a record of a real cloud (Keystone 30, Nova 34, Neutron 29, Glance 33).
//! What is not simulated, and how to inject faults, stands in this crate's README.
//!
//! ```
//! let cloud = gantry_cloud_sim::Simulator::start(gantry_cloud_sim::Config::default())?;
//! assert!(cloud.keystone_url().ends_with("/identity/v3"));
//! # Ok::<(), std::io::Error>(())
//! ```
mod admin;
mod cinder;
mod clock;
mod clouds_yaml;
mod config;
mod deferred;
mod dispatch;
mod faults;
mod glance;
mod hook;
mod http;
mod inventory;
mod keystone;
mod log;
mod neutron;
mod nova;
mod simulator;
mod state;
mod twist;

pub use clock::Clock;
pub use config::{Config, FlavorSpec, Quota, ZoneSpec};
pub use hook::{Hook, Moment, Verdict};
pub use http::Aborted;
pub use log::{RequestInfo, RequestRecord};
pub use simulator::{ApplicationCredential, Simulator};
