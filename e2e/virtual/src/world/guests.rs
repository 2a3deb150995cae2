//! Guests: an ACTIVE server whose user data holds a live token becomes a node; one that is off or gone takes its node's readiness with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::inventory::{Inventory, Server};
use super::nodes::{self, Readiness};
use super::user_data::Join;
use crate::api::ApiServer;

/// From ACTIVE to cloud-init.
const BOOT_S: std::ops::Range<i64> = 3..7;
/// From registration to Ready.
const READY_AFTER: SignedDuration = SignedDuration::from_secs(2);
/// A kubelet's silence is noticed after this (node-monitor-grace-period).
const SILENCE: SignedDuration = SignedDuration::from_secs(40);
/// kubeadm asks again this often ...
const JOIN_AGAIN: SignedDuration = SignedDuration::from_secs(5);
/// ... and gives up after this; cloud-init does not run it twice.
const JOIN_PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// Whether guests of this world can join.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Image {
    /// They do.
    #[default]
    Good,
    /// They boot and never join.
    NeverJoins,
    /// They join and never become ready.
    NeverReady,
    /// They join with a taint that nobody lifts and no pod tolerates.
    ForeignTaint,
    /// Their nodes have half of the CPU that is expected of them.
    HalfTheCpu,
}

/// All guests by server id.
#[derive(Debug, Default)]
pub struct Guests {
    guests: BTreeMap<String, Guest>,
    key: Option<rcgen::KeyPair>,
    /// What they boot from.
    pub image: Image,
    /// Secrets of tokens that guests have read, for the checks.
    pub tokens_seen: Vec<String>,
}

#[derive(Debug)]
struct Guest {
    node: String,
    state: State,
}

#[derive(Debug)]
enum State {
    Boots { at: Timestamp, gives_up: Timestamp },
    Asks { request: String, join: Box<Join> },
    Registered { at: Timestamp },
    Up,
    Silent { since: Timestamp, is_told: bool },
    Never,
}

impl Guests {
    /// Everything that is due.
    pub fn tick(&mut self, api: &ApiServer, inventory: &Inventory, random: &mut StdRng, now: Timestamp) {
        for server in &inventory.servers {
            // A server without user data is a guest only if it was one before the world began.
            if server.status == "ACTIVE" && (server.user_data.is_some() || self.guests.contains_key(&server.id)) {
                self.run(api, server, random, now);
            } else if let Some(guest) = self.guests.get_mut(&server.id) {
                guest.fall_silent(now);
            }
        }
        let gone: Vec<String> =
            self.guests.keys().filter(|id| !inventory.servers.iter().any(|server| server.id == **id)).cloned().collect();
        for id in &gone {
            if let Some(guest) = self.guests.get_mut(id) {
                guest.fall_silent(now);
            }
        }
        self.guests.values_mut().for_each(|guest| guest.tell_silence(api, now));
        self.guests.retain(|id, guest| !gone.contains(id) || !guest.is_forgotten(api));
    }

    /// Whether something will happen by itself.
    pub fn is_busy(&self) -> bool {
        self.guests.values().any(|guest| !matches!(guest.state, State::Up | State::Never | State::Silent { is_told: true, .. }))
    }

    /// Whether the node of this name is one of a guest that runs.
    pub fn runs(&self, node: &str) -> bool {
        self.guests.values().any(|guest| guest.node == node && matches!(guest.state, State::Up | State::Registered { .. }))
    }

    /// A guest that joined before the world began.
    pub fn seed(&mut self, server_id: &str, node: &str) {
        self.guests.insert(server_id.into(), Guest { node: node.into(), state: State::Up });
    }

    fn run(&mut self, api: &ApiServer, server: &Server, random: &mut StdRng, now: Timestamp) {
        let image = self.image;
        let guest = self.guests.entry(server.id.clone()).or_insert_with(|| {
            let at = now + SignedDuration::from_secs(random.random_range(BOOT_S));
            Guest { node: server.name.clone(), state: State::Boots { at, gives_up: at + JOIN_PATIENCE } }
        });
        guest.state = match std::mem::replace(&mut guest.state, State::Never) {
            State::Boots { at, gives_up } if now >= at => boot(api, server, image, key(&mut self.key), &mut self.tokens_seen, now)
                .unwrap_or(if now >= gives_up { State::Never } else { State::Boots { at: now + JOIN_AGAIN, gives_up } }),
            State::Asks { request, join } => register(api, server, image, request, join, now),
            State::Registered { at } if now >= at && image != Image::NeverReady => {
                api.edit("nodes", "", &guest.node, |node| nodes::set_readiness(node, Readiness::Ready, now));
                State::Up
            }
            State::Silent { .. } => State::Registered { at: now + READY_AFTER },
            other => other,
        };
    }
}

impl Guest {
    fn fall_silent(&mut self, now: Timestamp) {
        if matches!(self.state, State::Up | State::Registered { .. }) {
            self.state = State::Silent { since: now, is_told: false };
        } else if !matches!(self.state, State::Silent { .. }) {
            self.state = State::Silent { since: now, is_told: true };
        }
    }

    fn tell_silence(&mut self, api: &ApiServer, now: Timestamp) {
        if let State::Silent { since, is_told } = &mut self.state
            && !*is_told
            && now.duration_since(*since) >= SILENCE
        {
            *is_told = true;
            api.edit("nodes", "", &self.node, |node| nodes::set_readiness(node, Readiness::Silent, now));
        }
    }

    fn is_forgotten(&self, api: &ApiServer) -> bool {
        matches!(self.state, State::Silent { is_told: true, .. } | State::Never) || api.get("nodes", "", &self.node).is_none()
    }
}

/// cloud-init and the begin of `kubeadm join`; `None` if it has to be tried again.
fn boot(
    api: &ApiServer,
    server: &Server,
    image: Image,
    key: Option<&rcgen::KeyPair>,
    seen: &mut Vec<String>,
    now: Timestamp,
) -> Option<State> {
    if image == Image::NeverJoins {
        return Some(State::Never);
    }
    let join = match Join::read(server.user_data.as_deref()?, &server.id) {
        Ok(join) => join,
        Err(error) => {
            tracing::warn!(target: "world", server = server.name, "this guest never joins: {error:#}");
            return Some(State::Never);
        }
    };
    if !seen.contains(&join.token.1) {
        seen.push(join.token.1.clone());
    }
    if !is_live(api, &join, now) || api.get("nodes", "", &join.name).is_some_and(|node| nodes::is_ready(&node)) {
        return None;
    }
    let name = format!("node-csr-{}", server.id);
    let asked = json!({
        "metadata": {"name": name},
        "spec": {
            "request": signing_request(&join.name, key?)?,
            "signerName": "kubernetes.io/kube-apiserver-client-kubelet",
            "usages": ["digital signature", "client auth"],
            "username": format!("system:bootstrap:{}", join.token.0),
            "groups": ["system:bootstrappers", "system:bootstrappers:gantry", "system:authenticated"],
        },
    });
    let _ = api.put("certificatesigningrequests", asked);
    Some(State::Asks { request: name, join: Box::new(join) })
}

/// Whether the API server would believe the token.
fn is_live(api: &ApiServer, join: &Join, now: Timestamp) -> bool {
    use base64::Engine;
    let Some(secret) = api.get("secrets", "kube-system", &format!("bootstrap-token-{}", join.token.0)) else { return false };
    let text = |key: &str| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(secret["data"][key].as_str()?).ok()?;
        String::from_utf8(bytes).ok()
    };
    let is_young = text("expiration").and_then(|end| end.parse::<Timestamp>().ok()).is_some_and(|end| end > now);
    text("token-secret").as_deref() == Some(&join.token.1) && is_young
}

fn register(api: &ApiServer, server: &Server, image: Image, request: String, join: Box<Join>, now: Timestamp) -> State {
    let asked: Option<Arc<Value>> = api.get("certificatesigningrequests", "", &request);
    let verdict = |type_: &str| {
        let conditions = asked.as_ref().and_then(|asked| asked["status"]["conditions"].as_array().cloned());
        conditions.is_some_and(|all| all.iter().any(|condition| condition["type"] == type_))
    };
    if asked.is_none() || verdict("Denied") {
        return State::Never;
    }
    if !verdict("Approved") {
        return State::Asks { request, join };
    }
    api.edit("certificatesigningrequests", "", &request, |asked| asked["status"]["certificate"] = "Q0VSVA==".into());
    let address = server.addresses.first().map(String::as_str).unwrap_or_default();
    let mut node = nodes::registration(&join, &server.id, (server.flavor.vcpus, server.flavor.memory_mib), address, now);
    match image {
        Image::ForeignTaint => nodes::taint(&mut node, "example.com/foreign"),
        Image::HalfTheCpu => node["status"]["allocatable"]["cpu"] = format!("{}m", server.flavor.vcpus * 500).into(),
        Image::Good | Image::NeverJoins | Image::NeverReady => {}
    }
    if api.put("nodes", node.clone()).is_err() {
        // A kubelet takes over a node of its name.
        api.edit("nodes", "", &join.name, |old| old["status"] = node["status"].clone());
    }
    State::Registered { at: now + READY_AFTER }
}

/// One key for all guests: nobody looks at it.
fn key(kept: &mut Option<rcgen::KeyPair>) -> Option<&rcgen::KeyPair> {
    if kept.is_none() {
        *kept = rcgen::KeyPair::generate().ok();
    }
    kept.as_ref()
}

/// A kubelet's request for its client certificate: base64 of PEM, as the API has it.
fn signing_request(node: &str, key: &rcgen::KeyPair) -> Option<String> {
    use base64::Engine;
    let mut params = rcgen::CertificateParams::new(Vec::new()).ok()?;
    let mut name = rcgen::DistinguishedName::new();
    name.push(rcgen::DnType::OrganizationName, "system:nodes");
    name.push(rcgen::DnType::CommonName, format!("system:node:{node}"));
    params.distinguished_name = name;
    let pem = params.serialize_request(key).ok()?.pem().ok()?;
    Some(base64::engine::general_purpose::STANDARD.encode(pem))
}
