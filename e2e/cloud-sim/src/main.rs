//! The simulated cloud as a program: starts it, says where it is, and runs until it is told to stop.
use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use gantry_cloud_sim::{Config, FlavorSpec, Simulator, ZoneSpec};

/// A simulated OpenStack: Keystone, Nova, Neutron, Glance and Cinder on one port, with faults on demand.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How clients reach it, if not by --listen: http://host:port.
    #[arg(long)]
    public_url: Option<String>,
    /// From POST of a server until it is ACTIVE, for example 800ms or 2s.
    #[arg(long, default_value = "800ms", value_parser = duration)]
    build_latency: Duration,
    /// From DELETE of a server until it is gone.
    #[arg(long, default_value = "400ms", value_parser = duration)]
    delete_latency: Duration,
    /// How long tokens are valid.
    #[arg(long, default_value = "1h", value_parser = duration)]
    token_lifetime: Duration,
    /// How long services believe a revoked token that they have seen before.
    #[arg(long, default_value = "5m", value_parser = duration)]
    token_cache: Duration,
    /// Longest page of servers.
    #[arg(long, default_value_t = 1000)]
    max_limit: usize,
    /// A zone, repeatable: name:hypervisors:vcpus:memory-mib (of one hypervisor). Default: az1 and az2.
    #[arg(long, value_parser = zone)]
    zone: Vec<ZoneSpec>,
    /// A flavor besides the default ones, repeatable: name:vcpus:memory-mib:disk-gib.
    #[arg(long, value_parser = flavor)]
    flavor: Vec<FlavorSpec>,
    /// Limit on servers per project, -1 for none; also /admin/quotas.
    #[arg(long, allow_hyphen_values = true)]
    quota_instances: Option<i64>,
    /// Limit on vCPUs per project.
    #[arg(long, allow_hyphen_values = true)]
    quota_cores: Option<i64>,
    /// Limit on MiB of memory per project.
    #[arg(long, allow_hyphen_values = true)]
    quota_ram: Option<i64>,
    /// Limit on ports per project.
    #[arg(long, allow_hyphen_values = true)]
    quota_ports: Option<i64>,
    /// Seed of the random choices of fault rules.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Written with the Keystone URL when the cloud answers.
    #[arg(long)]
    ready_file: Option<PathBuf>,
    /// Written with the entries openstack, openstack-appcred and admin.
    #[arg(long)]
    clouds_yaml: Option<PathBuf>,
}

fn duration(text: &str) -> Result<Duration> {
    let parsed: jiff::SignedDuration = text.parse().with_context(|| format!("{text} is not a duration like 800ms"))?;
    Duration::try_from(parsed).map_err(|_| anyhow!("{text} is negative"))
}

fn zone(text: &str) -> Result<ZoneSpec> {
    let parts: Vec<_> = text.split(':').collect();
    let [name, hypervisors, vcpus, memory_mib] = parts[..] else {
        return Err(anyhow!("{text} is not name:hypervisors:vcpus:memory-mib"));
    };
    let (hypervisors, vcpus, memory_mib) = (hypervisors.parse()?, vcpus.parse()?, memory_mib.parse()?);
    Ok(ZoneSpec { name: name.to_owned(), hypervisors, vcpus, memory_mib })
}

fn flavor(text: &str) -> Result<FlavorSpec> {
    let parts: Vec<_> = text.split(':').collect();
    let [name, vcpus, memory_mib, disk_gib] = parts[..] else {
        return Err(anyhow!("{text} is not name:vcpus:memory-mib:disk-gib"));
    };
    Ok(FlavorSpec::new(name, vcpus.parse()?, memory_mib.parse()?, disk_gib.parse()?))
}

fn config(args: &Args) -> Config {
    let mut config = Config {
        listen: args.listen,
        public_url: args.public_url.clone(),
        seed: args.seed,
        build_latency: args.build_latency,
        delete_latency: args.delete_latency,
        token_lifetime: args.token_lifetime,
        token_cache: args.token_cache,
        max_limit: args.max_limit,
        ..Config::default()
    };
    if !args.zone.is_empty() {
        config.zones = args.zone.clone();
    }
    config.flavors.extend(args.flavor.iter().cloned());
    let quota = &mut config.quota;
    quota.instances = args.quota_instances.unwrap_or(quota.instances);
    quota.cores = args.quota_cores.unwrap_or(quota.cores);
    quota.ram = args.quota_ram.unwrap_or(quota.ram);
    quota.ports = args.quota_ports.unwrap_or(quota.ports);
    config
}

fn main() -> Result<()> {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    let args = Args::parse();
    let cloud = Simulator::start(config(&args)).with_context(|| format!("cannot listen on {}", args.listen))?;
    if let Some(path) = &args.clouds_yaml {
        fs::write(path, cloud.clouds_yaml()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    println!("{}", cloud.keystone_url());
    if let Some(path) = &args.ready_file {
        fs::write(path, cloud.keystone_url()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(stopped()).context("cannot wait for signals")
}

/// Ends with SIGTERM or Ctrl-C.
async fn stopped() -> std::io::Result<()> {
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminated.recv() => Ok(()),
    }
}
