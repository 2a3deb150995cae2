//! Any text as a decision: it is refused in words, or comes back whole after it was written again.
#![no_main]

use gantry::offline::{decision, plan_bytes};
use gantry_plan::effort::Effort;
use gantry_plan::plan_with;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

#[path = "../seeds.rs"]
mod seeds;

/// Effort of a plan.
const UNITS: u64 = 1_000;

/// Each example as the decision that its plan is.
fn decisions() -> Vec<String> {
    let now = Timestamp::from_second(1_800_000_000).expect("a date");
    let planned = seeds::worlds().into_iter().filter_map(|world| plan_bytes(world.as_bytes(), now, UNITS).ok());
    planned.map(|(world, plan)| decision::write(&world.snapshot, &plan)).collect()
}

fuzz_target!(init: seeds::write(decisions()), |text: &str| {
    if let Ok(read) = decision::read(text) {
        let plan = plan_with(&read.snapshot, &mut Effort::units(UNITS));
        let again = decision::read(&decision::write(&read.snapshot, &plan)).expect("what was written can be read");
        assert_eq!(again.snapshot, read.snapshot);
    }
});
