//! An answer, read whole but never beyond a limit, and what it says in words that may be shown.

use super::words::plain;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::time::Duration;

/// Most bytes of an answer: a page of 1,000 servers has about 3 MB.
const BODY_LIMIT_BYTES: usize = 32 << 20;
/// Longest `Retry-After` that is obeyed.
const RETRY_AFTER_LIMIT: Duration = Duration::from_secs(300);

/// Status, headers and body of an answer.
pub(crate) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Why an answer could not be read to its end.
pub(crate) enum Unread {
    Broken(reqwest::Error),
    TooLong,
}

impl Reply {
    pub async fn read(mut response: reqwest::Response) -> Result<Self, Unread> {
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Unread::Broken)? {
            if body.len() + chunk.len() > BODY_LIMIT_BYTES {
                return Err(Unread::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Self { status, headers, body })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// OpenStack's id of the request, for its administrator.
    pub fn request_id(&self) -> Option<String> {
        ["x-openstack-request-id", "x-compute-request-id"].iter().find_map(|name| self.header(name)).map(plain)
    }

    /// The service's wish to be left alone, in whole seconds; dates are not understood.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.header("retry-after")?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds).min(RETRY_AFTER_LIMIT))
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

    /// The words of a page that is no JSON, without its tags.
    pub fn page_text(&self) -> String {
        let page = String::from_utf8_lossy(&self.body[..self.body.len().min(4096)]);
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
}

/// `{"<key>": {"type": kind, "message": text}}`, the shape that Keystone, Nova and Neutron share.
#[derive(Debug)]
pub(crate) struct Complaint {
    /// Nova: `badRequest`, `itemNotFound` ...; Neutron: `NeutronError`; Keystone and its middleware: `error`.
    pub key: String,
    /// Neutron's exception class.
    pub kind: String,
    /// What a person is to read; may echo what was sent.
    pub text: String,
}
