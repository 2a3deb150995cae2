//! One call with what it is about, and the address that follows from it.

use super::call::{Call, Service};
use super::login::catalog::Endpoints;
use crate::config::wrong;
use crate::{Error, Priority, Result};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

/// Longest id that is put into a path.
const ID_LIMIT_CHARS: usize = 255;

/// A call with what it is about.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub call: &'static Call,
    pub priority: Priority,
    pub id: Option<&'a str>,
    pub query: &'a [(&'a str, &'a str)],
    pub body: Option<&'a Value>,
    /// From then on it is not sent any more.
    pub send_before: Option<Instant>,
}

impl<'a> Ask<'a> {
    pub fn of(call: &'static Call) -> Self {
        Self { call, priority: call.priority, id: None, query: &[], body: None, send_before: None }
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

    pub fn send_before(self, end: Instant) -> Self {
        Self { send_before: Some(end), ..self }
    }

    /// Where it goes.
    ///
    /// # Errors
    /// [`Error::BadSpec`] for an id that could change the path, [`Error::Config`] if the cloud has no such service.
    pub fn url(&self, endpoints: &Endpoints) -> Result<Url> {
        let mut url = match self.call.service {
            Service::Compute | Service::Identity => endpoints.compute.clone(),
            Service::Network => endpoints.network.clone(),
            Service::Image => endpoints.image.clone(),
            Service::Volume => endpoints.volume.clone().map_err(wrong)?,
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
