//! Application credentials of a user: made with the scope of the token that asks, shown with the secret only once.
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{error, not_authenticated, not_found};
use crate::{
    http::{Request, Response},
    state::{Cloud, identity::AppCredential},
};

pub(super) fn handle(cloud: &mut Cloud, request: &Request, user: &str, rest: &[&str], now: Timestamp) -> Response {
    let token = request.header("x-auth-token").and_then(|id| cloud.identity.token(id, now));
    let Some(token) = token else { return not_authenticated(cloud) };
    let caller = token.caller.clone();
    let is_restricted = token.app_credential.is_some();
    if &*caller.user != user && !caller.is_admin {
        return forbidden("application_credential");
    }
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let own = cloud.identity.app_credentials.values().filter(|credential| &*credential.user == user);
            Response::json(200, &json!({"application_credentials": own.map(view).collect::<Vec<_>>()}))
        }
        ("POST", []) => match &caller.project {
            _ if is_restricted => forbidden("create_application_credential"),
            Some(project) => create(cloud, request, &caller.user, project),
            None => error(400, "Bad Request", "Creating application credentials requires a project-scoped token."),
        },
        ("GET", [id]) => match cloud.identity.app_credentials.get(*id) {
            Some(credential) => Response::json(200, &json!({"application_credential": view(credential)})),
            None => missing(id),
        },
        ("DELETE", [_]) if is_restricted => forbidden("delete_application_credential"),
        ("DELETE", [id]) if cloud.identity.delete_app_credential(id) => Response::empty(204),
        ("DELETE", [id]) => missing(id),
        _ => not_found(),
    }
}

fn forbidden(rule: &str) -> Response {
    let text = format!("You are not authorized to perform the requested action: identity:{rule}.");
    error(403, "Forbidden", &text)
}

fn missing(id: &str) -> Response {
    error(404, "Not Found", &format!("Could not find Application Credential: {id}."))
}

fn create(cloud: &mut Cloud, request: &Request, user: &std::sync::Arc<str>, project: &std::sync::Arc<str>) -> Response {
    let body = request.json().unwrap_or_default();
    let asked = &body["application_credential"];
    let Some(name) = asked["name"].as_str() else {
        return error(400, "Bad Request", "'name' is a required property");
    };
    let mut own = cloud.identity.app_credentials.values().filter(|credential| credential.user == *user);
    if own.any(|credential| credential.name == name) {
        let text = format!("Conflict occurred attempting to store application_credential - Duplicate entry found with name {name}.");
        return error(409, "Conflict", &text);
    }
    let credential = cloud.identity.create_app_credential(user, project, name, asked["secret"].as_str());
    let mut row = view(credential);
    row["secret"] = json!(credential.secret);
    Response::json(201, &json!({"application_credential": row}))
}

fn view(credential: &AppCredential) -> Value {
    json!({
        "id": credential.id, "name": credential.name, "project_id": &*credential.project,
        "user_id": &*credential.user, "unrestricted": null, "expires_at": null, "description": null,
        "system": null, "roles": [{"name": "member"}, {"name": "reader"}],
    })
}
