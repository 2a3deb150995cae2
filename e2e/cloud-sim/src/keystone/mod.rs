//! Keystone: version documents, tokens and application credentials; and how the other services ask about a token.
mod app_credentials;
mod catalog;
mod tokens;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    http::{Request, Response},
    state::{Cloud, identity::Caller},
};

/// Who sent the request, as another service finds out; None is 401.
pub(crate) fn authenticate(cloud: &mut Cloud, request: &Request, now: Timestamp) -> Option<Caller> {
    if let Some(caller) = &request.caller {
        return Some(caller.clone());
    }
    let token = request.header("x-auth-token")?;
    cloud.identity.seen_by_service(token, now, cloud.config.token_cache)
}

/// What the services' token filter answers without a good token.
pub(crate) fn unauthorized(base: &str) -> Response {
    let message = "The request you have made requires authentication.";
    let body = json!({"error": {"code": 401, "title": "Unauthorized", "message": message}});
    challenge(Response::json(401, &body), base)
}

/// Adds where to authenticate.
pub(crate) fn challenge(response: Response, base: &str) -> Response {
    response.with("www-authenticate", format!("Keystone uri=\"{base}/identity/v3\""))
}

/// Keystone's error body.
pub(crate) fn error(code: u16, title: &str, message: &str) -> Response {
    Response::json(code, &json!({"error": {"code": code, "message": message, "title": title}}))
}

fn not_authenticated(cloud: &Cloud) -> Response {
    unauthorized(&cloud.base_url)
}

fn not_found() -> Response {
    error(404, "Not Found", "The resource could not be found.")
}

/// Answers a request below /identity.
pub(crate) fn handle(cloud: &mut Cloud, request: &Request, path: &[&str], now: Timestamp) -> Response {
    match (request.method.as_str(), path) {
        ("GET", []) => Response::json(300, &json!({"versions": {"values": [version(cloud)]}})),
        ("GET", ["v3"]) => Response::json(200, &json!({"version": version(cloud)})),
        ("POST", ["v3", "auth", "tokens"]) => tokens::issue(cloud, request, now),
        ("GET" | "HEAD", ["v3", "auth", "tokens"]) => tokens::validate(cloud, request, now),
        ("DELETE", ["v3", "auth", "tokens"]) => tokens::revoke(cloud, request, now),
        ("GET", ["v3", "auth", "catalog"]) => tokens::catalog(cloud, request, now),
        (_, ["v3", "users", user, "application_credentials", rest @ ..]) => app_credentials::handle(cloud, request, user, rest, now),
        ("GET", ["v3", "projects"]) => projects(cloud, request, now),
        _ => not_found(),
    }
}

fn version(cloud: &Cloud) -> Value {
    json!({
        "id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": format!("{}/identity/v3/", cloud.base_url)}],
        "media-types": [
            {"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"},
        ],
    })
}

fn projects(cloud: &Cloud, request: &Request, now: Timestamp) -> Response {
    let Some(token) = request.header("x-auth-token").and_then(|token| cloud.identity.token(token, now)) else {
        return not_authenticated(cloud);
    };
    if !token.caller.is_admin {
        return error(403, "Forbidden", "You are not authorized to perform the requested action: identity:list_projects.");
    }
    let row = |project: &crate::state::identity::Project| json!({"id": &*project.id, "name": project.name, "domain_id": "default", "enabled": true});
    let rows: Vec<_> = cloud.identity.projects.values().map(row).collect();
    Response::json(200, &json!({"projects": rows}))
}
