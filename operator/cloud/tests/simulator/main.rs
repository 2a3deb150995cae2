//! The client against the simulated OpenStack: what a host's life needs, and what may go wrong on the way.

mod answers;
mod credentials;
mod life;
mod paging;
mod real;

use gantry_cloud::{Cloud, CloudConfig, Lookup, OpenStack, Pacing, Port, PortSpec, Server, ServerSpec, ServerStatus, UserData, no_hook};
use gantry_cloud_sim::{Config, Simulator};
use std::collections::BTreeMap;
use std::time::Duration;

const FAST: Pacing = Pacing { requests_per_second: 10_000, in_flight: 100 };
const POLL: Duration = Duration::from_millis(20);
const POLL_LIMIT: u32 = 500;
const HOST: &str = "gantry-host:0b7f5a3e-1111-4222-8333-944455556666";

/// A cloud whose servers are built in no time.
fn simulator() -> Simulator {
    let quick = Duration::from_millis(50);
    Simulator::start(Config { build_latency: quick, delete_latency: quick, ..Config::default() }).unwrap()
}

/// A client with this entry of the simulator's `clouds.yaml`.
fn client(simulator: &Simulator, entry: &str) -> OpenStack {
    let config = CloudConfig::from_clouds_yaml(&simulator.clouds_yaml(), entry, None).unwrap();
    OpenStack::connect(config, FAST, no_hook()).unwrap()
}

fn name(name: &str) -> Lookup {
    Lookup::Name(name.to_owned())
}

/// The only one that is found by this name.
macro_rules! only {
    ($cloud:expr, $kind:ident, $name:expr) => {{
        let found = $cloud.$kind(&crate::name($name)).await.unwrap();
        assert_eq!(found.len(), 1, "{} {}", stringify!($kind), $name);
        found[0].id.clone()
    }};
}
pub(crate) use only;

async fn port_spec(cloud: &OpenStack, of: &str) -> PortSpec {
    PortSpec {
        name: format!("{of}-0"),
        network_id: only!(cloud, networks, "apps"),
        subnet_id: Some(only!(cloud, subnets, "apps-v4")),
        security_group_ids: vec![only!(cloud, security_groups, "nodes")],
        tags: vec![HOST.to_owned()],
    }
}

async fn server_spec(cloud: &OpenStack, of: &str, port: &Port) -> ServerSpec {
    let flavors = cloud.flavors().await.unwrap();
    ServerSpec {
        name: of.to_owned(),
        flavor_id: flavors.iter().find(|flavor| flavor.name == "m1.small").unwrap().id.clone(),
        image_id: only!(cloud, images, "debian-12-k8s"),
        zone: "az1".to_owned(),
        port_ids: vec![port.id.clone()],
        metadata: BTreeMap::from([("gantry-host".to_owned(), "uid".to_owned())]),
        tags: vec![HOST.to_owned()],
        user_data: UserData("#cloud-config\n".to_owned()),
    }
}

/// The server once it is no longer being built.
async fn built(cloud: &OpenStack, id: &str) -> Server {
    for _ in 0..POLL_LIMIT {
        let server = cloud.server(id).await.unwrap();
        if server.status != ServerStatus::Build {
            return server;
        }
        tokio::time::sleep(POLL).await;
    }
    panic!("server {id} is still being built");
}
