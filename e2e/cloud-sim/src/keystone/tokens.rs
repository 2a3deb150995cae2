//! Tokens: issued for a password or an application credential, looked at, revoked.
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{catalog, error, not_authenticated};
use crate::{
    clock,
    http::{Request, Response},
    state::{Cloud, identity::Token, ids},
};

/// Who logs in, with what scope.
struct Login {
    user: Arc<str>,
    project: Option<Arc<str>>,
    app_credential: Option<String>,
}

pub(super) fn issue(cloud: &mut Cloud, request: &Request, now: Timestamp) -> Response {
    let body = request.json().unwrap_or_default();
    let Some(auth) = body.get("auth") else {
        return error(400, "Bad Request", "'auth' is a required property");
    };
    let login = match login(cloud, auth) {
        Ok(login) => login,
        Err(response) => return response,
    };
    let lifetime = cloud.config.token_lifetime;
    let project = login.project.as_deref();
    let id = cloud.identity.issue(&login.user, project, login.app_credential, now, lifetime);
    let Some(token) = cloud.identity.token(&id, now) else { return not_authenticated(cloud) };
    let body = json!({"token": view(cloud, token, has_catalog(request))});
    Response::json(201, &body).with("x-subject-token", id).with("vary", "X-Auth-Token")
}

fn has_catalog(request: &Request) -> bool {
    !request.query.iter().any(|(key, _)| key == "nocatalog")
}

fn login(cloud: &Cloud, auth: &Value) -> Result<Login, Response> {
    let identity = &auth["identity"];
    match identity["methods"].as_array().and_then(|methods| methods.first()).and_then(Value::as_str) {
        Some("password") => by_password(cloud, auth),
        Some("application_credential") => by_app_credential(cloud, identity),
        Some(_) => Err(not_authenticated(cloud)),
        None => Err(error(400, "Bad Request", "'methods' is a required property")),
    }
}

fn by_password(cloud: &Cloud, auth: &Value) -> Result<Login, Response> {
    let refused = || not_authenticated(cloud);
    let asked = &auth["identity"]["password"]["user"];
    let user = match (asked["id"].as_str(), asked["name"].as_str()) {
        (Some(id), _) => cloud.identity.users.get(id),
        (None, Some(name)) if is_default_domain(&asked["domain"]) => cloud.identity.user_named(name),
        _ => None,
    };
    let user = user.filter(|user| asked["password"].as_str() == Some(&user.password)).ok_or_else(refused)?;
    let user = user.id.clone();
    let scope = &auth["scope"]["project"];
    if scope.is_null() {
        return Ok(Login { user, project: None, app_credential: None });
    }
    let project = match (scope["id"].as_str(), scope["name"].as_str()) {
        (Some(id), _) => cloud.identity.projects.get(id),
        (None, Some(name)) if is_default_domain(&scope["domain"]) => cloud.identity.project_named(name),
        _ => None,
    };
    let project = project.filter(|project| !cloud.identity.roles(&user, &project.id).is_empty()).ok_or_else(refused)?;
    Ok(Login { user, project: Some(project.id.clone()), app_credential: None })
}

/// The only domain: id `default`, name `Default`.
fn is_default_domain(domain: &Value) -> bool {
    domain["id"].as_str() == Some("default") || domain["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("default"))
}

fn by_app_credential(cloud: &Cloud, identity: &Value) -> Result<Login, Response> {
    let asked = &identity["application_credential"];
    let (id, name) = (asked["id"].as_str(), asked["name"].as_str());
    let all = &cloud.identity.app_credentials;
    let found = match (id, name) {
        (Some(id), _) => all.get(id),
        (None, Some(name)) => {
            let owner = &asked["user"];
            let user = owner["id"].as_str().or_else(|| Some(&cloud.identity.user_named(owner["name"].as_str()?)?.id));
            all.values().find(|credential| credential.name == name && Some(&*credential.user) == user)
        }
        _ => return Err(not_authenticated(cloud)),
    };
    let Some(found) = found else {
        let text = format!("Could not find Application Credential: {}.", id.or(name).unwrap_or_default());
        return Err(error(404, "Not Found", &text));
    };
    if asked["secret"].as_str() != Some(&found.secret) {
        return Err(not_authenticated(cloud));
    }
    let (user, project) = (found.user.clone(), Some(found.project.clone()));
    Ok(Login { user, project, app_credential: Some(found.id.clone()) })
}

fn view(cloud: &Cloud, token: &Token, with_catalog: bool) -> Value {
    let domain = json!({"id": "default", "name": "Default"});
    let user_id = &token.caller.user;
    let name = cloud.identity.users.get(user_id).map(|user| user.name.clone());
    let mut view = json!({
        "methods": [token.method],
        "user": {"domain": domain, "id": &**user_id, "name": name, "password_expires_at": null},
        "audit_ids": [token.audit_id],
        "expires_at": clock::micros(token.expires),
        "issued_at": clock::micros(token.issued),
    });
    if let Some(project) = token.caller.project.as_deref() {
        let name = cloud.identity.projects.get(project).map(|project| project.name.clone());
        view["project"] = json!({"domain": domain, "id": project, "name": name});
        view["is_domain"] = json!(false);
        let roles = cloud.identity.roles(user_id, project);
        view["roles"] = roles.iter().map(|role| json!({"id": ids::stable_hex("role", role), "name": role})).collect();
        if with_catalog {
            view["catalog"] = catalog::catalog(cloud, Some(project));
        }
    }
    if let Some(credential) = token.app_credential.as_ref().and_then(|id| cloud.identity.app_credentials.get(id)) {
        view["application_credential"] = json!({"id": credential.id, "name": credential.name, "restricted": true});
    }
    view
}

/// The token that is asked about, if the asker is known.
fn subject<'a>(cloud: &'a Cloud, request: &'a Request, now: Timestamp) -> Result<(&'a str, &'a Token), Response> {
    let asker = request.header("x-auth-token").and_then(|id| cloud.identity.token(id, now));
    if asker.is_none() {
        return Err(not_authenticated(cloud));
    }
    let id = request.header("x-subject-token").unwrap_or_default();
    let missing = || error(404, "Not Found", &format!("Could not find token: {id}."));
    cloud.identity.token(id, now).map(|token| (id, token)).ok_or_else(missing)
}

pub(super) fn validate(cloud: &Cloud, request: &Request, now: Timestamp) -> Response {
    match subject(cloud, request, now) {
        Ok((id, token)) => {
            let body = json!({"token": view(cloud, token, has_catalog(request))});
            Response::json(200, &body).with("x-subject-token", id)
        }
        Err(response) => response,
    }
}

pub(super) fn revoke(cloud: &mut Cloud, request: &Request, now: Timestamp) -> Response {
    match subject(cloud, request, now).map(|(id, _)| id.to_owned()) {
        Ok(id) => {
            cloud.identity.revoke(&id);
            Response::empty(204)
        }
        Err(response) => response,
    }
}

pub(super) fn catalog(cloud: &Cloud, request: &Request, now: Timestamp) -> Response {
    let token = request.header("x-auth-token").and_then(|id| cloud.identity.token(id, now));
    match token {
        Some(token) if token.caller.project.is_some() => {
            Response::json(200, &json!({"catalog": catalog::catalog(cloud, token.caller.project.as_deref())}))
        }
        Some(_) => error(403, "Forbidden", "You are not authorized to perform the requested action: identity:get_auth_catalog."),
        None => not_authenticated(cloud),
    }
}
