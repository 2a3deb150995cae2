//! A simulated OpenStack that answers over HTTP as the real one does: Keystone, Nova, Neutron and Glance on one port.
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
mod clock;
mod clouds_yaml;
mod config;
mod dispatch;
mod faults;
mod glance;
mod http;
mod keystone;
mod neutron;
mod nova;
mod simulator;
mod state;

pub use config::{Config, FlavorSpec, Quota, ZoneSpec};
pub use simulator::{ApplicationCredential, Simulator};
