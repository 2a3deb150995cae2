//! The member's project as it was at the start: quotas put back, whatever cases left deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::session::{Ask, Session};

/// Longest wait until what was deleted is gone.
const GONE_LIMIT: Duration = Duration::from_secs(60);
/// Pause between two looks.
const POLL: Duration = Duration::from_millis(300);

/// What the project may use, by service and key, as at the start.
pub struct Quotas(Vec<(&'static str, String, &'static str, Map<String, Value>)>);

impl Quotas {
    /// Reads them.
    ///
    /// # Errors
    /// If Nova, Neutron or Cinder does not answer.
    pub async fn read(session: &Session) -> Result<Self> {
        let project = &session.demo.project;
        let mut all = Vec::new();
        for (service, path, key) in [
            ("compute", format!("/os-quota-sets/{project}"), "quota_set"),
            ("network", format!("/v2.0/quotas/{project}"), "quota"),
            ("volume", format!("/os-quota-sets/{project}"), "quota_set"),
        ] {
            let answer = admin(session, "GET", service, &path, Value::Null).await?;
            let numbers = answer[key].as_object().into_iter().flatten().filter(|(_, value)| value.is_i64());
            all.push((service, path, key, numbers.map(|(name, value)| (name.clone(), value.clone())).collect()));
        }
        Ok(Self(all))
    }

    /// Puts them back where they differ.
    ///
    /// # Errors
    /// If a service refuses.
    pub async fn restore(&self, session: &Session) -> Result<()> {
        for ((service, path, key, then), (_, _, _, now)) in self.0.iter().zip(Self::read(session).await?.0) {
            let changed: Map<String, Value> = then.iter().filter(|(name, value)| now.get(*name) != Some(value)).map(clone).collect();
            if !changed.is_empty() {
                admin(session, "PUT", service, path, json!({ *key: changed })).await?;
            }
        }
        Ok(())
    }
}

fn clone((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

/// Deletes the member's servers, floating IPs, ports, volumes, server groups and key pairs, and waits until they are gone.
///
/// # Errors
/// If something stays.
pub async fn sweep(session: &Session) -> Result<()> {
    let deadline = Instant::now() + GONE_LIMIT;
    loop {
        let left = delete_all(session).await?;
        if left.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("after {} s there still are {}", GONE_LIMIT.as_secs(), left.join(", "));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Asks for everything to be deleted; what was still there. Ports and volumes come after the servers that hold them.
async fn delete_all(session: &Session) -> Result<Vec<String>> {
    let mut left = servers(session).await?;
    left.extend(listed(session, "network", "/v2.0/floatingips", "floatingips").await?);
    if !left.is_empty() {
        return Ok(left);
    }
    left.extend(listed(session, "network", "/v2.0/ports", "ports").await?);
    left.extend(listed(session, "volume", "/volumes", "volumes").await?);
    left.extend(listed(session, "compute", "/os-server-groups", "server_groups").await?);
    left.extend(listed(session, "compute", "/os-keypairs", "keypairs").await?);
    Ok(left)
}

/// Servers may be locked by the administrator, whose deletion is refused like the member's.
async fn servers(session: &Session) -> Result<Vec<String>> {
    let mut left = Vec::new();
    for server in
        session.send(&ask("demo", "GET", "compute", "/servers/detail", Value::Null)).await?.body["servers"].as_array().into_iter().flatten()
    {
        let id = server["id"].as_str().unwrap_or_default();
        if server["locked"] == true {
            let _ = session.send(&ask("admin", "POST", "compute", &format!("/servers/{id}/action"), json!({"unlock": null}))).await?;
        }
        session.send(&ask("admin", "DELETE", "compute", &format!("/servers/{id}"), Value::Null)).await?;
        left.push(format!("server {id} ({})", server["status"].as_str().unwrap_or("?")));
    }
    Ok(left)
}

async fn listed(session: &Session, service: &str, path: &str, key: &str) -> Result<Vec<String>> {
    let mut left = Vec::new();
    for one in session.send(&ask("demo", "GET", service, path, Value::Null)).await?.body[key].as_array().into_iter().flatten() {
        // The router's ports belong to the project too; key pairs have names only, one level down.
        if one["device_owner"].as_str().is_some_and(|owner| owner.starts_with("network:")) {
            continue;
        }
        let id = one["id"].as_str().or(one["keypair"]["name"].as_str()).unwrap_or_default();
        session.send(&ask("demo", "DELETE", service, &format!("{path}/{id}"), Value::Null)).await?;
        left.push(format!("{key} {id}"));
    }
    Ok(left)
}

fn ask(who: &str, method: &str, service: &str, path: &str, body: Value) -> Ask {
    let (method, service, path, who) = (method.to_owned(), service.to_owned(), path.to_owned(), who.to_owned());
    Ask { method, service, path, body, who, headers: BTreeMap::new() }
}

async fn admin(session: &Session, method: &str, service: &str, path: &str, body: Value) -> Result<Value> {
    let answer = session.send(&ask("admin", method, service, path, body)).await?;
    if answer.status >= 300 {
        bail!("{method} {service} {path} was answered with {}: {}", answer.status, answer.body);
    }
    Ok(answer.body)
}
