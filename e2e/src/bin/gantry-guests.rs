//! `gantry-guests`: boots the guests of an OpenStack's servers until it is told to stop.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use gantry_e2e::guest::{Booter, Config, Kind, LightOptions, REAL_GUESTS_DEFAULT};
use tokio::signal::unix::{SignalKind, signal};

/// Boots a guest for every ACTIVE server of an OpenStack, simulated or real, from its user data alone.
#[derive(Parser)]
struct Arguments {
    /// A clouds.yaml file.
    #[arg(long)]
    clouds_yaml: PathBuf,
    /// Its entry whose user sees the servers of all projects.
    #[arg(long, default_value = "admin")]
    cloud: String,
    /// Which guests are booted.
    #[arg(long, value_enum, default_value_t = KindArgument::Auto)]
    kind: KindArgument,
    /// Most real guests at once; further ones are light.
    #[arg(long, alias = "real-first", default_value_t = REAL_GUESTS_DEFAULT)]
    limit_real: usize,
    /// Directory with the Kubernetes binaries, containerd and its shim.
    #[arg(long)]
    bin_dir: Option<PathBuf>,
    /// Directory with image tars that real guests import at boot.
    #[arg(long)]
    images: Option<PathBuf>,
    /// Directory for the guests' disks and logs.
    #[arg(long)]
    dir: PathBuf,
    /// Milliseconds between two looks at Nova.
    #[arg(long, default_value_t = 300)]
    poll_ms: u64,
    /// Milliseconds from a light guest's registration to Ready.
    #[arg(long, default_value_t = 1000)]
    light_ready_ms: u64,
    /// Light guests ask for a serving certificate too.
    #[arg(long)]
    light_serving_certificate: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum KindArgument {
    Light,
    Real,
    Auto,
}

impl Arguments {
    fn config(self) -> Config {
        Config {
            kind: match self.kind {
                KindArgument::Light => Kind::Light,
                KindArgument::Real => Kind::Real,
                KindArgument::Auto => Kind::Auto,
            },
            real_guests_max: self.limit_real,
            bin_dir: self.bin_dir,
            images_dir: self.images,
            poll_every: Duration::from_millis(self.poll_ms),
            light: LightOptions {
                ready_after: Duration::from_millis(self.light_ready_ms),
                is_asking_for_serving_certificate: self.light_serving_certificate,
                ..LightOptions::default()
            },
            ..Config::new(self.clouds_yaml, &self.cloud, self.dir)
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,kube_client=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let booter = Booter::start(Arguments::parse().config()).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    booter.stop().await;
    Ok(())
}
