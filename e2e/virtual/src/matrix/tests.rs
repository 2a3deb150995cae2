use super::*;

#[test]
fn a_workload_without_a_crash_repeats_its_end() {
    let first = reference(Workload::ScaleUp, 1).unwrap();
    let second = reference(Workload::ScaleUp, 1).unwrap();
    assert_eq!(first.outcome, second.outcome);
    assert!(first.calls.contains_key("POST /compute/v2.1/servers") && first.calls.contains_key("POST hosts"), "{:?}", first.calls);
}

#[test]
fn the_operator_killed_at_its_calls_comes_to_the_same_end() {
    let report = matrix(&Workload::ALL, 1, Sample { part: 0, of: 29 }, 2, |_| {}).unwrap();
    assert!(report.is_clean(), "{}\n{}", report.line(), report.failures.join("\n"));
    assert!(report.deaths * 10 >= report.runs * 9, "{}", report.line());
}
