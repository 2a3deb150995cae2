//! The lower bound of a plan's price: what no choice of hosts can undercut.

use super::buy::Market;
use super::catalog::{Candidate, Catalog};
use super::cluster::Cluster;
use super::demand::Demand;
use super::field::Field;
use super::problem::{Dimensions, MAX_PRICE_MICRO};
use super::supply::{self, Bin, Verdicts};
use crate::effort::Effort;
use crate::model::Snapshot;
use crate::pack::{self, Bits, Item, Kind, Load, Problem, Room, Rules};

/// Units of work for a bound.
const BOUND_UNITS: u64 = 20_000;

/// The price, in micro-units an hour, that new hosts for the waiting pods cost at least.
///
/// It is the price of a fractional mix of hosts that hold what the pods that some host can serve ask for beyond all that is free on nodes and
/// hosts in flight. What pods ask of each other is left out, and so are limits: both only make a plan dearer.
pub fn lower_bound_micro(snapshot: &Snapshot) -> i64 {
    let mut cluster = Cluster::of(snapshot);
    let demand = Demand::of(&cluster);
    cluster.count_volumes(&demand.drivers());
    let (mut field, mut verdicts) = (Field::new(&demand.rules), Verdicts::default());
    let catalog = Catalog::of(&cluster, &demand, &mut field, &mut verdicts);
    let bins = supply::bins(&cluster, &demand, &catalog, &mut field, &mut verdicts, &Default::default());
    let market = Market { catalog: &catalog, demand: &demand, verdicts: &verdicts };
    of_bins(&market, &bins)
}

/// The bound for all demand beside these bins, as they are now.
pub(crate) fn of_bins(market: &Market<'_>, bins: &[Bin<'_>]) -> i64 {
    let candidates: Vec<&Candidate<'_>> = market.catalog.groups.iter().map(|group| &market.catalog.candidates[group.members[0]]).collect();
    let dimensions = Dimensions::of_shapes(market, 0..market.demand.shapes.len());
    let item = |shape: &super::demand::Shape<'_>| Item {
        size: dimensions.sizes(&shape.requests),
        count: shape.pods.len(),
        class: shape.class,
        tier: 0,
        rules: Rules::default(),
        bonus: Vec::new(),
    };
    let kind = |candidate: &&Candidate<'_>| Kind {
        capacity: dimensions.sizes(&candidate.free),
        price: candidate.offering.price_micro.clamp(0, MAX_PRICE_MICRO),
        row: candidate.verdict,
        load: Load::default(),
    };
    let room = |bin: &Bin<'_>| Room {
        capacity: dimensions.sizes(&bin.free),
        free: dimensions.sizes(&bin.free),
        row: bin.verdict,
        load: Load::default(),
    };
    let classes = market.demand.classes.len();
    let row = |row: usize| Bits::of((0..classes).filter(|class| market.verdicts.admits(row, *class)));
    let problem = Problem {
        items: market.demand.shapes.iter().map(item).collect(),
        kinds: candidates.iter().map(kind).collect(),
        rows: (0..market.verdicts.rows()).map(row).collect(),
        caps: Vec::new(),
        limits: Vec::new(),
    };
    let rooms: Vec<Room> = bins.iter().map(room).collect();
    pack::lower_bound(&problem, &rooms, &mut Effort::units(BOUND_UNITS))
}
