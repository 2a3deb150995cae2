//! Makes real bins of coarse ones: every place of a bin takes a sort that may stand for what the coarse bin has there, and bins exchange
//! sorts where none goes.

use std::cmp::Reverse;

use super::coarse::Coarse;
use super::fill::{Families, Space, fill, tidy};
use super::market::Market;
use super::style::STYLES;
use super::{Bin, Load};

/// Sorts or places that are looked at for a unit of effort.
const LOOKS_OF_UNIT: usize = 50;
/// Places that are looked at to exchange a sort, at most.
const MAX_EXCHANGED: usize = 4_000;

/// Real bins.
pub(super) struct Recast {
    pub bins: Vec<Bin>,
    /// By sort: who found no place.
    pub left: Vec<usize>,
    /// Units of effort that it took.
    pub units: u64,
}

/// Real bins for coarse ones, whose patterns are of [`Coarse::items`], and these counts.
pub(super) fn recast(market: &Market<'_>, coarse: &Coarse, bins: &[Bin], counts: &[usize]) -> Recast {
    let mut casting = Casting { market, coarse, left: counts.to_vec(), tubs: Vec::new(), holders: Vec::new(), looks: 0 };
    casting.holders.resize(coarse.members.len(), Vec::new());
    for bin in bins {
        (0..bin.times).for_each(|_| casting.cast(bin));
    }
    casting.mend();
    casting.squeeze();
    let units = (casting.looks / LOOKS_OF_UNIT + 1) as u64;
    Recast { bins: casting.bins(), left: casting.left, units }
}

/// A real bin in the making.
struct Tub {
    kind: usize,
    load: Load,
    /// What the coarse bin has, and which sort stands for it.
    places: Vec<(usize, Option<usize>)>,
}

/// How a kind suits a bin: places filled, those with sorts that few kinds take, and how many of these wait.
type Suits = (usize, usize, usize);

struct Casting<'a> {
    market: &'a Market<'a>,
    coarse: &'a Coarse,
    left: Vec<usize>,
    tubs: Vec<Tub>,
    /// For each coarse item its places: bin and place in it.
    holders: Vec<Vec<(usize, usize)>>,
    looks: usize,
}

impl Casting<'_> {
    /// One bin, of the real kind that suits best.
    fn cast(&mut self, bin: &Bin) {
        let mut best: Option<(Suits, Tub)> = None;
        for kind in &self.coarse.kinds[bin.kind] {
            let (suits, tub) = self.filled(*kind, bin);
            if best.as_ref().is_none_or(|(most, _)| suits > *most) {
                best = Some((suits, tub));
            }
        }
        let Some((_, tub)) = best else {
            return;
        };
        for (place, (item, sort)) in tub.places.iter().enumerate() {
            sort.iter().for_each(|sort| self.left[*sort] -= 1);
            self.holders[*item].push((self.tubs.len(), place));
        }
        self.tubs.push(tub);
    }

    /// A bin of this kind with what is left.
    fn filled(&mut self, kind: usize, bin: &Bin) -> (Suits, Tub) {
        let mut tub = Tub { kind, load: self.market.sorts.problem.kinds[kind].load.clone(), places: Vec::new() };
        let (mut suits, mut taken) = (Suits::default(), Vec::new());
        for (item, count) in &bin.pattern {
            for _ in 0..*count {
                let sort = self.choose(&tub, *item, &taken);
                tub.places.push((*item, sort));
                let Some(sort) = sort else {
                    continue;
                };
                tub.load.add(self.market.sorts.all[sort].rules, 1);
                taken.push(sort);
                let bound = self.coarse.bound[sort];
                suits = (suits.0 + 1, suits.1 + usize::from(bound), suits.2 + if bound { self.left[sort] } else { 0 });
            }
        }
        (suits, tub)
    }

    /// Who stands for an item: whom fewest kinds take, then who minds others, then of whom most are left.
    fn choose(&mut self, tub: &Tub, item: usize, taken: &[usize]) -> Option<usize> {
        let members = &self.coarse.members[item];
        self.looks += members.len();
        let left = |sort: usize| self.left[sort] - taken.iter().filter(|taken| **taken == sort).count();
        let here = members.iter().copied().filter(|sort| self.left[*sort] > 0 && left(*sort) > 0 && self.goes(tub.kind, &tub.load, *sort));
        here.min_by_key(|sort| (self.coarse.homes[*sort], !self.market.sorts.all[*sort].ruled, Reverse(left(*sort)), *sort))
    }

    fn goes(&self, kind: usize, load: &Load, sort: usize) -> bool {
        let of = &self.market.sorts.all[sort];
        self.market.takes[kind][sort] && (!of.ruled || load.room(of.rules, &self.market.sorts.problem.caps) > 0)
    }

    /// Fills places that are still open: with whom is left, or with a sort of another bin that such a one replaces.
    fn mend(&mut self) {
        let open: Vec<(usize, usize)> = (0..self.tubs.len())
            .flat_map(|tub| (0..self.tubs[tub].places.len()).map(move |place| (tub, place)))
            .filter(|(tub, place)| self.tubs[*tub].places[*place].1.is_none())
            .collect();
        for (tub, place) in open {
            let item = self.tubs[tub].places[place].0;
            let waiting: Vec<usize> = self.coarse.members[item].iter().copied().filter(|sort| self.left[*sort] > 0).collect();
            for sort in waiting {
                if self.settle(tub, place, sort) || self.exchange(tub, place, sort) {
                    break;
                }
            }
        }
    }

    fn settle(&mut self, tub: usize, place: usize, sort: usize) -> bool {
        self.looks += 1;
        let goes = self.goes(self.tubs[tub].kind, &self.tubs[tub].load, sort);
        if goes {
            self.left[sort] -= 1;
            self.put(tub, place, sort);
        }
        goes
    }

    /// Puts a sort in another bin's place for this item, whose sort comes here.
    fn exchange(&mut self, tub: usize, place: usize, sort: usize) -> bool {
        let item = self.tubs[tub].places[place].0;
        for at in 0..self.holders[item].len().min(MAX_EXCHANGED) {
            let (other, there) = self.holders[item][at];
            self.looks += 1;
            let Some(instead) = self.tubs[other].places[there].1.filter(|instead| *instead != sort && other != tub) else {
                continue;
            };
            let comes = self.goes(self.tubs[tub].kind, &self.tubs[tub].load, instead);
            if comes
                && self.market.takes[self.tubs[other].kind][sort]
                && self.goes(self.tubs[other].kind, &self.without(other, there), sort)
            {
                self.left[sort] -= 1;
                self.tubs[other].load = self.without(other, there);
                self.put(other, there, sort);
                self.put(tub, place, instead);
                return true;
            }
        }
        false
    }

    fn put(&mut self, tub: usize, place: usize, sort: usize) {
        self.tubs[tub].places[place].1 = Some(sort);
        self.tubs[tub].load.add(self.market.sorts.all[sort].rules, 1);
    }

    /// What is in a bin but for one place.
    fn without(&self, tub: usize, place: usize) -> Load {
        let of = &self.tubs[tub];
        let mut load = self.market.sorts.problem.kinds[of.kind].load.clone();
        let others = of.places.iter().enumerate().filter(|(at, _)| *at != place).filter_map(|(_, (_, sort))| *sort);
        others.for_each(|sort| load.add(self.market.sorts.all[sort].rules, 1));
        load
    }

    /// Fills what bins have free with whoever is left.
    fn squeeze(&mut self) {
        for at in 0..self.tubs.len() {
            if self.tubs[at].places.iter().all(|(_, sort)| sort.is_some()) {
                continue;
            }
            let waiting: Vec<_> = (0..self.left.len()).filter(|sort| self.left[*sort] > 0).map(|sort| sort..sort + 1).collect();
            self.looks += self.left.len();
            if waiting.is_empty() {
                return;
            }
            let (sorts, tub) = (self.market.sorts, &self.tubs[at]);
            let kind = &sorts.problem.kinds[tub.kind];
            let mut free = kind.capacity.clone();
            for sort in tub.places.iter().filter_map(|(_, sort)| *sort) {
                free.iter_mut().zip(&sorts.all[sort].size).for_each(|(free, size)| *free -= size);
            }
            let space = Space { capacity: &kind.capacity, free: &free, row: kind.row, load: &tub.load };
            let pattern = fill(sorts, &Families::of(waiting, &self.left), &space, &self.left, STYLES[0]);
            for (sort, count) in pattern {
                self.left[sort] -= count;
                self.tubs[at].load.add(sorts.all[sort].rules, count);
                self.tubs[at].places.extend(std::iter::repeat_n((self.coarse.items[sort], Some(sort)), count));
            }
        }
    }

    /// Equal bins together, none that is empty.
    fn bins(&self) -> Vec<Bin> {
        let pattern = |tub: &Tub| {
            let mut pattern = tub.places.iter().filter_map(|(_, sort)| Some(((*sort)?, 1))).collect();
            tidy(&mut pattern);
            (tub.kind, pattern)
        };
        let mut all: Vec<_> = self.tubs.iter().map(pattern).filter(|(_, pattern)| !pattern.is_empty()).collect();
        all.sort_unstable();
        all.chunk_by(|a, b| a == b).map(|same| Bin { kind: same[0].0, pattern: same[0].1.clone(), times: same.len() }).collect()
    }
}
