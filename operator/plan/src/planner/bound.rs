//! The lower bound of a plan's price: what no choice of hosts can undercut.

use std::collections::{HashMap, HashSet};

use super::buy::Market;
use super::catalog::Catalog;
use super::cluster::Cluster;
use super::demand::{Demand, Shape};
use super::field::Field;
use super::problem::{Dimensions, MAX_PRICE_MICRO};
use super::supply::{self, Bin, Verdicts};
use crate::effort::Effort;
use crate::model::Snapshot;
use crate::pack::{self, Bits, Item, Kind, Load, Problem, Room, Rules};

/// Units of work for the bound of a plan.
const BOUND_UNITS: u64 = 20_000;

/// The price, in micro-units an hour, that new hosts for the waiting pods cost at least.
///
/// It is the price of a fractional mix of whole hosts that hold what the pods that some host can serve ask for beyond all that is free on nodes
/// and hosts in flight. Of what pods ask of each other only what a single host decides is counted: who shares it with whom. The rest is left out,
/// and so are limits: both only make a plan dearer.
pub fn lower_bound_micro(snapshot: &Snapshot) -> i64 {
    lower_bound_with(snapshot, &mut Effort::units(BOUND_UNITS))
}

/// As [`lower_bound_micro`], with this much thought: more proves more.
pub fn lower_bound_with(snapshot: &Snapshot, effort: &mut Effort<'_>) -> i64 {
    let mut cluster = Cluster::of(snapshot);
    let demand = Demand::of(&cluster);
    cluster.count_volumes(&demand.drivers());
    let (mut field, mut verdicts) = (Field::new(&demand.rules), Verdicts::default());
    let catalog = Catalog::of(&cluster, &demand, &mut field, &mut verdicts);
    let bins = supply::bins(&cluster, &demand, &catalog, &mut field, &mut verdicts, &Default::default());
    let market = Market { catalog: &catalog, demand: &demand, verdicts: &verdicts, wishes: &demand.wishes };
    with(&market, &bins, effort)
}

/// The bound for all demand beside these bins, as they are now.
pub(crate) fn of_bins(market: &Market<'_>, bins: &[Bin<'_>]) -> i64 {
    with(market, bins, &mut Effort::units(BOUND_UNITS))
}

fn with(market: &Market<'_>, bins: &[Bin<'_>], effort: &mut Effort<'_>) -> i64 {
    let dimensions = Dimensions::of_shapes(market, 0..market.demand.shapes.len());
    let classes = classes(market.verdicts, market.demand.classes.len());
    let tokens = tokens(market.demand);
    let item = |shape: &Shape<'_>| Item {
        size: dimensions.sizes(&shape.requests),
        count: shape.pods.len(),
        class: classes[shape.class],
        rules: rules(market.demand, shape, &tokens),
        ..Item::default()
    };
    let room = |bin: &Bin<'_>| Room {
        capacity: dimensions.sizes(&bin.free),
        free: dimensions.sizes(&bin.free),
        row: bin.verdict,
        load: Load::default(),
    };
    let row = |row: usize| Bits::of((0..classes.len()).filter(|class| market.verdicts.admits(row, *class)));
    let problem = Problem {
        items: market.demand.shapes.iter().map(item).collect(),
        kinds: kinds(market, &dimensions),
        rows: (0..market.verdicts.rows()).map(row).collect(),
        caps: Vec::new(),
        limits: Vec::new(),
    };
    let rooms: Vec<Room> = bins.iter().map(room).collect();
    pack::lower_bound(&problem, &rooms, effort)
}

/// What can be bought, each once, whatever the zone.
fn kinds(market: &Market<'_>, dimensions: &Dimensions) -> Vec<Kind> {
    let candidates = market.catalog.groups.iter().map(|group| &market.catalog.candidates[group.members[0]]);
    let mut seen = HashSet::new();
    let mut kinds = Vec::new();
    for candidate in candidates {
        let (capacity, row) = (dimensions.sizes(&candidate.free), candidate.verdict);
        let price = candidate.offering.price_micro.clamp(0, MAX_PRICE_MICRO);
        if seen.insert((capacity.clone(), price, row)) {
            kinds.push(Kind { capacity, price, row, load: Load::default() });
        }
    }
    kinds
}

/// For each class the first one that the very same nodes take.
fn classes(verdicts: &Verdicts, count: usize) -> Vec<usize> {
    let mut first: HashMap<Vec<bool>, usize> = HashMap::new();
    let taken_by = |class: usize| (0..verdicts.rows()).map(|row| verdicts.admits(row, class)).collect();
    (0..count).map(|class| *first.entry(taken_by(class)).or_insert(class)).collect()
}

/// What some pods do not stand on their host, and others bring: counters of single hosts. Both directions are refused, whoever comes first.
fn tokens(demand: &Demand<'_>) -> Bits {
    let (mut takes, mut forbids) = (Bits::default(), Bits::default());
    for shape in &demand.shapes {
        let local = &demand.rules.rules[shape.rule].local;
        local.adds.iter().for_each(|token| takes.insert(*token));
        local.zeros.iter().for_each(|token| forbids.insert(*token));
    }
    Bits::of(takes.common(&forbids))
}

fn rules(demand: &Demand<'_>, shape: &Shape<'_>, tokens: &Bits) -> Rules {
    let local = &demand.rules.rules[shape.rule].local;
    let of = |counters: &[usize]| Bits::of(counters.iter().copied().filter(|counter| tokens.contains(*counter)));
    Rules { takes: of(&local.adds), forbids: of(&local.zeros), groups: Vec::new() }
}
