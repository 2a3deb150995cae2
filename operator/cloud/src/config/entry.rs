//! `clouds.yaml` as it is written: every key optional, unknown keys passed over.

use super::secret::Secret;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The whole file.
#[derive(Deserialize)]
pub(super) struct File {
    pub clouds: Option<BTreeMap<String, Option<Entry>>>,
}

/// One cloud.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    pub auth: Option<Auth>,
    pub auth_type: Option<String>,
    pub profile: Option<String>,
    pub cloud: Option<String>,
    pub region_name: Option<String>,
    pub interface: Option<String>,
    pub endpoint_type: Option<String>,
    pub verify: Option<String>,
    pub insecure: Option<String>,
    pub cacert: Option<String>,
    pub cert: Option<Secret>,
    pub key: Option<Secret>,
    pub compute_endpoint_override: Option<String>,
    pub network_endpoint_override: Option<String>,
    pub image_endpoint_override: Option<String>,
    pub volume_endpoint_override: Option<String>,
    pub volumev3_endpoint_override: Option<String>,
    pub block_storage_endpoint_override: Option<String>,
}

/// The part that proves who we are.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Auth {
    pub auth_url: Option<String>,
    pub username: Option<String>,
    pub user_id: Option<String>,
    pub password: Option<Secret>,
    #[serde(alias = "tenant_id")]
    pub project_id: Option<String>,
    #[serde(alias = "tenant_name")]
    pub project_name: Option<String>,
    pub user_domain_id: Option<String>,
    pub user_domain_name: Option<String>,
    pub project_domain_id: Option<String>,
    pub project_domain_name: Option<String>,
    pub domain_id: Option<String>,
    pub domain_name: Option<String>,
    pub default_domain_id: Option<String>,
    pub default_domain_name: Option<String>,
    pub application_credential_id: Option<String>,
    pub application_credential_name: Option<String>,
    pub application_credential_secret: Option<Secret>,
    pub token: Option<Secret>,
    pub trust_id: Option<String>,
    pub system_scope: Option<String>,
}

/// A key that is there and says something.
pub(super) trait Text {
    /// The text without the blanks around it; nothing if it is empty.
    fn text(&self) -> Option<&str>;
}

impl Text for Option<String> {
    fn text(&self) -> Option<&str> {
        self.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }
}
