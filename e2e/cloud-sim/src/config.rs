//! What a simulated cloud is made of: addresses, latencies, capacity, flavors and quota, with defaults that fit the end-to-end suites.
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// The volume type that no backend has.
pub(crate) const IMPOSSIBLE_TYPE: &str = "impossible";

/// Everything that can be chosen when a cloud is started.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How clients reach the cloud (catalog, links), if not by `listen`. No slash at the end.
    pub public_url: Option<String>,
    /// Seed of every random choice a fault rule makes.
    pub seed: u64,
    /// From the accepted POST /servers until ACTIVE or ERROR.
    pub build_latency: Duration,
    /// From the accepted DELETE of a server until 404.
    pub delete_latency: Duration,
    /// From an accepted stop, start or reboot until it is done.
    pub action_latency: Duration,
    /// From the accepted POST of a volume until available or error.
    pub volume_latency: Duration,
    /// From the accepted DELETE of a volume until 404.
    pub volume_delete_latency: Duration,
    /// How long a deleted server is kept as SOFT_DELETED (Nova's `reclaim_instance_interval`); zero: not at all.
    pub reclaim_instance_interval: Duration,
    /// Whether Nova counts the servers' quota only after it has accepted a request (`recheck_quota` in a race).
    pub late_quota_check: bool,
    /// Whether the catalog has Cinder, and Cinder answers.
    pub has_block_storage: bool,
    /// Names of volume types, the first being the default; a volume of type `impossible` ends in error, as no backend has it.
    pub volume_types: Vec<String>,
    /// Whether a port keeps the tags it is created with; some clouds drop them.
    pub keep_port_tags: bool,
    /// How long a token is valid.
    pub token_lifetime: Duration,
    /// How long the services go on believing in a token that was revoked after they saw it.
    pub token_cache: Duration,
    /// Longest page of servers and flavors (Nova's `max_limit`).
    pub max_limit: usize,
    /// Share of the races for one port after which the winner shows no address (recorded: 1 of 6).
    pub race_address_loss: f64,
    /// Share of these races whose loser tried another hypervisor first, and says so instead (recorded: 11 of 40).
    pub race_retries: f64,
    /// The only region of the catalog.
    pub region: String,
    /// Availability zones and their hypervisors.
    pub zones: Vec<ZoneSpec>,
    /// Public flavors.
    pub flavors: Vec<FlavorSpec>,
    /// Names of public images, the first being the one that hosts use.
    pub images: Vec<String>,
    /// Quota that every project starts with.
    pub quota: Quota,
}

/// An availability zone: a number of equal hypervisors.
#[derive(Debug, Clone)]
pub struct ZoneSpec {
    /// Name of the zone.
    pub name: String,
    /// How many hypervisors it has.
    pub hypervisors: u32,
    /// vCPUs that each of them can give away (overcommit included).
    pub vcpus: u32,
    /// MiB of memory that each of them can give away.
    pub memory_mib: u64,
}

/// A public flavor.
#[derive(Debug, Clone)]
pub struct FlavorSpec {
    /// Name, also `original_name` in a server.
    pub name: String,
    /// vCPUs.
    pub vcpus: u32,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Root disk in GiB.
    pub disk_gib: u64,
    /// Extra specs, shown from microversion 2.61 on.
    pub extra_specs: Vec<(String, String)>,
}

impl FlavorSpec {
    /// A flavor without extra specs.
    pub fn new(name: &str, vcpus: u32, memory_mib: u64, disk_gib: u64) -> Self {
        Self { name: name.to_owned(), vcpus, memory_mib, disk_gib, extra_specs: Vec::new() }
    }
}

/// Limits of one project; -1 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quota {
    /// Servers.
    pub instances: i64,
    /// vCPUs of all servers.
    pub cores: i64,
    /// MiB of memory of all servers.
    pub ram: i64,
    /// Neutron ports.
    pub ports: i64,
    /// Nova server groups.
    pub server_groups: i64,
    /// Members of one server group.
    pub server_group_members: i64,
    /// Cinder volumes.
    pub volumes: i64,
    /// GiB of all volumes.
    pub gigabytes: i64,
    /// Neutron floating IPs.
    pub floating_ips: i64,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            instances: 1000,
            cores: 4000,
            ram: 8 * 1024 * 1024,
            ports: 2000,
            server_groups: 100,
            server_group_members: 100,
            volumes: 1000,
            gigabytes: 100_000,
            floating_ips: 500,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        let zone = |name: &str| ZoneSpec { name: name.to_owned(), hypervisors: 4, vcpus: 4096, memory_mib: 8 * 1024 * 1024 };
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: None,
            seed: 0,
            build_latency: Duration::from_millis(800),
            delete_latency: Duration::from_millis(400),
            action_latency: Duration::from_millis(400),
            volume_latency: Duration::from_millis(400),
            volume_delete_latency: Duration::from_millis(200),
            reclaim_instance_interval: Duration::ZERO,
            late_quota_check: false,
            has_block_storage: true,
            volume_types: ["ssd", "hdd", IMPOSSIBLE_TYPE].map(str::to_owned).into(),
            keep_port_tags: true,
            token_lifetime: Duration::from_secs(3600),
            token_cache: Duration::from_secs(300),
            max_limit: 1000,
            race_address_loss: 1.0 / 6.0,
            race_retries: 11.0 / 40.0,
            region: "RegionOne".to_owned(),
            zones: vec![zone("az1"), zone("az2")],
            flavors: default_flavors(),
            images: vec!["debian-12-k8s".to_owned()],
            quota: Quota::default(),
        }
    }
}

fn default_flavors() -> Vec<FlavorSpec> {
    vec![
        FlavorSpec::new("m1.small", 2, 2048, 10),
        FlavorSpec::new("m1.large", 4, 8192, 20),
        FlavorSpec::new("m1.xlarge", 8, 16384, 40),
        FlavorSpec::new("m1.impossible", 9999, 9_999_999, 1),
    ]
}
