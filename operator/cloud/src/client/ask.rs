//! One call with what it is about, and the address that follows from it.

use super::call::{Call, Effect, Service};
use super::login::catalog::Endpoints;
use crate::{Error, Priority, Result};
use reqwest::Method;
use serde_json::Value;
use url::Url;

/// Longest id that is put into a path.
const ID_LIMIT_CHARS: usize = 255;

/// A call with what it is about.
pub(crate) struct Ask<'a> {
    pub call: &'static Call,
    pub priority: Priority,
    pub id: Option<&'a str>,
    pub query: &'a [(&'a str, &'a str)],
    pub body: Option<&'a Value>,
}

impl<'a> Ask<'a> {
    pub fn of(call: &'static Call) -> Self {
        Self { call, priority: call.priority, id: None, query: &[], body: None }
    }

    pub fn id(self, id: &'a str) -> Self {
        Self { id: Some(id), ..self }
    }

    pub fn query(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }

    pub fn body(self, body: &'a Value) -> Self {
        Self { body: Some(body), ..self }
    }

    pub fn priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }

    /// The HTTP method; a log-in is a POST though it makes nothing that lasts.
    pub fn method(&self) -> Method {
        match (self.call.service, self.call.effect) {
            (Service::Identity, _) | (_, Effect::Create) => Method::POST,
            (_, Effect::Read) => Method::GET,
            (_, Effect::Delete) => Method::DELETE,
        }
    }

    /// Where it goes.
    ///
    /// # Errors
    /// [`Error::BadSpec`] for an id that could change the path.
    pub fn url(&self, endpoints: &Endpoints) -> Result<Url> {
        let mut url = match self.call.service {
            Service::Compute | Service::Identity => endpoints.compute.clone(),
            Service::Network => endpoints.network.clone(),
            Service::Image => endpoints.image.clone(),
        };
        let id = self.id.unwrap_or_default();
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) && !id.starts_with('.');
        if !plain || id.len() > ID_LIMIT_CHARS || (id.is_empty() && self.call.path.contains("{id}")) {
            let message = format!("{id:?} is no id of OpenStack; write one of letters, digits and dashes");
            return Err(Error::BadSpec { message, request_id: None });
        }
        url.set_path(&format!("{}/{}", url.path().trim_end_matches('/'), self.call.path.replace("{id}", id)));
        Ok(url)
    }
}
