//! What the oracle's run found, as a table.

use std::collections::BTreeMap;

use super::compare::{Comparison, Difference, Subject};
use super::named::NAMED;

/// All cases together.
#[derive(Debug, Default)]
pub struct Report {
    /// Clusters judged.
    pub cases: usize,
    /// Clusters that the API server would not have taken.
    pub refused: usize,
    /// Verdicts that agree.
    pub agreed: BTreeMap<Subject, usize>,
    /// Refusals by plugin.
    pub refusals: BTreeMap<String, usize>,
    /// Unnamed differences, by cause.
    pub differences: BTreeMap<String, usize>,
    /// Named ones.
    pub named: BTreeMap<&'static str, usize>,
}

impl Report {
    /// Adds a case; gives back its differences that have no name.
    pub fn take(&mut self, comparison: Comparison) -> Vec<Difference> {
        self.cases += 1;
        comparison.agreed.into_iter().for_each(|(subject, count)| *self.agreed.entry(subject).or_default() += count);
        comparison.refusals.into_iter().for_each(|(plugin, count)| *self.refusals.entry(plugin).or_default() += count);
        let mut unnamed = Vec::new();
        for difference in comparison.differences {
            if let Some(known) = NAMED.iter().find(|known| (known.is)(&difference)) {
                *self.named.entry(known.name).or_default() += 1;
            } else {
                *self.differences.entry(difference.cause.clone()).or_default() += 1;
                unnamed.push(difference);
            }
        }
        unnamed
    }

    /// Differences without a name.
    #[must_use]
    pub fn unnamed(&self) -> usize {
        self.differences.values().sum()
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = |subject| self.agreed.get(&subject).copied().unwrap_or_default();
        let differing = self.unnamed() + self.named.values().sum::<usize>();
        writeln!(f, "cases                          {:>9}   (another {} were no valid cluster)", self.cases, self.refused)?;
        writeln!(f, "verdicts, pod on node          {:>9} agree", count(Subject::Fit))?;
        writeln!(f, "verdicts, preemption           {:>9} agree", count(Subject::Preemption))?;
        writeln!(f, "verdicts, DaemonSet on node    {:>9} agree", count(Subject::Daemon))?;
        writeln!(f, "disagreements                  {differing:>9}")?;
        self.differences.iter().try_for_each(|(cause, count)| writeln!(f, "  {count:>7}  {cause}"))?;
        for known in NAMED {
            let count = self.named.get(known.name).copied().unwrap_or_default();
            writeln!(f, "  {count:>7}  justified: {}: {}", known.name, known.why)?;
        }
        writeln!(f, "refusals by plugin, to show that each was tried:")?;
        self.refusals.iter().try_for_each(|(plugin, count)| writeln!(f, "  {count:>7}  {plugin}"))
    }
}
