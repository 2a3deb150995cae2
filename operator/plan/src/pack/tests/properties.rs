//! What holds for every problem, checked against all ways to pack it.

use proptest::prelude::*;

use super::*;

/// Items of the largest problem: all ways to pack so many can be tried.
const MAX_ITEMS: usize = 7;

fn rules() -> impl Strategy<Value = Rules> {
    let token = || proptest::option::weighted(0.3, 0..2_usize);
    (token(), token(), proptest::option::weighted(0.3, 0..1_usize)).prop_map(|(takes, forbids, group)| Rules {
        takes: Bits::of(takes),
        forbids: Bits::of(forbids),
        groups: group.into_iter().collect(),
    })
}

fn item() -> impl Strategy<Value = Item> {
    (0..7_i64, 0..7_i64, 1..4_usize, 0..2_usize, rules()).prop_map(|(a, b, count, class, rules)| Item {
        size: vec![a, b],
        count,
        class,
        rules,
        ..Item::default()
    })
}

fn any_kind() -> impl Strategy<Value = Kind> {
    (4..11_i64, 4..11_i64, 1..30_i64, 0..2_usize).prop_map(|(a, b, price, row)| Kind { row, ..kind(&[a, b], price) })
}

prop_compose! {
    fn any_problem()(items in proptest::collection::vec(item(), 1..5), kinds in proptest::collection::vec(any_kind(), 1..4)) -> Problem {
        let mut room = MAX_ITEMS;
        let mut problem = Problem { items, kinds, rows: vec![Bits::of([0, 1]), Bits::of([0])], caps: vec![2], limits: Vec::new() };
        for item in &mut problem.items {
            item.count = item.count.min(room);
            room -= item.count;
        }
        problem.items.retain(|item| item.count > 0);
        problem
    }
}

/// The least that the items that some kind takes cost.
fn least(problem: &Problem) -> i64 {
    let holds = |kind: usize, items: &[usize]| {
        let mut pattern: Pattern = items.iter().map(|item| (*item, 1)).collect();
        fill::tidy(&mut pattern);
        let placed = |item: usize| pattern.iter().filter(|(of, _)| *of == item).map(|(_, count)| count).sum();
        let items = problem.items.iter().enumerate().map(|(at, item)| Item { count: placed(at), ..item.clone() });
        let alone = Problem { items: items.collect(), ..problem.clone() };
        let price = problem.kinds[kind].price;
        flaw(&alone, &Packing { bins: vec![Bin { kind, pattern, times: 1 }], left: Vec::new(), price }).is_none()
    };
    let cheapest =
        |items: &[usize]| (0..problem.kinds.len()).filter(|kind| holds(*kind, items)).map(|kind| problem.kinds[kind].price).min();
    let one_by_one = problem.items.iter().enumerate().flat_map(|(at, item)| std::iter::repeat_n(at, item.count));
    let all: Vec<usize> = one_by_one.filter(|item| cheapest(&[*item]).is_some()).collect();
    let chosen = |set: usize| all.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, item)| *item).collect::<Vec<_>>();
    let bins: Vec<Option<i64>> = (0..1_usize << all.len()).map(|set| cheapest(&chosen(set))).collect();
    let mut best = vec![0; 1 << all.len()];
    for set in 1..best.len() {
        let parts = (1..=set).filter(|part| part & set == *part);
        best[set] = parts.filter_map(|part| Some(bins[part]? + best[set & !part])).min().unwrap_or(i64::MAX);
    }
    best[best.len() - 1]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn packings_are_sound_and_bounds_are_true(problem in any_problem()) {
        let first = greedy(&problem, &counts(&problem), &[]);
        prop_assert_eq!(flaw(&problem, &first), None);
        let improved = improve(&problem, first.clone(), &mut Effort::units(20_000));
        prop_assert_eq!(flaw(&problem, &improved.packing), None);
        prop_assert_eq!(&improved.packing.left, &first.left);
        let least = least(&problem);
        let bound = lower_bound(&problem, &[], &mut Effort::units(20_000));
        prop_assert!(bound <= least, "{bound} is no bound of {least}");
        prop_assert!(improved.bound <= least && least <= improved.packing.price && improved.packing.price <= first.price, "{improved:?} {least}");
    }

    #[test]
    fn what_is_proved_of_a_problem_that_knows_less_is_true(problem in any_problem()) {
        let sorts = sorts::Sorts::of(&problem);
        let market = market::Market::new(&sorts);
        let counts: Vec<usize> = sorts.counts(&counts(&problem)).into_iter().zip(worth::taken(&sorts)).map(|(count, taken)| if taken { count } else { 0 }).collect();
        let (least, simple) = (least(&problem) as f64, worth::Worth::of(&sorts, &counts));
        for keep in [coarse::Keep::Nothing, coarse::Keep::Rows] {
            let coarse = coarse::Coarse::of(&market, &counts, keep);
            let Some(guess) = guess::follow(&coarse, &market, &counts, &[], &simple, &mut Effort::units(20_000)) else {
                continue;
            };
            let worth: f64 = guess.values.iter().zip(&counts).map(|(value, count)| value * *count as f64).sum();
            prop_assert!(guess.bound <= least + 1e-6 && worth <= least + 1e-6, "{guess:?} is no bound of {least}");
        }
    }

    #[test]
    fn more_items_never_lower_the_bound(problem in any_problem(), more in 1..4_usize) {
        let mut larger = problem.clone();
        larger.items[0].count += more;
        let bound = |problem: &Problem| lower_bound(problem, &[], &mut Effort::units(1_000_000));
        prop_assert!(bound(&problem) <= bound(&larger));
    }

    #[test]
    fn the_same_units_lead_to_the_same_packing(problem in any_problem(), units in 0..5_000_u64) {
        let first = greedy(&problem, &counts(&problem), &[]);
        let mut effort = Effort::units(units);
        let improved = improve(&problem, first.clone(), &mut effort);
        prop_assert_eq!(improve(&problem, first, &mut Effort::units(effort.used())), improved);
    }

    #[test]
    fn more_units_never_lead_to_a_dearer_packing(problem in any_problem(), units in 0..5_000_u64) {
        let first = greedy(&problem, &counts(&problem), &[]);
        let improved = |units: u64| improve(&problem, first.clone(), &mut Effort::units(units));
        let (less, more) = (improved(units), improved(units * 2));
        prop_assert!(more.packing.price <= less.packing.price && more.bound >= less.bound);
    }

    #[test]
    fn the_order_of_items_changes_no_price(problem in any_problem()) {
        let mut turned = problem.clone();
        turned.items.reverse();
        let price = |problem: &Problem| greedy(problem, &counts(problem), &[]).price;
        prop_assert_eq!(price(&problem), price(&turned));
    }
}
