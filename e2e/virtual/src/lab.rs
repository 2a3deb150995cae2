//! One world and the operator's lives in it: each life is a runtime of its own, and kill -9 is its end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use gantry::clock::Clock;
use gantry::control::nomination::Nomination;
use gantry::kube::lease;
use gantry::leftovers;
use gantry::run::{Operator, Parts};
use gantry::serve::health::Pulse;
use gantry::serve::journal::Journal;
use gantry::serve::metrics::Metrics;
use gantry::serve::readiness::Readiness;
use gantry_cloud::{Cloud, CloudConfig, OpenStack, Pacing, SecretFiles, no_hook};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::api::ApiService;
use crate::checks::Orphans;
use crate::clock::runtime;
use crate::cloud_wire::CloudWire;
use crate::log::Log;
use crate::wire::Wire;
use crate::world::{Setup, World};

/// A process that ended is started again after this.
const RESTART_AFTER: Duration = Duration::from_secs(2);
/// Conditions are looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A world with its time.
pub struct Lab {
    /// The world.
    pub world: Arc<World>,
    /// What the operators logged.
    pub log: Log,
    passed: Duration,
    /// Clusters beside it, each with an operator of its own.
    others: Vec<Arc<World>>,
    /// Metrics of the newest life.
    metrics: Metrics,
}

/// How a life ended.
#[derive(Debug)]
pub enum End<T> {
    /// The scenario came to its end.
    Done(T),
    /// The wire was cut.
    Killed,
}

/// What a scenario sees of the life that it is in.
#[derive(Clone)]
pub struct Life {
    /// The world.
    pub world: Arc<World>,
    metrics: Metrics,
}

impl Lab {
    /// A world in which nobody has acted yet.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new(setup: &Setup) -> Result<Self> {
        let runtime = runtime(None)?;
        let world = runtime.block_on(async { World::new(setup) })?;
        let passed = runtime.block_on(async { world.clock.passed() });
        let log = Log::new(&world);
        Ok(Self { world, log, passed, others: Vec::new(), metrics: Metrics::new() })
    }

    /// Another cluster in the same project.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn add_cluster(&mut self, setup: &Setup) -> Result<Arc<World>> {
        let runtime = runtime(Some((self.world.clock, self.passed)))?;
        let other = runtime.block_on(async { self.world.beside(setup) })?;
        self.others.push(other.clone());
        Ok(other)
    }

    /// One life of one operator, until the scenario is done or the wire is cut. Then everything of it is gone at once.
    ///
    /// # Errors
    /// Of the scenario.
    pub fn life<T>(&mut self, wire: &Arc<Wire>, scenario: impl AsyncFnOnce(Life) -> Result<T>) -> Result<End<T>> {
        self.lives(&[("gantry-0", wire.clone(), SignedDuration::ZERO)], scenario)
    }

    /// The same with several replicas, each with its name, its wire and what its clock is wrong by.
    ///
    /// # Errors
    /// Of the scenario.
    pub fn lives<T>(
        &mut self,
        replicas: &[(&str, Arc<Wire>, SignedDuration)],
        scenario: impl AsyncFnOnce(Life) -> Result<T>,
    ) -> Result<End<T>> {
        let runtime = runtime(Some((self.world.clock, self.passed)))?;
        let _log = self.log.take();
        let life = Life { world: self.world.clone(), metrics: Metrics::new() };
        self.metrics = life.metrics.clone();
        let outcome = runtime.block_on(async {
            tokio::spawn(self.world.clone().run());
            for (name, wire, error) in replicas {
                tokio::spawn(process(self.world.clone(), wire.clone(), (*name).to_owned(), *error, life.metrics.clone()));
            }
            for other in &self.others {
                tokio::spawn(other.clone().run());
                let metrics = Metrics::new();
                tokio::spawn(process(other.clone(), Wire::whole(), "gantry-0".to_owned(), SignedDuration::ZERO, metrics));
            }
            let killed = async { if replicas.len() == 1 { replicas[0].1.killed().await } else { std::future::pending().await } };
            tokio::select! {
                biased;
                () = killed => Ok(End::Killed),
                outcome = scenario(life) => outcome.map(End::Done),
            }
        });
        self.passed = runtime.block_on(async { self.world.clock.passed() });
        drop(runtime);
        let text = self.metrics.encode().unwrap_or_default();
        self.world.checks.look_for_secrets(&self.world, &text);
        outcome.with_context(|| format!("the log's end:\n{}", self.log.tail(25).join("\n")))
    }

    /// The documented clean-up after an operator that will never run again; the answer is how much it found.
    ///
    /// # Errors
    /// If it fails.
    pub fn clean_up(&mut self) -> Result<usize> {
        let before = self.world.inventory().things().len();
        let world = self.world.clone();
        let left = self.lives(&[], async |_| {
            let config = CloudConfig::from_clouds_yaml(&world.cloud.clouds_yaml(), "openstack", SecretFiles::default())?;
            let transport = Arc::new(CloudWire::new(&world, &Wire::whole()));
            let client: Arc<dyn Cloud> = Arc::new(OpenStack::connect_over(config, Pacing::default(), no_hook(), transport));
            world.checks.orphans(Orphans::CleanedUpByHand);
            leftovers::clean_up(&client, &world.cluster_uid, &mut std::io::sink()).await
        })?;
        if !matches!(left, End::Done(0)) {
            bail!("the clean-up leaves something: {left:?}");
        }
        Ok(before - self.world.inventory().things().len())
    }

    /// Time without any operator.
    ///
    /// # Errors
    /// If the machine gives no runtime.
    pub fn without_operator(&mut self, time: Duration) -> Result<()> {
        self.lives(&[], async |life: Life| {
            life.sleep(time).await;
            Ok(())
        })
        .map(drop)
    }
}

impl Life {
    /// Lets time pass.
    pub async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Waits until it is so.
    ///
    /// # Errors
    /// If it is not within `limit`.
    pub async fn until(&self, what: &str, limit: Duration, is_so: impl Fn(&World) -> bool) -> Result<Duration> {
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < limit {
            if is_so(&self.world) {
                return Ok(begun.elapsed());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        bail!("not within {limit:?}: {what}\n{}", self.world.picture())
    }

    /// Metrics as text.
    pub fn metrics(&self) -> String {
        self.metrics.encode().unwrap_or_default()
    }
}

/// A process as its Deployment keeps it: started again whenever it ends.
async fn process(world: Arc<World>, wire: Arc<Wire>, identity: String, error: SignedDuration, metrics: Metrics) {
    loop {
        let stop = CancellationToken::new();
        if let Ok(operator) = Operator::start(parts(&world, &wire, &identity, error, &metrics), &stop).await {
            let outcome = operator.until(std::future::pending()).await;
            tracing::info!(target: "world", identity, ?outcome, "the process ended");
        }
        tokio::time::sleep(RESTART_AFTER).await;
    }
}

fn parts(world: &Arc<World>, wire: &Arc<Wire>, identity: &str, error: SignedDuration, metrics: &Metrics) -> Parts {
    let (for_cloud, on_wire) = (world.clone(), wire.clone());
    Parts {
        client: ApiService::client(&world.api, wire),
        watching: ApiService::client(&world.api, wire),
        connect: Arc::new(move |config, pacing, hook| {
            let transport = Arc::new(CloudWire::new(&for_cloud, &on_wire));
            Ok(Arc::new(OpenStack::connect_over(config, pacing, hook, transport).with_seed(1)))
        }),
        clock: Clock::following(world.clock.now() + error),
        lease: lease::Config::new("gantry-system", "gantry", identity),
        metrics: metrics.clone(),
        readiness: Readiness::default(),
        pulse: Pulse::default(),
        nomination: Nomination::Reserve,
        journal: Journal::default(),
    }
}
