//! Rules that hold whatever a scenario does.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde_json::Value;

/// No two servers bear the UID of one Host (invariant I1).
pub fn no_doubles(servers: &[Value]) -> Result<()> {
    let mut by_host: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for server in servers {
        if let Some(host) = server["metadata"]["gantry-host"].as_str() {
            by_host.entry(host).or_default().push(server["name"].as_str().unwrap_or("?"));
        }
    }
    for (host, names) in by_host {
        ensure!(names.len() == 1, "host {host} has {} servers: {names:?}", names.len());
    }
    Ok(())
}

/// The log holds neither a password nor a token secret (invariant I7).
pub fn no_secrets(log: &str, secrets: &[String]) -> Result<()> {
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        ensure!(!log.contains(secret.as_str()), "the operator's log contains a secret of {} characters", secret.len());
    }
    Ok(())
}
