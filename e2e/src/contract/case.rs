//! The list of cases as data: groups of cases, each a few requests with the answers that both clouds owe.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The files of the list, in the order in which they run.
const FILES: [(&str, &str); 10] = [
    ("keystone", include_str!("cases/keystone.yaml")),
    ("nova-refusals", include_str!("cases/nova-refusals.yaml")),
    ("nova-servers", include_str!("cases/nova-servers.yaml")),
    ("nova-lists", include_str!("cases/nova-lists.yaml")),
    ("nova-states", include_str!("cases/nova-states.yaml")),
    ("nova-project", include_str!("cases/nova-project.yaml")),
    ("nova-hypervisor", include_str!("cases/nova-hypervisor.yaml")),
    ("neutron", include_str!("cases/neutron.yaml")),
    ("glance", include_str!("cases/glance.yaml")),
    ("cinder", include_str!("cases/cinder.yaml")),
];

/// Cases that share a beginning, in one empty project.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Name in the report.
    pub group: String,
    /// Named values, bodies mostly.
    #[serde(default, rename = "let")]
    pub values: Map<String, Value>,
    /// What has to be there first; a failure here fails the group.
    #[serde(default)]
    pub before: Vec<Value>,
    /// The cases, in order; a later one may use what an earlier one saved.
    pub cases: Vec<RawCase>,
}

/// A case as written: its steps, or one step itself.
#[derive(Debug, Deserialize)]
pub struct RawCase {
    /// What holds, as a sentence.
    pub case: String,
    /// The cloud that it cannot be asked of, with the reason.
    #[serde(default)]
    pub not_on: BTreeMap<String, String>,
    #[serde(default)]
    steps: Vec<Value>,
    #[serde(flatten)]
    step: Map<String, Value>,
}

impl RawCase {
    /// The steps.
    ///
    /// # Errors
    /// If one is not understood.
    pub fn steps(&self) -> Result<Vec<Step>> {
        let own = if self.step.is_empty() { None } else { Some(Value::Object(self.step.clone())) };
        own.iter().chain(&self.steps).map(|raw| Step::parse(raw).with_context(|| format!("case '{}'", self.case))).collect()
    }
}

/// A request and the answer to it, not yet filled in.
#[derive(Clone, Debug)]
pub struct Step {
    /// HTTP method.
    pub method: String,
    /// Service by its short name.
    pub service: String,
    /// Path below the endpoint.
    pub path: String,
    /// Body.
    pub body: Value,
    /// What is wanted of the answer, and how the request is sent.
    pub options: Options,
}

/// Beside a step's request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Status, and for an error its word and its text with `*`: `400 badRequest Flavor * could not be found.`
    pub expect: Value,
    /// What Gantry's client takes the answer for: a category of its errors.
    #[serde(default)]
    pub means: Option<String>,
    /// What the body has.
    #[serde(default)]
    pub has: Value,
    /// Pointers to what the body must not have.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// Headers of the answer.
    #[serde(default)]
    pub answer_headers: BTreeMap<String, String>,
    /// Who asks.
    #[serde(default, rename = "as")]
    pub who: Option<String>,
    /// Headers of the request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Microversion of Nova or Cinder.
    #[serde(default)]
    pub version: Option<String>,
    /// Names for parts of the answer: a pointer, or `header:name`.
    #[serde(default)]
    pub save: BTreeMap<String, String>,
    /// Pause before the request, in milliseconds; Nova and Cinder order by the second.
    #[serde(default)]
    pub wait_ms: u64,
    /// Whether to ask until the answer fits.
    #[serde(default)]
    pub repeat: Repeat,
}

/// How often a step is sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// Once.
    #[default]
    Never,
    /// Until the answer is as wanted, within the limit.
    UntilItFits,
    /// Two at the same moment; both answers must be as wanted.
    TwoAtOnce,
}

impl Step {
    /// Reads `{"POST compute /servers": body, "expect": ...}`.
    ///
    /// # Errors
    /// If there is no request, or an option is unknown.
    pub fn parse(raw: &Value) -> Result<Self> {
        let keys = raw.as_object().context("a step is an object")?;
        let (requests, options): (Vec<_>, Vec<_>) = keys.iter().partition(|(key, _)| key.starts_with(|c: char| c.is_ascii_uppercase()));
        let [(request, body)] = requests[..] else { bail!("a step has one request, as 'GET compute /servers'") };
        let mut words = request.splitn(3, ' ');
        let (Some(method), Some(service), Some(path)) = (words.next(), words.next(), words.next()) else {
            bail!("'{request}' is no request: METHOD service /path");
        };
        let options: Map<String, Value> = options.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let options = serde_json::from_value(Value::Object(options)).with_context(|| format!("step '{request}'"))?;
        Ok(Self { method: method.to_owned(), service: service.to_owned(), path: path.to_owned(), body: body.clone(), options })
    }
}

/// All groups.
///
/// # Errors
/// If a file is not understood.
pub fn groups() -> Result<Vec<Group>> {
    FILES.iter().map(|(name, text)| serde_saphyr::from_str(text).with_context(|| format!("cases/{name}.yaml"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_understood_and_no_case_is_there_twice() {
        let mut names = std::collections::BTreeSet::new();
        for group in groups().unwrap() {
            group.before.iter().for_each(|raw| drop(Step::parse(raw).unwrap()));
            for case in &group.cases {
                assert!(!case.steps().unwrap().is_empty(), "{}", case.case);
                assert!(names.insert((group.group.clone(), case.case.clone())), "twice: {}", case.case);
            }
        }
        assert!(names.len() > 150);
    }

    #[test]
    fn a_step_without_a_request_is_refused() {
        assert!(Step::parse(&serde_json::json!({"expect": 200})).is_err());
        assert!(Step::parse(&serde_json::json!({"GET compute": null, "expect": 200})).is_err());
        assert!(Step::parse(&serde_json::json!({"GET compute /x": null, "expect": 200, "bogus": 1})).is_err());
    }
}
