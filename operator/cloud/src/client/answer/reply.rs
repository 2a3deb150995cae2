//! An answer, read whole but never beyond a limit, and what it says in words that may be shown.

use super::words::plain;
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::Value;
use std::time::Duration;

/// Longest `Retry-After` that is obeyed.
const RETRY_AFTER_LIMIT: Duration = Duration::from_secs(300);
/// Most bytes of a page that are read for its words.
const PAGE_LIMIT_BYTES: usize = 4096;
/// Where the services tell the id of a request: Cinder and older Novas use the second.
const REQUEST_ID: [&str; 2] = ["x-openstack-request-id", "x-compute-request-id"];

/// Status, headers and body of an answer.
pub(crate) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    pub fn new(answer: Response<Bytes>) -> Self {
        let (parts, body) = answer.into_parts();
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// OpenStack's id of the request, for its administrator.
    pub fn request_id(&self) -> Option<String> {
        REQUEST_ID.iter().find_map(|name| self.header(name)).map(plain)
    }

    /// The service's wish to be left alone: seconds, or a date, which is reckoned from the answer's own date.
    pub fn retry_after(&self) -> Option<Duration> {
        let wish = self.header("retry-after")?.trim();
        let wait = match wish.parse() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => {
                let now = self.header("date").and_then(date).unwrap_or_else(Timestamp::now);
                Duration::try_from(date(wish)?.duration_since(now)).unwrap_or_default()
            }
        };
        Some(wait.min(RETRY_AFTER_LIMIT))
    }

    /// The error that the service itself wrote; `None` for pages of proxies and the like.
    pub fn complaint(&self) -> Option<Complaint> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        let (key, inner) = body.as_object()?.iter().find(|(_, inner)| inner.is_object())?;
        let text = |field: &str| inner.get(field).and_then(Value::as_str);
        Some(Complaint {
            key: key.clone(),
            kind: text("type").unwrap_or_default().to_owned(),
            text: text("message").unwrap_or_default().to_owned(),
        })
    }

    /// The same in the shape that Glance writes: `{"title": kind, "message": text}`, with tags in the text.
    pub fn flat_complaint(&self) -> Option<Complaint> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        let text = |field: &str| body.get(field).and_then(Value::as_str);
        let (title, message) = (text("title")?, text("message")?);
        Some(Complaint { key: "title".to_owned(), kind: title.to_owned(), text: without_tags(message) })
    }

    /// The words of a page that is no JSON, without its tags.
    pub fn page_text(&self) -> String {
        without_tags(&String::from_utf8_lossy(&self.body[..self.body.len().min(PAGE_LIMIT_BYTES)]))
    }
}

fn without_tags(page: &str) -> String {
    let mut inside_tag = false;
    let words: String = page
        .chars()
        .map(|c| {
            let shown = !inside_tag && c != '<';
            inside_tag = (inside_tag || c == '<') && c != '>';
            if shown { c } else { ' ' }
        })
        .collect();
    plain(&words)
}

/// A date as HTTP writes it, e.g. `Mon, 23 Nov 2026 07:28:00 GMT`.
fn date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

/// `{"<key>": {"type": kind, "message": text}}`, the shape that Keystone, Nova, Neutron and Cinder share.
#[derive(Debug)]
pub(crate) struct Complaint {
    /// Nova: `badRequest`, `itemNotFound` ...; Neutron: `NeutronError`; Keystone and its middleware: `error`.
    pub key: String,
    /// Neutron's exception class.
    pub kind: String,
    /// What a person is to read; may echo what was sent.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(headers: &[(&'static str, &str)]) -> Option<u64> {
        let mut answer = Response::new(Bytes::new());
        for (name, value) in headers {
            answer.headers_mut().insert(*name, value.parse().unwrap());
        }
        Reply::new(answer).retry_after().map(|wait| wait.as_secs())
    }

    #[test]
    fn a_wish_is_seconds_or_a_date_by_the_service_s_own_clock() {
        let now = ("date", "Mon, 23 Nov 2026 07:28:00 GMT");
        assert_eq!(wish(&[("retry-after", " 7 ")]), Some(7));
        assert_eq!(wish(&[("retry-after", "Mon, 23 Nov 2026 07:28:42 GMT"), now]), Some(42));
        assert_eq!(wish(&[("retry-after", "Mon, 23 Nov 2026 07:27:00 GMT"), now]), Some(0));
        assert_eq!(wish(&[("retry-after", "Tue, 24 Nov 2026 07:27:00 GMT"), now]), Some(300));
        assert_eq!(wish(&[("retry-after", "Fri, 01 Jan 2100 00:00:00 GMT")]), Some(300), "by our clock if it has none");
        for nonsense in ["", "soon", "-1", "1.5", "99999999999999999999"] {
            assert_eq!(wish(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
    }
}
