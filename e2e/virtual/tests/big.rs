//! The operator as a process of its own against a world on sockets.

use std::path::Path;

use gantry_virtual::big::{Size, run};

#[test]
fn a_small_fleet_is_read_and_planned_whole() {
    let program = Path::new(env!("CARGO_BIN_EXE_gantry-virtual"));
    let big = run(Size { hosts: 20, pods: 600, waiting: 50 }, 1, program).unwrap();
    assert!(big.planning.count() >= 1.0 && big.at_rest.now_bytes > 0, "{}", big.lines());
}
