//! A laboratory: a real Kubernetes, an OpenStack (simulated or real), guests, and the operator; started together, ended without a trace.

mod admin;
pub mod binaries;
pub mod chart;
pub mod cloud;
pub mod gate;
pub mod helm;
pub mod keeper;
pub mod lane;
pub mod mishaps;
pub mod objects;
pub mod operator;
pub mod vitals;
pub mod wait;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::guest::{Booter, Config as GuestConfig, InfraNode, InfraOptions, Kind as GuestKind, Size};
use crate::kubernetes::{Address, AfterStop, ControlPlane, Options as KubernetesOptions, binaries as kubernetes_binaries};
use cloud::{LabCloud, Which};

/// The bridge's own address: where pods and guests find this machine.
const BRIDGE: [u8; 4] = [10, 78, 0, 1];
/// Name of the node that carries the operator's pod.
pub const INFRA_NODE: &str = "control";
/// Its address: on the bridge, outside of the pool that Neutron gives addresses from.
const INFRA_ADDRESS: [u8; 4] = [10, 78, 0, 10];

/// What to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which OpenStack.
    pub cloud: Which,
    /// What guests are.
    pub guests: GuestKind,
    /// Real kubelets at most; the rest are light guests.
    pub real_limit: usize,
    /// Where everything is kept that the laboratory writes.
    pub dir: PathBuf,
    /// Whether nodes without a kubelet stay as they are.
    pub nodes: Nodes,
}

impl Options {
    /// Light guests on this cloud.
    #[must_use]
    pub fn light(cloud: Which, dir: PathBuf) -> Self {
        Self { cloud, guests: GuestKind::Light, real_limit: 0, dir, nodes: Nodes::Watched }
    }
}

/// What becomes of nodes that nobody reports for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nodes {
    /// Kubernetes finds them not ready after a while.
    #[default]
    Watched,
    /// Nobody looks: thousands of them cost nothing.
    Unwatched,
}

/// A running laboratory.
pub struct Lab {
    /// Kubernetes.
    pub control_plane: ControlPlane,
    /// OpenStack.
    pub cloud: LabCloud,
    /// Guests.
    pub booter: Option<Booter>,
    /// Why guests are light although real ones were welcome.
    pub why_light: Option<String>,
    /// The node that carries the operator's pod, if one was asked for.
    pub infra: Option<InfraNode>,
    /// Administrator's client.
    pub client: Client,
    /// Everything that the laboratory writes.
    pub dir: PathBuf,
    /// Binaries of Kubernetes and Helm.
    pub bin: PathBuf,
}

impl Lab {
    /// Starts Kubernetes, OpenStack and the guest booter, in this order.
    ///
    /// # Errors
    /// The first part that does not start, with the end of its log.
    pub async fn start(options: &Options, say: impl Fn(&str)) -> Result<Self> {
        say("Kubernetes: API server, etcd, controller-manager, scheduler, kwok");
        let bin = kubernetes_binaries::find_or_build().await?;
        let why_light = if options.guests == GuestKind::Auto { crate::guest::why_light(&bin) } else { None };
        let options = &Options { guests: if why_light.is_some() { GuestKind::Light } else { options.guests }, ..options.clone() };
        let address = if options.guests == GuestKind::Light { Address::Loopback } else { Address::Bridge };
        let mut kubernetes = KubernetesOptions::new(bin.clone(), options.dir.join("kubernetes"), address);
        // The whole folder goes when the run was good; its logs are wanted when it was not.
        kubernetes.after_stop = AfterStop::Keep;
        if options.nodes == Nodes::Unwatched {
            kubernetes.controllers_off = vec!["node-lifecycle-controller".into(), "taint-eviction-controller".into()];
        }
        let control_plane = ControlPlane::start(kubernetes).await?;
        say(match options.cloud {
            Which::Simulated => "OpenStack: the simulated one",
            Which::Real => "OpenStack: Keystone, Glance, Placement, Neutron, Nova (real)",
        });
        // Pods reach the bridge, not this machine's loopback addresses.
        let bind = (address == Address::Bridge).then_some(BRIDGE.into());
        let cloud = LabCloud::start(options.cloud, &options.dir, bind).await.context("OpenStack did not start")?;
        say("guest booter");
        let booter = Booter::start(guests(options, &cloud, &bin)?).await.context("the guest booter did not start")?;
        let client = control_plane.client();
        Ok(Self { control_plane, cloud, booter: Some(booter), why_light, infra: None, client, dir: options.dir.clone(), bin })
    }

    /// The same with the chart installed, its operator left out: the laboratory starts operators of its own.
    ///
    /// # Errors
    /// The first part that does not start, or what Helm says.
    pub async fn with_chart(options: &Options) -> Result<Self> {
        let lab = Self::start(options, |part| eprintln!("starting {part}")).await?;
        helm::install(&lab, &["replicas=0"]).await?;
        Ok(lab)
    }

    /// Boots a real node without OpenStack, for the operator's pod, tainted so that nobody else goes there.
    ///
    /// # Errors
    /// If this machine cannot run a real kubelet, or it does not become ready.
    pub async fn start_infra_node(&mut self, image: &Path) -> Result<()> {
        let images = self.dir.join("images");
        std::fs::copy(image, images.join("gantry.tar"))
            .with_context(|| format!("the operator's image {} cannot be read; run `make image`", image.display()))?;
        let options = InfraOptions {
            name: INFRA_NODE.into(),
            address: INFRA_ADDRESS.into(),
            size: Size { vcpus: 2, memory_mib: 4096, disk_gib: 20 },
            labels: std::collections::BTreeMap::new(),
            dir: self.dir.join("infra"),
            bin_dir: self.bin.clone(),
            images_dir: Some(images),
        };
        let node = InfraNode::boot(self.client.clone(), self.control_plane.server(), self.control_plane.ca_pem(), options).await?;
        self.infra = Some(node);
        helm::kubectl(self, &["taint", "node", INFRA_NODE, "node-role.kubernetes.io/control-plane=:NoSchedule"]).await.map(drop)
    }

    /// Ends everything, in the reverse order.
    ///
    /// # Errors
    /// The first part that does not end; the others are ended all the same.
    pub async fn stop(mut self) -> Result<()> {
        let infra = match self.infra.take() {
            Some(node) => node.end().await,
            None => Ok(()),
        };
        if let Some(booter) = self.booter.take() {
            booter.stop().await;
        }
        let cloud = self.cloud.stop().await;
        let kubernetes = self.control_plane.stop().await;
        infra.and(cloud).and(kubernetes.map(drop))
    }

    /// From now on guests are light.
    ///
    /// # Errors
    /// If the booter cannot be started again.
    pub async fn light_guests(&mut self) -> Result<()> {
        self.guests_join_within(Duration::ZERO).await
    }

    /// From now on guests are light, and each joins at a moment of its own within so much time.
    ///
    /// # Errors
    /// If the booter cannot be started again.
    pub async fn guests_join_within(&mut self, time: Duration) -> Result<()> {
        if let Some(booter) = self.booter.take() {
            booter.stop().await;
        }
        let options = Options::light(self.cloud.which, self.dir.clone());
        let mut config = guests(&options, &self.cloud, &self.bin)?;
        config.light.boots_within = time;
        self.booter = Some(Booter::start(config).await?);
        Ok(())
    }

    /// The administrator's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        self.control_plane.kubeconfig()
    }
}

fn guests(options: &Options, cloud: &LabCloud, bin: &Path) -> Result<GuestConfig> {
    let images = options.dir.join("images");
    std::fs::create_dir_all(&images)?;
    crate::kubernetes::image::write(&crate::kubernetes::image::Image::pause(bin), &images.join("pause.tar"))?;
    let mut config = GuestConfig::new(cloud.clouds_yaml.clone(), "admin", options.dir.join("guests"));
    config.kind = options.guests;
    config.bin_dir = Some(bin.to_owned());
    config.images_dir = Some(images);
    config.real_guests_max = options.real_limit;
    Ok(config)
}

/// A client for a kubeconfig file.
///
/// # Errors
/// If the file cannot be read or used.
pub async fn client_from(path: &Path) -> Result<Client> {
    let kubeconfig = Kubeconfig::read_from(path)?;
    let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.default_retry = true;
    Ok(Client::try_from(config)?)
}
