//! A user's look at an OpenStack, mostly its administrator's: not the client that is tested.

use std::path::Path;

use anyhow::{Context, Result, bail};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// Microversion of our looks at Nova.
const MICROVERSION: &str = "compute 2.96";

/// A user's view, mostly the administrator's: a token, the catalog, plain requests.
pub(super) struct Admin {
    client: Client,
    entry: Value,
    token: String,
    pub(super) project: String,
    pub(super) user: String,
    catalog: Value,
}

impl Admin {
    pub(super) async fn log_in(clouds_yaml: &Path, entry: &str) -> Result<Self> {
        let text = std::fs::read_to_string(clouds_yaml)?;
        let file: Value = serde_saphyr::from_str(&text)?;
        let mut admin = Self {
            client: Client::new(),
            entry: file["clouds"][entry].clone(),
            token: String::new(),
            project: String::new(),
            user: String::new(),
            catalog: Value::Null,
        };
        admin.renew().await?;
        Ok(admin)
    }

    async fn renew(&mut self) -> Result<()> {
        let auth = &self.entry["auth"];
        let user = json!({"name": auth["username"], "domain": {"id": "default"}, "password": auth["password"]});
        let scope = json!({"project": {"name": auth["project_name"], "domain": {"id": "default"}}});
        let body = json!({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}});
        let url = format!("{}/auth/tokens", auth["auth_url"].as_str().context("clouds.yaml has no auth_url")?.trim_end_matches('/'));
        let answer = self.client.post(url).json(&body).send().await?.error_for_status()?;
        self.token = answer.headers().get("x-subject-token").context("Keystone gave no token")?.to_str()?.to_owned();
        let mut body = answer.json::<Value>().await?;
        self.project = body["token"]["project"]["id"].as_str().unwrap_or_default().to_owned();
        self.user = body["token"]["user"]["id"].as_str().unwrap_or_default().to_owned();
        self.catalog = body["token"]["catalog"].take();
        Ok(())
    }

    fn endpoint(&self, service: &str) -> Result<String> {
        let services = self.catalog.as_array().into_iter().flatten();
        let endpoints = services.filter(|s| s["type"] == service).flat_map(|s| s["endpoints"].as_array().into_iter().flatten());
        let public = endpoints.into_iter().find(|e| e["interface"] == "public").context("the catalog lacks a service")?;
        Ok(public["url"].as_str().context("an endpoint without url")?.trim_end_matches('/').to_owned())
    }

    /// Ends a token, whoever has it.
    pub(super) async fn revoke(&self, token: &str) -> Result<()> {
        let url = self.entry["auth"]["auth_url"].as_str().context("clouds.yaml has no auth_url")?;
        let request = self.client.delete(format!("{}/auth/tokens", url.trim_end_matches('/')));
        request.header("X-Auth-Token", &self.token).header("X-Subject-Token", token).send().await?.error_for_status()?;
        Ok(())
    }

    /// A call of Keystone's.
    pub(super) async fn identity(&self, method: Method, path: &str, body: Value) -> Result<Value> {
        let url = self.entry["auth"]["auth_url"].as_str().context("clouds.yaml has no auth_url")?;
        let mut request = self.client.request(method, format!("{}{path}", url.trim_end_matches('/'))).header("X-Auth-Token", &self.token);
        // Keystone refuses a body where there should be none.
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await?.error_for_status()?;
        let text = answer.text().await?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub(super) async fn call(&mut self, method: Method, service: &str, path: &str, body: Option<Value>) -> Result<Value> {
        for attempt in 0..2 {
            let url = format!("{}{path}", self.endpoint(service)?);
            let mut request = self.client.request(method.clone(), &url).header("X-Auth-Token", &self.token);
            if service == "compute" {
                request = request.header("OpenStack-API-Version", MICROVERSION);
            }
            if let Some(body) = &body {
                request = request.json(body);
            }
            let answer = request.send().await?;
            if answer.status() == 401 && attempt == 0 {
                self.renew().await?;
                continue;
            }
            let (status, text) = (answer.status(), answer.text().await?);
            if !status.is_success() {
                bail!("{method} {path} was answered with {status}: {text}");
            }
            return Ok(serde_json::from_str(&text).unwrap_or(Value::Null));
        }
        bail!("{method} {path} was answered with 401 twice")
    }
}
