//! Keystone's log-in: the body that proves who we are, and the token and catalog that come back.

use super::catalog::Catalog;
use crate::client::answer::Reply;
use crate::config::{ApplicationCredential, Credential, Domain, Project, Secret, User, wrong};
use crate::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// The header that carries a new token.
const SUBJECT_TOKEN: &str = "x-subject-token";
/// Life of a token that does not say when it ends: short, as nothing is known.
const UNKNOWN_LIFE: Duration = Duration::from_secs(300);

/// The body of `POST /v3/auth/tokens`.
pub(crate) fn body(credential: &Credential) -> Value {
    let (identity, project) = match credential {
        Credential::Application { by, secret } => (application_credential(by, secret), None),
        Credential::Password { user, password, project } => {
            let mut user = named(user);
            user["password"] = json!(password.reveal());
            (json!({"methods": ["password"], "password": {"user": user}}), Some(project))
        }
        Credential::Token { token, project } => (json!({"methods": ["token"], "token": {"id": token.reveal()}}), project.as_ref()),
    };
    match project {
        Some(project) => json!({"auth": {"identity": identity, "scope": {"project": scope(project)}}}),
        None => json!({"auth": {"identity": identity}}),
    }
}

fn application_credential(by: &ApplicationCredential, secret: &Secret) -> Value {
    let secret = secret.reveal();
    let proof = match by {
        ApplicationCredential::Id(id) => json!({"id": id, "secret": secret}),
        ApplicationCredential::Name(name, user) => json!({"name": name, "user": named(user), "secret": secret}),
    };
    json!({"methods": ["application_credential"], "application_credential": proof})
}

fn named(user: &User) -> Value {
    match user {
        User::Id(id) => json!({"id": id}),
        User::Name(name, of) => json!({"name": name, "domain": domain(of)}),
    }
}

fn scope(project: &Project) -> Value {
    match project {
        Project::Id(id) => json!({"id": id}),
        Project::Name(name, of) => json!({"name": name, "domain": domain(of)}),
    }
}

fn domain(domain: &Domain) -> Value {
    match domain {
        Domain::Id(id) => json!({"id": id}),
        Domain::Name(name) => json!({"name": name}),
    }
}

/// A token from elsewhere has ended or is refused, and nothing here can get another.
pub(crate) fn spent_token() -> Error {
    let message = "the token in clouds.yaml has ended or is refused, and a token cannot be renewed; put a new one into the Secret, or better an application credential";
    Error::Unauthorized { message: message.to_owned(), request_id: None }
}

/// What a log-in gives.
#[derive(Debug)]
pub(crate) struct Login {
    pub token: Secret,
    /// From its issue to its end, by Keystone's clock; ours does not matter.
    pub life: Duration,
    pub project_id: String,
    pub catalog: Catalog,
}

#[derive(Deserialize)]
struct Body {
    token: Token,
}

#[derive(Deserialize)]
struct Token {
    issued_at: Option<jiff::Timestamp>,
    expires_at: Option<jiff::Timestamp>,
    project: Option<Scope>,
    #[serde(default)]
    catalog: Catalog,
}

#[derive(Deserialize)]
struct Scope {
    id: String,
}

/// Reads the answer to a log-in.
///
/// # Errors
/// [`Error::Config`] if the token belongs to no project, [`Error::Bug`] if the answer is not Keystone's.
pub(crate) fn login(reply: &Reply) -> Result<Login> {
    let bug = |what: &str| Error::Bug {
        message: format!("Keystone's answer to the log-in {what}; check that auth_url is Keystone's"),
        request_id: reply.request_id(),
    };
    let token = reply.header(SUBJECT_TOKEN).ok_or_else(|| bug("has no token"))?;
    let body: Body = serde_json::from_slice(&reply.body).map_err(|_| bug("cannot be read"))?;
    let Some(project) = body.token.project else {
        return Err(wrong("the credentials belong to no project; add project_name or project_id under auth in clouds.yaml"));
    };
    let life = match (body.token.issued_at, body.token.expires_at) {
        (Some(issued), Some(expires)) => Duration::try_from(expires.duration_since(issued)).unwrap_or_default(),
        _ => UNKNOWN_LIFE,
    };
    Ok(Login { token: Secret::new(token.to_owned()), life, project_id: project.id, catalog: body.token.catalog })
}

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;
