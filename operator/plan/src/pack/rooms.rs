//! Fills bins that exist.

use super::fill::{Families, Space, fill, repeats, take};
use super::sorts::Sorts;
use super::{Bin, Pattern, Problem, Room, Style};

/// Fills rooms one after the other, and takes off `left` what they take: for each room what goes there.
pub fn fill_rooms(problem: &Problem, rooms: &[Room], left: &mut [usize], style: Style) -> Vec<Pattern> {
    let sorts = Sorts::of(problem);
    let mut counts = sorts.counts(left);
    let mut bins: Vec<Bin> = Vec::with_capacity(rooms.len());
    let families = Families::of(sorts.families.clone(), &counts);
    let mut waiting: usize = counts.iter().sum();
    for (at, room) in rooms.iter().enumerate() {
        let like = at.checked_sub(1).filter(|before| rooms[*before] == *room).map(|before| &bins[before].pattern);
        let pattern = match like {
            _ if waiting == 0 => Pattern::new(),
            Some(pattern) if repeats(pattern, &counts) > 0 => pattern.clone(),
            _ => fill(&sorts, &families, &Space::of(room), &counts, style),
        };
        waiting -= take(&pattern, &mut counts, 1);
        bins.push(Bin { kind: 0, pattern, times: 1 });
    }
    sorts.deal(&bins, left).into_iter().map(|bin| bin.pattern).collect()
}
