//! Watches Nova and keeps one guest for every server: the shell around the guests' lives.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::disk::{Body, Disk, Record};
use super::life::{Guest, GuestReport, JOINS_AT_ONCE_MAX, Phase, Shared, Wanted};
use super::nova::{CloudEntry, Nova};
use super::real::{self, Image};
use super::server::{Power, Server};
use super::{Config, Kind};

/// A look at Nova may take at most this part of the time: after one of 100 ms the next waits 400 ms.
const IDLE_PER_LOOK: u32 = 4;

/// Time from one list of all servers to the next; between them only what changed is asked for.
const WHOLE_LOOK_EVERY: Duration = Duration::from_secs(30);

/// How far a look reaches back before the last one, for changes that were on their way and clocks that differ.
const LOOK_OVERLAP: Duration = Duration::from_secs(20);

/// Longest pause between two looks at Nova.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Longest wait for the guests at the end.
const STOP_WAIT_MAX: Duration = Duration::from_secs(60);

/// A running booter. Dropping it ends its looks at Nova; [`Booter::stop`] also waits for the guests.
pub struct Booter {
    stopping: CancellationToken,
    watcher: Option<JoinHandle<()>>,
    reports: Reports,
}

type Reports = Arc<Mutex<BTreeMap<String, Arc<Mutex<GuestReport>>>>>;

impl Booter {
    /// Starts to watch. Guests that an earlier booter left in the same directory are found again.
    ///
    /// # Errors
    /// A clouds.yaml that cannot be read, or a directory that another booter uses.
    pub async fn start(config: Config) -> Result<Self> {
        let path = config.clouds_yaml.display().to_string();
        let text = std::fs::read_to_string(&config.clouds_yaml).with_context(|| format!("{path} cannot be read"))?;
        let nova = Nova::new(CloudEntry::read(&text, &config.cloud).with_context(|| path)?)?;
        let lock = lock(&config)?;
        let image = real_image(&config)?;
        if image.is_some() {
            real::sweep().await?;
        }
        let reports = Reports::default();
        let stopping = CancellationToken::new();
        let left = Disk::left_in(&config.dir).into_iter().map(|record| (record.server_id.clone(), record)).collect();
        let watching = Watcher {
            nova,
            left,
            last_look: None,
            last_whole_look: None,
            shared: Arc::new(Shared { config, image, joins: Semaphore::new(JOINS_AT_ONCE_MAX) }),
            guests: BTreeMap::new(),
            ending: Vec::new(),
            reports: reports.clone(),
            _lock: lock,
        };
        let watcher = tokio::spawn(watching.run(stopping.clone()));
        Ok(Self { stopping, watcher: Some(watcher), reports })
    }

    /// What is known of every guest, by server id.
    pub fn reports(&self) -> Vec<GuestReport> {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.values().map(|report| report.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
    }

    /// Stops watching and powers every real guest off. Disks stay, for the next booter in this directory.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.await;
        }
    }
}

impl Drop for Booter {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// Takes the directory for one booter; the lock ends with the process, however that ends.
fn lock(config: &Config) -> Result<File> {
    let dir = &config.dir;
    std::fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    let file = File::create(dir.join("booter.lock")).with_context(|| format!("{} cannot be written", dir.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!("another booter uses {}; stop it, or take another directory", dir.display()),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("{} cannot be locked", dir.display())),
    }
}

/// What real guests boot from, if this booter has any. With [`Kind::Auto`] a machine that cannot is told, not an error.
fn real_image(config: &Config) -> Result<Option<Image>> {
    if config.kind == Kind::Light {
        return Ok(None);
    }
    let image = Image { bin_dir: config.bin_dir.clone().unwrap_or_default(), images_dir: config.images_dir.clone() };
    match real::check(&image) {
        Ok(()) => Ok(Some(image)),
        Err(reason) if config.kind == Kind::Auto => {
            tracing::info!("every guest is light: {reason:#}");
            Ok(None)
        }
        Err(reason) => Err(reason),
    }
}

struct Watcher {
    nova: Nova,
    shared: Arc<Shared>,
    guests: BTreeMap<String, Slot>,
    /// What an earlier booter left, until Nova has told what became of the server.
    left: BTreeMap<String, Record>,
    last_look: Option<Timestamp>,
    last_whole_look: Option<Instant>,
    ending: Vec<JoinHandle<()>>,
    reports: Reports,
    _lock: File,
}

struct Slot {
    wanted: watch::Sender<Wanted>,
    life: JoinHandle<()>,
}

impl Watcher {
    async fn run(mut self, stopping: CancellationToken) {
        loop {
            let start = Instant::now();
            tokio::select! {
                looked = self.look() => if let Err(error) = looked {
                    tracing::warn!("Nova could not be looked at, so guests stay as they are: {error:#}");
                },
                () = stopping.cancelled() => break,
            }
            let pause = self.shared.config.poll_every.max(start.elapsed() * IDLE_PER_LOOK).min(PAUSE_MAX);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stopping.cancelled() => break,
            }
        }
        self.leave().await;
    }

    /// Asks Nova for what changed, and now and then for everything.
    async fn look(&mut self) -> Result<()> {
        let now = Timestamp::now();
        let is_whole = self.last_whole_look.is_none_or(|last| last.elapsed() > WHOLE_LOOK_EVERY);
        let since = self.last_look.filter(|_| !is_whole);
        let mut servers = BTreeMap::new();
        for server in self.nova.servers(since).await? {
            servers.insert(server.id.clone(), server);
        }
        let is_doubtful = |id: &String| servers.get(id).map_or(is_whole, |server| server.status == "DELETED");
        let doubtful: Vec<String> = self.guests.keys().chain(self.left.keys()).filter(|id| is_doubtful(id)).cloned().collect();
        for id in doubtful {
            // A list never proves absence; a 404 by id does.
            match self.nova.server(&id).await? {
                Some(server) => servers.insert(id, server),
                None => {
                    self.end(&id);
                    servers.remove(&id)
                }
            };
        }
        for server in servers.into_values() {
            let name = server.name.clone();
            if let Err(error) = self.follow(server).await {
                tracing::warn!(guest = %name, "has no guest yet: {error:#}");
            }
        }
        self.ending.retain(|life| !life.is_finished());
        self.last_look = Some(now - LOOK_OVERLAP);
        if is_whole {
            self.last_whole_look = Some(Instant::now());
        }
        Ok(())
    }

    /// Tells a server's guest what the status wants; a server that is on and has none gets one.
    async fn follow(&mut self, server: Server) -> Result<()> {
        let wanted = match server.power() {
            Power::On => Wanted::On,
            Power::Off => Wanted::Off,
            Power::Rebuilt => Wanted::Rebuilt,
            Power::AsItIs => return Ok(()),
        };
        let id = server.id.clone();
        if !self.guests.contains_key(&id) {
            if wanted != Wanted::On && !self.left.contains_key(&id) {
                return Ok(());
            }
            self.add(server).await?;
        }
        if let Some(slot) = self.guests.get(&id) {
            slot.wanted.send_if_modified(|now| std::mem::replace(now, wanted) != wanted);
        }
        Ok(())
    }

    async fn add(&mut self, mut server: Server) -> Result<()> {
        if server.user_data.is_none()
            && let Some(shown) = self.nova.server(&server.id).await?
        {
            server.user_data = shown.user_data;
        }
        let id = server.id.clone();
        let body = self.left.get(&id).map_or_else(|| self.choose_body(), |record| record.body);
        let record = Record { server_id: id.clone(), name: server.name.clone(), body };
        Disk::of(&self.shared.config.dir, &server).make(&record)?;
        self.left.remove(&id);
        tracing::info!(guest = %server.name, server = %id, ?body, "has a guest");
        let report = GuestReport { server_id: id.clone(), name: server.name.clone(), body, phase: Phase::Off, joined_after: None };
        let report = Arc::new(Mutex::new(report));
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), report.clone());
        let (wanted, receiver) = watch::channel(Wanted::Unknown);
        let life = tokio::spawn(Guest::new(self.shared.clone(), server, body, report).live(receiver));
        self.guests.insert(id, Slot { wanted, life });
        Ok(())
    }

    fn choose_body(&self) -> Body {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        let bodies = reports.values().map(|report| report.lock().unwrap_or_else(PoisonError::into_inner).body);
        let real_guests = bodies.filter(|body| *body == Body::Real).count();
        let has_room = self.shared.config.kind == Kind::Real || real_guests < self.shared.config.real_guests_max;
        if self.shared.image.is_some() && has_room { Body::Real } else { Body::Light }
    }

    /// The server is gone: ends its guest, or removes the disk that an earlier booter left of it.
    fn end(&mut self, id: &str) {
        if self.left.remove(id).is_some() {
            Disk::of_id(&self.shared.config.dir, id).remove();
        }
        let Some(slot) = self.guests.remove(id) else { return };
        tracing::info!(server = %id, "is gone");
        let _ = slot.wanted.send(Wanted::Gone);
        self.ending.push(slot.life);
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    async fn leave(&mut self) {
        let guests = std::mem::take(&mut self.guests).into_values();
        let lives: Vec<JoinHandle<()>> = guests
            .map(|slot| {
                let _ = slot.wanted.send(Wanted::Left);
                slot.life
            })
            .chain(std::mem::take(&mut self.ending))
            .collect();
        if tokio::time::timeout(STOP_WAIT_MAX, futures::future::join_all(lives)).await.is_err() {
            tracing::warn!("some guests did not end within {} s", STOP_WAIT_MAX.as_secs());
        }
    }
}
