//! Branch and bound: everything that may go into a bin, as far as it can still be worth more than what is known.

use super::knapsack::EQUAL;
use super::sorts::Sorts;
use super::{Load, Pattern};

/// A sort that is worth something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub sort: usize,
    pub most: usize,
    pub value: f64,
    /// Its size at the dimensions' prices.
    pub weight: f64,
    /// Value for weight.
    pub ratio: f64,
}

/// A search under way. Choices are in the order of their worth for their weight.
pub(super) struct Dig<'a> {
    sorts: &'a Sorts<'a>,
    pub choices: &'a [Choice],
    free: Vec<i64>,
    load: Load,
    pattern: Pattern,
    /// The best bin that was found, and its worth.
    pub best: Option<(f64, Pattern)>,
    /// Worth to exceed.
    pub target: f64,
    steps: usize,
}

impl<'a> Dig<'a> {
    pub fn new(sorts: &'a Sorts<'a>, choices: &'a [Choice], free: Vec<i64>, load: Load) -> Self {
        Self { sorts, choices, free, load, pattern: Pattern::new(), best: None, target: 0.0, steps: 0 }
    }

    /// Tries everything that this choice opens and that is worth more than `target`; says how many steps it took.
    pub fn open(&mut self, first: usize, target: f64, steps: usize, budget: f64) -> usize {
        (self.target, self.steps) = (target, steps);
        self.put(first, 0.0, budget);
        steps - self.steps
    }

    /// Whether it came to its end: nothing is worth more than the target then.
    pub fn ended(&self) -> bool {
        self.steps > 0
    }

    /// Takes so many of a choice, or as many as fit, for good.
    pub fn take(&mut self, choice: &Choice, asked: usize) -> usize {
        let sort = &self.sorts.all[choice.sort];
        let count =
            asked.min(choice.most).min(super::times(&sort.size, &self.free)).min(self.load.room(sort.rules, &self.sorts.problem.caps));
        if count > 0 {
            self.free.iter_mut().zip(&sort.size).for_each(|(free, size)| *free -= size * count as i64);
            self.load.add(sort.rules, count);
            self.pattern.push((choice.sort, count));
        }
        count
    }

    /// Fills up what has been taken, and says what that is worth and how many steps it took.
    pub fn fill_up(mut self, worth: f64, budget: f64, steps: usize) -> ((f64, Pattern), usize) {
        (self.target, self.steps) = (worth, steps);
        let taken = (worth, self.pattern.clone());
        self.dig(0, worth, budget);
        (self.best.unwrap_or(taken), steps - self.steps)
    }

    /// Tries everything with the choices from `at` on; `budget` is what is free, at the dimensions' prices.
    fn dig(&mut self, at: usize, worth: f64, budget: f64) {
        if worth > self.target * (1.0 + EQUAL) {
            self.target = worth;
            self.best = Some((worth, self.pattern.clone()));
        }
        for next in at..self.choices.len() {
            if self.choices[next].most == 0 || !super::fits(&self.sorts.all[self.choices[next].sort].size, &self.free) {
                continue;
            }
            self.steps = self.steps.saturating_sub(1);
            if self.steps == 0 || self.bound(next, worth, budget) <= self.target * (1.0 + EQUAL) {
                return;
            }
            self.put(next, worth, budget);
        }
    }

    /// Puts one choice in, as often as possible first.
    fn put(&mut self, at: usize, worth: f64, budget: f64) {
        let choice = self.choices[at];
        let sort = &self.sorts.all[choice.sort];
        let most = choice.most.min(super::times(&sort.size, &self.free));
        let most = if sort.ruled { most.min(self.load.room(sort.rules, &self.sorts.problem.caps)) } else { most };
        for count in (1..=most).rev() {
            let kept = sort.ruled.then(|| self.load.clone());
            self.free.iter_mut().zip(&sort.size).for_each(|(free, size)| *free -= size * count as i64);
            if sort.ruled {
                self.load.add(sort.rules, count);
            }
            self.pattern.push((choice.sort, count));
            self.dig(at + 1, worth + choice.value * count as f64, budget - choice.weight * count as f64);
            self.pattern.pop();
            self.free.iter_mut().zip(&sort.size).for_each(|(free, size)| *free += size * count as i64);
            if let Some(kept) = kept {
                self.load = kept;
            }
            if self.steps == 0 {
                return;
            }
        }
    }

    /// What the choices from `at` on can add at most, in fractions.
    pub fn bound(&self, at: usize, worth: f64, budget: f64) -> f64 {
        let (mut worth, mut budget) = (worth, budget);
        for choice in self.choices[at..].iter().filter(|choice| super::fits(&self.sorts.all[choice.sort].size, &self.free)) {
            let whole = choice.weight * choice.most as f64;
            if whole > budget && choice.weight > 0.0 {
                return worth + choice.value * (budget.max(0.0) / choice.weight);
            }
            worth += choice.value * choice.most as f64;
            budget -= whole;
        }
        worth
    }
}
