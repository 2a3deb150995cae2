//! Any text as a decision: it is refused in words, or comes back whole after it was written again.
#![no_main]

use gantry::offline::decision;
use gantry_plan::effort::Effort;
use gantry_plan::plan_with;
use libfuzzer_sys::fuzz_target;

/// Effort of a plan.
const UNITS: u64 = 1_000;

fuzz_target!(|text: &str| {
    if let Ok(read) = decision::read(text) {
        let plan = plan_with(&read.snapshot, &mut Effort::units(UNITS));
        let again = decision::read(&decision::write(&read.snapshot, &plan)).expect("what was written can be read");
        assert_eq!(again.snapshot, read.snapshot);
    }
});
