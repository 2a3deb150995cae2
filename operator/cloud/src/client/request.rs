//! From a call to the bytes of its request.

use super::ask::Ask;
use super::login::microversion::Microversion;
use crate::config::{Secret, wrong};
use crate::{Error, Result};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{HeaderName, Request};
use url::Url;

const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const VERSION: HeaderName = HeaderName::from_static("openstack-api-version");

/// What a request shows beside its own content.
#[derive(Clone, Copy, Default)]
pub(crate) struct Proof<'a> {
    pub token: Option<&'a Secret>,
    pub version: Option<Microversion>,
}

/// The request.
///
/// # Errors
/// [`Error::Config`] for an address that HTTP cannot carry.
pub(crate) fn build(ask: &Ask<'_>, url: &Url, proof: Proof<'_>) -> Result<Request<Bytes>> {
    let mut url = url.clone();
    if !ask.query.is_empty() {
        url.query_pairs_mut().extend_pairs(ask.query);
    }
    let mut request = Request::builder().method(ask.call.method()).uri(url.as_str()).header(ACCEPT, "application/json");
    if let Some(token) = proof.token {
        request = request.header(TOKEN, hidden(token)?);
    }
    if let Some(version) = proof.version {
        request = request.header(VERSION, format!("compute {version}"));
    }
    let body = ask.body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    if ask.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    request.body(body).map_err(|_| unusable(ask))
}

fn hidden(token: &Secret) -> Result<HeaderValue> {
    let message = "Keystone's token holds characters that no header can carry; check that auth_url is Keystone's";
    let mut value = HeaderValue::from_str(token.reveal()).map_err(|_| wrong(message))?;
    value.set_sensitive(true);
    Ok(value)
}

fn unusable(ask: &Ask<'_>) -> Error {
    let word = ask.call.service.word();
    wrong(format!("the address of the {word} service cannot be used; set {word}_endpoint_override (auth_url for Keystone) in clouds.yaml"))
}
