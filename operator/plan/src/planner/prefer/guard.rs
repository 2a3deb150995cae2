//! Where pods ask something of others, one choice leads to the next: whether preferences are worth what they cost is known at the end only.

use super::Wishes;
use super::crowd::{Crowd, Domain, Place};
use super::retouch::MOST_PERCENT;
use super::worth::{share_micro, worth_micro};
use crate::effort::Effort;
use crate::planner::buy::{Basket, Bought, Market};
use crate::planner::place::Placing;

/// Buys with an eye on preferences. Where pods that must be with others or spread are among those who prefer, it is done without one as well,
/// and the better of both is taken: nobody more is left over, and the price less what is preferred is lower.
pub(crate) fn guarded<'a, T>(
    market: &Market<'a>,
    indifferent: &'a Wishes<'a>,
    (placing, basket): (&mut Placing<'a>, &mut Basket),
    effort: &mut Effort<'_>,
    buy: impl Fn(&Market<'a>, &mut Placing<'a>, &mut Basket, &mut Effort<'_>) -> T,
) -> T {
    if market.wishes.is_empty() || market.demand.rules.rules.iter().all(|rule| rule.all.is_free()) {
        return buy(market, placing, basket, effort);
    }
    let (mut fond_placing, mut fond_basket) = (placing.clone(), basket.clone());
    let before = effort.used();
    let told = buy(&Market { wishes: indifferent, ..*market }, placing, basket, effort);
    let mut again = Effort::units(effort.used() - before);
    let fond_told = buy(market, &mut fond_placing, &mut fond_basket, &mut again);
    let left = |placing: &Placing<'_>| placing.left.iter().sum::<usize>();
    let (fond, plain) = (price_micro(market, &fond_basket.bought), price_micro(market, &basket.bought));
    let gain = |placing: &Placing<'a>, bought: &[Bought]| satisfied_micro(market, placing, bought);
    let (liked, without) = (gain(&fond_placing, &fond_basket.bought), gain(placing, &basket.bought));
    let affordable = fond * 100 <= plain * MOST_PERCENT;
    if left(&fond_placing) > left(placing) || !affordable || fond - liked >= plain - without {
        return told;
    }
    (*placing, *basket) = (fond_placing, fond_basket);
    fond_told
}

fn price_micro(market: &Market<'_>, bought: &[Bought]) -> i128 {
    bought.iter().map(|host| i128::from(market.catalog.candidates[host.candidate].offering.price_micro)).sum()
}

/// What the preferences are worth that are satisfied on the hosts that are bought.
fn satisfied_micro<'a>(market: &Market<'a>, placing: &Placing<'a>, bought: &[Bought]) -> i128 {
    let wishes = market.wishes;
    let mut crowd = Crowd::now(market, &placing.bins, bought);
    let mut worth = 0;
    for (at, host) in bought.iter().enumerate() {
        let candidate = &market.catalog.candidates[host.candidate];
        let place = Place { liking: &candidate.liking, node: Some(Domain::New(at)) };
        for (shape, pods) in host.pattern.iter().filter(|(shape, _)| wishes.has(*shape)) {
            crowd.shift(wishes, *shape, place, -1);
            let weight = crowd.weight_milli(wishes, *shape, place);
            crowd.shift(wishes, *shape, place, 1);
            let share = share_micro(&market.demand.shapes[*shape].requests, &candidate.free, candidate.offering.price_micro);
            worth += i128::from(worth_micro(share, weight)) * *pods as i128;
        }
    }
    worth
}
