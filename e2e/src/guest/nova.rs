//! The booter's view of an OpenStack: password authentication, the list of all servers, one server by id.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::server::Server;

/// Microversion of every compute request.
const MICROVERSION: &str = "2.96";

/// Longest wait for one answer.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(60);

/// Most pages of one list; Nova shows up to 1,000 servers a page.
const PAGES_MAX: usize = 100;

/// One entry of a `clouds.yaml`. It holds a password, so it has no `Debug`.
#[derive(Clone, Deserialize)]
pub struct CloudEntry {
    auth: Auth,
    region_name: Option<String>,
}

#[derive(Clone, Deserialize)]
struct Auth {
    auth_url: String,
    username: String,
    password: String,
    project_name: String,
    user_domain_name: Option<String>,
    user_domain_id: Option<String>,
    project_domain_name: Option<String>,
    project_domain_id: Option<String>,
}

/// A domain in a Keystone request: by name, else by id, else the default domain.
fn domain(name: Option<&str>, id: Option<&str>) -> Value {
    match name {
        Some(name) => json!({ "name": name }),
        None => json!({ "id": id.unwrap_or("default") }),
    }
}

#[derive(Deserialize)]
struct CloudsFile {
    clouds: std::collections::BTreeMap<String, Value>,
}

impl CloudEntry {
    /// Reads entry `cloud` of the text of a `clouds.yaml`.
    ///
    /// # Errors
    /// Text that is no clouds.yaml, or has no such entry with a user name and a password.
    pub fn read(text: &str, cloud: &str) -> Result<Self> {
        let mut file: CloudsFile = serde_saphyr::from_str(text).map_err(|_| anyhow::anyhow!("the file is not a clouds.yaml"))?;
        let entry = file.clouds.remove(cloud).with_context(|| format!("clouds.yaml has no cloud {cloud:?}"))?;
        serde_json::from_value(entry)
            .map_err(|_| anyhow::anyhow!("cloud {cloud:?} of clouds.yaml needs auth with auth_url, username, password and project_name"))
    }
}

/// A session with one cloud.
pub struct Nova {
    http: reqwest::Client,
    entry: CloudEntry,
    session: Option<Session>,
}

struct Session {
    token: String,
    compute: String,
}

impl Nova {
    /// Makes a session; it authenticates at the first request.
    ///
    /// # Errors
    /// A TLS set-up that fails.
    pub fn new(entry: CloudEntry) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(ANSWER_WAIT_MAX).build()?;
        Ok(Self { http, entry, session: None })
    }

    /// The servers of every project, or with `since` those that changed after it, deleted ones included. A list never
    /// proves absence: see [`Nova::server`].
    ///
    /// # Errors
    /// No answer, or one that is not a list.
    pub async fn servers(&mut self, since: Option<Timestamp>) -> Result<Vec<Server>> {
        let since = since.map_or_else(String::new, |time| format!("&changes-since={time:.0}"));
        let mut servers = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let query = marker.take().map_or_else(String::new, |id| format!("&marker={id}"));
            let (status, body) = self.get(&format!("/servers/detail?all_tenants=1{since}{query}")).await?;
            ensure!(status == StatusCode::OK, "GET /servers/detail answered {status}");
            let entries = body["servers"].as_array().context("GET /servers/detail answered no list")?;
            servers.extend(entries.iter().filter_map(Server::read));
            let has_more = body["servers_links"].as_array().is_some_and(|links| links.iter().any(|link| link["rel"] == "next"));
            match entries.last().and_then(|entry| entry["id"].as_str()) {
                Some(last) if has_more => marker = Some(last.to_owned()),
                _ => return Ok(servers),
            }
        }
        bail!("GET /servers/detail has more than {PAGES_MAX} pages")
    }

    /// One server by id; `None` only if Nova says 404.
    ///
    /// # Errors
    /// No answer, or one that is neither 200 nor 404.
    pub async fn server(&mut self, id: &str) -> Result<Option<Server>> {
        let (status, body) = self.get(&format!("/servers/{id}")).await?;
        match status {
            StatusCode::OK => Ok(Some(Server::read(&body["server"]).context("GET /servers/<id> answered no server")?)),
            StatusCode::NOT_FOUND => Ok(None),
            other => bail!("GET /servers/{id} answered {other}"),
        }
    }

    /// GETs, with a new token if the old one ran out.
    async fn get(&mut self, path: &str) -> Result<(StatusCode, Value)> {
        let answer = self.get_once(path).await?;
        if answer.0 != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        self.session = None;
        self.get_once(path).await
    }

    async fn get_once(&mut self, path: &str) -> Result<(StatusCode, Value)> {
        if self.session.is_none() {
            self.session = Some(self.authenticate().await?);
        }
        let session = self.session.as_ref().context("no session")?;
        let request = self.http.request(Method::GET, format!("{}{path}", session.compute));
        let request = request.header("X-Auth-Token", &session.token).header("OpenStack-API-Version", format!("compute {MICROVERSION}"));
        let response = request.send().await.context("the compute service did not answer")?;
        let status = response.status();
        let body = response.json().await.unwrap_or(Value::Null);
        Ok((status, body))
    }

    async fn authenticate(&self) -> Result<Session> {
        let auth = &self.entry.auth;
        let user_domain = domain(auth.user_domain_name.as_deref(), auth.user_domain_id.as_deref());
        let project_domain = domain(auth.project_domain_name.as_deref(), auth.project_domain_id.as_deref());
        let user = json!({ "name": auth.username, "domain": user_domain, "password": auth.password });
        let project = json!({ "name": auth.project_name, "domain": project_domain });
        let body = json!({ "auth": {
            "identity": { "methods": ["password"], "password": { "user": user } },
            "scope": { "project": project },
        } });
        let url = format!("{}/auth/tokens", keystone_v3(&auth.auth_url));
        let response = self.http.post(url).json(&body).send().await.context("Keystone did not answer")?;
        ensure!(response.status() == StatusCode::CREATED, "Keystone refused the password with {}", response.status());
        let token = response.headers().get("X-Subject-Token").and_then(|value| value.to_str().ok());
        let token = token.context("Keystone gave no token")?.to_owned();
        let body: Value = response.json().await.context("Keystone's answer is not JSON")?;
        let compute = endpoint(&body["token"]["catalog"], self.entry.region_name.as_deref());
        let compute = compute.context("Keystone's catalog has no public compute endpoint in this region")?;
        Ok(Session { token, compute })
    }
}

fn keystone_v3(auth_url: &str) -> String {
    let url = auth_url.trim_end_matches('/');
    if url.ends_with("/v3") { url.to_owned() } else { format!("{url}/v3") }
}

fn endpoint(catalog: &Value, region: Option<&str>) -> Option<String> {
    let service = catalog.as_array()?.iter().find(|service| service["type"] == "compute")?;
    let endpoints = service["endpoints"].as_array()?.iter().filter(|endpoint| endpoint["interface"] == "public");
    let mut in_region = endpoints.filter(|endpoint| region.is_none_or(|name| endpoint["region"] == name || endpoint["region_id"] == name));
    Some(in_region.next()?["url"].as_str()?.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOUDS: &str = "clouds:\n  admin:\n    auth: {auth_url: 'http://127.0.0.1/identity', username: admin, password: secret, project_name: admin}\n    region_name: RegionOne\n  broken: {}\n";

    #[test]
    fn an_entry_of_clouds_yaml_is_read() {
        let entry = CloudEntry::read(CLOUDS, "admin").unwrap();
        assert_eq!(keystone_v3(&entry.auth.auth_url), "http://127.0.0.1/identity/v3");
        assert_eq!(domain(entry.auth.user_domain_name.as_deref(), None), json!({ "id": "default" }));
    }

    #[test]
    fn a_missing_or_broken_entry_is_told_without_its_secrets() {
        assert!(CloudEntry::read(CLOUDS, "other").err().unwrap().to_string().contains("no cloud"));
        assert!(CloudEntry::read(CLOUDS, "broken").err().unwrap().to_string().contains("needs auth"));
    }

    #[test]
    fn the_public_endpoint_of_the_region_is_taken() {
        let catalog = json!([{ "type": "compute", "endpoints": [
            { "interface": "internal", "region": "RegionOne", "url": "http://internal" },
            { "interface": "public", "region": "RegionTwo", "url": "http://two" },
            { "interface": "public", "region": "RegionOne", "url": "http://one/" },
        ] }]);
        assert_eq!(endpoint(&catalog, Some("RegionOne")).as_deref(), Some("http://one"));
    }
}
