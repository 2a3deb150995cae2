//! Random histories, each from its own seed: as long as they get, where trying every order would never get.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use stateright::{Expectation, Model};

use crate::model::{Action, Protocol};

/// Steps of one history at most.
const STEPS: usize = 400;

/// What many walks found.
#[derive(Debug, Default)]
pub struct Walks {
    /// Histories walked.
    pub walks: u64,
    /// States looked at.
    pub states: u64,
    /// The longest history.
    pub depth: usize,
    /// The shortest history that breaks each invariant, and its seed.
    pub broken: BTreeMap<&'static str, (u64, Vec<Action>)>,
    /// Situations that were met.
    pub seen: BTreeSet<&'static str>,
}

impl Walks {
    /// Walks one history after the other, with seeds `first`, `first + stride` and so on, until `end`.
    pub fn until(end: Instant, protocol: &Protocol, first: u64, stride: u64) -> Self {
        let mut all = Self::default();
        let mut seed = first;
        while Instant::now() < end {
            all.one(protocol, seed);
            seed += stride;
        }
        all
    }

    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        self.walks += other.walks;
        self.states += other.states;
        self.depth = self.depth.max(other.depth);
        self.seen.extend(other.seen);
        for (name, (seed, history)) in other.broken {
            self.break_by(name, seed, &history);
        }
        self
    }

    fn one(&mut self, protocol: &Protocol, seed: u64) {
        let (mut rng, mut history) = (StdRng::seed_from_u64(seed), Vec::new());
        let properties = protocol.properties();
        let Some(mut world) = protocol.init_states().pop() else { return };
        while history.len() < STEPS {
            let mut actions = Vec::new();
            protocol.actions(&world, &mut actions);
            let next = std::iter::from_fn(|| (!actions.is_empty()).then(|| actions.swap_remove(rng.random_range(0..actions.len()))))
                .find_map(|action| Some((action, protocol.next_state(&world, action).filter(|next| protocol.within_boundary(next))?)));
            let Some((action, next)) = next else { break };
            history.push(action);
            world = next;
            self.states += 1;
            for property in &properties {
                let holds = (property.condition)(protocol, &world);
                match property.expectation {
                    Expectation::Sometimes if holds => drop(self.seen.insert(property.name)),
                    Expectation::Always if !holds => self.break_by(property.name, seed, &history),
                    _ => {}
                }
            }
        }
        self.walks += 1;
        self.depth = self.depth.max(history.len());
    }

    fn break_by(&mut self, name: &'static str, seed: u64, history: &[Action]) {
        let shorter = self.broken.get(name).is_none_or(|(_, known)| history.len() < known.len());
        if shorter {
            self.broken.insert(name, (seed, history.to_vec()));
        }
    }
}
