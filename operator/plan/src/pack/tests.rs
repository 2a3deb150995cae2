//! Rules of packing, on problems so small that the best answer is known.

mod properties;

use super::*;
use crate::effort::Effort;

/// So many items of a size, of class 0.
pub(super) fn items(size: &[i64], count: usize) -> Item {
    Item { size: size.to_vec(), count, ..Item::default() }
}

/// A kind that admits class 0.
pub(super) fn kind(capacity: &[i64], price: i64) -> Kind {
    Kind { capacity: capacity.to_vec(), price, ..Kind::default() }
}

/// One row, which admits class 0.
pub(super) fn problem(items: &[Item], kinds: &[Kind]) -> Problem {
    Problem { items: items.to_vec(), kinds: kinds.to_vec(), rows: vec![Bits::of([0])], ..Problem::default() }
}

fn counts(problem: &Problem) -> Vec<usize> {
    problem.items.iter().map(|item| item.count).collect()
}

/// Price and number of bins of the usual effort, with the bound.
fn solved(problem: &Problem) -> (i64, usize, i64) {
    let improved = improve(problem, greedy(problem, &counts(problem), &[]), &mut Effort::default());
    assert_eq!(flaw(problem, &improved.packing), None);
    (improved.packing.price, improved.packing.count(), improved.bound)
}

/// What a room takes of each item.
fn filled(problem: &Problem, style: Style) -> Vec<usize> {
    let room = Room { capacity: vec![8, 32], free: vec![8, 32], ..Room::default() };
    let pattern = fill_rooms(problem, &[room], &mut counts(problem), style).remove(0);
    (0..problem.items.len()).map(|item| pattern.iter().filter(|(of, _)| *of == item).map(|(_, count)| count).sum()).collect()
}

const BALANCED: Style = Style { order: Order::Mixed, opening: Opening::Balanced, measure: Measure::Balance, size_weight: 0.0 };

#[test]
fn sizes_that_complement_each_other_share_a_bin() {
    assert_eq!(filled(&problem(&[items(&[1, 7], 10), items(&[1, 1], 10)], &[]), BALANCED), [4, 4]);
}

#[test]
fn the_hardest_item_opens_a_bin_if_it_is_to() {
    let problem = problem(&[items(&[2, 8], 4), items(&[5, 16], 1)], &[kind(&[8, 32], 1)]);
    assert_eq!(filled(&problem, BALANCED), [4, 0]);
    assert_eq!(filled(&problem, Style { opening: Opening::Hardest, ..BALANCED }), [1, 1]);
}

#[test]
fn lower_tiers_go_first_where_they_must() {
    let low = Item { tier: 1, ..items(&[1, 4], 8) };
    assert_eq!(filled(&problem(&[low, items(&[1, 1], 2)], &[]), Style { order: Order::Strict, ..BALANCED }), [6, 2]);
}

#[test]
fn a_later_tier_minds_what_an_earlier_one_brought() {
    let port = Rules { takes: Bits::of([0]), forbids: Bits::of([0]), ..Rules::default() };
    let high = Item { rules: port.clone(), ..items(&[1, 1], 1) };
    let plain = items(&[1, 1], 1);
    let low = Item { tier: 1, rules: port, ..items(&[1, 1], 2) };
    let problem = problem(&[high, plain, low], &[kind(&[8, 32], 1)]);
    assert_eq!(filled(&problem, Style { order: Order::Strict, ..BALANCED }), [1, 1, 0]);
    assert_eq!(solved(&problem).1, 3);
}

#[test]
fn the_largest_numbers_do_no_harm() {
    let huge = i64::MAX;
    let problem = problem(&[items(&[huge, 1], 3), items(&[1, huge], 2)], &[kind(&[huge, huge], huge), kind(&[huge, huge], huge - 1)]);
    let improved = improve(&problem, greedy(&problem, &counts(&problem), &[]), &mut Effort::units(5_000));
    assert_eq!((improved.packing.left, lower_bound(&problem, &[], &mut Effort::units(5_000)) > 0), (vec![0, 0], true));
}

#[test]
fn items_without_size_all_go_in_at_once() {
    assert_eq!(filled(&problem(&[items(&[0, 0], 200)], &[]), BALANCED), [200]);
}

#[test]
fn what_does_not_ask_for_a_dimension_goes_where_that_is_over_committed() {
    let problem = problem(&[items(&[0, 1], 3), items(&[1, 1], 3)], &[]);
    let room = Room { capacity: vec![8, 32], free: vec![-1, 2], ..Room::default() };
    let mut left = counts(&problem);
    assert_eq!(fill_rooms(&problem, &[room.clone(), room], &mut left, BALANCED), [vec![(0, 2)], vec![(0, 1)]]);
    assert_eq!(left, [0, 3]);
}

#[test]
fn the_bound_knows_that_bins_come_whole() {
    assert_eq!(solved(&problem(&[items(&[51], 3)], &[kind(&[100], 10)])), (30, 3, 30));
    assert_eq!(solved(&problem(&[items(&[3, 1], 5), items(&[1, 3], 5)], &[kind(&[4, 4], 10)])), (50, 5, 50));
}

#[test]
fn the_cheapest_mix_of_kinds_is_bought() {
    let kinds = [kind(&[4, 16], 4), kind(&[8, 32], 7), kind(&[8, 64], 11)];
    assert_eq!(solved(&problem(&[items(&[4, 16], 3)], &kinds)), (11, 2, 11));
    assert_eq!(solved(&problem(&[items(&[4, 32], 2)], &kinds)), (11, 1, 11));
}

#[test]
fn tokens_and_caps_hold_in_every_bin() {
    let port = Rules { takes: Bits::of([0]), forbids: Bits::of([0]), ..Rules::default() };
    let shy = Rules { forbids: Bits::of([0]), ..Rules::default() };
    let ruled = |rules: &Rules, count| Item { rules: rules.clone(), ..items(&[1], count) };
    assert_eq!(solved(&problem(&[ruled(&port, 3)], &[kind(&[9], 5)])).1, 3);
    assert_eq!(solved(&problem(&[ruled(&port, 2), ruled(&shy, 3)], &[kind(&[9], 5)])).1, 3);
    let spread = Rules { groups: vec![0], ..Rules::default() };
    assert_eq!(solved(&Problem { caps: vec![2], ..problem(&[ruled(&spread, 5)], &[kind(&[9], 5)]) }), (15, 3, 15));
}

#[test]
fn what_a_bin_holds_already_counts() {
    let port = Rules { takes: Bits::of([0]), forbids: Bits::of([0]), ..Rules::default() };
    let taken = Kind { load: Load { takes: Bits::of([0]), ..Load::default() }, ..kind(&[9], 1) };
    let item = Item { rules: port, ..items(&[1], 2) };
    assert_eq!(solved(&problem(std::slice::from_ref(&item), &[taken.clone(), kind(&[9], 5)])).0, 10);
    assert_eq!(greedy(&problem(&[item], &[taken]), &[2], &[]).left, [2]);
}

#[test]
fn limits_hold_and_the_first_tier_is_served_first() {
    let high = items(&[4], 2);
    let low = Item { tier: 1, ..items(&[5], 2) };
    let limit = Limit { uses: vec![1], at_most: 3 };
    let problem = Problem { limits: vec![limit], ..problem(&[low, high], &[kind(&[5], 3)]) };
    let packing = greedy(&problem, &[2, 2], &[1]);
    assert_eq!((packing.left, packing.price), (vec![2, 0], 6));
}

#[test]
fn an_item_goes_where_it_likes_it_if_that_pays() {
    let fond = |bonus| Item { bonus: vec![(1, bonus)], ..items(&[1], 1) };
    let kinds = [kind(&[1], 100), kind(&[1], 105)];
    let price = |bonus| solved(&problem(&[fond(bonus)], &kinds)).0;
    assert_eq!([price(0), price(4), price(6)], [100, 100, 105]);
}

#[test]
fn rooms_take_off_the_bound_what_they_may_hold() {
    let problem = problem(&[items(&[51], 3)], &[kind(&[100], 10)]);
    let room = Room { capacity: vec![100], free: vec![100], ..Room::default() };
    let bound = |rooms: usize| lower_bound(&problem, &vec![room.clone(); rooms], &mut Effort::default());
    assert_eq!([bound(0), bound(1), bound(2), bound(3), bound(4)], [30, 20, 10, 0, 0]);
}

#[test]
fn equal_items_are_dealt_out_in_their_order() {
    let problem = problem(&[items(&[1], 3), items(&[1], 4)], &[kind(&[2], 1)]);
    let limited = Problem { limits: vec![Limit { uses: vec![1], at_most: 3 }], ..problem };
    assert_eq!(greedy(&limited, &[3, 4], &[]).left, [0, 1]);
}
