use std::collections::BTreeSet;
use std::path::Path;

use gantry_cloud::{Fault, FaultMeaning};

use super::*;

fn meaning(said: &Said) -> &'static str {
    match said {
        Said::Answer(service, effect, status, body) => gantry_cloud::meaning(*service, *effect, *status, body.as_bytes()).category(),
        Said::Fault(code, message) => match (Fault { code: *code, message: (*message).to_owned() }).meaning() {
            FaultMeaning::NoHost => "NoValidHost",
            FaultMeaning::Quota => "QuotaExceeded",
            FaultMeaning::Other => "ServerError",
        },
    }
}

#[test]
fn every_answer_means_what_the_table_says() {
    let wrong: Vec<_> = CASES.iter().filter(|case| meaning(&case.said) != case.means).collect();
    let told: Vec<String> = wrong.iter().map(|case| format!("{}: {}, not {}", case.situation, meaning(&case.said), case.means)).collect();
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn every_meaning_has_a_consequence_and_every_row_can_be_reached() {
    assert!(CASES.iter().all(|case| consequence(case.means, "").is_some()));
    for (n, row) in CONSEQUENCES.iter().enumerate() {
        let text = row.words.first().copied().unwrap_or("nothing that any row names");
        assert!(consequence(row.means, text).is_some_and(|found| std::ptr::eq(found, row)), "row {n}, {}", row.means);
    }
    assert!(consequence("NoSuchMeaning", "").is_none());
}

#[test]
fn every_category_of_the_client_has_a_row() {
    let categories = ["QuotaExceeded", "NoValidHost", "BadSpec", "Unauthorized", "Forbidden", "NotFound", "Conflict", "OverLimit"];
    let others = ["Transient", "Ambiguous", "NotSent", "Config", "Bug"];
    let missing: Vec<_> = categories.iter().chain(&others).filter(|word| consequence(word, "").is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn five_faces_of_quota_are_in_the_table() {
    let faces: BTreeSet<(String, &str)> = CASES
        .iter()
        .filter(|case| case.means == "QuotaExceeded")
        .map(|case| match case.said {
            Said::Answer(service, _, status, _) => {
                (format!("{service:?} {status}"), consequence(case.means, case.said.text()).unwrap().reach.words())
            }
            Said::Fault(code, _) => (format!("fault {code}"), "a flavor"),
        })
        .collect();
    assert!(faces.len() >= 5, "{faces:?}");
}

/// Rules of the state machine and of paging are tested where they are.
#[test]
fn the_tests_that_the_table_names_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    for folder in ["plan/src/host/tests", "plan/src/fleet", "cloud/src/client"] {
        for file in std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            sources.push_str(&std::fs::read_to_string(file).unwrap());
        }
    }
    let missing: Vec<_> = STATES.iter().filter(|state| !sources.contains(&format!("fn {}(", state.test))).map(|state| state.test).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn the_page_in_the_docs_is_made_from_the_table() {
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/openstack-answers.md");
    let text = std::fs::read_to_string(written).unwrap_or_default();
    assert!(text == page(), "docs/reference/openstack-answers.md is old; run `make generate`");
}
