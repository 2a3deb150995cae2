//! Every world by its name, so that a fresh process can be told which to measure.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result};
use gantry_plan::model::Snapshot;

use crate::worlds::scenarios::SCENARIOS;
use crate::worlds::{diverse, mixes, openb, plain};

/// A world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// A packing scenario, by its place.
    Scenario(usize),
    /// A drawn mix, by its seed.
    Mix(u64),
    /// The openb trace.
    Openb,
    /// Karpenter's diverse pods.
    Diverse(usize),
    /// Pods of 30 sizes.
    Plain(usize),
    /// Pods of ever more sizes.
    Growing(usize),
    /// Nodes with so many pods each, and pods that wait.
    Steady(usize, usize, usize),
}

impl Case {
    pub fn world(self) -> Result<Snapshot> {
        match self {
            Self::Scenario(at) => SCENARIOS[at].world(),
            Self::Mix(seed) => Ok(mixes::mix(seed)),
            Self::Openb => openb::openb(),
            Self::Diverse(pods) => diverse::diverse(pods),
            Self::Plain(pods) => Ok(plain::plain(pods)),
            Self::Growing(pods) => Ok(plain::of_growing_shapes(pods)),
            Self::Steady(nodes, each, waiting) => Ok(plain::steady(nodes, each, waiting)),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scenario(at) => write!(f, "{}", SCENARIOS[*at].name),
            Self::Mix(seed) => write!(f, "mix-{seed}"),
            Self::Openb => write!(f, "openb"),
            Self::Diverse(pods) => write!(f, "diverse-{pods}"),
            Self::Plain(pods) => write!(f, "plain-{pods}"),
            Self::Growing(pods) => write!(f, "growing-{pods}"),
            Self::Steady(nodes, each, waiting) => write!(f, "steady-{nodes}-{each}-{waiting}"),
        }
    }
}

impl FromStr for Case {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(at) = SCENARIOS.iter().position(|scenario| scenario.name == text) {
            return Ok(Self::Scenario(at));
        }
        let mut parts = text.split('-');
        let kind = parts.next().unwrap_or_default();
        let figures = parts.map(str::parse).collect::<Result<Vec<usize>, _>>();
        let figures = figures.with_context(|| format!("{text} is no case: after its name come numbers"))?;
        match (kind, &figures[..]) {
            ("mix", [seed]) => Ok(Self::Mix(*seed as u64)),
            ("openb", []) => Ok(Self::Openb),
            ("diverse", [pods]) => Ok(Self::Diverse(*pods)),
            ("plain", [pods]) => Ok(Self::Plain(*pods)),
            ("growing", [pods]) => Ok(Self::Growing(*pods)),
            ("steady", [nodes, each, waiting]) => Ok(Self::Steady(*nodes, *each, *waiting)),
            _ => anyhow::bail!("{text} is no case: try plain-1000, diverse-1000, mix-1, openb, steady-50-30-10 or {}", SCENARIOS[0].name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_read_as_it_is_written() {
        let cases =
            [Case::Scenario(2), Case::Mix(7), Case::Openb, Case::Diverse(100), Case::Plain(1), Case::Growing(9), Case::Steady(5, 30, 2)];
        assert_eq!(cases.map(|case| case.to_string().parse::<Case>().ok()), cases.map(Some));
    }

    #[test]
    fn every_file_gives_its_world() {
        let pods = |case: Case| case.world().unwrap().pods.len();
        assert_eq!(
            [Case::Scenario(0), Case::Scenario(3), Case::Openb, Case::Diverse(100), Case::Diverse(30)].map(pods),
            [1_000, 5_000, 8_152, 100, 30]
        );
    }
}
