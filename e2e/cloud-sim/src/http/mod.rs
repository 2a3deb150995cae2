//! A request and an answer, reduced to what the four services look at.
mod connection;

use std::fmt;

use ::http::{HeaderMap, HeaderValue, Method, StatusCode};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::state::identity::Caller;

pub use connection::Aborted;
pub(crate) use connection::serve;

/// Bodies above this are refused unread, whatever the service.
pub(crate) const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// A request with its body read.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Who sent it, where that was settled when it was accepted.
    pub(crate) caller: Option<Caller>,
}

impl Request {
    pub(crate) fn new(method: Method, uri: &::http::Uri, headers: HeaderMap, body: Bytes) -> Self {
        let query = uri.query().unwrap_or_default();
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { method, path: uri.path().to_owned(), query, headers, body, caller: None }
    }

    /// The path's parts; a slash at the end adds none.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The last value of a query parameter, as Nova reads repeated ones.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The query as one text, decoded.
    pub(crate) fn query_text(&self) -> String {
        self.query.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl fmt::Debug for Request {
    /// Without headers and body: they hold credentials and user data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// Title and text of a page of WebOb's, which is JSON for those who accept nothing else.
    page: Option<Box<(String, String)>>,
}

impl Response {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, content_type: "application/json", headers: Vec::new(), body: Bytes::new(), page: None }
    }

    pub(crate) fn json<T: Serialize>(status: u16, body: &T) -> Self {
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self { body: body.into(), ..Self::empty(status) }
    }

    /// The page that WebOb makes of an error raised outside a JSON API: Glance's 401, Nova's 413.
    pub(crate) fn html(status: u16, title: &str, text: &str) -> Self {
        let body = format!(
            "<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n  {text}<br /><br />\n\n\n\n </body>\n</html>"
        );
        let page = Some(Box::new((title.to_owned(), text.to_owned())));
        Self { content_type: "text/html; charset=UTF-8", body: body.into(), page, ..Self::empty(status) }
    }

    /// The page of a proxy before the services, which nobody negotiates about.
    pub(crate) fn of_proxy(status: u16, body: impl Into<Bytes>) -> Self {
        Self { content_type: "text/html; charset=UTF-8", body: body.into(), ..Self::empty(status) }
    }

    /// WebOb's page in the form that the request accepts.
    pub(crate) fn accepted_by(self, request: &Request) -> Self {
        let wants_json =
            request.header("accept").is_some_and(|accept| accept.contains("json") && !accept.contains("html") && !accept.contains("*/*"));
        let Some((title, text)) = self.page.as_deref().filter(|_| wants_json) else { return self };
        let name = title.split_once(' ').map_or(title.as_str(), |(_, name)| name);
        let body = serde_json::json!({"message": format!("{text}<br /><br />\n\n\n"), "code": title, "title": name});
        Self { headers: self.headers, ..Self::json(self.status, &body) }
    }

    /// The answer as HTTP has it.
    pub(crate) fn into_http(self) -> ::http::Response<Bytes> {
        let mut answer = ::http::Response::new(self.body);
        *answer.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let headers = answer.headers_mut();
        if self.status != 204 {
            headers.insert("content-type", HeaderValue::from_static(self.content_type));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(name, value);
            }
        }
        answer
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
