//! Verdict by verdict: where the two judgements differ.

use std::collections::BTreeMap;

use super::ours::Ours;
use super::scheduler::Answer;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Whether a pod fits a node.
    Fit,
    /// Whether preemption serves a pod, and where.
    Preemption,
    /// Whether a DaemonSet runs on a node.
    Daemon,
}

/// They say one thing, we another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// About what.
    pub subject: Subject,
    /// Pod or DaemonSet, as namespace/name.
    pub who: String,
    /// Node; empty if it is about all of them.
    pub node: String,
    /// Who is stricter, and by which rule: differences of one cause have one of these.
    pub cause: String,
    /// kube-scheduler's answer, in words.
    pub theirs: String,
    /// Ours.
    pub ours: String,
}

/// How many verdicts agree, and those that do not.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Verdicts that agree, by subject.
    pub agreed: BTreeMap<Subject, usize>,
    /// Those that refuse, by the plugin that does: shows that each rule was tried.
    pub refusals: BTreeMap<String, usize>,
    /// The others.
    pub differences: Vec<Difference>,
}

/// Compares all answers.
#[must_use]
pub fn compare(theirs: &Answer, ours: &Ours) -> Comparison {
    let mut comparison = Comparison::default();
    theirs.verdicts.iter().for_each(|verdict| {
        if !verdict.fits {
            *comparison.refusals.entry(verdict.plugin.clone()).or_default() += 1;
        }
        comparison.take(Subject::Fit, fit(verdict, ours));
    });
    let fitless = theirs.verdicts.chunk_by(|a, b| a.pod == b.pod).filter(|chunk| chunk.iter().all(|verdict| !verdict.fits));
    fitless.filter_map(|chunk| chunk.first()).for_each(|first| comparison.take(Subject::Preemption, preemption(&first.pod, theirs, ours)));
    theirs.daemons.iter().for_each(|verdict| {
        let said = ours.daemons.get(&(verdict.daemon_set.clone(), verdict.node.clone())).copied();
        let cause = format!("DaemonSet: we say {}", if verdict.runs { "no" } else { "yes" });
        comparison.take(
            Subject::Daemon,
            (said != Some(verdict.runs)).then(|| Difference {
                subject: Subject::Daemon,
                who: verdict.daemon_set.clone(),
                node: verdict.node.clone(),
                cause,
                theirs: verdict.runs.to_string(),
                ours: format!("{said:?}"),
            }),
        );
    });
    comparison
}

impl Comparison {
    fn take(&mut self, subject: Subject, difference: Option<Difference>) {
        match difference {
            Some(difference) => self.differences.push(difference),
            None => *self.agreed.entry(subject).or_default() += 1,
        }
    }
}

fn fit(theirs: &super::scheduler::Verdict, ours: &Ours) -> Option<Difference> {
    let said = ours.verdicts.get(&(theirs.pod.clone(), theirs.node.clone()));
    let (cause, words) = match said {
        Some(Ok(())) if theirs.fits => return None,
        Some(Err(_)) if !theirs.fits => return None,
        Some(Ok(())) => (format!("{}: we let it in", theirs.plugin), "fits".to_owned()),
        Some(Err(refusal)) => (format!("{}: we refuse", refusal.kind), refusal.reason.clone()),
        None => ("no answer of ours".to_owned(), "none".to_owned()),
    };
    let reason = if theirs.fits { "fits".to_owned() } else { format!("{}: {}", theirs.plugin, theirs.reason) };
    Some(Difference { subject: Subject::Fit, who: theirs.pod.clone(), node: theirs.node.clone(), cause, theirs: reason, ours: words })
}

/// We name one node, they all that would do.
fn preemption(pod: &str, theirs: &Answer, ours: &Ours) -> Option<Difference> {
    let candidates = theirs.preemption.get(pod).map_or(&[][..], Vec::as_slice);
    let said = ours.preempts.get(pod).and_then(Option::as_ref);
    let cause = match said {
        None if candidates.is_empty() => return None,
        Some(node) if candidates.contains(node) => return None,
        None if ours.preempts_unrefused.get(pod).and_then(Option::as_ref).is_some_and(|node| candidates.contains(node)) => {
            "preemption: nominated pods refuse, we find none"
        }
        None => "preemption: we find none",
        Some(_) if candidates.is_empty() => "preemption: we find one, they none",
        Some(_) => "preemption: we find another",
    };
    Some(Difference {
        subject: Subject::Preemption,
        who: pod.to_owned(),
        node: String::new(),
        cause: cause.to_owned(),
        theirs: format!("{candidates:?}"),
        ours: format!("{said:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::ours::Refusal;
    use super::super::scheduler::Verdict;
    use super::*;

    fn verdict(node: &str, plugin: &str) -> Verdict {
        let (pod, node, plugin) = ("a/p".to_owned(), node.to_owned(), plugin.to_owned());
        Verdict { pod, node, fits: plugin.is_empty(), reason: format!("no {plugin}"), plugin }
    }

    fn ours(node: &str, kind: &str) -> Ours {
        let said = if kind.is_empty() { Ok(()) } else { Err(Refusal { kind: kind.into(), reason: format!("not {kind}") }) };
        let preempts = BTreeMap::from([("a/p".to_owned(), None)]);
        Ours { verdicts: BTreeMap::from([(("a/p".to_owned(), node.to_owned()), said)]), preempts, ..Ours::default() }
    }

    fn causes(theirs: Answer, ours: &Ours) -> Vec<String> {
        compare(&theirs, ours).differences.into_iter().map(|difference| difference.cause).collect()
    }

    #[test]
    fn who_is_stricter_and_by_which_rule_is_the_cause() {
        let theirs = |plugin| Answer { verdicts: vec![verdict("n", plugin)], ..Answer::default() };
        let none: Vec<String> = Vec::new();
        assert_eq!(causes(theirs(""), &ours("n", "")), none);
        assert_eq!(causes(theirs("NodePorts"), &ours("n", "Port")), none);
        assert_eq!(causes(theirs("NodePorts"), &ours("n", "")), ["NodePorts: we let it in"]);
        assert_eq!(causes(theirs(""), &ours("n", "Port")), ["Port: we refuse"]);
        assert_eq!(causes(theirs(""), &ours("another", "")), ["no answer of ours"]);
    }

    #[test]
    fn a_pod_that_fits_nowhere_is_expected_to_preempt_on_one_of_the_nodes_that_the_scheduler_finds() {
        let nodes = |names: &[&str]| BTreeMap::from([("a/p".to_owned(), names.iter().map(|name| (*name).to_owned()).collect())]);
        let theirs = |names| Answer { verdicts: vec![verdict("n", "NodePorts")], preemption: nodes(names), ..Answer::default() };
        let says =
            |node: Option<&str>| Ours { preempts: BTreeMap::from([("a/p".to_owned(), node.map(str::to_owned))]), ..ours("n", "Port") };
        let none: Vec<String> = Vec::new();
        assert_eq!(causes(theirs(&["n", "m"]), &says(Some("m"))), none);
        assert_eq!(causes(theirs(&["n"]), &says(Some("m"))), ["preemption: we find another"]);
        assert_eq!(causes(theirs(&[]), &says(Some("m"))), ["preemption: we find one, they none"]);
        assert_eq!(causes(theirs(&["n"]), &says(None)), ["preemption: we find none"]);
        let unrefused = |node: &str| Ours { preempts_unrefused: BTreeMap::from([("a/p".to_owned(), Some(node.to_owned()))]), ..says(None) };
        assert_eq!(causes(theirs(&["n"]), &unrefused("n")), ["preemption: nominated pods refuse, we find none"]);
        assert_eq!(causes(theirs(&["n"]), &unrefused("m")), ["preemption: we find none"]);
    }
}
