//! Whether a plan holds: every pod once, no host above what its node offers, no rule broken. It knows nothing of how the planner thinks.

use std::collections::HashMap;

use gantry_plan::model::{Key, Snapshot};
use gantry_plan::{Command, Plan};

use crate::baseline::{Kind, Problem, Rule, Scope};

/// Pods of a shape on a host that is bought.
type Loads = HashMap<usize, usize>;

/// A host that is bought.
struct Bought {
    kind: usize,
    loads: Loads,
}

/// What is wrong with the plan of a world whose nodes are full, if anything.
pub fn replay(problem: &Problem, snapshot: &Snapshot, plan: &Plan) -> Result<(), String> {
    let mut shapes: HashMap<&Key, usize> = HashMap::new();
    let waiting = snapshot.pods.iter().filter(|pod| pod.node_name.is_none());
    let of_pod = problem.shapes.iter().enumerate().flat_map(|(at, shape)| std::iter::repeat_n(at, shape.count));
    waiting.zip(of_pod).for_each(|(pod, shape)| {
        shapes.insert(&pod.key, shape);
    });
    let kinds: HashMap<(&str, &str), usize> = offered(snapshot).enumerate().map(|(at, offered)| (offered, at)).collect();
    for unplaced in &plan.unplaced {
        shapes.remove(&unplaced.pod).ok_or_else(|| format!("{} is unplaced twice", unplaced.pod))?;
    }
    let mut hosts = Vec::new();
    for command in &plan.commands {
        if let Command::CreateHost { flavor, zone, pods, .. } = command {
            let kind = *kinds.get(&(flavor.as_str(), zone.as_str())).ok_or_else(|| format!("{flavor} is not to be had in {zone}"))?;
            let mut loads = Loads::new();
            for pod in pods {
                let shape = shapes.remove(pod).ok_or_else(|| format!("{pod} is placed twice, or does not wait"))?;
                *loads.entry(shape).or_default() += 1;
            }
            hosts.push(Bought { kind, loads });
        }
    }
    if let Some(forgotten) = shapes.keys().next() {
        return Err(format!("{} pods are neither placed nor unplaced, {forgotten} among them", shapes.len()));
    }
    hosts.iter().try_for_each(|host| host.holds(problem))?;
    zones_hold(problem, &hosts)
}

fn offered(snapshot: &Snapshot) -> impl Iterator<Item = (&str, &str)> {
    snapshot.clouds.values().flat_map(|cloud| &cloud.offerings).map(|offering| (offering.flavor.as_str(), offering.zone.as_str()))
}

impl Bought {
    fn holds(&self, problem: &Problem) -> Result<(), String> {
        let kind = &problem.types[self.kind];
        for (resource, offers) in kind.offers.iter().enumerate() {
            let used: i64 = self.loads.iter().map(|(shape, count)| problem.shapes[*shape].asks[resource] * *count as i64).sum();
            if used > *offers {
                return Err(format!("a host of type {} is asked for {used} of resource {resource} and offers {offers}", self.kind));
            }
        }
        for shape in self.loads.keys().map(|at| &problem.shapes[*at]) {
            if !shape.allowed[self.kind] {
                return Err(format!("a pod is on a host of type {}, which its selectors rule out", self.kind));
            }
            let broken = shape
                .rules
                .iter()
                .filter(|rule| rule.scope == Scope::Host)
                .find(|rule| !keeps(rule, self.counted(rule.watch, problem), shape.counted.contains(&rule.watch), problem));
            if let Some(rule) = broken {
                return Err(format!("{rule:?} is broken on a host of type {}", self.kind));
            }
        }
        Ok(())
    }

    fn counted(&self, watch: usize, problem: &Problem) -> usize {
        self.loads.iter().filter(|(shape, _)| problem.shapes[**shape].counted.contains(&watch)).map(|(_, count)| count).sum()
    }
}

/// A spread is judged at the end only where every pod that is counted is spread by it: else others may have come after.
fn keeps(rule: &Rule, here: usize, own: bool, problem: &Problem) -> bool {
    match rule.kind {
        Kind::Spread(skew) => !borne_by_all(rule, problem) || here <= skew as usize,
        Kind::Together => here > 0,
        Kind::Apart => here <= usize::from(own),
    }
}

fn borne_by_all(rule: &Rule, problem: &Problem) -> bool {
    let bears = |shape: &crate::baseline::Shape| {
        shape.rules.iter().any(|other| other.watch == rule.watch && other.scope == rule.scope && other.kind == rule.kind)
    };
    problem.shapes.iter().all(|shape| shape.counted.contains(&rule.watch) == bears(shape))
}

fn zones_hold(problem: &Problem, hosts: &[Bought]) -> Result<(), String> {
    for rule in problem.shapes.iter().flat_map(|shape| &shape.rules).filter(|rule| rule.scope == Scope::Zone) {
        let mut counts = vec![0; problem.zones];
        hosts.iter().for_each(|host| counts[problem.types[host.kind].zone] += host.counted(rule.watch, problem));
        let (most, least) = (counts.iter().max().copied().unwrap_or(0), counts.iter().min().copied().unwrap_or(0));
        let holds = match rule.kind {
            Kind::Spread(skew) => !borne_by_all(rule, problem) || most - least <= skew as usize,
            Kind::Together => !borne_by_all(rule, problem) || counts.iter().filter(|count| **count > 0).count() <= 1,
            Kind::Apart => true,
        };
        if !holds {
            return Err(format!("{rule:?} is broken: {counts:?} pods by zone"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
