//! The examples' plans, word for word, and that no input brings the reader down.

use std::path::Path;

use gantry_plan::Command;
use proptest::prelude::*;

use super::*;

/// The moment of all plans here.
fn now() -> Timestamp {
    "2026-11-23T03:00:00Z".parse().unwrap()
}

fn world(example: &str) -> World {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/plan").join(example);
    let files = files::files(&[folder]).unwrap();
    read(&files, &Progress::new(Shown::AtTerminal, None), now()).unwrap()
}

/// Compares with the file of that name beside the example; `GANTRY_GOLDEN=write` writes it anew.
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/plan").join(name);
    if std::env::var_os("GANTRY_GOLDEN").is_some_and(|mode| mode == "write") {
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap_or_default(), "{name}");
}

fn planned(world: &World) -> Plan {
    plan(world, Thought::Usual, &Progress::new(Shown::AtTerminal, None))
}

/// All but the last line, which says how long it took.
fn table(world: &World) -> String {
    let text = show::table(&world.snapshot, &planned(world), &world.notes(), Timing::default());
    let lines: Vec<&str> = text.lines().collect();
    lines[..lines.len() - 1].join("\n")
}

#[test]
fn the_examples_give_the_plans_beside_them() {
    for example in ["shop", "cluster"] {
        let world = world(example);
        golden(&format!("{example}.txt"), &table(&world));
        let document = show::document(&world.snapshot, &planned(&world), Timing::default());
        golden(&format!("{example}.plan.json"), &(serde_json::to_string_pretty(&document).unwrap() + "\n"));
    }
}

#[test]
fn a_pod_is_explained() {
    let world = world("cluster");
    let plan = planned(&world);
    let told = |name: &str| explain::explain(&world.snapshot, &plan, &explain::find(&world.snapshot, name).unwrap());
    golden("explain.txt", &["shop/db-3", "shop/data", "shop/gated", "shop/db-0"].map(told).join("\n"));
    assert_eq!(explain::find(&world.snapshot, "db-3").unwrap_err(), "--explain db-3: write it as namespace/name, such as shop/db-3");
    let unknown = explain::find(&world.snapshot, "apps/db-3").unwrap_err();
    assert_eq!(unknown, "--explain apps/db-3: no such pod is in the input, or it has finished; there is shop/db-3");
}

#[test]
fn a_decision_is_made_again() {
    let world = world("cluster");
    let plan = planned(&world);
    let text = decision::write(&world.snapshot, &plan);
    let (again, second) = plan_bytes(text.as_bytes(), now(), plan.effort_used).unwrap();
    assert_eq!(again.snapshot, world.snapshot);
    let told = replay::compare(&again.decision.unwrap(), &second);
    assert_eq!(
        told,
        format!("Replayed what Gantry {} with effort {} decided: the same command.\n", env!("CARGO_PKG_VERSION"), plan.effort_used)
    );
}

fn examples() -> [String; 4] {
    let read = |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/plan").join(name)).unwrap();
    let world = world("cluster");
    let decision = decision::write(&world.snapshot, &planned(&world));
    [read("shop/cloud.yaml"), read("shop/pods.yaml"), read("cluster/cluster.json"), decision]
}

/// `text` with a piece of it replaced.
fn spoiled(text: &str, at: usize, length: usize, by: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let from = at % bytes.len();
    let to = (from + length).min(bytes.len());
    [&bytes[..from], by.as_bytes(), &bytes[to..]].concat()
}

fn creates(plan: &Plan) -> usize {
    plan.commands.iter().filter(|command| matches!(command, Command::CreateHost { .. })).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = plan_bytes(&bytes, now(), 1_000);
    }

    #[test]
    fn spoiled_examples_are_read_or_refused(which in 0..4usize, at: usize, length in 0..12usize, by in "[-{}\\[\\]:,\"0-9a-z \\n]{0,6}|-1|null|99999999999999999999|8Ei|\\[\\[\\[\\[") {
        if let Ok((_, plan)) = plan_bytes(&spoiled(&examples()[which], at, length, &by), now(), 1_000) {
            prop_assert!(creates(&plan) <= 10, "no pool of the examples has more hosts");
        }
    }
}
