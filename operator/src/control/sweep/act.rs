//! The one place that deletes what no Host stands for: by id, never by name.

use std::sync::Arc;

use gantry_cloud::{Cloud, Error};
use gantry_plan::sweep::Kind;

/// Deletes it; what is gone already is a success.
///
/// # Errors
/// What OpenStack answered.
pub async fn delete(client: &Arc<dyn Cloud>, kind: Kind, id: &str) -> Result<(), Error> {
    let answer = match kind {
        Kind::Server => client.delete_server(id).await,
        Kind::FloatingIp => client.delete_floating_ip(id).await,
        Kind::Port => client.delete_port(id).await,
        Kind::Volume => client.delete_volume(id).await,
        Kind::ServerGroup => client.delete_server_group(id).await,
        Kind::Token => Err(Error::Config { message: "bootstrap tokens are Secrets of Kubernetes, no cloud has them".into() }),
    };
    match answer {
        Err(Error::NotFound { .. }) => Ok(()),
        answer => answer,
    }
}
