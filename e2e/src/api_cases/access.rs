//! Asks the API server whether a user may do what `e2e/api-cases/access` says it may, and may not do what it says it may not.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::Client;
use kube::api::{Api, PostParams};
use serde::Deserialize;

use super::{RETRY_PAUSE, Report, SETTLE, parse, yaml_files};

/// One user with what it may and may not do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessFile {
    /// User name.
    pub user: String,
    /// Groups of the user.
    #[serde(default)]
    pub groups: Vec<String>,
    /// What must be allowed.
    pub allowed: Vec<Access>,
    /// What must be refused.
    pub denied: Vec<Access>,
}

/// Verbs on resources.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// API group, empty for the core group.
    #[serde(default)]
    pub group: String,
    /// Resources, with `/` before a subresource.
    pub resources: Vec<String>,
    /// Verbs.
    pub verbs: Vec<String>,
    /// Namespace; unset, all of them.
    pub namespace: Option<String>,
    /// Name; unset, any.
    pub name: Option<String>,
}

/// Asks for every line of every `*.yaml` of `dir` and says what came out. The chart must be installed as release gantry in gantry-system.
///
/// # Errors
/// When a file cannot be read or the API server cannot be asked; an answer that differs is a failure in the report.
pub async fn run(client: Client, dir: &Path) -> Result<Report> {
    let mut report = Report::default();
    for path in yaml_files(dir)? {
        let file: AccessFile = parse(&path)?;
        for (accesses, expected) in [(&file.allowed, true), (&file.denied, false)] {
            for attributes in accesses.iter().flat_map(attributes) {
                let allowed = ask(&client, &file, attributes.clone()).await?;
                enter(&mut report, &file.user, &attributes, expected, allowed);
            }
        }
    }
    Ok(report)
}

/// The same after the chart was changed: rights come into force a moment later.
///
/// # Errors
/// As [`run`].
pub async fn run_after_change(client: &Client, dir: &Path) -> Result<Report> {
    let deadline = Instant::now() + SETTLE;
    loop {
        let report = run(client.clone(), dir).await?;
        if report.failures.is_empty() || Instant::now() >= deadline {
            return Ok(report);
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

fn enter(report: &mut Report, user: &str, attributes: &ResourceAttributes, expected: bool, allowed: bool) {
    match (expected, allowed) {
        (true, true) => report.accepted += 1,
        (false, false) => report.rejected += 1,
        _ => report.failures.push(format!(
            "{user} may {}{}",
            if allowed { "" } else { "not " },
            serde_json::to_string(attributes).unwrap_or_default()
        )),
    }
}

/// Each verb on each resource of a line.
fn attributes(access: &Access) -> Vec<ResourceAttributes> {
    let one = |resource: &String, verb: &String| {
        let (resource, subresource) = resource.split_once('/').map_or((resource.as_str(), None), |(r, s)| (r, Some(s.to_string())));
        ResourceAttributes {
            group: Some(access.group.clone()),
            resource: Some(resource.to_string()),
            subresource,
            verb: Some(verb.clone()),
            namespace: access.namespace.clone(),
            name: access.name.clone(),
            ..Default::default()
        }
    };
    access.resources.iter().flat_map(|resource| access.verbs.iter().map(move |verb| one(resource, verb))).collect()
}

async fn ask(client: &Client, file: &AccessFile, attributes: ResourceAttributes) -> Result<bool> {
    let spec = SubjectAccessReviewSpec {
        user: Some(file.user.clone()),
        groups: Some(file.groups.clone()),
        resource_attributes: Some(attributes),
        ..Default::default()
    };
    let review = SubjectAccessReview { spec, ..Default::default() };
    let answer = Api::all(client.clone()).create(&PostParams::default(), &review).await.context("cannot ask for a SubjectAccessReview")?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_access_files_are_read() {
        let dirs =
            ["access", "access/unfenced", "access/silent"].map(|dir| Path::new(env!("CARGO_MANIFEST_DIR")).join("api-cases").join(dir));
        let files: Vec<AccessFile> = dirs.iter().flat_map(|dir| yaml_files(dir).unwrap()).map(|path| parse(&path).unwrap()).collect();
        assert!(files.iter().all(|file| !file.allowed.is_empty() && !file.denied.is_empty()));
        assert_eq!(files.len(), 5);
    }

    #[test]
    fn a_line_is_every_verb_on_every_resource() {
        let access: Access = serde_saphyr::from_str("{resources: [pods/eviction, pods], verbs: [get, create]}").unwrap();
        let all = attributes(&access);
        assert_eq!(all.len(), 4);
        assert_eq!((all[0].resource.as_deref(), all[0].subresource.as_deref()), (Some("pods"), Some("eviction")));
    }
}
