//! The ways to prove to Keystone who we are, and the reading of each from `auth`.

use super::entry::{Auth, Entry, Text};
use super::secret::Secret;
use super::wrong;
use crate::Result;

/// What is shown to Keystone for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// An application credential; the project comes with it.
    Application { by: ApplicationCredential, secret: Secret },
    /// A user's password, scoped to a project.
    Password { user: User, password: Secret, project: Project },
    /// A token from elsewhere, scoped to a project if one is named.
    Token { token: Secret, project: Option<Project> },
}

/// An application credential by id, or by its name and user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApplicationCredential {
    Id(String),
    Name(String, User),
}

/// A user by id, or by name within a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum User {
    Id(String),
    Name(String, Domain),
}

/// A project by id, or by name within a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Project {
    Id(String),
    Name(String, Domain),
}

/// A domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    Id(String),
    Name(String),
}

/// Reads the credential of an entry; `auth_type` may be left out where the keys say it.
pub(super) fn credential(entry: &Entry, auth: &Auth, at: &str) -> Result<Credential> {
    let guessed = if auth.application_credential_secret.is_some() {
        "v3applicationcredential"
    } else if auth.token.is_some() {
        "v3token"
    } else {
        "password"
    };
    if auth.trust_id.text().or(auth.system_scope.text()).is_some() {
        return Err(wrong(format!("{at}: auth has trust_id or system_scope, but Gantry works as a member of one project; drop them")));
    }
    match entry.auth_type.text().unwrap_or(guessed) {
        "v3applicationcredential" => application_credential(auth, at),
        "password" | "v3password" => password(auth, at),
        "token" | "v3token" => token(auth, at),
        _ => Err(wrong(format!("{at}: auth_type is none that Gantry knows; write v3applicationcredential, password or v3token"))),
    }
}

fn application_credential(auth: &Auth, at: &str) -> Result<Credential> {
    let by = match (auth.application_credential_id.text(), auth.application_credential_name.text()) {
        (Some(id), _) => ApplicationCredential::Id(id.to_owned()),
        (None, Some(name)) => ApplicationCredential::Name(name.to_owned(), user(auth, at)?),
        (None, None) => {
            return Err(wrong(format!("{at}: auth lacks application_credential_id; add it, or application_credential_name with the user")));
        }
    };
    let secret = required(&auth.application_credential_secret, "application_credential_secret", at)?;
    Ok(Credential::Application { by, secret })
}

fn password(auth: &Auth, at: &str) -> Result<Credential> {
    let password = required(&auth.password, "password", at)?;
    let project = project(auth, at)?.ok_or_else(|| {
        wrong(format!("{at}: auth lacks project_id or project_name; Gantry works inside one project, so add one of them"))
    })?;
    Ok(Credential::Password { user: user(auth, at)?, password, project })
}

fn token(auth: &Auth, at: &str) -> Result<Credential> {
    Ok(Credential::Token { token: required(&auth.token, "token", at)?, project: project(auth, at)? })
}

fn user(auth: &Auth, at: &str) -> Result<User> {
    if let Some(id) = auth.user_id.text() {
        return Ok(User::Id(id.to_owned()));
    }
    let Some(name) = auth.username.text() else {
        return Err(wrong(format!("{at}: auth lacks username or user_id; add one of them")));
    };
    let domain = domain(auth, &auth.user_domain_id, &auth.user_domain_name)
        .ok_or_else(|| wrong(format!("{at}: auth has a username but lacks user_domain_name and user_domain_id; add one of them")))?;
    Ok(User::Name(name.to_owned(), domain))
}

fn project(auth: &Auth, at: &str) -> Result<Option<Project>> {
    if let Some(id) = auth.project_id.text() {
        return Ok(Some(Project::Id(id.to_owned())));
    }
    let Some(name) = auth.project_name.text() else {
        return Ok(None);
    };
    let domain = domain(auth, &auth.project_domain_id, &auth.project_domain_name).ok_or_else(|| {
        wrong(format!("{at}: auth has a project_name but lacks project_domain_name and project_domain_id; add one of them"))
    })?;
    Ok(Some(Project::Name(name.to_owned(), domain)))
}

/// The domain that the keys name, else the one that holds for user and project alike.
fn domain(auth: &Auth, id: &Option<String>, name: &Option<String>) -> Option<Domain> {
    let by_id = |text: &Option<String>| text.text().map(|id| Domain::Id(id.to_owned()));
    let by_name = |text: &Option<String>| text.text().map(|name| Domain::Name(name.to_owned()));
    by_id(id)
        .or_else(|| by_name(name))
        .or_else(|| by_id(&auth.domain_id))
        .or_else(|| by_name(&auth.domain_name))
        .or_else(|| by_id(&auth.default_domain_id))
        .or_else(|| by_name(&auth.default_domain_name))
}

fn required(secret: &Option<Secret>, key: &str, at: &str) -> Result<Secret> {
    match secret {
        Some(secret) if !secret.reveal().is_empty() => Ok(secret.clone()),
        _ => Err(wrong(format!("{at}: auth lacks {key}; add it"))),
    }
}
