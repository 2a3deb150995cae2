use super::*;

/// Every catastrophe in its small size, by number.
fn passes(id: &str) {
    let mut count = 0;
    for case in CASES.iter().filter(|case| case.id == id) {
        count += 1;
        if let Err(error) = (case.run)(Trial { seed: 1, size: Size::Small }) {
            panic!("{} ({}): {error:#}", case.id, case.what);
        }
    }
    assert!(count > 0, "there is no {id}");
}

macro_rules! catastrophes {
    ($($name:ident $id:literal),* $(,)?) => {
        $(#[test] fn $name() { passes($id); })*
    };
}

catastrophes! {
    t01 "T1", t02 "T2", t03 "T3", t04 "T4", t05 "T5", t06 "T6", t07 "T7", t08 "T8", t09 "T9", t10 "T10", t11 "T11", t12 "T12",
    t13 "T13", t14 "T14", t15 "T15", t16 "T16", t17 "T17", t20 "T20", t21 "T21", t22 "T22", t23 "T23", t24 "T24", t25 "T25", t29 "T29", t30 "T30", t31 "T31", t32 "T32", t33 "T33",
}
