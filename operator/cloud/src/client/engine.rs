//! Sends one call: takes its turn, shows the token, tries again where that is safe, and says what the answer means.

use super::answer::{Again, Failure, Reply, Secrets, classify, late, no_answer, page_instead, unreadable};
use super::ask::Ask;
use super::call::{self, Effect, Service};
use super::jitter::Jitter;
use super::login::microversion::{Document, Microversion, Versions, choose};
use super::login::{LogIn, Session, Sessions, auth, catalog};
use super::pacer::{Pacer, Pacing, Slot};
use super::request::{Proof, build};
use crate::config::Credential;
use crate::hook::{Hook, Observation};
use crate::{CloudConfig, Error, Result, Transport};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

/// Most times that one call is sent.
const ATTEMPTS: u32 = 4;
/// Time for all attempts of one call together, once its first turn has come.
const DEADLINE: Duration = Duration::from_secs(120);

/// An answer, or why there is none that will do.
type Outcome = std::result::Result<Reply, Failure>;

/// All that calls to one cloud share.
pub(crate) struct Engine {
    config: CloudConfig,
    transport: Arc<dyn Transport>,
    pacer: Pacer,
    sessions: Sessions,
    versions: Versions,
    hook: Arc<dyn Hook>,
    jitter: Jitter,
    /// Whether a token that cannot be renewed has been used.
    token_spent: AtomicBool,
}

impl Engine {
    pub fn new(config: CloudConfig, pacing: Pacing, hook: Arc<dyn Hook>, transport: Arc<dyn Transport>) -> Self {
        let (sessions, versions, jitter) = (Sessions::default(), Versions::default(), Jitter::new());
        let token_spent = AtomicBool::new(false);
        Self { config, transport, pacer: Pacer::new(pacing), sessions, versions, hook, jitter, token_spent }
    }

    pub fn with_jitter(self, jitter: Jitter) -> Self {
        Self { jitter, ..self }
    }

    /// The session in use, or a new one.
    pub async fn session(&self) -> Result<Arc<Session>> {
        self.sessions.get(self).await
    }

    /// Nova's version, asked for once per address.
    pub async fn microversion(&self, session: &Session) -> Result<Microversion> {
        let url = session.endpoints.compute_root();
        let ask = async {
            let proof = Proof { token: Some(&session.token), version: None };
            let reply = self.retrying(&Ask::of(&call::VERSIONS), proof, &url).await.map_err(|failure| failure.error)?;
            let document: Document = serde_json::from_slice(&reply.body).map_err(|_| unreadable(&call::VERSIONS, &reply))?;
            choose(&document)
        };
        self.versions.get(&url, ask).await
    }

    /// Sends a call with the token; renews that once if it is refused.
    pub async fn run(&self, ask: Ask<'_>) -> Result<Reply> {
        let session = self.session().await?;
        match self.run_with(&session, &ask).await {
            Err(Failure { again: Again::WithNewToken, .. }) => {
                let session = self.sessions.renew(self, &session).await?;
                self.run_with(&session, &ask).await.map_err(|failure| failure.error)
            }
            other => other.map_err(|failure| failure.error),
        }
    }

    async fn run_with(&self, session: &Session, ask: &Ask<'_>) -> Outcome {
        let version = match ask.call.service {
            Service::Compute => Some(self.microversion(session).await.map_err(renewable)?),
            _ => None,
        };
        let url = ask.url(&session.endpoints).map_err(Failure::for_good)?;
        let outcome = self.retrying(ask, Proof { token: Some(&session.token), version }, &url).await;
        if outcome.as_ref().is_err_and(|failure| failure.again == Again::WithOtherVersion) {
            self.versions.forget();
        }
        outcome
    }

    async fn retrying(&self, ask: &Ask<'_>, proof: Proof<'_>, url: &Url) -> Outcome {
        let (mut deadline, mut attempts) = (None, 0);
        loop {
            attempts += 1;
            let failure = match self.attempt(ask, proof, url, &mut deadline).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            let Again::After(at_least) = failure.again else {
                return Err(failure);
            };
            // Keystone's wish does not bear on those who have a token.
            if let (Error::OverLimit { .. }, Some(pause), true) = (&failure.error, at_least, ask.call.service != Service::Identity) {
                self.pacer.pause(pause);
            }
            let wait = at_least.unwrap_or_default() + self.jitter.wait(attempts);
            let in_time = deadline.is_none_or(|deadline| Instant::now() + wait < deadline);
            if attempts >= ATTEMPTS || !in_time || ask.call.effect == Effect::Create {
                return Err(failure);
            }
            tracing::debug!(call = ask.call.name, attempts, error = %failure.error, "trying again");
            sleep(wait).await;
        }
    }

    async fn attempt(&self, ask: &Ask<'_>, proof: Proof<'_>, url: &Url, deadline: &mut Option<Instant>) -> Outcome {
        let request = build(ask, url, proof).map_err(Failure::for_good)?;
        let queued = Instant::now();
        let slot = self.turn(ask).await.map_err(Failure::for_good)?;
        let sent = Instant::now();
        let end = *deadline.get_or_insert(sent + DEADLINE);
        let answer = timeout_at(end.min(sent + ask.call.timeout), self.transport.send(request)).await;
        drop(slot);
        let outcome = match answer {
            Ok(Ok(answer)) => self.read(ask, proof, answer),
            Ok(Err(none)) => Err(no_answer(ask.call, none)),
            Err(_) => Err(late(ask.call)),
        };
        self.hook.observe(&Observation {
            service: ask.call.service.word(),
            method: ask.call.method(),
            call: ask.call.name,
            outcome: outcome.as_ref().map_or_else(|failure| failure.error.category(), |_| "OK"),
            duration: sent.elapsed(),
            wait: sent.duration_since(queued),
            priority: ask.priority,
        });
        outcome
    }

    /// A log-in serves all who wait, and is limited by its own rule.
    async fn turn(&self, ask: &Ask<'_>) -> Result<Option<Slot<'_>>> {
        match ask.call.service {
            Service::Identity => Ok(None),
            _ => self.pacer.turn(ask.priority, ask.send_before).await.map(Some),
        }
    }

    fn read(&self, ask: &Ask<'_>, proof: Proof<'_>, answer: http::Response<bytes::Bytes>) -> Outcome {
        let reply = Reply::new(answer);
        if !reply.status.is_success() {
            let secrets = Secrets::of(&self.config.credential, proof.token, ask.body);
            return Err(classify(ask.call, &secrets.wipe(reply)));
        }
        match page_instead(ask.call, &reply) {
            Some(failure) => Err(failure),
            None => Ok(reply),
        }
    }
}

impl LogIn for Engine {
    async fn log_in(&self) -> Result<Session> {
        let renewable = !matches!(self.config.credential, Credential::Token { .. });
        if !renewable && self.token_spent.load(Ordering::Relaxed) {
            return Err(auth::spent_token());
        }
        let asked = Instant::now();
        let mut url = self.config.auth_url.clone();
        url.set_path(&format!("{}/{}", url.path().trim_end_matches('/'), call::LOG_IN.path));
        let body = auth::body(&self.config.credential);
        let reply = self.retrying(&Ask::of(&call::LOG_IN).body(&body), Proof::default(), &url).await;
        let login = auth::login(&reply.map_err(|failure| failure.error)?)?;
        let endpoints = catalog::endpoints(&self.config, &login.catalog, &login.project_id)?;
        tracing::debug!(project = login.project_id, region = endpoints.region, "logged in");
        self.token_spent.store(true, Ordering::Relaxed);
        let session = Session::new(login.token, login.project_id, endpoints, asked, login.life);
        Ok(if renewable { session } else { session.used_to_its_end() })
    }
}

/// A token that is refused before the call itself was sent is a reason for a new one as well.
fn renewable(error: Error) -> Failure {
    let again = if matches!(error, Error::Unauthorized { .. }) { Again::WithNewToken } else { Again::Never };
    Failure { error, again }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
