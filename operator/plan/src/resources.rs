//! Amounts of what nodes offer and pods ask for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// CPU in milli-CPU, memory and ephemeral storage in bytes, a number of pods, and whole extended resources by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// Milli-CPU.
    pub cpu_milli: i64,
    /// Bytes.
    pub memory_bytes: i64,
    /// Bytes.
    pub ephemeral_bytes: i64,
    /// Pods.
    pub pods: i64,
    /// Extended resources and huge pages, by name.
    pub extended: BTreeMap<String, i64>,
}

impl Resources {
    /// Adds `other`, saturating.
    pub fn add(&mut self, other: &Self) {
        self.each(other, i64::saturating_add);
    }

    /// Takes `other` away, saturating; may go below zero.
    pub fn sub(&mut self, other: &Self) {
        self.each(other, i64::saturating_sub);
    }

    /// The larger of both, by resource.
    pub fn raise_to(&mut self, other: &Self) {
        self.each(other, i64::max);
    }

    /// Whether a pod that asks for this fits into `free`. A resource that is not asked for may be over-committed, as kube-scheduler has it.
    pub fn fits(&self, free: &Self) -> bool {
        let fits = |ask: i64, free: i64| ask == 0 || ask <= free;
        fits(self.cpu_milli, free.cpu_milli)
            && fits(self.memory_bytes, free.memory_bytes)
            && fits(self.ephemeral_bytes, free.ephemeral_bytes)
            && fits(self.pods, free.pods)
            && self.extended.iter().all(|(name, ask)| fits(*ask, free.extended.get(name).copied().unwrap_or(0)))
    }

    /// How many pods that ask for this fit into `free`; `usize::MAX` where nothing is asked for.
    pub fn times(&self, free: &Self) -> usize {
        let times = |ask: i64, free: i64| match ask {
            ..=0 => usize::MAX,
            ask => usize::try_from(free / ask).unwrap_or(0),
        };
        let extended = self.extended.iter().map(|(name, ask)| times(*ask, free.extended.get(name).copied().unwrap_or(0)));
        times(self.cpu_milli, free.cpu_milli)
            .min(times(self.memory_bytes, free.memory_bytes))
            .min(times(self.ephemeral_bytes, free.ephemeral_bytes))
            .min(times(self.pods, free.pods))
            .min(extended.min().unwrap_or(usize::MAX))
    }

    /// This, `count` times, saturating.
    pub fn scaled(&self, count: usize) -> Self {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let mut scaled = self.clone();
        let times = |amount: i64| amount.saturating_mul(count);
        scaled.cpu_milli = times(self.cpu_milli);
        scaled.memory_bytes = times(self.memory_bytes);
        scaled.ephemeral_bytes = times(self.ephemeral_bytes);
        scaled.pods = times(self.pods);
        scaled.extended.values_mut().for_each(|amount| *amount = times(*amount));
        scaled
    }

    /// This, with nothing below zero.
    pub fn at_least_zero(&self) -> Self {
        let mut clamped = Self::default();
        clamped.raise_to(self);
        clamped
    }

    fn each(&mut self, other: &Self, op: fn(i64, i64) -> i64) {
        self.cpu_milli = op(self.cpu_milli, other.cpu_milli);
        self.memory_bytes = op(self.memory_bytes, other.memory_bytes);
        self.ephemeral_bytes = op(self.ephemeral_bytes, other.ephemeral_bytes);
        self.pods = op(self.pods, other.pods);
        for (name, amount) in &other.extended {
            let mine = self.extended.entry(name.clone()).or_default();
            *mine = op(*mine, *amount);
        }
    }
}
