//! One guest's life: a task that follows what its server's status wants, from first boot to gone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::sync::{Semaphore, watch};

use super::Config;
use super::disk::{Body, Disk};
use super::light::{self, LightDisk};
use super::real::{Identity, Image, RealGuest};
use super::server::Server;
use super::user_data;

/// Most light guests that join at once, so that hundreds of boots do not open hundreds of connections.
pub const JOINS_AT_ONCE_MAX: usize = 64;

/// What the server's status wants of its guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Known from an earlier booter; Nova has not been asked yet.
    Unknown,
    /// The guest runs.
    On,
    /// The guest does not run; its disk stays.
    Off,
    /// The guest does not run and its disk is empty.
    Rebuilt,
    /// The server is gone, and with it the guest and its disk.
    Gone,
    /// The booter stops.
    Left,
}

/// How far a guest is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its machine is off.
    Off,
    /// It boots and joins.
    Booting,
    /// It joined; its node reported Ready (light), or `kubeadm join` succeeded (real).
    Joined,
    /// It did not understand its user data or was refused, and will never join. The sentence says why.
    Failed(String),
}

/// What is known of one guest.
#[derive(Clone, Debug)]
pub struct GuestReport {
    /// Nova server id.
    pub server_id: String,
    /// Nova server name.
    pub name: String,
    /// Its body.
    pub body: Body,
    /// How far it is.
    pub phase: Phase,
    /// Time from the start of the last boot until it had joined.
    pub joined_after: Option<Duration>,
}

/// What all guests of one booter share.
pub struct Shared {
    /// The booter's configuration.
    pub config: Config,
    /// What real guests boot from; `None` if there are none.
    pub image: Option<Image>,
    /// Room for light guests that join.
    pub joins: Semaphore,
}

/// One guest.
pub struct Guest {
    shared: Arc<Shared>,
    server: Server,
    disk: Disk,
    report: Arc<Mutex<GuestReport>>,
    machine: Machine,
    is_on: bool,
}

/// What a guest is made of.
enum Machine {
    Light {
        disk: Option<Box<LightDisk>>,
        /// cloud-init runs user data once for an instance, whether it succeeds or not.
        has_booted: bool,
    },
    Real {
        guest: Option<Box<RealGuest>>,
    },
}

impl Guest {
    /// A guest that is off.
    pub fn new(shared: Arc<Shared>, server: Server, body: Body, report: Arc<Mutex<GuestReport>>) -> Self {
        let disk = Disk::of(&shared.config.dir, &server);
        let machine = match body {
            Body::Light => {
                let kept = disk.light().map(Box::new);
                Machine::Light { has_booted: kept.is_some(), disk: kept }
            }
            Body::Real => Machine::Real { guest: None },
        };
        Self { shared, server, disk, report, machine, is_on: false }
    }

    /// Follows `wanted` until the server is gone or the booter stops.
    pub async fn live(mut self, mut wanted: watch::Receiver<Wanted>) {
        loop {
            let now = *wanted.borrow_and_update();
            match now {
                Wanted::Unknown => {}
                Wanted::On => tokio::select! {
                    () = self.power_on() => {}
                    _ = wanted.wait_for(|later| *later != Wanted::On) => continue,
                },
                Wanted::Off => self.power_off().await,
                Wanted::Rebuilt => self.wipe().await,
                Wanted::Gone => return self.wipe().await,
                Wanted::Left => return self.leave().await,
            }
            if wanted.changed().await.is_err() {
                return;
            }
        }
    }

    async fn power_on(&mut self) {
        if self.is_on {
            return;
        }
        self.set_phase(Phase::Booting, None);
        let start = Instant::now();
        let result = self.boot().await;
        self.is_on = true;
        let name = &self.server.name;
        match result {
            Ok(()) => {
                tracing::info!(guest = %name, "joined {} ms after its boot", start.elapsed().as_millis());
                self.set_phase(Phase::Joined, Some(start.elapsed()));
            }
            Err(error) => {
                tracing::warn!(guest = %name, "never joins: {error:#}");
                self.set_phase(Phase::Failed(format!("{error:#}")), None);
            }
        }
    }

    async fn boot(&mut self) -> Result<()> {
        match &mut self.machine {
            Machine::Light { disk, has_booted } => {
                if !*has_booted {
                    tokio::time::sleep(self.shared.config.light.boot_delay(&self.server.id)).await;
                }
                let _room = self.shared.joins.acquire().await?;
                if !*has_booted {
                    let joined = light::first_boot(&self.server).await;
                    *has_booted = true;
                    let joined = joined?;
                    self.disk.keep_light(&joined)?;
                    *disk = Some(Box::new(joined));
                }
                let disk = disk.as_ref().context("its first boot failed, and cloud-init runs user data only once")?;
                light::run_kubelet(disk, &self.shared.config.light).await
            }
            Machine::Real { guest } => {
                if guest.is_none() {
                    *guest = Some(Box::new(assemble(&self.shared, &self.server, &self.disk)?));
                }
                let Some(guest) = guest else { bail!("no machine") };
                if !guest.has_disk() {
                    let encoded = self.server.user_data.as_deref().context("the server has no user data, so this guest joins nothing")?;
                    guest.write_disk(&user_data::parse_base64(encoded, &self.server.instance_data())?)?;
                }
                guest.power_on().await?;
                guest.joined().await
            }
        }
    }

    async fn power_off(&mut self) {
        match &mut self.machine {
            Machine::Light { disk: Some(disk), .. } => light::power_off(disk).await,
            Machine::Light { disk: None, .. } => {}
            Machine::Real { .. } => self.leave().await,
        }
        self.is_on = false;
        self.set_phase(Phase::Off, None);
    }

    /// The booter stops: processes of this machine end, while light nodes stay with kwok.
    async fn leave(&mut self) {
        if let Machine::Real { guest: Some(guest) } = &mut self.machine
            && let Err(error) = guest.power_off().await
        {
            tracing::warn!(guest = %self.server.name, "could not be ended: {error:#}");
        }
    }

    async fn wipe(&mut self) {
        self.power_off().await;
        match &mut self.machine {
            Machine::Light { disk, has_booted } => (*disk, *has_booted) = (None, false),
            Machine::Real { guest } => *guest = None,
        }
        self.disk.remove();
    }

    fn set_phase(&self, phase: Phase, joined_after: Option<Duration>) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.phase = phase;
        report.joined_after = joined_after;
    }
}

fn assemble(shared: &Shared, server: &Server, disk: &Disk) -> Result<RealGuest> {
    let image = shared.image.clone().context("this booter has no image for real guests")?;
    let address = server.address.context("the server has no address")?;
    let identity = Identity::new(&server.id, &server.hostname, address);
    Ok(RealGuest::new(identity, server.size, disk.path(), image))
}
