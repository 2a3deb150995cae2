//! Chance with a seed.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A source of choices that a seed repeats.
pub struct Dice(StdRng);

impl Dice {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// Whether something of this likelihood happens.
    pub fn percent(&mut self, likelihood: u32) -> bool {
        self.0.random_range(0..100) < likelihood
    }

    /// One of them.
    ///
    /// # Panics
    /// If there is none.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.0.random_range(0..of.len())]
    }

    /// One of these words, as a text of its own.
    pub fn word(&mut self, of: &[&str]) -> String {
        (*self.one(of)).to_owned()
    }

    /// A number from `least` to `most`, both included.
    pub fn number(&mut self, least: usize, most: usize) -> usize {
        self.0.random_range(least..=most)
    }

    /// Each of them with this likelihood, in their order.
    pub fn some<'a, T>(&mut self, of: &'a [T], likelihood: u32) -> Vec<&'a T> {
        of.iter().filter(|_| self.percent(likelihood)).collect()
    }
}
