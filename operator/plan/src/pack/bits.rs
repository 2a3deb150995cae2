//! Small sets of indices: classes that a row admits, tokens that a bin holds.

/// Bits of a word.
const WORD: usize = u64::BITS as usize;

/// A set of small indices. Empty ones cost nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// The set of these.
    pub fn of(indices: impl IntoIterator<Item = usize>) -> Self {
        let mut bits = Self::default();
        indices.into_iter().for_each(|index| bits.insert(index));
        bits
    }

    /// Adds one.
    pub fn insert(&mut self, index: usize) {
        let word = index / WORD;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (index % WORD);
    }

    /// Whether it is among them.
    pub fn contains(&self, index: usize) -> bool {
        self.0.get(index / WORD).is_some_and(|word| word >> (index % WORD) & 1 == 1)
    }

    /// Whether both have one in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    /// Adds all of the other.
    pub fn add(&mut self, other: &Self) {
        if other.0.len() > self.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// Those that are in both.
    pub fn common<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        let words = self.0.iter().zip(&other.0).enumerate();
        words.flat_map(|(at, (a, b))| (0..WORD).filter(move |bit| (a & b) >> bit & 1 == 1).map(move |bit| at * WORD + bit))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_know_what_they_hold_and_share() {
        let (mut a, b) = (Bits::of([1, 70]), Bits::of([70, 200]));
        assert_eq!(
            (a.contains(1), a.contains(2), a.contains(500), a.meets(&b), Bits::default().meets(&b)),
            (true, false, false, true, false)
        );
        assert_eq!(a.common(&b).collect::<Vec<_>>(), [70]);
        a.add(&b);
        assert_eq!((a, Bits::default().is_empty()), (Bits::of([1, 70, 200]), true));
    }
}
