//! A Kubernetes API server in memory, in the shape of the real one, with what can go wrong with it.

pub mod chaos;
pub mod direct;
pub mod kinds;
mod list;
mod path;
mod select;
pub mod server;
pub mod service;
pub mod socket;
pub mod status;
pub mod store;
mod watching;

pub use chaos::{Effect, Rule};
pub use server::ApiServer;
pub use service::ApiService;

#[cfg(test)]
mod tests;
