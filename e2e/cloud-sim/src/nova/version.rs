//! Microversions: the range, how a request names one, and the version documents.
use serde_json::{Value, json};

use super::error::NovaError;
use crate::http::{Request, Response};

pub(crate) const MIN: u16 = 1;
pub(crate) const MAX: u16 = 104;

/// The minor number of the microversion that a request asks for; without one it is 2.1.
pub(crate) fn requested(request: &Request) -> Result<u16, NovaError> {
    let Some(text) = header(request) else { return Ok(MIN) };
    if text == "latest" {
        return Ok(MAX);
    }
    let parsed = text.split_once('.').and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
    let Some((major, minor)) = parsed else {
        let message = format!("API Version String {text} is of invalid format. Must be of format MajorNum.MinorNum.");
        return Err(NovaError::bad_request(message));
    };
    if major != 2 || !(MIN..=MAX).contains(&minor) {
        let message = format!("Version {text} is not supported by the API. Minimum is 2.{MIN} and maximum is 2.{MAX}.");
        return Err(NovaError::not_acceptable(message));
    }
    Ok(minor)
}

fn number(text: &str) -> Option<u16> {
    let is_canonical = text == "0" || (text.starts_with(|c: char| c.is_ascii_digit() && c != '0'));
    if is_canonical { text.parse().ok() } else { None }
}

fn header(request: &Request) -> Option<&str> {
    let new = request.header("openstack-api-version").and_then(|value| {
        let mut parts = value.split(',').map(str::trim);
        parts.find_map(|part| part.strip_prefix("compute ")).map(str::trim)
    });
    new.or_else(|| request.header("x-openstack-nova-api-version"))
}

/// What every answer says about the version it was given in.
pub(crate) fn mark(response: Response, minor: u16) -> Response {
    response
        .with("openstack-api-version", format!("compute 2.{minor}"))
        .with("x-openstack-nova-api-version", format!("2.{minor}"))
        .with("vary", "OpenStack-API-Version, X-OpenStack-Nova-API-Version")
}

/// GET /v2.1/.
pub(crate) fn document(base: &str) -> Value {
    json!({"version": {
        "id": "v2.1", "status": "CURRENT", "version": format!("2.{MAX}"), "min_version": format!("2.{MIN}"),
        "updated": "2013-07-23T11:33:21Z",
        "links": [
            {"rel": "self", "href": format!("{base}/compute/v2.1/")},
            {"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"},
        ],
        "media-types": [
            {"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"},
        ],
    }})
}

/// GET / of the compute endpoint.
pub(crate) fn list(base: &str) -> Value {
    json!({"versions": [
        {"id": "v2.0", "status": "SUPPORTED", "version": "", "min_version": "", "updated": "2011-01-21T11:33:21Z",
         "links": [{"rel": "self", "href": format!("{base}/compute/v2/")}]},
        {"id": "v2.1", "status": "CURRENT", "version": format!("2.{MAX}"), "min_version": format!("2.{MIN}"),
         "updated": "2013-07-23T11:33:21Z", "links": [{"rel": "self", "href": format!("{base}/compute/v2.1/")}]},
    ]})
}
