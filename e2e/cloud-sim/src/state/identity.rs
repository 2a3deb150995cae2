//! Who may do what: projects, users, application credentials and the tokens that were issued to them.
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::ids::{self, Ids};

/// Expired tokens are dropped when more than this many are kept.
const MAX_TOKENS: usize = 50_000;

#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) id: Arc<str>,
    pub(crate) name: String,
}

#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: Arc<str>,
    pub(crate) name: String,
    pub(crate) password: String,
    /// Projects with this user's roles there.
    pub(crate) roles: Vec<(Arc<str>, &'static [&'static str])>,
}

#[derive(Debug)]
pub(crate) struct AppCredential {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) secret: String,
    pub(crate) user: Arc<str>,
    pub(crate) project: Arc<str>,
}

/// Who makes a request, as a token says it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) user: Arc<str>,
    /// None for an unscoped token.
    pub(crate) project: Option<Arc<str>>,
    pub(crate) is_admin: bool,
}

#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) caller: Caller,
    pub(crate) method: &'static str,
    pub(crate) app_credential: Option<String>,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) revoked: bool,
    /// Until when the services believe in it without asking Keystone.
    pub(crate) cached_until: Option<Timestamp>,
    pub(crate) audit_id: String,
}

#[derive(Debug, Default)]
pub(crate) struct Identity {
    pub(crate) projects: BTreeMap<Arc<str>, Project>,
    pub(crate) users: BTreeMap<Arc<str>, User>,
    pub(crate) app_credentials: BTreeMap<String, AppCredential>,
    tokens: HashMap<String, Token>,
    pub(crate) issued: u64,
    ids: Ids,
}

pub(crate) const MEMBER: &[&str] = &["member", "reader"];
pub(crate) const ADMIN: &[&str] = &["admin", "manager", "member", "reader"];

impl Identity {
    /// The projects and users that `setup.py` makes in the real environment.
    pub(crate) fn seeded(ids: Ids) -> Self {
        let mut identity = Self { ids, ..Self::default() };
        for (project, user, password, roles) in [("demo", "demo", "demo", MEMBER), ("admin", "admin", "secret", ADMIN)] {
            let id = identity.add_project(project);
            identity.add_user(user, password, vec![(id, roles)]);
        }
        identity.add_app_credential("openstack-appcred", "demo", "demo-secret");
        identity
    }

    fn add_project(&mut self, name: &str) -> Arc<str> {
        let id: Arc<str> = ids::stable_hex("project", name).into();
        self.projects.insert(id.clone(), Project { id: id.clone(), name: name.to_owned() });
        id
    }

    fn add_user(&mut self, name: &str, password: &str, roles: Vec<(Arc<str>, &'static [&'static str])>) {
        let id: Arc<str> = ids::stable_hex("user", name).into();
        let user = User { id: id.clone(), name: name.to_owned(), password: password.to_owned(), roles };
        self.users.insert(id, user);
    }

    fn add_app_credential(&mut self, name: &str, user: &str, secret: &str) {
        let Some(owner) = self.user_named(user) else { return };
        let Some((project, _)) = owner.roles.first().cloned() else { return };
        let credential = AppCredential {
            id: ids::stable_hex("application_credential", name),
            name: name.to_owned(),
            secret: secret.to_owned(),
            user: owner.id.clone(),
            project,
        };
        self.app_credentials.insert(credential.id.clone(), credential);
    }

    pub(crate) fn user_named(&self, name: &str) -> Option<&User> {
        self.users.values().find(|user| user.name == name)
    }

    pub(crate) fn project_named(&self, name: &str) -> Option<&Project> {
        self.projects.values().find(|project| project.name == name)
    }

    /// A project by id, else by name.
    pub(crate) fn project(&self, id_or_name: &str) -> Option<&Project> {
        self.projects.get(id_or_name).or_else(|| self.project_named(id_or_name))
    }

    pub(crate) fn roles(&self, user: &str, project: &str) -> &'static [&'static str] {
        let user = self.users.get(user);
        user.and_then(|user| user.roles.iter().find(|(id, _)| &**id == project)).map_or(&[], |(_, roles)| roles)
    }

    /// Issues a token for a user in a project, or for no project.
    pub(crate) fn issue(
        &mut self,
        user: &str,
        project: Option<&str>,
        app_credential: Option<String>,
        now: Timestamp,
        lifetime: Duration,
    ) -> String {
        self.forget_expired(now);
        let is_admin = project.is_some_and(|project| self.roles(user, project).contains(&"admin"));
        let caller = Caller { user: user.into(), project: project.map(Into::into), is_admin };
        let method = if app_credential.is_some() { "application_credential" } else { "password" };
        let expires = now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        let audit_id = self.ids.alphanumeric(22);
        let token = Token { caller, method, app_credential, issued: now, expires, revoked: false, cached_until: None, audit_id };
        let id = self.ids.token();
        self.tokens.insert(id.clone(), token);
        self.issued += 1;
        id
    }

    fn forget_expired(&mut self, now: Timestamp) {
        if self.tokens.len() >= MAX_TOKENS {
            self.tokens.retain(|_, token| token.expires > now);
        }
    }

    /// A token as Keystone sees it.
    pub(crate) fn token(&self, id: &str, now: Timestamp) -> Option<&Token> {
        self.tokens.get(id).filter(|token| !token.revoked && token.expires > now)
    }

    /// A token as a service sees it: one that it knows already it believes for a while, even if it was revoked.
    pub(crate) fn seen_by_service(&mut self, id: &str, now: Timestamp, cache: Duration) -> Option<Caller> {
        let token = self.tokens.get_mut(id).filter(|token| token.expires > now)?;
        let cached = token.cached_until.is_some_and(|until| until > now);
        if token.revoked && !cached {
            return None;
        }
        if !cached {
            token.cached_until = now.checked_add(cache).ok();
        }
        Some(token.caller.clone())
    }

    pub(crate) fn revoke(&mut self, id: &str) {
        if let Some(token) = self.tokens.get_mut(id) {
            token.revoked = true;
        }
    }

    /// Ends tokens at once, for the services' caches too. Returns how many.
    pub(crate) fn expire_tokens(&mut self, which: impl Fn(&Token) -> bool) -> usize {
        let before = self.tokens.len();
        self.tokens.retain(|_, token| !which(token));
        before - self.tokens.len()
    }

    pub(crate) fn create_app_credential(
        &mut self,
        user: &Arc<str>,
        project: &Arc<str>,
        name: &str,
        secret: Option<&str>,
    ) -> &AppCredential {
        let id = self.ids.uuid().simple().to_string();
        let secret = secret.map_or_else(|| self.ids.alphanumeric(86), str::to_owned);
        let (user, project) = (user.clone(), project.clone());
        let credential = AppCredential { id: id.clone(), name: name.to_owned(), secret, user, project };
        self.app_credentials.entry(id).or_insert(credential)
    }

    /// Deletes an application credential; its tokens are revoked. False if there was none.
    pub(crate) fn delete_app_credential(&mut self, id: &str) -> bool {
        for token in self.tokens.values_mut().filter(|token| token.app_credential.as_deref() == Some(id)) {
            token.revoked = true;
        }
        self.app_credentials.remove(id).is_some()
    }
}
