//! A lane: an operator behind a gate, with a namespace, nodes and a simulated OpenStack of its own, on a Kubernetes that many lanes share.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use gantry_cloud_sim::Config as SimConfig;
use k8s_openapi::api::core::v1::{Namespace, Node, Secret};
use kube::Api;
use kube::api::{DeleteParams, ListParams};
use serde_json::Value;

use super::cloud::LabCloud;
use super::gate::{Gate, Scope};
use super::keeper::Keeper;
use super::operator::{NAMESPACE, SERVICE_ACCOUNT, Settings};
use super::{Lab, objects};
use crate::guest::{Booter, Config as GuestConfig};
use crate::suite::manifests;

/// Label of a lane's nodes and selector of its pods; its value is the namespace.
pub const LABEL: &str = "lane";
/// The entry of clouds.yaml that lanes use.
const ENTRY: &str = "openstack-appcred";
/// A lane's cloud is as fast as a client can tell apart: its waits are not what is tested.
const BUILD: Duration = Duration::from_millis(150);
const OTHER: Duration = Duration::from_millis(60);
/// Pause between two looks of a lane's guests at their cloud.
const GUESTS_LOOK: Duration = Duration::from_millis(300);

/// Kinds that are taken away at the end, those with our finalizer first.
const KINDS: [(&str, &str, &str); 4] = [
    ("gantry.cloud", "v1alpha1", "Host"),
    ("gantry.cloud", "v1alpha1", "VMPool"),
    ("gantry.cloud", "v1alpha1", "OpenStackCloud"),
    ("", "v1", "Pod"),
];

/// What all lanes of a laboratory have in common.
pub struct Lanes {
    /// The laboratory.
    pub lab: Lab,
    token: String,
}

/// One lane.
pub struct Lane {
    /// Its namespace.
    pub namespace: String,
    /// Its cloud.
    pub cloud: LabCloud,
    /// Ids of everything that the cloud had at the beginning.
    pub before: BTreeSet<String>,
    /// What its operator's calls pass through.
    pub gate: Arc<Gate>,
    /// Its operator; `None` before it is started.
    pub keeper: Option<Keeper>,
    /// Its operator's log.
    pub log: PathBuf,
    booter: Booter,
    settings: Settings,
}

impl Lanes {
    /// Lets the operators of a laboratory, in which the chart is installed, have leases of other names.
    ///
    /// # Errors
    /// If the API server refuses.
    pub async fn new(lab: Lab) -> Result<Self> {
        allow_leases(&lab).await?;
        let token = super::operator::token(&lab).await?;
        Ok(Self { lab, token })
    }

    /// A lane of this name, with its cloud's credentials in place and the operator not yet started.
    ///
    /// # Errors
    /// If a part of it does not start.
    pub async fn open(&self, namespace: &str) -> Result<Lane> {
        let dir = self.lab.dir.join("lanes").join(namespace);
        std::fs::create_dir_all(&dir)?;
        let fast = SimConfig {
            build_latency: BUILD,
            delete_latency: OTHER,
            action_latency: OTHER,
            volume_latency: OTHER,
            volume_delete_latency: OTHER,
            ..SimConfig::default()
        };
        let cloud = LabCloud::simulated(&dir, fast).await?;
        let mut guests = GuestConfig::new(cloud.clouds_yaml.clone(), "admin", dir.join("guests"));
        guests.poll_every = GUESTS_LOOK;
        guests.light.ready_after = OTHER;
        let booter = Booter::start(guests).await?;
        let scope = Scope { namespace: Some(namespace.to_owned()), node_label: Some(format!("{LABEL}={namespace}")), cluster_uid: None };
        let gate = Arc::new(Gate::open(self.lab.control_plane.server(), self.lab.control_plane.ca_pem(), scope).await?);
        let settings = Settings {
            kubeconfig: gate.kubeconfig(&dir.join("kubeconfig"), &self.token, NAMESPACE)?,
            identity: namespace.to_owned(),
            lease: namespace.to_owned(),
            log: dir.join("operator.log"),
        };
        let access = manifests::cloud(namespace, &gate.clouds_yaml(&cloud.clouds_yaml_text()?), ENTRY);
        objects::create(&self.lab.client, &format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n---\n{access}"))
            .await?;
        let log = settings.log.clone();
        let before = ids(&cloud.simulator_admin("GET", "inventory", Value::Null)?);
        Ok(Lane { namespace: namespace.to_owned(), cloud, before, gate, keeper: None, log, booter, settings })
    }

    /// Takes a lane away by force, whatever is left of it.
    ///
    /// # Errors
    /// If the API server refuses.
    pub async fn close(&self, mut lane: Lane) -> Result<()> {
        if let Some(keeper) = lane.keeper {
            keeper.stop().await;
        }
        lane.cloud.stop().await?;
        lane.booter.stop().await;
        let client = &self.lab.client;
        for kind in KINDS {
            objects::remove_by_force(client, kind, &lane.namespace).await?;
        }
        let of_lane = ListParams::default().labels(&format!("{LABEL}={}", lane.namespace));
        Api::<Node>::all(client.clone()).delete_collection(&DeleteParams::default(), &of_lane).await?;
        Api::<Namespace>::all(client.clone()).delete(&lane.namespace, &DeleteParams::default()).await?;
        let secrets: Api<Secret> = Api::namespaced(client.clone(), "kube-system");
        for uid in lane.gate.tokens_for() {
            let of_host = ListParams::default().labels(&format!("{}={uid}", gantry_crds::LABEL_HOST_UID));
            secrets.delete_collection(&DeleteParams::default(), &of_host).await?;
        }
        Ok(())
    }
}

fn ids(inventory: &Value) -> BTreeSet<String> {
    let kinds = inventory.as_object().into_iter().flatten();
    let things = kinds.flat_map(|(_, things)| things.as_array().into_iter().flatten());
    things.filter_map(|thing| thing["id"].as_str().map(str::to_owned)).collect()
}

/// Lets the operator's ServiceAccount hold leases of any name in its namespace.
///
/// # Errors
/// If the API server refuses.
pub async fn allow_leases(lab: &Lab) -> Result<()> {
    let rights = format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: lanes, namespace: {NAMESPACE}}}\n\
         rules: [{{apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, update]}}]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: lanes, namespace: {NAMESPACE}}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: lanes}}\n\
         subjects: [{{kind: ServiceAccount, name: {SERVICE_ACCOUNT}, namespace: {NAMESPACE}}}]\n"
    );
    objects::create(&lab.client, &rights).await
}

impl Lane {
    /// Starts the operator; the gate starts it again whenever it kills it.
    pub fn start_operator(&mut self) {
        self.keeper = Some(Keeper::start(self.settings.clone(), self.gate.clone()));
    }

    /// Whether the operator runs, or has been killed by the gate alone.
    ///
    /// # Errors
    /// If it ended by itself.
    pub fn check(&self) -> Result<()> {
        self.keeper.as_ref().context("the operator was not started")?.check()
    }
}
