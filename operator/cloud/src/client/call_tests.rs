use super::*;
use serde::Deserialize;
use std::collections::BTreeSet;

const RULES: &str = include_str!("../../access-rules.json");
const CORE_RULES: &str = include_str!("../../access-rules-core.json");
const README: &str = include_str!("../../README.md");

/// What a pool must ask for before a call is made; `core` is always made.
const CALLS: [(&str, &[&Call]); 4] = [
    (
        "core",
        &[
            &VERSIONS,
            &FLAVORS,
            &ZONES,
            &LIMITS,
            &SERVERS,
            &SERVER,
            &CREATE_SERVER,
            &DELETE_SERVER,
            &IMAGES,
            &IMAGE,
            &NETWORKS,
            &SUBNETS,
            &SECURITY_GROUPS,
            &QOS_POLICIES,
            &NETWORK_QUOTA,
            &PORTS,
            &PORT,
            &CREATE_PORT,
            &DELETE_PORT,
        ],
    ),
    ("server groups", &[&SERVER_GROUPS, &SERVER_GROUP, &CREATE_SERVER_GROUP, &DELETE_SERVER_GROUP]),
    ("volumes", &[&VOLUMES, &VOLUME, &CREATE_VOLUME, &DELETE_VOLUME, &VOLUME_LIMITS]),
    ("floating IPs", &[&FLOATING_IPS, &FLOATING_IP, &CREATE_FLOATING_IP, &DELETE_FLOATING_IP]),
];

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Rule {
    service: String,
    method: String,
    path: String,
}

fn rule(call: &Call) -> Rule {
    let (service, version) = match call.service {
        Service::Identity => ("identity", "/v3"),
        Service::Compute => ("compute", "/v2.1"),
        Service::Network => ("network", "/v2.0"),
        Service::Image => ("image", "/v2"),
        Service::Volume => ("volumev3", "/v3/{project_id}"),
    };
    Rule { service: service.to_owned(), method: call.method().to_owned(), path: format!("{version}/{}", call.path) }
}

fn rules(features: &[(&str, &[&Call])]) -> BTreeSet<Rule> {
    features.iter().flat_map(|(_, calls)| calls.iter().map(|call| rule(call))).collect()
}

fn read(text: &str) -> BTreeSet<Rule> {
    serde_json::from_str::<Vec<Rule>>(text).unwrap().into_iter().collect()
}

#[test]
fn the_access_rules_are_the_calls_and_no_more() {
    assert_eq!(read(RULES), rules(&CALLS));
    assert_eq!(read(CORE_RULES), rules(&CALLS[..1]));
}

#[test]
fn every_row_of_the_table_is_in_the_list_of_features() {
    let rows = include_str!("call.rs").lines().filter(|line| line.starts_with("pub(crate) const ")).count();
    let listed: usize = CALLS.iter().map(|(_, calls)| calls.len()).sum();
    assert_eq!(listed + 1, rows, "all but the log-in");
}

#[test]
fn the_readme_lists_the_calls() {
    for (feature, calls) in CALLS {
        for call in calls {
            let Rule { service, method, path } = rule(call);
            let row = format!("| {feature} | {service} | {method} {path} | {} |", call.to);
            assert!(README.contains(&row), "the README lacks:\n{row}");
        }
    }
}
