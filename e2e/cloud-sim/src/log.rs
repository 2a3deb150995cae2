//! What was asked of the cloud: one record per request, and counts per route and minute.
use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{clock, http::Request};

/// Routes that are counted each by itself; whatever comes on top is counted together.
const MAX_ROUTES: usize = 1000;
/// So many requests are remembered one by one; older ones only count.
const MAX_RECORDS: usize = 100_000;
/// So many minutes are remembered.
const MAX_MINUTES: usize = 180;

/// One request, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestInfo {
    /// Counts from 1, since the start or the last reset.
    pub number: u64,
    /// When it came, by the cloud's clock.
    pub at: Timestamp,
    /// For example `POST`.
    pub method: String,
    /// For example `/compute/v2.1/servers`.
    pub path: String,
    /// `key=value&...`, decoded; empty without one.
    pub query: String,
    /// Method and path with `{id}` for every id: `GET /compute/v2.1/servers/{id}`.
    pub route: String,
}

impl RequestInfo {
    /// Whether it may change anything; logging in changes nothing.
    pub fn is_mutation(&self) -> bool {
        let is_login = self.method == "POST" && self.path.trim_end_matches('/').ends_with("/auth/tokens");
        !matches!(self.method.as_str(), "GET" | "HEAD") && !is_login
    }
}

/// A request with how it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// The request.
    pub info: RequestInfo,
    /// Code of the answer; None if there was none, or is none yet.
    pub status: Option<u16>,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    counts: BTreeMap<String, u64>,
    minutes: VecDeque<(String, BTreeMap<String, u64>)>,
    records: VecDeque<RequestRecord>,
    last: u64,
}

impl Log {
    /// Counts a request.
    pub(crate) fn note(&mut self, request: &Request, at: Timestamp) -> RequestInfo {
        self.last += 1;
        let route = format!("{} {}", request.method, route(&request.path));
        let is_too_many = self.counts.len() >= MAX_ROUTES && !self.counts.contains_key(&route);
        let counted = if is_too_many { "other" } else { &route };
        *self.counts.entry(counted.to_owned()).or_default() += 1;
        *self.minute(clock::minute(at)).entry(counted.to_owned()).or_default() += 1;
        let (method, path, query) = (request.method.to_string(), request.path.clone(), request.query_text());
        let info = RequestInfo { number: self.last, at, method, path, query, route };
        self.records.push_back(RequestRecord { info: info.clone(), status: None });
        if self.records.len() > MAX_RECORDS {
            self.records.pop_front();
        }
        info
    }

    fn minute(&mut self, minute: String) -> &mut BTreeMap<String, u64> {
        if self.minutes.back().is_none_or(|(last, _)| *last != minute) {
            self.minutes.push_back((minute, BTreeMap::new()));
        }
        if self.minutes.len() > MAX_MINUTES {
            self.minutes.pop_front();
        }
        let last = self.minutes.len() - 1;
        &mut self.minutes[last].1
    }

    pub(crate) fn answered(&mut self, number: u64, status: u16) {
        let first = self.records.front().map_or(0, |record| record.info.number);
        let place = number.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        if let Some(record) = place.and_then(|place| self.records.get_mut(place)) {
            record.status = Some(status);
        }
    }

    pub(crate) fn records(&self) -> Vec<RequestRecord> {
        self.records.iter().cloned().collect()
    }

    /// Forgets what was asked; the numbers go on.
    pub(crate) fn clear(&mut self) {
        *self = Self { last: self.last, ..Self::default() };
    }

    pub(crate) fn counts(&self) -> Value {
        json!(self.counts)
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    pub(crate) fn per_minute(&self) -> Value {
        let minutes: BTreeMap<_, _> = self.minutes.iter().map(|(minute, counts)| (minute, counts)).collect();
        json!(minutes)
    }
}

/// The path with `{id}` for every id in it.
fn route(path: &str) -> String {
    let is_id = |part: &str| part.len() >= 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let parts = path.split('/').map(|part| match part {
        _ if is_id(part) => "{id}",
        _ if part.starts_with("req-") => "{request}",
        _ => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use ::http::{HeaderMap, Method};
    use bytes::Bytes;

    use super::*;

    fn request(method: Method, path: &'static str) -> Request {
        Request::new(method, &::http::Uri::from_static(path), HeaderMap::new(), Bytes::new())
    }

    #[test]
    fn requests_are_counted_by_route_not_by_id() {
        assert_eq!(
            route("/compute/v2.1/servers/6239717e-9c10-48c1-9498-a809b34279b6/os-instance-actions/req-1"),
            "/compute/v2.1/servers/{id}/os-instance-actions/{request}"
        );
        assert_eq!(route("/compute/v2.1/servers/detail"), "/compute/v2.1/servers/detail");
    }

    #[test]
    fn an_answer_finds_its_request_also_after_others_were_forgotten() {
        let mut log = Log::default();
        log.note(&request(Method::GET, "/a"), Timestamp::UNIX_EPOCH);
        log.clear();
        let second = log.note(&request(Method::GET, "/b"), Timestamp::UNIX_EPOCH);
        log.answered(1, 500);
        log.answered(second.number, 200);
        let records = log.records();
        assert_eq!((records.len(), records[0].status, records[0].info.number), (1, Some(200), 2));
    }

    #[test]
    fn a_login_is_no_mutation_and_a_delete_is() {
        let mut log = Log::default();
        let mut is_mutation = |method, path| log.note(&request(method, path), Timestamp::UNIX_EPOCH).is_mutation();
        assert!(!is_mutation(Method::POST, "/identity/v3/auth/tokens"));
        assert!(is_mutation(Method::POST, "/compute/v2.1/servers"));
        assert!(is_mutation(Method::DELETE, "/networking/v2.0/ports/x"));
    }
}
