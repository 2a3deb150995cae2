//! Karpenter's packing (notes of its source, v1.14): pods by CPU, then memory, largest first; each into the claim with fewest pods that still fits;
//! a claim keeps every type that fits all it has, and price decides only in the end.

use super::ground::{Choice, Host, Zones};
use super::read::{CPU, MEMORY, Problem, Shape};
use crate::outcome::Outcome;

/// What Karpenter would buy.
pub fn karpenter(problem: &Problem) -> Outcome {
    let (claims, unplaced) = karpenter_hosts(problem);
    let price = |claim: &Host| claim.types.iter().map(|at| problem.types[*at].price_micro).min().unwrap_or(0);
    Outcome { hosts: claims.len(), price_micro: claims.iter().map(price).sum(), unplaced, ..Outcome::default() }
}

/// Its claims, and how many pods found none.
pub fn karpenter_hosts(problem: &Problem) -> (Vec<Host>, usize) {
    let mut order: Vec<&Shape> = problem.shapes.iter().collect();
    order.sort_by_key(|shape| (-shape.asks[CPU], -shape.asks[MEMORY]));
    let (mut claims, mut zones, mut unplaced) = (Vec::new(), Zones::new(problem), 0);
    for shape in order {
        for _ in 0..shape.count {
            claims.sort_by_key(|claim: &Host| claim.pods);
            unplaced += usize::from(!place(shape, &mut claims, &mut zones, problem));
        }
    }
    (claims, unplaced)
}

fn place(shape: &Shape, claims: &mut Vec<Host>, zones: &mut Zones, problem: &Problem) -> bool {
    if claims.iter_mut().any(|claim| try_add(shape, claim, zones, problem)) {
        return true;
    }
    let mut claim = Host::new((0..problem.types.len()).collect(), problem);
    let opened = try_add(shape, &mut claim, zones, problem);
    claims.extend(opened.then_some(claim));
    opened
}

/// Pods of a claim whose zone is still open are counted in none.
fn try_add(shape: &Shape, claim: &mut Host, zones: &mut Zones, problem: &Problem) -> bool {
    if !claim.may_take(shape) {
        return false;
    }
    let fixed = claim.zone(problem);
    let open = |zone| match fixed {
        Some(fixed) => zone == fixed,
        None => claim.types.iter().any(|at| shape.allowed[*at] && problem.types[*at].zone == zone),
    };
    let zone = match zones.choose(shape, open) {
        Choice::Nowhere => return false,
        Choice::Any => None,
        Choice::Zone(zone) => Some(zone),
    };
    let types = claim.types_for(shape, zone, problem);
    if types.is_empty() {
        return false;
    }
    claim.take(shape, types, problem);
    if let Some(zone) = claim.zone(problem) {
        zones.count(shape, zone);
    }
    true
}
