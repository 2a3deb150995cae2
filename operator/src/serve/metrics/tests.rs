//! The text of the metrics.

use super::*;
use gantry_cloud::{Observation, Priority};

fn lines(metrics: &Metrics, prefix: &str) -> Vec<String> {
    metrics.encode().unwrap().lines().filter(|l| l.starts_with(prefix)).map(str::to_string).collect()
}

#[test]
fn hosts_that_are_gone_leave_no_series() {
    let metrics = Metrics::new();
    let host = |phase: &str| ("apps/general".to_string(), phase.to_string());
    metrics.hosts([host("Ready"), host("Ready"), host("Building")]);
    metrics.hosts([host("Ready")]);
    assert_eq!(lines(&metrics, "gantry_hosts{"), [r#"gantry_hosts{pool="apps/general",phase="Ready"} 1"#]);
}

#[test]
fn requests_are_counted_by_outcome() {
    let metrics = Metrics::new();
    let hook = metrics.cloud_hook(&"apps/main");
    hook.observe(&Observation {
        service: "compute",
        method: "POST",
        call: "create_server",
        outcome: "Ambiguous",
        duration: Duration::from_millis(30),
        wait: Duration::ZERO,
        priority: Priority::Urgent,
    });
    assert_eq!(
        lines(&metrics, "gantry_openstack_requests_total"),
        [
            r#"gantry_openstack_requests_total{cloud="apps/main",service="compute",method="POST",call="create_server",outcome="Ambiguous"} 1"#
        ]
    );
    assert_eq!(
        lines(&metrics, "gantry_openstack_request_seconds_count"),
        [r#"gantry_openstack_request_seconds_count{cloud="apps/main",service="compute",call="create_server"} 1"#]
    );
    assert_eq!(
        lines(&metrics, "gantry_ambiguous_creations_total"),
        [r#"gantry_ambiguous_creations_total{cloud="apps/main",service="compute",call="create_server"} 1"#]
    );
    assert_eq!(
        lines(&metrics, "gantry_openstack_wait_seconds_count"),
        [r#"gantry_openstack_wait_seconds_count{cloud="apps/main",priority="urgent"} 1"#]
    );
}

#[test]
fn a_cloud_that_is_gone_leaves_no_state() {
    let metrics = Metrics::new();
    metrics.cloud_held(&"apps/main", true);
    metrics.orphans(&"apps/main", |kind| usize::from(kind == gantry_plan::sweep::Kind::Port));
    assert_eq!(lines(&metrics, "gantry_cloud_held{"), [r#"gantry_cloud_held{cloud="apps/main"} 1"#]);
    assert!(lines(&metrics, "gantry_orphans{").contains(&r#"gantry_orphans{cloud="apps/main",kind="Port"} 1"#.to_owned()));
    metrics.cloud_gone(&"apps/main");
    assert_eq!((lines(&metrics, "gantry_cloud_held{").len(), lines(&metrics, "gantry_orphans{").len()), (0, 0));
}

#[test]
fn counters_and_gauges_have_their_names() {
    let metrics = Metrics::new();
    metrics.command("create_host");
    metrics.watch_failed("pods");
    metrics.watch_synced("pods", true);
    metrics.leader(true);
    metrics.event_dropped();
    let waits = gantry_plan::Unplaced { pod: gantry_plan::model::Key::new("apps", "a"), uid: "u".into(), reasons: Vec::new() };
    let cost = gantry_plan::Cost { before_micro: 0, after_micro: 1_440_000, lower_bound_micro: 1_430_000 };
    let plan = Plan { unplaced: vec![waits; 7], cost, effort_used: 300, ..Plan::default() };
    metrics.planned(Duration::from_millis(3), &Snapshot::default(), &plan);
    let text = metrics.encode().unwrap();
    for line in [
        r#"gantry_commands_total{type="create_host"} 1"#,
        r#"gantry_watch_errors_total{kind="pods"} 1"#,
        r#"gantry_watch_synced{kind="pods"} 1"#,
        "gantry_leader 1",
        "gantry_events_dropped_total 1",
        "gantry_unplaced_pods 7",
        "gantry_plan_effort_total 300",
        "gantry_plan_cost_per_hour 1.44",
        "gantry_plan_lower_bound_per_hour 1.43",
        "gantry_plan_duration_seconds_count 1",
        concat!(r#"gantry_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is missing in\n{text}");
    }
    for name in ["process_resident_memory_bytes ", "process_cpu_seconds_total "] {
        assert_eq!(lines(&metrics, name).len(), 1, "{text}");
    }
}

#[test]
fn a_clock_that_is_behind_gives_no_negative_time() {
    let metrics = Metrics::new();
    let second = |s| Timestamp::from_second(s).unwrap();
    metrics.host_ready(second(100), second(40));
    assert_eq!(lines(&metrics, "gantry_host_ready_seconds_sum"), ["gantry_host_ready_seconds_sum 0.0"]);
}
