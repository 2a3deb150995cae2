//! Replays `e2e/api-cases` on a real API server: what is written there as accepted must be accepted, what is written as rejected must be
//! answered with the sentence.

pub mod access;
pub mod examples;
mod target;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use kube::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use target::{Answer, Target};

/// How long a rejection may be missing: definitions and admission policies take a moment to come into force.
const SETTLE: Duration = Duration::from_secs(10);
/// Pause between two tries within [`SETTLE`].
const RETRY_PAUSE: Duration = Duration::from_millis(200);
/// Namespace that cases without one of their own are tried in.
const NAMESPACE: &str = "gantry-api-cases";

/// One file of cases about one kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// The object that all cases start from, complete and acceptable.
    pub base: Value,
    /// The user that sends the requests; unset, the client's own. Objects that must be there before are made by the client's own.
    #[serde(rename = "as")]
    pub user: Option<String>,
    /// The cases, one for each rule.
    pub cases: Vec<Case>,
}

/// One rule with objects that keep it and objects that break it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A piece of the sentence that a rejected object is answered with.
    pub rule: String,
    /// What is asked for.
    #[serde(default)]
    pub operation: Operation,
    /// Merged into the base to make the object that is replaced or patched.
    #[serde(default)]
    pub old: Option<Value>,
    /// Merged into the base, or into the old object, one by one; each must be accepted.
    #[serde(default)]
    pub accepted: Vec<Value>,
    /// The same; each must be rejected.
    #[serde(default)]
    pub rejected: Vec<Value>,
}

/// What a case asks the API server for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// POST of the object.
    #[default]
    Create,
    /// PUT in place of the old object.
    Replace,
    /// Merge patch of the old object.
    Patch,
    /// Merge patch of the old object's status subresource.
    Status,
    /// DELETE of the object, which is made for the purpose.
    Delete,
}

/// What came out of a replay.
#[derive(Debug, Default)]
pub struct Report {
    /// Objects that were rightly accepted.
    pub accepted: usize,
    /// Objects that were rightly rejected.
    pub rejected: usize,
    /// What went wrong, a sentence each.
    pub failures: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} accepted, {} rejected, {} wrong", self.accepted, self.rejected, self.failures.len())?;
        self.failures.iter().try_for_each(|failure| write!(f, "\n- {failure}"))
    }
}

impl Report {
    fn enter(&mut self, file: &str, rule: &str, patch: &Value, accepted: bool, answer: Answer) {
        match answer {
            Answer::Accepted if accepted => self.accepted += 1,
            Answer::Rejected(why) if !accepted && why.contains(rule) => self.rejected += 1,
            Answer::Accepted => self.failures.push(format!("{file}, {rule:?}: {patch} should be rejected")),
            Answer::Rejected(why) if accepted => self.failures.push(format!("{file}, {rule:?}: {patch} should be accepted, but: {why}")),
            Answer::Rejected(why) => self.failures.push(format!("{file}, {rule:?}: {patch} is rejected with another sentence: {why}")),
        }
    }
}

/// Replays every `*.yaml` of `dir` with server-side dry runs and says what came out.
///
/// The definitions must be installed. Objects for update cases are created in a namespace of their own and deleted again.
///
/// # Errors
/// When a file cannot be read or the API server cannot be asked; a case that comes out wrong is a failure in the report.
pub async fn run(client: Client, dir: &Path) -> Result<Report> {
    let mut report = Report::default();
    for (path, file) in read(dir)? {
        let replay = Replay::new(client.clone(), &path, &file).await?;
        for case in &file.cases {
            replay.case(case, &mut report).await?;
        }
    }
    Ok(report)
}

/// Reads the case files of `dir` in the order of their names.
///
/// # Errors
/// When there is none, or one does not have the form of [`CaseFile`].
pub fn read(dir: &Path) -> Result<Vec<(PathBuf, CaseFile)>> {
    yaml_files(dir)?.into_iter().map(|path| Ok((path.clone(), parse(&path)?))).collect()
}

fn yaml_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect();
    paths.sort();
    if paths.is_empty() {
        bail!("{} holds no case files (*.yaml)", dir.display());
    }
    Ok(paths)
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| format!("{} does not have the form of its folder's files", path.display()))
}

/// One file on its way to the API server.
struct Replay<'a> {
    target: Target,
    file: &'a CaseFile,
    name: String,
}

impl<'a> Replay<'a> {
    async fn new(client: Client, path: &Path, file: &'a CaseFile) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let target = Target::new(client, &file.base, NAMESPACE).await.with_context(|| format!("base of {name}"))?;
        Ok(Self { target, file, name })
    }

    async fn case(&self, case: &Case, report: &mut Report) -> Result<()> {
        let existing = match &case.old {
            Some(old) => Some(self.target.create_for_real(&merged(&self.file.base, old)).await?),
            None => None,
        };
        let start = existing.as_ref().unwrap_or(&self.file.base);
        for (patch, accepted) in case.accepted.iter().map(|p| (p, true)).chain(case.rejected.iter().map(|p| (p, false))) {
            let answer = self.one(case, &merged(start, patch), patch, accepted).await?;
            report.enter(&self.name, &case.rule, patch, accepted, answer);
        }
        match &existing {
            Some(object) => self.target.delete_for_real(object).await,
            None => Ok(()),
        }
    }

    async fn one(&self, case: &Case, object: &Value, patch: &Value, accepted: bool) -> Result<Answer> {
        if case.operation != Operation::Delete {
            return self.settled(case.operation, object, patch, accepted).await;
        }
        self.target.create_for_real(object).await?;
        let answer = self.settled(case.operation, object, patch, accepted).await;
        self.target.delete_for_real(object).await?;
        answer
    }

    /// The answer; an acceptance that should be a rejection is asked for again while rules may not be in force yet.
    async fn settled(&self, operation: Operation, object: &Value, patch: &Value, accepted: bool) -> Result<Answer> {
        let deadline = Instant::now() + SETTLE;
        loop {
            match self.target.dry_run(operation, object, patch, self.file.user.as_deref()).await? {
                Answer::Accepted if !accepted && Instant::now() < deadline => tokio::time::sleep(RETRY_PAUSE).await,
                answer => return Ok(answer),
            }
        }
    }
}

/// `patch` merged into `base` (RFC 7396); the string `$null` then becomes a null.
fn merged(base: &Value, patch: &Value) -> Value {
    let mut value = base.clone();
    merge(&mut value, patch);
    value
}

fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *value = if *patch == json!("$null") { Value::Null } else { patch.clone() };
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    let Value::Object(map) = value else { return };
    for (key, change) in patch {
        match change {
            Value::Null => drop(map.remove(key)),
            change => merge(map.entry(key).or_insert(Value::Null), change),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<(PathBuf, CaseFile)> {
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("api-cases")).unwrap()
    }

    fn sentences(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for rule in map.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten() {
                    found.push(rule["message"].as_str().unwrap_or("a rule without a sentence").to_string());
                }
                map.values().for_each(|v| sentences(v, found));
            }
            Value::Array(items) => items.iter().for_each(|v| sentences(v, found)),
            _ => {}
        }
    }

    #[test]
    fn every_rule_has_an_accepted_and_a_rejected_case() {
        let files = files();
        for definition in gantry_crds::definitions() {
            let kind = definition.spec.names.kind.clone();
            let mut found = vec![];
            sentences(&serde_json::to_value(&definition).unwrap(), &mut found);
            let cases: Vec<&Case> =
                files.iter().filter(|(_, f)| kind == "Host" || f.base["kind"] == *kind).flat_map(|(_, f)| &f.cases).collect();
            let missing: Vec<&String> = found.iter().filter(|s| !cases.iter().any(|c| s.contains(&c.rule))).collect();
            assert!(missing.is_empty(), "{kind}: no case for {missing:#?}");
        }
        for case in files.iter().flat_map(|(_, f)| &f.cases) {
            assert_eq!(
                case.old.is_some(),
                matches!(case.operation, Operation::Replace | Operation::Patch | Operation::Status),
                "{:?}",
                case.rule
            );
            assert!(!case.accepted.is_empty() && !case.rejected.is_empty(), "{:?} lacks a side", case.rule);
        }
    }

    #[test]
    fn the_chart_s_case_files_are_read() {
        assert_eq!(read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("api-cases/chart")).unwrap().len(), 4);
    }

    #[test]
    fn a_null_removes_and_a_written_null_stays() {
        let base = json!({"a": {"b": 1, "c": 2}});
        assert_eq!(merged(&base, &json!({"a": {"b": null, "c": "$null", "d": {"e": 3}}})), json!({"a": {"c": null, "d": {"e": 3}}}));
    }
}
