//! Any text as a quantity, a price or a duration: it is refused, or printed so that it is read as the same.
#![no_main]

use gantry_plan::quantity::{Quantity, parse_duration, parse_price_micro};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = (parse_price_micro(text), parse_duration(text));
    if let Ok(quantity) = Quantity::parse(text) {
        let _ = (quantity.milli(), quantity.value());
        let again = Quantity::parse(&quantity.to_string()).expect("what was printed can be read");
        assert_eq!(again.nano(), quantity.nano());
    }
});
