//! Any bytes: they are refused in words, or make a snapshot that can be planned and shown.
#![no_main]

use std::time::Duration;

use gantry::offline::plan_bytes;
use gantry::offline::show::{Timing, document, table};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

#[path = "../seeds.rs"]
mod seeds;

/// Effort of a plan.
const UNITS: u64 = 1_000;

fuzz_target!(init: seeds::write(seeds::worlds()), |bytes: &[u8]| {
    let now = Timestamp::from_second(1_800_000_000).expect("a date");
    if let Ok((world, plan)) = plan_bytes(bytes, now, UNITS) {
        let timing = Timing { read: Duration::ZERO, plan: Duration::ZERO };
        let _ = (table(&world.snapshot, &plan, &world.notes(), timing), document(&world.snapshot, &plan, timing));
    }
});
