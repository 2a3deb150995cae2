//! The clouds.yaml that clients of the simulator are given.
use std::fmt::Write as _;

use crate::state::Cloud;

/// Entries `openstack` (demo's password), `openstack-appcred` (demo's application credential) and `admin`.
pub(crate) fn render(cloud: &Cloud) -> String {
    let mut yaml = "clouds:\n".to_owned();
    for (entry, user) in [("openstack", "demo"), ("admin", "admin")] {
        if let Some(user) = cloud.identity.user_named(user) {
            let auth = format!(
                "username: {0}\n      password: {1}\n      project_name: {0}\n      user_domain_id: default\n      project_domain_id: default",
                user.name, user.password
            );
            write_entry(&mut yaml, cloud, entry, "password", &auth);
        }
    }
    if let Some(credential) = cloud.identity.app_credentials.values().find(|own| own.name == "openstack-appcred") {
        let auth = format!("application_credential_id: {}\n      application_credential_secret: {}", credential.id, credential.secret);
        write_entry(&mut yaml, cloud, "openstack-appcred", "v3applicationcredential", &auth);
    }
    yaml
}

fn write_entry(yaml: &mut String, cloud: &Cloud, name: &str, kind: &str, auth: &str) {
    let (base, region) = (&cloud.base_url, &cloud.config.region);
    let _ = write!(
        yaml,
        "  {name}:\n    auth_type: {kind}\n    auth:\n      auth_url: {base}/identity/v3\n      {auth}\n    region_name: {region}\n    interface: public\n    identity_api_version: 3\n"
    );
}
