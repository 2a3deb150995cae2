//! The operator's wire to the simulated OpenStack: no sockets, a little latency, every call counted and looked at before it is sent.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gantry_cloud::{NoAnswer, Transport};
use http::{Request, Response};

use crate::wire::{Answering, Sending, Wire};
use crate::world::World;

/// A request takes this long on its way.
const LATENCY: Duration = Duration::from_millis(15);

/// One operator's way to the cloud.
pub struct CloudWire {
    world: Arc<World>,
    wire: Arc<Wire>,
}

impl CloudWire {
    /// A way over this wire.
    pub fn new(world: &Arc<World>, wire: &Arc<Wire>) -> Self {
        Self { world: world.clone(), wire: wire.clone() }
    }
}

#[async_trait]
impl Transport for CloudWire {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, NoAnswer> {
        tokio::time::sleep(LATENCY).await;
        let (sending, is_fatal) = self.wire.sending(&call(&request));
        if sending == Sending::Never {
            return std::future::pending().await;
        }
        self.world.checks.before_request(&self.world, request.method().as_str(), request.uri().path());
        let answer = self.world.cloud.handle(request).await;
        match self.wire.answering(is_fatal) {
            Answering::Arrives if self.wire.is_dead() => std::future::pending().await,
            Answering::Arrives => answer.map_err(|_| NoAnswer::Broken("the connection was reset".into())),
            Answering::Lost => Err(NoAnswer::Broken("the connection was reset".into())),
            Answering::Never => std::future::pending().await,
        }
    }
}

/// `POST /compute/v2.1/servers`: the path with `{id}` for every id in it.
fn call(request: &Request<Bytes>) -> String {
    let is_id = |part: &str| part.len() >= 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let parts = request.uri().path().split('/').map(|part| if is_id(part) { "{id}" } else { part });
    format!("{} {}", request.method(), parts.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_named_without_their_ids() {
        let request = |path: &str| Request::delete(format!("http://cloud.invalid{path}")).body(Bytes::new()).unwrap();
        let id = "6239717e-9c10-48c1-9498-a809b34279b6";
        assert_eq!(call(&request(&format!("/compute/v2.1/servers/{id}"))), "DELETE /compute/v2.1/servers/{id}");
        assert_eq!(call(&request("/networking/v2.0/ports?tags=a")), "DELETE /networking/v2.0/ports");
    }
}
