//! Sentences about other pods that keep a pod off every host of a pool.

use crate::model::{PodTerm, Selector};
use crate::planner::buy::Market;
use crate::planner::catalog::Candidate;
use crate::planner::demand::Shape;
use crate::planner::field::{Field, Wall};
use crate::planner::rules::{Topology, Whom};

/// Whether other pods let such a pod onto a new host of this kind.
pub(crate) fn lets_in(market: &Market<'_>, candidate: &Candidate<'_>, shape: &Shape<'_>, field: &mut Field<'_>) -> bool {
    wall_of(market, candidate, shape, field).is_none()
}

fn wall_of(market: &Market<'_>, candidate: &Candidate<'_>, shape: &Shape<'_>, field: &mut Field<'_>) -> Option<Wall> {
    let rule = &market.demand.rules.rules[shape.rule];
    if let Err(wall) = field.admits(&rule.sited, &candidate.spot) {
        return Some(wall);
    }
    if let Err(wall) = field.admits_anew(&rule.local, &candidate.spot) {
        return Some(wall);
    }
    let lonely = field.is_lonely(&rule.local.needs) && !field.brings_company(&rule.local.needs, &candidate.spot);
    rule.local.needs.counters.first().filter(|_| lonely).map(|counter| Wall::Nobody(*counter))
}

/// What the first of these candidates has against such a pod.
pub(super) fn wall(market: &Market<'_>, candidates: &[&Candidate<'_>], shape: &Shape<'_>, field: &mut Field<'_>) -> Option<String> {
    let wall = candidates.iter().find_map(|candidate| wall_of(market, candidate, shape, field))?;
    let rules = &market.demand.rules;
    let by = |counter: usize| match rules.topologies[rules.counters[counter].topology] {
        Topology::Cluster => "the cluster".to_owned(),
        Topology::Node => "a host".to_owned(),
        Topology::Label(key) => format!("each {key} of the pool"),
    };
    Some(match wall {
        Wall::Company(counter) => match &rules.counters[counter].whom {
            Whom::User(claim) => format!("volume claim {claim} is ReadWriteOncePod and another pod uses it: wait for that pod to end"),
            Whom::Shunning(term) if !shape.spec().anti_affinity.contains(term) => {
                format!("anti-affinity of other pods keeps pods {} out of {}", of_term(term), by(counter))
            }
            Whom::Shunned(term) | Whom::Shunning(term) => {
                format!(
                    "anti-affinity to pods {}: there is one in {}; add a zone, or prefer instead of require",
                    of_term(term),
                    by(counter)
                )
            }
            _ => format!("another pod is in {}", by(counter)),
        },
        Wall::Nobody(counter) => match &rules.counters[counter].whom {
            Whom::All([term, ..]) => {
                format!("affinity wants pods {} in the same {}, where no new host can be", of_term(term), term.topology_key)
            }
            _ => "affinity wants pods that are not there".to_owned(),
        },
        Wall::Skew(counter) => {
            let skew =
                shape.spec().spread.iter().find(|spread| spread.required && Some(spread.topology_key.as_str()) == label(market, counter));
            let (key, most) = skew.map_or(("", 0), |spread| (spread.topology_key.as_str(), spread.max_skew));
            format!(
                "topology spread over {key} (maxSkew {most}): the pool has no host where fewest are; give it more zones, or raise maxSkew"
            )
        }
        Wall::Promise(counter) => format!(
            "pods that this plan places over {} must stay even, and with this one they would not: once they run the next plan looks again",
            label(market, counter).unwrap_or_default()
        ),
        Wall::Shared(counter) => match &rules.counters[counter].whom {
            Whom::User(claim) => format!(
                "volume claim {claim} has no volume yet, and others who use it come to another zone: once it has one the next plan looks again"
            ),
            _ => format!("others who use the same volume are in another {}", label(market, counter).unwrap_or_default()),
        },
        Wall::NoDomain(counter) => format!(
            "hosts of the pool have no label {}, which the pod's affinity or spread goes by",
            label(market, counter).unwrap_or_default()
        ),
    })
}

fn label<'m>(market: &'m Market<'_>, counter: usize) -> Option<&'m str> {
    let rules = &market.demand.rules;
    match rules.topologies[rules.counters[counter].topology] {
        Topology::Label(key) => Some(key),
        Topology::Node => Some(crate::scheduling::HOSTNAME),
        Topology::Cluster => None,
    }
}

fn of_term(term: &PodTerm) -> String {
    term.selector.as_ref().map_or_else(|| "that do not exist".to_owned(), |selector| format!("with {}", shown(selector)))
}

fn shown(selector: &Selector) -> String {
    let labels = selector.labels.iter().map(|(key, value)| format!("{key}={value}"));
    let expressions = selector
        .expressions
        .iter()
        .map(|expression| format!("{} {} [{}]", expression.key, expression.operator, expression.values.join(", ")));
    let all: Vec<String> = labels.chain(expressions).collect();
    if all.is_empty() { "any labels".to_owned() } else { all.join(" and ") }
}
