//! What is told: the time that is left, each run that did not end as it should, and one line that counts.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::points::Job;
use super::run::Outcome;

/// Counts of a matrix.
#[derive(Debug)]
pub struct Report {
    start: Instant,
    lanes: usize,
    expected: usize,
    over: usize,
    runs: usize,
    missed: usize,
    leaks: usize,
    doubles: usize,
    unasked: usize,
    unfinished: usize,
    took: Duration,
}

impl Report {
    /// Nothing yet.
    #[must_use]
    pub fn new(lanes: usize) -> Self {
        let start = Instant::now();
        Self {
            start,
            lanes,
            expected: 0,
            over: 0,
            runs: 0,
            missed: 0,
            leaks: 0,
            doubles: 0,
            unasked: 0,
            unfinished: 0,
            took: Duration::ZERO,
        }
    }

    /// So many runs more.
    pub fn expect(&mut self, runs: usize) {
        self.expected += runs;
    }

    /// One is over.
    pub fn add(&mut self, job: &Job, outcome: &Outcome) {
        self.over += 1;
        self.took += outcome.took;
        if outcome.reached {
            self.runs += 1;
        } else {
            self.missed += 1;
        }
        self.leaks += outcome.leaks.len();
        self.doubles += outcome.audit.doubles.len();
        self.unasked += outcome.audit.unasked.len();
        self.unfinished += usize::from(outcome.unfinished.is_some());
        if !outcome.is_good() {
            eprintln!("\rFAILED {job} ({}, {:.0} s)", outcome.namespace, outcome.took.as_secs_f64());
            let sentences = outcome.leaks.iter().chain(&outcome.audit.doubles).chain(&outcome.audit.unasked).chain(&outcome.unfinished);
            sentences.for_each(|sentence| eprintln!("        {sentence}"));
        }
        let each = self.took.as_secs_f64() / self.over as f64;
        let left = each * (self.expected - self.over) as f64 / self.lanes as f64;
        eprint!("\r{} of {} runs, about {left:.0} s left   ", self.over, self.expected);
    }

    /// Prints the line that counts.
    ///
    /// # Errors
    /// If anything was wrong, or nothing was run.
    pub fn close(&self) -> Result<()> {
        let Self { runs, leaks, doubles, unasked, unfinished, missed, .. } = self;
        eprintln!("\r{} s, {missed} points were not reached a second time   ", self.start.elapsed().as_secs());
        println!("crash-matrix: {runs} runs, {leaks} leaks, {doubles} doubles, {unasked} unasked deletions");
        if *unfinished > 0 {
            println!("{unfinished} runs did not come to the end that the run without a crash came to");
        }
        if leaks + doubles + unasked + unfinished > 0 || *runs == 0 {
            bail!("the crash matrix failed");
        }
        Ok(())
    }
}
