//! Cinder's microversions: what is asked for, and what every answer says about it.
use serde_json::{Value, json};

use super::error::CinderError;
use crate::http::{Request, Response};

/// The newest microversion, 3.71 (2026).
const MAX: u16 = 71;

const MALFORMED: &str = "The server could not comply with the request since it is either malformed or otherwise incorrect.";

/// The minor number that a request asks for; 3.0 without a header, but a header that speaks of other services only is refused.
pub(super) fn requested(request: &Request) -> Result<u16, CinderError> {
    let Some(header) = request.header("openstack-api-version") else { return Ok(0) };
    let asked = header.split(',').find_map(|part| part.trim().strip_prefix("volume ")).map(str::trim);
    let text = asked.ok_or_else(|| CinderError::bad_request(MALFORMED))?;
    if text == "latest" {
        return Ok(MAX);
    }
    let minor = text.strip_prefix("3.").and_then(|minor| minor.parse::<u16>().ok());
    minor.filter(|minor| *minor <= MAX).ok_or_else(|| {
        CinderError::not_acceptable(format!("Version {text} is not supported by the API. Minimum is 3.0 and maximum is 3.{MAX}."))
    })
}

pub(super) fn mark(response: Response, minor: u16) -> Response {
    response.with("openstack-api-version", format!("volume 3.{minor}")).with("vary", "OpenStack-API-Version")
}

/// GET / and GET /v3/.
pub(super) fn list(base: &str) -> Value {
    json!({"versions": [{
        "id": "v3.0", "status": "CURRENT", "version": format!("3.{MAX}"), "min_version": "3.0",
        "updated": "2023-08-31T00:00:00Z",
        "links": [
            {"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"},
            {"rel": "self", "href": format!("{base}/volume/v3/")},
        ],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}],
    }]})
}
