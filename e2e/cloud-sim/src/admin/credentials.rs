//! Credentials that end before their time: a changed password, a deleted application credential.
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Refused};
use crate::state::Cloud;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Password {
    password: String,
}

/// The user's tokens end with the old password, as in Keystone; here also for the services' caches.
pub(super) fn set_password(cloud: &mut Cloud, name: &str, new: Password) -> Answer {
    let user = cloud.identity.users.values_mut().find(|user| user.name == name);
    let user = user.ok_or_else(|| Refused(404, format!("There is no user {name}.")))?;
    user.password = new.password;
    let id = user.id.clone();
    let expired = cloud.identity.expire_tokens(|token| token.caller.user == id && token.app_credential.is_none());
    Ok(json!({"expired": expired}))
}

/// Deletes an application credential, by id or name, and ends its tokens at once.
pub(super) fn revoke(cloud: &mut Cloud, id_or_name: &str) -> Answer {
    let mut all = cloud.identity.app_credentials.values();
    let found = all.find(|credential| credential.id == id_or_name || credential.name == id_or_name);
    let id = found.map(|credential| credential.id.clone());
    let id = id.ok_or_else(|| Refused(404, format!("There is no application credential {id_or_name}.")))?;
    cloud.identity.delete_app_credential(&id);
    let expired = cloud.identity.expire_tokens(|token| token.app_credential.as_deref() == Some(&id));
    Ok(json!({"expired": expired}))
}
