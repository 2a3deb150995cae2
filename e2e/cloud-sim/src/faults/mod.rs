//! Faults on demand: rules that break requests, builds, deletions and lists, the same way each time for the same seed.
mod spec;

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng};
use regex::Regex;
use serde_json::{Value, json};

use crate::http::Response;
pub(crate) use spec::{Kind, SpecError};
use spec::{Outcome, Spec};

/// Most rules at a time.
const MAX_RULES: usize = 1000;
/// A request that hangs is let go after this.
const HANG: Duration = Duration::from_secs(600);

/// What is done to a request that a rule hits.
#[derive(Clone)]
pub(crate) struct Effect {
    pub(crate) when: When,
    pub(crate) delay: Duration,
    pub(crate) answer: Answer,
}

/// When the rule takes hold: instead of the request, after it was applied, or it is applied so much later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
    Later(Duration),
}

/// How a true answer arrives wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Twist {
    None,
    /// Only this share of the body.
    Cut(f64),
    /// The next link leads to the same page.
    SamePage,
}

#[derive(Clone)]
pub(crate) enum Answer {
    /// The true one.
    True(Twist),
    Instead(Response),
    Reset,
}

/// How a build goes; without an end it never ends.
pub(crate) struct BuildPlan {
    pub(crate) latency: Duration,
    pub(crate) end: Option<BuildEnd>,
}

#[derive(Debug, Clone)]
pub(crate) enum BuildEnd {
    Active,
    Error { code: u16, message: String },
}

/// How a deletion goes; without an end it never ends.
pub(crate) struct DeletePlan {
    pub(crate) latency: Duration,
    pub(crate) end: Option<DeleteEnd>,
}

#[derive(Debug, Clone)]
pub(crate) enum DeleteEnd {
    Gone,
    Error { message: String },
}

#[derive(Debug)]
struct Rule {
    id: u64,
    spec: Spec,
    path: Option<Regex>,
    query: Option<Regex>,
    name: Option<Regex>,
    seen: u64,
    hits: u64,
}

/// All rules; the first that hits decides.
#[derive(Debug)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
    random: StdRng,
    next_id: u64,
}

impl Faults {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { rules: Vec::new(), random: StdRng::seed_from_u64(seed), next_id: 1 }
    }

    /// Adds a rule and returns its id.
    pub(crate) fn add(&mut self, rule: Value) -> Result<u64, SpecError> {
        let spec = Spec::parse(rule)?;
        if self.rules.len() >= MAX_RULES {
            return Err(SpecError::TooMany(MAX_RULES));
        }
        let path = spec::regex(spec.path.as_deref(), true)?;
        let query = spec::regex(spec.query.as_deref(), false)?;
        let name = spec::regex(spec.name.as_deref(), false)?;
        let id = self.next_id;
        self.next_id += 1;
        self.rules.push(Rule { id, spec, path, query, name, seen: 0, hits: 0 });
        Ok(id)
    }

    /// Removes one rule, or all. Returns how many.
    pub(crate) fn remove(&mut self, id: Option<u64>) -> usize {
        let before = self.rules.len();
        self.rules.retain(|rule| id.is_some_and(|id| rule.id != id));
        before - self.rules.len()
    }

    pub(crate) fn list(&self) -> Value {
        let row = |rule: &Rule| json!({"id": rule.id, "rule": rule.spec, "seen": rule.seen, "hits": rule.hits});
        self.rules.iter().map(row).collect()
    }

    pub(crate) fn chance(&mut self, fraction: f64) -> bool {
        self.random.random_bool(fraction.clamp(0.0, 1.0))
    }

    fn hit(&mut self, matches: impl Fn(&Rule) -> bool) -> Option<&Rule> {
        let random = &mut self.random;
        let mut fires = |rule: &mut Rule| {
            if !matches(rule) {
                return false;
            }
            rule.seen += 1;
            let is_due = rule.seen > rule.spec.skip && rule.spec.count.is_none_or(|count| rule.hits < count);
            let fires = is_due && rule.spec.fraction.is_none_or(|fraction| random.random_bool(fraction));
            rule.hits += u64::from(fires);
            fires
        };
        let hit = self.rules.iter_mut().position(&mut fires);
        hit.map(|n| &self.rules[n])
    }

    pub(crate) fn request(&mut self, method: &str, path: &str, query: &str) -> Option<Effect> {
        let rule = self.hit(|rule| {
            rule.spec.kind == Kind::Request
                && rule.spec.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && rule.path.as_ref().is_none_or(|pattern| pattern.is_match(path))
                && rule.query.as_ref().is_none_or(|pattern| pattern.is_match(query))
        })?;
        let spec = &rule.spec;
        let delay = spec.delay_ms.map_or(Duration::ZERO, Duration::from_millis);
        let (delay, answer) = match spec.status {
            _ if spec.hang => (HANG, Answer::Reset),
            _ if spec.reset => (delay, Answer::Reset),
            Some(status) => (delay, Answer::Instead(answer(status, spec))),
            None => (delay, Answer::True(spec.twist())),
        };
        let when = match (spec.when, spec.apply_delay_ms) {
            (spec::When::Before, _) => When::Before,
            (spec::When::After, None) => When::After,
            (spec::When::After, Some(ms)) => When::Later(Duration::from_millis(ms)),
        };
        Some(Effect { when, delay, answer })
    }

    pub(crate) fn build(&mut self, name: &str, flavor: &str, zone: Option<&str>, latency: Duration) -> BuildPlan {
        let rule = self.hit(|rule| {
            rule.spec.kind == Kind::Build
                && rule.name.as_ref().is_none_or(|pattern| pattern.is_match(name))
                && rule.spec.flavor.as_deref().is_none_or(|wanted| wanted == flavor)
                && rule.spec.zone.as_deref().is_none_or(|wanted| Some(wanted) == zone)
        });
        let Some(Rule { spec, .. }) = rule else { return BuildPlan { latency, end: Some(BuildEnd::Active) } };
        let end = match spec.outcome.unwrap_or(Outcome::Normal) {
            Outcome::Normal => Some(BuildEnd::Active),
            Outcome::Never => None,
            Outcome::Error => Some(BuildEnd::Error {
                code: spec.code.unwrap_or(500),
                message: spec.message.clone().unwrap_or_else(|| BUILD_FAILED.to_owned()),
            }),
        };
        BuildPlan { latency: spec.latency_ms.map_or(latency, Duration::from_millis), end }
    }

    pub(crate) fn delete(&mut self, name: &str, latency: Duration) -> DeletePlan {
        let rule = self.hit(|rule| rule.spec.kind == Kind::Delete && rule.name.as_ref().is_none_or(|pattern| pattern.is_match(name)));
        let Some(Rule { spec, .. }) = rule else { return DeletePlan { latency, end: Some(DeleteEnd::Gone) } };
        let message = || spec.message.clone().unwrap_or_else(|| "Timed out waiting for the hypervisor.".to_owned());
        let end = match spec.outcome.unwrap_or(Outcome::Normal) {
            Outcome::Normal => Some(DeleteEnd::Gone),
            Outcome::Never => None,
            Outcome::Error => Some(DeleteEnd::Error { message: message() }),
        };
        DeletePlan { latency: spec.latency_ms.map_or(latency, Duration::from_millis), end }
    }

    /// How the creation or deletion of a volume goes.
    pub(crate) fn volume(&mut self, kind: Kind, name: &str, latency: Duration) -> DeletePlan {
        let rule = self.hit(|rule| rule.spec.kind == kind && rule.name.as_ref().is_none_or(|pattern| pattern.is_match(name)));
        let Some(Rule { spec, .. }) = rule else { return DeletePlan { latency, end: Some(DeleteEnd::Gone) } };
        let end = match spec.outcome.unwrap_or(Outcome::Normal) {
            Outcome::Normal => Some(DeleteEnd::Gone),
            Outcome::Never => None,
            Outcome::Error => Some(DeleteEnd::Error { message: String::new() }),
        };
        DeletePlan { latency: spec.latency_ms.map_or(latency, Duration::from_millis), end }
    }

    /// Whether a rule bears on a list of some resource at all; a list asks once.
    pub(crate) fn list_rule(&mut self, resource: &str, is_all_tenants: bool) -> Option<Omission> {
        let rule = self.hit(|rule| {
            rule.spec.kind == Kind::List
                && rule.spec.resource.as_deref().unwrap_or("servers") == resource
                && (rule.spec.all_tenants || !is_all_tenants)
        })?;
        Some(Omission { name: rule.name.clone(), has_stubs: rule.spec.stubs })
    }

    /// The cells that are down.
    pub(crate) fn cells(&self) -> Vec<Cell> {
        let down = self.rules.iter().filter(|rule| rule.spec.kind == Kind::Cell);
        down.map(|rule| Cell { name: rule.name.clone(), zone: rule.spec.zone.clone() }).collect()
    }
}

/// What a server says whose build failed on one hypervisor after the other.
pub(crate) const BUILD_FAILED: &str =
    "Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance {id}.";

/// A cell that is down: nothing can be known of the servers in it.
pub(crate) struct Cell {
    name: Option<Regex>,
    zone: Option<String>,
}

impl Cell {
    pub(crate) fn holds(&self, name: &str, zone: &str) -> bool {
        self.name.as_ref().is_none_or(|pattern| pattern.is_match(name)) && self.zone.as_deref().is_none_or(|own| own == zone)
    }
}

/// What one list leaves out.
pub(crate) struct Omission {
    name: Option<Regex>,
    /// Nova shows stubs of them if the list is neither filtered nor paged.
    pub(crate) has_stubs: bool,
}

impl Omission {
    /// Without a name pattern, everything is left out.
    pub(crate) fn hides(&self, name: &str) -> bool {
        self.name.as_ref().is_none_or(|pattern| pattern.is_match(name))
    }
}

fn answer(status: u16, spec: &Spec) -> Response {
    let mut response = match &spec.body {
        Some(Value::String(text)) => Response::of_proxy(status, text.clone()),
        Some(body) => Response::json(status, body),
        None => {
            let title = ::http::StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
            let title = format!("{status} {}", title.unwrap_or("Error"));
            Response::of_proxy(
                status,
                format!("<html><body><h1>{title}</h1>\nNo server is available to handle this request.\n</body></html>\n"),
            )
        }
    };
    if let Some(seconds) = spec.retry_after {
        response = response.with("retry-after", seconds.to_string());
    }
    response
}
