//! A decision written down whole: what was known, how long was thought, what came of it. `gantry plan` makes it again from this.
//!
//! Pods name their spec and labels by number, as equal pods share them: 150,000 pods of some hundred templates stay small.

mod row;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_plan::model::{Cloud, DaemonSet, Host, Key, Labels, Node, PodSpec, Pool, Snapshot, Volumes};
use gantry_plan::{Command, Plan};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use row::{Row, Table};

/// The document's kind.
pub const KIND: &str = "Decision";
const API_VERSION: &str = "gantry.cloud/v1alpha1";

/// A decision that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Version of Gantry that decided.
    pub version: String,
    /// Units of effort that it spent.
    pub effort_used: u64,
    /// What it knew.
    pub snapshot: Snapshot,
    /// What it commanded.
    pub commands: Vec<Made>,
}

/// A command, as far as two plans are compared by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Made {
    /// A host was bought.
    CreateHost {
        /// For this pool.
        pool: Key,
        /// Flavor name.
        flavor: String,
        /// Zone.
        zone: String,
        /// Pods that are expected there.
        pods: Vec<Key>,
    },
    /// A host was let go.
    DeleteHost {
        /// This one.
        host: Key,
    },
}

impl From<&Command> for Made {
    fn from(command: &Command) -> Self {
        match command {
            Command::CreateHost { pool, flavor, zone, pods, .. } => {
                Self::CreateHost { pool: pool.clone(), flavor: flavor.clone(), zone: zone.clone(), pods: pods.clone() }
            }
            Command::DeleteHost { host, .. } => Self::DeleteHost { host: host.clone() },
        }
    }
}

impl std::fmt::Display for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CreateHost { pool, flavor, zone, pods } => write!(f, "create a {flavor} in {zone} for pool {pool}, {} pods", pods.len()),
            Self::DeleteHost { host } => write!(f, "delete host {host}"),
        }
    }
}

/// The document: borrowed to be written, owned when read. The plain name of a part of the model is that of the model's field.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: Cow<'a, str>,
    kind: Cow<'a, str>,
    version: Cow<'a, str>,
    effort_used: u64,
    commands: Vec<Made>,
    now: Timestamp,
    specs: Vec<Arc<PodSpec>>,
    labels: Vec<Arc<Labels>>,
    pods: Vec<Row<'a>>,
    nodes: Cow<'a, [Node]>,
    namespaces: Cow<'a, BTreeMap<String, Labels>>,
    volumes: Cow<'a, Volumes>,
    daemon_sets: Cow<'a, [DaemonSet]>,
    hosts: Cow<'a, [Host]>,
    pools: Cow<'a, [Pool]>,
    clouds: Cow<'a, BTreeMap<Key, Cloud>>,
}

/// Writes a decision as one JSON object. Nothing in it is secret: the model holds no credentials, environments or arguments.
pub fn write(snapshot: &Snapshot, plan: &Plan) -> String {
    let (mut specs, mut labels) = (Table::default(), Table::default());
    let pods = snapshot.pods.iter().map(|pod| Row::of(pod, &mut specs, &mut labels)).collect();
    let document = Document {
        api_version: API_VERSION.into(),
        kind: KIND.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        effort_used: plan.effort_used,
        commands: plan.commands.iter().map(Made::from).collect(),
        now: snapshot.now,
        specs: specs.into_values(),
        labels: labels.into_values(),
        pods,
        nodes: (&snapshot.nodes).into(),
        namespaces: Cow::Borrowed(&snapshot.namespaces),
        volumes: Cow::Borrowed(&snapshot.volumes),
        daemon_sets: (&snapshot.daemon_sets).into(),
        hosts: (&snapshot.hosts).into(),
        pools: (&snapshot.pools).into(),
        clouds: Cow::Borrowed(&snapshot.clouds),
    };
    serde_json::to_string(&document).expect("the model is JSON: its maps have text keys")
}

/// Reads a decision.
///
/// # Errors
/// If the text is no such document, in words; a field's path is named.
pub fn read(text: &str) -> Result<Decision, String> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let document: Document<'_> = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| error.to_string())?;
    if document.kind != KIND {
        return Err(format!("kind is {:?}, not {KIND}", document.kind));
    }
    let pods = document.pods.into_iter().enumerate().map(|(at, row)| {
        row.pod(&document.specs, &document.labels)
            .map(Arc::new)
            .ok_or_else(|| format!("pods[{at}] names a spec or labels that are not there"))
    });
    Ok(Decision {
        version: document.version.into_owned(),
        effort_used: document.effort_used,
        commands: document.commands,
        snapshot: Snapshot {
            now: document.now,
            pods: pods.collect::<Result<_, String>>()?,
            nodes: document.nodes.into_owned(),
            namespaces: document.namespaces.into_owned(),
            volumes: document.volumes.into_owned(),
            daemon_sets: document.daemon_sets.into_owned(),
            hosts: document.hosts.into_owned(),
            pools: document.pools.into_owned(),
            clouds: document.clouds.into_owned(),
        },
    })
}

#[cfg(test)]
mod tests;
