//! `gantry-lab crash-matrix`: kill -9 at every external call of five workloads, on its three sides, and a comparison with the run without.

mod audit;
mod points;
mod report;
mod run;
mod workload;
mod world;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub use points::{Job, Sample};
pub use workload::Workload;

use crate::lab::cloud::Which;
use crate::lab::lane::Lanes;
use crate::lab::{Lab, Options};
use report::Report;
use run::Outcome;

/// What is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where everything is kept that is written.
    pub dir: PathBuf,
    /// The part of all runs; `None` for all.
    pub sample: Option<Sample>,
    /// Runs at the same time.
    pub lanes: usize,
    /// Only runs whose workload and point contain this.
    pub filter: Option<String>,
}

/// Runs the matrix and prints what came of it.
///
/// # Errors
/// If the laboratory fails, or a run did not end as the one without a crash.
pub async fn run(settings: Settings) -> Result<()> {
    let options = Options::light(Which::Simulated, settings.dir.clone());
    let lab = Lab::with_chart(&options).await?;
    let lanes = Arc::new(Lanes::new(lab).await?);
    let mut matrix = Matrix { lanes: lanes.clone(), places: Arc::new(Semaphore::new(settings.lanes)), number: 0, work: JoinSet::new() };
    let report = matrix.run_all(&settings).await;
    matrix.work.shutdown().await;
    drop(matrix);
    let stopped = Arc::into_inner(lanes).context("a lane still runs")?.lab.stop().await;
    report?.close()?;
    stopped
}

/// A run that is over; without a job it is a reference run.
struct Done {
    workload: Workload,
    job: Option<Job>,
    outcome: Outcome,
}

struct Matrix {
    lanes: Arc<Lanes>,
    places: Arc<Semaphore>,
    number: usize,
    work: JoinSet<Result<Done>>,
}

impl Matrix {
    /// Reference runs first; each brings the runs of its own calls as soon as it is over.
    async fn run_all(&mut self, settings: &Settings) -> Result<Report> {
        let mut report = Report::new(settings.lanes);
        for workload in Workload::ALL.into_iter().filter(|workload| settings.wants_workload(*workload)) {
            match (workload, settings.sample) {
                // Its reference takes as long as its runs: a sample knows its points beforehand.
                (Workload::Vanished, Some(_)) => self.add(settings.chosen(points::vanished()), &mut report),
                _ => self.spawn(workload, None),
            }
        }
        while let Some(done) = self.work.join_next().await {
            let Done { workload, job, outcome } = done??;
            match job {
                Some(job) => report.add(&job, &outcome),
                None if outcome.is_good() => self.add(settings.chosen(points::jobs(workload, &outcome.counted)), &mut report),
                None => bail!("{} does not end as it should even without a crash: {outcome:?}", workload.name()),
            }
        }
        Ok(report)
    }

    fn add(&mut self, jobs: Vec<Job>, report: &mut Report) {
        report.expect(jobs.len());
        jobs.into_iter().for_each(|job| self.spawn(job.workload, Some(job)));
    }

    fn spawn(&mut self, workload: Workload, job: Option<Job>) {
        self.number += 1;
        let namespace = format!("{}-{}", workload.name(), self.number);
        let (lanes, places) = (self.lanes.clone(), self.places.clone());
        self.work.spawn(async move {
            let _place = places.acquire_owned().await?;
            let outcome = run::run(&lanes, &namespace, workload, job.as_ref().map(|job| &job.point)).await;
            let outcome = outcome.with_context(|| format!("{namespace}; its logs are in {}", lanes.lab.dir.join("lanes").display()))?;
            Ok(Done { workload, job, outcome })
        });
    }
}

impl Settings {
    fn wants_workload(&self, workload: Workload) -> bool {
        let named = |filter: &str| Workload::ALL.iter().any(|workload| filter.starts_with(workload.name()));
        self.filter.as_ref().is_none_or(|filter| !named(filter) || filter.starts_with(workload.name()))
    }

    fn chosen(&self, jobs: Vec<Job>) -> Vec<Job> {
        let jobs = jobs.into_iter().filter(|job| self.filter.as_ref().is_none_or(|filter| job.to_string().contains(filter.as_str())));
        let jobs: Vec<Job> = jobs.collect();
        self.sample.map_or(jobs.clone(), |sample| sample.of(jobs))
    }
}
