//! What happens to a cloud by other hands than the operator's: done as its administrator or as the project's user, on any OpenStack.

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};

use super::admin::Admin;
use super::cloud::{LabCloud, Which};

/// An application credential, as clouds.yaml wants it.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl LabCloud {
    /// Does something to a server, such as `{"os-stop": null}`.
    ///
    /// # Errors
    /// If Nova refuses.
    pub async fn act(&mut self, server: &str, action: Value) -> Result<()> {
        self.admin.call(Method::POST, "compute", &format!("/servers/{server}/action"), Some(action)).await.map(drop)
    }

    /// Whether Nova believes in the hypervisor of this zone.
    ///
    /// # Errors
    /// If there is no such hypervisor.
    pub async fn hypervisor(&mut self, zone: &str, up: bool) -> Result<()> {
        if self.which == Which::Simulated {
            let zones = gantry_cloud_sim::Config::default().zones;
            let count = zones.iter().find(|known| known.name == zone).map_or(0, |known| known.hypervisors);
            return (1..=count)
                .try_for_each(|n| self.simulator_admin("PUT", &format!("hypervisors/cn-{zone}-{n}"), json!({ "up": up })).map(drop));
        }
        let services = self.admin.call(Method::GET, "compute", "/os-services?binary=nova-compute", None).await?;
        let mut all = services["services"].as_array().into_iter().flatten();
        let service = all.find(|s| s["zone"] == zone || s["host"].as_str().is_some_and(|host| host.ends_with(zone)));
        let id = service.and_then(|s| s["id"].as_str()).with_context(|| format!("no nova-compute in {zone}: {services}"))?.to_owned();
        let body = json!({ "forced_down": !up });
        self.admin.call(Method::PUT, "compute", &format!("/os-services/{id}"), Some(body)).await.map(drop)
    }

    /// Ends a token.
    ///
    /// # Errors
    /// If Keystone refuses.
    pub async fn revoke(&self, token: &str) -> Result<()> {
        self.admin.revoke(token).await
    }

    /// Makes an application credential of the project's user.
    ///
    /// # Errors
    /// If Keystone refuses.
    pub async fn new_credential(&self, name: &str) -> Result<Credential> {
        let user = Admin::log_in(&self.clouds_yaml, "openstack").await?;
        let path = format!("/users/{}/application_credentials", user.user);
        let answer = user.identity(Method::POST, &path, json!({"application_credential": {"name": name}})).await?;
        let made = &answer["application_credential"];
        let text = |field: &str| made[field].as_str().map(str::to_owned).context("Keystone made no application credential");
        Ok(Credential { id: text("id")?, secret: text("secret")? })
    }

    /// Deletes an application credential.
    ///
    /// # Errors
    /// If Keystone refuses.
    pub async fn delete_credential(&self, id: &str) -> Result<()> {
        let user = Admin::log_in(&self.clouds_yaml, "openstack").await?;
        user.identity(Method::DELETE, &format!("/users/{}/application_credentials/{id}", user.user), Value::Null).await.map(drop)
    }

    /// Makes a server of the project's user, one that is not Gantry's, like `like` but for its metadata.
    ///
    /// # Errors
    /// If Nova refuses.
    pub async fn strangers_server(&mut self, name: &str, like: &gantry_crds::HostSpec) -> Result<String> {
        let mut user = Admin::log_in(&self.clouds_yaml, "openstack").await?;
        let network = like.ports.first().map(|port| port.network_id.clone()).context("the host has no port")?;
        let body =
            json!({"server": {"name": name, "flavorRef": like.flavor_id, "imageRef": like.image_id, "networks": [{"uuid": network}]}});
        let answer = user.call(Method::POST, "compute", "/servers", Some(body)).await?;
        answer["server"]["id"].as_str().map(str::to_owned).context("Nova made no server")
    }

    /// A server's status, or `None` if it is gone.
    ///
    /// # Errors
    /// If Nova does not answer.
    pub async fn server_status(&mut self, id: &str) -> Result<Option<String>> {
        let all = self.servers().await?;
        Ok(all.iter().find(|server| server["id"] == id).and_then(|server| server["status"].as_str()).map(str::to_owned))
    }
}
