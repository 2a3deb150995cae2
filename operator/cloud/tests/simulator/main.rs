//! The client against the simulated OpenStack: what a host's life needs, and what may go wrong on the way.

mod answers;
mod credentials;
mod life;
mod paging;
mod parts;
mod real;

use gantry_cloud::{
    Cloud, CloudConfig, FixedIp, Lookup, Mark, OpenStack, Pacing, Port, PortSpec, Root, SecretFiles, Server, ServerSpec, ServerStatus,
    UserData, no_hook,
};
use gantry_cloud_sim::{Config, Simulator};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

const FAST: Pacing = Pacing { requests_per_second: 10_000, in_flight: 100 };
const POLL: Duration = Duration::from_millis(20);
const POLL_LIMIT: u32 = 500;
const CLUSTER: &str = "6f0c1d52-aaaa-4bbb-8ccc-1dddeeeeffff";

/// Every resource of these tests is this host's.
fn mark() -> Mark {
    Mark { host: Some("0b7f5a3e-1111-4222-8333-944455556666".to_owned()), cluster: CLUSTER.to_owned() }
}

/// Long enough for any creation here.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(300)
}

/// A cloud whose servers are built in no time.
fn simulator() -> Simulator {
    let quick = Duration::from_millis(50);
    Simulator::start(Config { build_latency: quick, delete_latency: quick, ..Config::default() }).unwrap()
}

/// A client with this entry of the simulator's `clouds.yaml`.
fn client(simulator: &Simulator, entry: &str) -> OpenStack {
    let config = CloudConfig::from_clouds_yaml(&simulator.clouds_yaml(), entry, SecretFiles::default()).unwrap();
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
        fixed_ips: vec![FixedIp { subnet_id: Some(only!(cloud, subnets, "apps-v4")), address: None }],
        security_group_ids: vec![only!(cloud, security_groups, "nodes")],
        allowed_address_pairs: vec![],
        vnic_type: None,
        port_security: None,
        qos_policy_id: None,
        mark: mark(),
    }
}

async fn server_spec(cloud: &OpenStack, of: &str, port: &Port) -> ServerSpec {
    let flavors = cloud.flavors().await.unwrap();
    ServerSpec {
        name: of.to_owned(),
        flavor_id: flavors.iter().find(|flavor| flavor.name == "m1.small").unwrap().id.clone(),
        root: Root::Image(only!(cloud, images, "debian-12-k8s")),
        zone: "az1".to_owned(),
        port_ids: vec![port.id.clone()],
        key_name: None,
        config_drive: None,
        server_group: None,
        hints: BTreeMap::new(),
        metadata: BTreeMap::from([("gantry-pool".to_owned(), "apps/general".to_owned())]),
        tags: vec!["web".to_owned()],
        mark: mark(),
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
