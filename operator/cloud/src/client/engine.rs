//! Sends one call: takes its turn, shows the token, tries again where that is safe, and says what the answer means.

use super::answer::{Again, Failure, Reply, Unread, classify, late, no_answer, too_long, unreadable};
use super::ask::Ask;
use super::call::{self, Call, Effect, Service};
use super::login::microversion::{Document, Microversion, choose};
use super::login::{LogIn, Session, Sessions, auth, catalog};
use super::pacer::{Pacer, Pacing};
use super::transport::Transport;
use crate::hook::{Hook, Observation};
use crate::{CloudConfig, Error, Result};
use rand::Rng;
use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{RequestBuilder, Url};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// Most times that one call is sent.
const ATTEMPTS: u32 = 4;
/// Time for all attempts of one call together, once its first turn has come.
const DEADLINE: Duration = Duration::from_secs(120);
/// Longest wait before another attempt, if the service does not ask for more.
const BACKOFF_LIMIT: Duration = Duration::from_secs(8);

/// All that calls to one cloud share.
pub(crate) struct Engine {
    config: CloudConfig,
    transport: Transport,
    pacer: Pacer,
    sessions: Sessions,
    hook: Arc<dyn Hook>,
    /// Upper bound of the wait before the second attempt; doubled for each further one.
    backoff: Duration,
}

impl Engine {
    pub fn new(config: CloudConfig, pacing: Pacing, hook: Arc<dyn Hook>) -> Result<Self> {
        let transport = Transport::new(&config.trust)?;
        let backoff = Duration::from_millis(500);
        Ok(Self { config, transport, pacer: Pacer::new(pacing), sessions: Sessions::default(), hook, backoff })
    }

    #[cfg(test)]
    pub fn with_backoff(self, backoff: Duration) -> Self {
        Self { backoff, ..self }
    }

    /// The session in use, or a new one.
    pub async fn session(&self) -> Result<Arc<Session>> {
        self.sessions.get(self).await
    }

    /// Nova's version, asked for once per session.
    pub async fn microversion(&self, session: &Session) -> Result<Microversion> {
        let ask = async {
            let url = session.endpoints.compute_root();
            let reply = self.retrying(&Ask::of(&call::VERSIONS), |request| with_token(request, session), &url).await;
            let reply = reply.map_err(|failure| failure.error)?;
            let document: Document = serde_json::from_slice(&reply.body).map_err(|_| unreadable(&call::VERSIONS, &reply))?;
            choose(&document)
        };
        session.microversion.get_or_try_init(|| ask).await.copied()
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

    async fn run_with(&self, session: &Session, ask: &Ask<'_>) -> std::result::Result<Reply, Failure> {
        let version = match ask.call.service {
            Service::Compute => Some(self.microversion(session).await.map_err(renewable)?),
            _ => None,
        };
        let url = ask.url(&session.endpoints).map_err(Failure::for_good)?;
        let sign = |request: RequestBuilder| match version {
            Some(version) => with_token(request, session).header("OpenStack-API-Version", format!("compute {version}")),
            None => with_token(request, session),
        };
        self.retrying(ask, sign, &url).await
    }

    async fn retrying(
        &self,
        ask: &Ask<'_>,
        sign: impl Fn(RequestBuilder) -> RequestBuilder,
        url: &Url,
    ) -> std::result::Result<Reply, Failure> {
        let (mut deadline, mut attempt) = (None, 0);
        loop {
            attempt += 1;
            let failure = match self.attempt(ask, &sign, url, &mut deadline).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            let Again::After(at_least) = failure.again else {
                return Err(failure);
            };
            if let (Error::OverLimit { .. }, Some(pause)) = (&failure.error, at_least) {
                self.pacer.pause(pause);
            }
            let wait = at_least.unwrap_or_default() + self.jitter(attempt);
            let in_time = deadline.is_none_or(|deadline| Instant::now() + wait < deadline);
            if attempt >= ATTEMPTS || !in_time || ask.call.effect == Effect::Create {
                return Err(failure);
            }
            tracing::debug!(call = ask.call.name, attempt, error = %failure.error, "trying again");
            sleep(wait).await;
        }
    }

    /// A random wait up to a bound that doubles ("full jitter").
    fn jitter(&self, attempt: u32) -> Duration {
        let bound = self.backoff.saturating_mul(1 << (attempt - 1).min(16)).min(BACKOFF_LIMIT);
        bound.mul_f64(rand::rng().random::<f64>())
    }

    async fn attempt(
        &self,
        ask: &Ask<'_>,
        sign: impl Fn(RequestBuilder) -> RequestBuilder,
        url: &Url,
        deadline: &mut Option<Instant>,
    ) -> std::result::Result<Reply, Failure> {
        let queued = Instant::now();
        // A log-in serves all who wait, and is limited by its own rule.
        let slot = match ask.call.service {
            Service::Identity => None,
            _ => Some(self.pacer.turn(ask.priority).await.map_err(Failure::for_good)?),
        };
        let sent = Instant::now();
        let end = *deadline.get_or_insert(sent + DEADLINE);
        let request =
            self.transport.client(ask.call).request(ask.method(), url.clone()).header(ACCEPT, "application/json").query(ask.query);
        let request = match ask.body {
            Some(body) => request.json(body),
            None => request,
        };
        let result = exchange(ask.call, sign(request), end.min(sent + ask.call.timeout)).await;
        drop(slot);
        self.hook.observe(&Observation {
            service: ask.call.service.word(),
            call: ask.call.name,
            outcome: result.as_ref().map_or_else(|failure| failure.error.category(), |_| "OK"),
            duration: sent.elapsed(),
            wait: sent.duration_since(queued),
            priority: ask.priority,
        });
        result
    }
}

impl LogIn for Engine {
    async fn log_in(&self) -> Result<Session> {
        let asked = Instant::now();
        let mut url = self.config.auth_url.clone();
        url.set_path(&format!("{}/{}", url.path().trim_end_matches('/'), call::LOG_IN.path));
        let body = auth::body(&self.config.credential);
        let reply = self.retrying(&Ask::of(&call::LOG_IN).body(&body), |request| request, &url).await;
        let login = auth::login(&reply.map_err(|failure| failure.error)?)?;
        let endpoints = catalog::endpoints(&self.config, &login.catalog)?;
        tracing::debug!(project = login.project_id, region = endpoints.region, "logged in");
        Ok(Session::new(login.token, login.project_id, endpoints, asked, login.life))
    }
}

async fn exchange(call: &Call, request: RequestBuilder, end: Instant) -> std::result::Result<Reply, Failure> {
    let reply = async {
        let response = request.send().await.map_err(|error| no_answer(call, &error))?;
        Reply::read(response).await.map_err(|unread| match unread {
            Unread::Broken(error) => no_answer(call, &error),
            Unread::TooLong => Failure::for_good(too_long(call)),
        })
    };
    let reply = timeout_at(end, reply).await.map_err(|_| late(call))??;
    if reply.status.is_success() { Ok(reply) } else { Err(classify(call, &reply)) }
}

/// A token that is refused before the call itself was sent is a reason for a new one as well.
fn renewable(error: Error) -> Failure {
    let again = if matches!(error, Error::Unauthorized { .. }) { Again::WithNewToken } else { Again::Never };
    Failure { error, again }
}

fn with_token(request: RequestBuilder, session: &Session) -> RequestBuilder {
    match HeaderValue::from_str(session.token.reveal()) {
        Ok(mut value) => {
            value.set_sensitive(true);
            request.header("X-Auth-Token", value)
        }
        Err(_) => request,
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
