//! An application credential with the access rules that Gantry ships: each rule is needed and suffices, everything else is denied.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client;
use super::life::{self, Ids};
use super::runner::Count;
use super::session::{Answer, Ask, Session};
use super::values::Values;
use crate::lab::cloud::Which;

/// Name of the group.
pub const NAME: &str = "access rules";
/// What Gantry asks an administrator for.
const RULES: &str = include_str!("../../../operator/cloud/access-rules.json");
/// Why the simulator is not asked.
const NOT_SIMULATED: &str = "the simulator knows no access rules";
const SECRET: &str = "contract-access";
const NOWHERE: &str = "00000000-0000-0000-0000-000000000000";
/// Calls of a member that no rule may allow: service, method, path.
const DENIED: [(&str, &str, &str); 24] = [
    ("compute", "GET", "/servers"),
    ("compute", "PUT", "/servers/{server}"),
    ("compute", "POST", "/servers/{server}/action"),
    ("compute", "POST", "/servers/{server}/remote-consoles"),
    ("compute", "POST", "/servers/{server}/metadata"),
    ("compute", "PUT", "/servers/{server}/tags/other"),
    ("compute", "GET", "/servers/{server}/os-interface"),
    ("compute", "POST", "/servers/{server}/os-volume_attachments"),
    ("compute", "GET", "/os-keypairs"),
    ("compute", "POST", "/os-keypairs"),
    ("compute", "GET", "/os-hypervisors"),
    ("compute", "POST", "/flavors"),
    ("network", "POST", "/v2.0/networks"),
    ("network", "DELETE", "/v2.0/networks/{network}"),
    ("network", "POST", "/v2.0/subnets"),
    ("network", "POST", "/v2.0/security-groups"),
    ("network", "POST", "/v2.0/security-group-rules"),
    ("network", "POST", "/v2.0/routers"),
    ("image", "POST", "/v2/images"),
    ("image", "DELETE", "/v2/images/{image}"),
    ("volume", "POST", "/volumes/{volume}/action"),
    ("volume", "POST", "/snapshots"),
    ("identity", "GET", "/users/{user}/application_credentials"),
    ("identity", "GET", "/auth/projects"),
];

/// A rule as Keystone has it.
#[derive(Clone, Debug, Deserialize)]
struct Rule {
    service: String,
    method: String,
    path: String,
}

/// Runs the group on the real Keystone.
///
/// # Errors
/// If the credential cannot be made.
pub async fn run(session: &Session, seed: &Values, which: Which) -> Result<Count> {
    let rules: Vec<Rule> = serde_json::from_str(RULES).context("operator/cloud/access-rules.json")?;
    let mut count = Count::default();
    if which == Which::Simulated {
        let names = rules.iter().map(|rule| format!("{} {}", rule.method, rule.path));
        count.not_applicable.extend(
            names.chain(DENIED.iter().map(|(_, method, path)| format!("{method} {path}"))).map(|name| (name, NOT_SIMULATED.to_owned())),
        );
        return Ok(count);
    }
    let credential = create(session).await?;
    let parts = Parts::make(session, seed).await?;
    let token = format!("token:{}", session.log_in(&login(&credential)).await?.token);
    for rule in &rules {
        let outcome = allowed(session, rule, &parts, &token).await;
        count.note(&format!("{} {} {} is allowed", rule.method, rule.service, rule.path), outcome);
    }
    for (service, method, path) in DENIED {
        let outcome = denied(session, (service, method, &parts.fill(path)), &token).await;
        count.note(&format!("{method} {service} {path} is denied"), outcome);
    }
    let entry = clouds_yaml(&session.auth_url, &credential);
    let whole = life::live(&client::connect(&entry, "restricted")?, &Ids::new(seed)?).await;
    count.note("the life of a host by the rules alone", whole);
    delete(session, &credential).await?;
    Ok(count)
}

/// A thing of each kind, to be looked at.
struct Parts(BTreeMap<&'static str, String>);

impl Parts {
    async fn make(session: &Session, seed: &Values) -> Result<Self> {
        let known = |name: &str| anyhow::Ok(seed.get(name)?.as_str().unwrap_or_default().to_owned());
        let (image, network, public, project, user) =
            (known("image")?, known("network")?, known("public")?, known("project")?, known("user")?);
        let volume = json!({"volume": {"name": "access", "size": 1}});
        let server = json!({"server": {"name": "access", "flavorRef": known("small")?, "imageRef": image, "networks": "none"}});
        let made = [
            ("server", "compute", "/servers", "/server/id", server),
            ("port", "network", "/v2.0/ports", "/port/id", json!({"port": {"network_id": network}})),
            ("floatingip", "network", "/v2.0/floatingips", "/floatingip/id", json!({"floatingip": {"floating_network_id": public}})),
            (
                "group",
                "compute",
                "/os-server-groups",
                "/server_group/id",
                json!({"server_group": {"name": "access", "policy": "affinity"}}),
            ),
            ("volume", "volume", "/volumes", "/volume/id", volume),
        ];
        let mut parts = BTreeMap::from([("image", image), ("network", network), ("project", project), ("user", user)]);
        for (name, service, path, pointer, body) in made {
            let answer = send(session, "demo", (service, "POST", path), body).await?;
            let id = answer
                .body
                .pointer(pointer)
                .and_then(Value::as_str)
                .with_context(|| format!("POST {path}: {} {}", answer.status, answer.body))?;
            parts.insert(name, id.to_owned());
        }
        Ok(Self(parts))
    }

    fn fill(&self, path: &str) -> String {
        self.0.iter().fold(path.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
    }

    /// The path of a rule with the id that belongs to what stands before its placeholder.
    fn of_rule(&self, rule: &Rule) -> Result<String> {
        let kinds = [
            ("servers", "server"),
            ("ports", "port"),
            ("images", "image"),
            ("floatingips", "floatingip"),
            ("os-server-groups", "group"),
            ("volumes", "volume"),
            ("quotas", "project"),
            ("networks", "network"),
            ("v3", "project"),
        ];
        let mut before = "";
        let mut path = String::new();
        for piece in rule.path.split('/').skip(1) {
            let id = if piece.starts_with('{') {
                let kind = kinds.iter().find(|(word, _)| *word == before).with_context(|| format!("no id for {}", rule.path))?.1;
                let real = rule.method == "GET" || kind == "project";
                if real { self.0[kind].clone() } else { NOWHERE.to_owned() }
            } else {
                piece.to_owned()
            };
            path = format!("{path}/{id}");
            before = piece;
        }
        Ok(path)
    }
}

/// A look finds something, a deletion of nothing is 404, a creation from nothing is 400: none is 401.
async fn allowed(session: &Session, rule: &Rule, parts: &Parts, token: &str) -> Result<()> {
    let path = parts.of_rule(rule)?;
    let below = path.strip_prefix(&session.base_path(&rule.service)?).with_context(|| format!("{path} is not below the endpoint"))?;
    let (body, wanted) = match rule.method.as_str() {
        "GET" => (Value::Null, 200),
        "DELETE" => (Value::Null, 404),
        _ => (json!({}), 400),
    };
    let answer = send(session, token, (&rule.service, &rule.method, below), body).await?;
    ensure!(answer.status == wanted, "wanted {wanted}, found {} {}", answer.status, answer.body);
    Ok(())
}

async fn denied(session: &Session, call: (&str, &str, &str), token: &str) -> Result<()> {
    let body = if call.1 == "GET" || call.1 == "DELETE" { Value::Null } else { json!({}) };
    let answer = send(session, token, call, body).await?;
    ensure!(answer.status == 401, "wanted 401, found {} {}", answer.status, answer.body);
    Ok(())
}

async fn send(session: &Session, who: &str, (service, method, path): (&str, &str, &str), body: Value) -> Result<Answer> {
    let (method, service, path, who) = (method.to_owned(), service.to_owned(), path.to_owned(), who.to_owned());
    session.send(&Ask { method, service, path, body, who, headers: BTreeMap::new() }).await
}

fn path_of_credentials(session: &Session) -> String {
    format!("/users/{}/application_credentials", session.demo.user)
}

async fn create(session: &Session) -> Result<String> {
    let rules: Value = serde_json::from_str(RULES)?;
    let body = json!({"application_credential": {"name": "contract-access", "secret": SECRET, "access_rules": rules}});
    let answer = send(session, "demo", ("identity", "POST", &path_of_credentials(session)), body).await?;
    let Some(id) = answer.body.pointer("/application_credential/id").and_then(Value::as_str) else {
        bail!("Keystone refused the application credential: {} {}", answer.status, answer.body);
    };
    Ok(id.to_owned())
}

/// The credential goes, and with it the rules that Keystone keeps for the user.
async fn delete(session: &Session, credential: &str) -> Result<()> {
    send(session, "demo", ("identity", "DELETE", &format!("{}/{credential}", path_of_credentials(session))), Value::Null).await?;
    let path = format!("/users/{}/access_rules", session.demo.user);
    let rules = send(session, "demo", ("identity", "GET", &path), Value::Null).await?;
    let ids: BTreeSet<&str> = rules.body["access_rules"].as_array().into_iter().flatten().filter_map(|rule| rule["id"].as_str()).collect();
    for id in ids {
        send(session, "demo", ("identity", "DELETE", &format!("{path}/{id}")), Value::Null).await?;
    }
    Ok(())
}

fn login(credential: &str) -> Value {
    json!({"auth": {"identity": {"methods": ["application_credential"], "application_credential": {"id": credential, "secret": SECRET}}}})
}

fn clouds_yaml(auth_url: &str, credential: &str) -> String {
    format!(
        "clouds:\n  restricted:\n    auth_type: v3applicationcredential\n    auth:\n      auth_url: {auth_url}\n      \
         application_credential_id: {credential}\n      application_credential_secret: {SECRET}\n    region_name: RegionOne\n"
    )
}
