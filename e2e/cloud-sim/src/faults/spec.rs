//! How a fault rule is written: one flat JSON object, checked when it is posted.
use std::time::Duration;

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Twist;
use crate::state::lifecycle::MAX_LATENCY;

/// What a rule bears on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    /// Any HTTP request.
    Request,
    /// The build of an accepted server.
    Build,
    /// The deletion of an accepted DELETE.
    Delete,
    /// What lists leave out.
    List,
    /// A cell of Nova that is down.
    Cell,
    /// The creation of an accepted volume.
    Volume,
    /// The deletion of an accepted volume.
    VolumeDelete,
}

/// Before or after the request was applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum When {
    #[default]
    Before,
    After,
}

/// How a build or a deletion ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Outcome {
    Normal,
    Never,
    Error,
}

/// A rule as posted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Spec {
    pub(crate) kind: Kind,
    /// So many matches go unharmed first.
    #[serde(default)]
    pub(crate) skip: u64,
    /// So many are hit; without it, all until the rule is cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<u64>,
    /// Share of the matches that is hit, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fraction: Option<f64>,
    /// request: the method; without it, any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    /// request: regular expression for the whole path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    /// request: regular expression that the query contains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
    #[serde(default)]
    pub(crate) when: When,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// request, with `when` after: it is applied so much later, whether or not the client still waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) apply_delay_ms: Option<u64>,
    /// request: only this share of the true answer's body arrives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cut: Option<f64>,
    /// request: the next link of the true page leads to the same page again.
    #[serde(default)]
    pub(crate) repeat_marker: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
    /// request: value of `Retry-After`, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u64>,
    /// request: the connection is reset instead of an answer.
    #[serde(default)]
    pub(crate) reset: bool,
    /// request: no answer for ten minutes.
    #[serde(default)]
    pub(crate) hang: bool,
    /// build, delete, list, cell, volume, volumeDelete: regular expression that the name contains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// list: what is left out shows as the stub of a cell that is down, where Nova shows such stubs.
    #[serde(default)]
    pub(crate) stubs: bool,
    /// list: also lists of all projects.
    #[serde(default)]
    pub(crate) all_tenants: bool,
    /// list: of what: servers (without it), ports, volumes or floatingips.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource: Option<String>,
    /// build: name of the flavor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flavor: Option<String>,
    /// build: the zone asked for; cell: the zone of its hypervisors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<Outcome>,
    /// build, delete: text of the fault; `{id}` stands for the server's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// build: code of the fault, 500 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<u16>,
    /// build, delete: instead of the configured latency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) latency_ms: Option<u64>,
}

/// Why a rule is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpecError {
    #[error("The rule is not understood: {0}; see the crate's README for the fields.")]
    Json(#[from] serde_json::Error),
    #[error("{0} is not a regular expression; escape special characters.")]
    Regex(String),
    #[error("{field} is {value}; it must be between {low} and {high}.")]
    Range { field: &'static str, value: String, low: &'static str, high: &'static str },
    #[error("There are {0} rules already; clear some.")]
    TooMany(usize),
    #[error("A rule of kind {kind} does nothing without {field}.")]
    Missing { kind: &'static str, field: &'static str },
}

impl Spec {
    pub(crate) fn parse(value: Value) -> Result<Self, SpecError> {
        let spec: Self = serde_json::from_value(value)?;
        let bad = |field, value: String, low, high| Err(SpecError::Range { field, value, low, high });
        for (field, share) in [("fraction", spec.fraction), ("cut", spec.cut)] {
            if let Some(share) = share.filter(|share| !(0.0..=1.0).contains(share)) {
                return bad(field, share.to_string(), "0", "1");
            }
        }
        if let Some(status) = spec.status.filter(|status| !(200..600).contains(status)) {
            return bad("status", status.to_string(), "200", "599");
        }
        for (field, ms) in [("delayMs", spec.delay_ms), ("applyDelayMs", spec.apply_delay_ms), ("latencyMs", spec.latency_ms)] {
            if let Some(ms) = ms.filter(|ms| Duration::from_millis(*ms) > MAX_LATENCY) {
                return bad(field, ms.to_string(), "0", "86400000");
            }
        }
        let is_late = spec.delay_ms.is_some() || spec.apply_delay_ms.is_some();
        let has_effect = spec.status.is_some() || spec.reset || spec.hang || is_late || spec.twist() != Twist::None;
        if spec.kind == Kind::Request && !has_effect {
            return Err(SpecError::Missing { kind: "request", field: "status, reset, hang, delayMs, applyDelayMs, cut or repeatMarker" });
        }
        if spec.apply_delay_ms.is_some() && spec.when == When::Before {
            return Err(SpecError::Missing { kind: "request with applyDelayMs", field: "when: after" });
        }
        let has_effect = spec.outcome.is_some() || spec.latency_ms.is_some();
        if matches!(spec.kind, Kind::Build | Kind::Delete | Kind::Volume | Kind::VolumeDelete) && !has_effect {
            return Err(SpecError::Missing { kind: "build, delete, volume or volumeDelete", field: "outcome or latencyMs" });
        }
        Ok(spec)
    }

    /// What is wrong about the true answer.
    pub(crate) fn twist(&self) -> Twist {
        match self.cut {
            Some(share) => Twist::Cut(share),
            None if self.repeat_marker => Twist::SamePage,
            None => Twist::None,
        }
    }
}

/// A regular expression, or a sentence that says it is none.
pub(crate) fn regex(pattern: Option<&str>, is_whole: bool) -> Result<Option<Regex>, SpecError> {
    let Some(pattern) = pattern else { return Ok(None) };
    let full = if is_whole { format!("^(?:{pattern})$") } else { pattern.to_owned() };
    Regex::new(&full).map(Some).map_err(|_| SpecError::Regex(pattern.to_owned()))
}
