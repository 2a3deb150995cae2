//! Replays `e2e/api-cases` on a real API server: what is written there as accepted must be accepted, what is written as rejected must be
//! answered with the sentence.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, PostParams};
use kube::core::Request;
use kube::{Client, Resource};
use serde::Deserialize;
use serde_json::{Value, json};

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
    /// The user that sends the requests; unset, the client's own.
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
    /// Merged into the base to make an existing object; then the others are updates of it.
    pub old: Option<Value>,
    /// Merged into the base one by one; each must be accepted.
    pub accepted: Vec<Value>,
    /// Merged into the base one by one; each must be rejected.
    pub rejected: Vec<Value>,
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
    let entries = std::fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    let mut paths: Vec<PathBuf> =
        entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.extension().is_some_and(|e| e == "yaml")).collect();
    paths.sort();
    if paths.is_empty() {
        bail!("{} holds no case files (*.yaml)", dir.display());
    }
    paths.into_iter().map(|path| parse(&path).map(|file| (path.clone(), file))).collect()
}

fn parse(path: &Path) -> Result<CaseFile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| format!("{} is no file of API cases", path.display()))
}

/// One file on its way to the API server.
struct Replay<'a> {
    client: Client,
    api: Api<DynamicObject>,
    file: &'a CaseFile,
    name: String,
}

impl<'a> Replay<'a> {
    async fn new(client: Client, path: &Path, file: &'a CaseFile) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let base: DynamicObject = serde_json::from_value(file.base.clone()).with_context(|| format!("base of {name} is no object"))?;
        let types = base.types.clone().with_context(|| format!("base of {name} lacks apiVersion or kind"))?;
        let resource = ApiResource::from_gvk(&GroupVersionKind::try_from(&types)?);
        let namespace = base.metadata.namespace.as_deref().unwrap_or(NAMESPACE);
        ensure_namespace(&client, namespace).await?;
        Ok(Self { api: Api::namespaced_with(client.clone(), namespace, &resource), client, file, name })
    }

    async fn case(&self, case: &Case, report: &mut Report) -> Result<()> {
        let existing = match &case.old {
            Some(old) => Some(self.create_for_real(&merged(&self.file.base, old)).await?),
            None => None,
        };
        let start = existing.as_ref().unwrap_or(&self.file.base);
        for patch in &case.accepted {
            self.expect_accepted(case, &merged(start, patch), patch, report).await?;
        }
        for patch in &case.rejected {
            self.expect_rejected(case, &merged(start, patch), patch, report).await?;
        }
        if let Some(object) = &existing {
            self.api.delete(name_of(object), &DeleteParams::default()).await?;
        }
        Ok(())
    }

    async fn create_for_real(&self, object: &Value) -> Result<Value> {
        let object: DynamicObject = serde_json::from_value(object.clone())?;
        let made = self.api.create(&PostParams::default(), &object).await.context("cannot create the object to be updated")?;
        Ok(serde_json::to_value(made)?)
    }

    async fn expect_accepted(&self, case: &Case, object: &Value, patch: &Value, report: &mut Report) -> Result<()> {
        match self.dry_run(case, object).await? {
            Answer::Accepted => report.accepted += 1,
            Answer::Rejected(why) => {
                report.failures.push(format!("{}, {:?}: {patch} should be accepted, but: {why}", self.name, case.rule))
            }
        }
        Ok(())
    }

    async fn expect_rejected(&self, case: &Case, object: &Value, patch: &Value, report: &mut Report) -> Result<()> {
        let deadline = Instant::now() + SETTLE;
        loop {
            match self.dry_run(case, object).await? {
                Answer::Rejected(why) if why.contains(&case.rule) => report.rejected += 1,
                Answer::Rejected(why) => {
                    report.failures.push(format!("{}, {:?}: {patch} is rejected with another sentence: {why}", self.name, case.rule))
                }
                Answer::Accepted if Instant::now() < deadline => {
                    tokio::time::sleep(RETRY_PAUSE).await;
                    continue;
                }
                Answer::Accepted => report.failures.push(format!("{}, {:?}: {patch} should be rejected", self.name, case.rule)),
            }
            return Ok(());
        }
    }

    /// Asks the API server without effect, strict about unknown fields.
    async fn dry_run(&self, case: &Case, object: &Value) -> Result<Answer> {
        let (request, params) = (Request::new(self.api.resource_url()), PostParams { dry_run: true, ..Default::default() });
        let body = serde_json::to_vec(object)?;
        let mut http = match case.old {
            Some(_) => request.replace(name_of(object), &params, body)?,
            None => request.create(&params, body)?,
        };
        *http.uri_mut() = format!("{}&fieldValidation=Strict", http.uri()).parse()?;
        if let Some(user) = &self.file.user {
            http.headers_mut().insert("Impersonate-User", user.parse()?);
        }
        match self.client.request::<Value>(http).await {
            Ok(_) => Ok(Answer::Accepted),
            Err(kube::Error::Api(status)) => Ok(Answer::Rejected(status.message)),
            Err(error) => Err(error).context("cannot ask the API server"),
        }
    }
}

enum Answer {
    Accepted,
    Rejected(String),
}

fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

async fn ensure_namespace(client: &Client, name: &str) -> Result<()> {
    let resource = ApiResource::erase::<k8s_openapi::api::core::v1::Namespace>(&());
    let object = DynamicObject::new(name, &resource);
    match Api::<DynamicObject>::all_with(client.clone(), &resource).create(&PostParams::default(), &object).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot create namespace {}", object.meta().name.as_deref().unwrap_or_default())),
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
            assert!(!case.accepted.is_empty() && !case.rejected.is_empty(), "{:?} lacks a side", case.rule);
        }
    }

    #[test]
    fn a_null_removes_and_a_written_null_stays() {
        let base = json!({"a": {"b": 1, "c": 2}});
        assert_eq!(merged(&base, &json!({"a": {"b": null, "c": "$null", "d": {"e": 3}}})), json!({"a": {"c": null, "d": {"e": 3}}}));
    }
}
