//! One cloud over plain HTTP: who asks, where a service is, what it answered.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// Longest wait for an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// Version of each service's API unless a case says another.
const VERSIONS: [(&str, &str); 2] = [("compute", "compute 2.96"), ("volume", "volume 3.59")];
/// Names of a service in the catalog, the first that is there counts.
const TYPES: [(&str, &[&str]); 4] =
    [("compute", &["compute"]), ("network", &["network"]), ("image", &["image"]), ("volume", &["volumev3", "block-storage"])];

/// A request of a case.
#[derive(Clone, Debug)]
pub struct Ask {
    /// HTTP method.
    pub method: String,
    /// `identity`, `compute`, `network`, `image` or `volume`, or a type of the catalog.
    pub service: String,
    /// Path below the service's endpoint, with the query.
    pub path: String,
    /// JSON; a text goes as it is; null is no body.
    pub body: Value,
    /// Who asks: `demo`, `admin`, `nobody`, or `token:` with a token.
    pub who: String,
    /// Headers besides the usual ones; an empty value takes one of those away.
    pub headers: BTreeMap<String, String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in small letters.
    pub headers: BTreeMap<String, String>,
    /// JSON, or the text if it is none, or null if there was no body.
    pub body: Value,
    /// The same as it came.
    pub raw: String,
}

impl Answer {
    /// What went wrong as a word and a sentence: the key of the error (`badRequest`), Neutron's type, `page` for what is not the service's own
    /// but its web framework's, in JSON, or `text` for what is no JSON.
    pub fn error(&self) -> Option<(String, String)> {
        match &self.body {
            Value::String(page) => Some(("text".to_owned(), page.clone())),
            Value::Object(keys) if keys.contains_key("title") => Some(("page".to_owned(), keys["message"].as_str()?.to_owned())),
            Value::Object(keys) => keys.iter().find_map(|(key, value)| {
                let message = value.get("message").and_then(Value::as_str)?;
                let word = if key == "NeutronError" { value["type"].as_str().unwrap_or(key) } else { key };
                Some((word.to_owned(), message.to_owned()))
            }),
            _ => None,
        }
    }
}

/// Someone logged in.
#[derive(Clone, Debug)]
pub struct Login {
    /// The token.
    pub token: String,
    /// Id of the project.
    pub project: String,
    /// Id of the user.
    pub user: String,
    /// Public endpoint by type of service.
    endpoints: BTreeMap<String, String>,
}

/// A cloud with its member and its administrator.
pub struct Session {
    http: Client,
    /// Keystone, `.../v3`.
    pub auth_url: String,
    /// The member.
    pub demo: Login,
    /// The administrator.
    pub admin: Login,
}

impl Session {
    /// Logs in as the entries `openstack` and `admin` of a clouds.yaml.
    ///
    /// # Errors
    /// If the file has no such entries, or Keystone refuses.
    pub async fn open(clouds_yaml: &Path) -> Result<Self> {
        let file: Value = serde_saphyr::from_str(&std::fs::read_to_string(clouds_yaml)?)?;
        let http = Client::builder().no_proxy().timeout(ANSWER_LIMIT).redirect(reqwest::redirect::Policy::none()).build()?;
        let auth_url = text(&file, "/clouds/openstack/auth/auth_url")?.trim_end_matches('/').to_owned();
        let demo = log_in(&http, &auth_url, &by_password(&file["clouds"]["openstack"]["auth"])).await?;
        let admin = log_in(&http, &auth_url, &by_password(&file["clouds"]["admin"]["auth"])).await?;
        Ok(Self { http, auth_url, demo, admin })
    }

    /// Logs in with this body of POST /auth/tokens.
    ///
    /// # Errors
    /// If Keystone refuses.
    pub async fn log_in(&self, body: &Value) -> Result<Login> {
        log_in(&self.http, &self.auth_url, body).await
    }

    /// Logs the member and the administrator in again.
    ///
    /// # Errors
    /// If Keystone refuses.
    pub async fn renew(&mut self, clouds_yaml: &Path) -> Result<()> {
        let fresh = Self::open(clouds_yaml).await?;
        (self.demo, self.admin) = (fresh.demo, fresh.admin);
        Ok(())
    }

    /// The path of a service's endpoint in the catalog, as access rules name it, without a slash at the end.
    ///
    /// # Errors
    /// If the catalog lacks the service.
    pub fn base_path(&self, service: &str) -> Result<String> {
        let url = self.endpoint(service, &self.demo)?;
        let after_host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        Ok(after_host.split_once('/').map(|(_, path)| format!("/{path}")).unwrap_or_default())
    }

    /// The endpoint for someone: Cinder's may name the project.
    fn endpoint(&self, service: &str, login: &Login) -> Result<String> {
        if service == "identity" {
            return Ok(self.auth_url.clone());
        }
        let names = TYPES.iter().find(|(name, _)| *name == service).map_or(vec![service], |(_, names)| names.to_vec());
        let url = names.iter().find_map(|name| login.endpoints.get(*name));
        url.cloned().with_context(|| format!("the catalog has no {}", names.join(" or ")))
    }

    /// Sends a request and returns the answer, whatever its status.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn send(&self, ask: &Ask) -> Result<Answer> {
        let login = if ask.who == "admin" { &self.admin } else { &self.demo };
        let url = format!("{}{}", self.endpoint(&ask.service, login)?, ask.path);
        let mut request = self.http.request(Method::from_bytes(ask.method.as_bytes())?, &url).header("accept", "application/json");
        for (name, value) in self.headers(ask) {
            request = request.header(name, value);
        }
        request = match &ask.body {
            Value::Null => request,
            Value::String(text) => request.header("content-type", "application/json").body(text.clone()),
            body => request.json(body),
        };
        read(request.send().await.with_context(|| format!("{} {url}", ask.method))?).await
    }

    fn headers(&self, ask: &Ask) -> BTreeMap<String, String> {
        let mut headers = BTreeMap::new();
        if let Some((_, version)) = VERSIONS.iter().find(|(service, _)| *service == ask.service) {
            headers.insert("OpenStack-API-Version".to_owned(), (*version).to_owned());
        }
        let token = match ask.who.as_str() {
            "demo" => Some(self.demo.token.as_str()),
            "admin" => Some(self.admin.token.as_str()),
            other => other.strip_prefix("token:"),
        };
        headers.extend(token.map(|token| ("X-Auth-Token".to_owned(), token.to_owned())));
        headers.extend(ask.headers.clone());
        headers.retain(|_, value| !value.is_empty());
        headers
    }
}

async fn read(response: reqwest::Response) -> Result<Answer> {
    let headers = response.headers().iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let (status, headers) = (response.status().as_u16(), headers.collect());
    let text = response.text().await?;
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone())) };
    Ok(Answer { status, headers, body, raw: text })
}

/// The body of a login as in clouds.yaml, by password.
fn by_password(auth: &Value) -> Value {
    let domain = json!({"id": "default"});
    let user = json!({"name": auth["username"], "domain": domain, "password": auth["password"]});
    let scope = json!({"project": {"name": auth["project_name"], "domain": domain}});
    json!({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}})
}

async fn log_in(http: &Client, auth_url: &str, body: &Value) -> Result<Login> {
    let answer = read(http.post(format!("{auth_url}/auth/tokens")).json(body).send().await?).await?;
    if answer.status != 201 {
        bail!("Keystone refused the login with {}: {}", answer.status, answer.body);
    }
    let token = answer.headers.get("x-subject-token").context("Keystone gave no token")?.clone();
    let mut endpoints = BTreeMap::new();
    for service in answer.body["token"]["catalog"].as_array().into_iter().flatten() {
        let public = service["endpoints"].as_array().into_iter().flatten().find(|one| one["interface"] == "public");
        let url = public.and_then(|one| one["url"].as_str());
        if let (Some(name), Some(url)) = (service["type"].as_str(), url) {
            endpoints.insert(name.to_owned(), url.trim_end_matches('/').to_owned());
        }
    }
    Ok(Login { token, project: text(&answer.body, "/token/project/id")?, user: text(&answer.body, "/token/user/id")?, endpoints })
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned).with_context(|| format!("there is no {pointer}"))
}
