//! The body of `POST /servers`, checked against Nova's limits before it is sent: Nova's own refusals echo user data.

use super::limits::{metadata, name, tags, wrong};
use crate::{Result, Root, ServerSpec, USER_DATA_LIMIT_BYTES};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

/// Most hints beside the group: Nova names no limit, but takes no body beyond 112 KiB.
const HINTS_LIMIT: usize = 32;

/// The answer; its `adminPass` is not even read.
#[derive(Deserialize)]
pub(crate) struct Created {
    pub server: CreatedServer,
}

/// See [`Created`].
#[derive(Deserialize)]
pub(crate) struct CreatedServer {
    pub id: String,
}

/// The body.
///
/// # Errors
/// [`crate::Error::BadSpec`] if Nova would refuse it.
pub(crate) fn body(spec: &ServerSpec) -> Result<Value> {
    check(spec)?;
    let networks: Vec<Value> = spec.port_ids.iter().map(|id| json!({"port": id})).collect();
    let mut server = json!({
        "name": spec.name,
        "flavorRef": spec.flavor_id,
        "networks": networks,
        "metadata": metadata(&spec.metadata, &spec.mark)?,
        "tags": tags(&spec.tags, &spec.mark)?,
        "user_data": STANDARD.encode(&spec.user_data.0),
    });
    match &spec.root {
        Root::Image(id) => server["imageRef"] = json!(id),
        Root::Volume(id) => server["block_device_mapping_v2"] = json!([boot_volume(id)]),
    }
    if !spec.zone.is_empty() {
        server["availability_zone"] = json!(spec.zone);
    }
    if let Some(key_name) = &spec.key_name {
        server["key_name"] = json!(key_name);
    }
    if let Some(config_drive) = spec.config_drive {
        server["config_drive"] = json!(config_drive);
    }
    Ok(match hints(spec) {
        Some(hints) => json!({"server": server, "OS-SCH-HNT:scheduler_hints": hints}),
        None => json!({"server": server}),
    })
}

/// The volume is deleted by its id, like everything else, so Nova must leave it.
fn boot_volume(id: &str) -> Value {
    json!({"boot_index": 0, "uuid": id, "source_type": "volume", "destination_type": "volume", "delete_on_termination": false})
}

/// The group and the user's hints; a hint of one value is written as that value, as Nova's own filters differ in what they take.
fn hints(spec: &ServerSpec) -> Option<Value> {
    let own = spec.hints.iter().map(|(key, values)| match values.as_slice() {
        [one] => (key.clone(), json!(one)),
        many => (key.clone(), json!(many)),
    });
    let group = spec.server_group.iter().map(|id| ("group".to_owned(), json!(id)));
    let hints: serde_json::Map<String, Value> = own.chain(group).collect();
    (!hints.is_empty()).then(|| hints.into())
}

fn check(spec: &ServerSpec) -> Result<()> {
    let user_data_bytes = spec.user_data.0.len();
    if user_data_bytes > USER_DATA_LIMIT_BYTES {
        return wrong(format!(
            "the user data has {user_data_bytes} bytes, but Nova takes {USER_DATA_LIMIT_BYTES}; shorten it, or let it fetch the rest"
        ));
    }
    name("server", &spec.name)?;
    if spec.port_ids.is_empty() {
        return wrong("a server needs a port; name at least one network".to_owned());
    }
    if spec.hints.len() > HINTS_LIMIT {
        return wrong(format!("there are {} scheduler hints, but {HINTS_LIMIT} are the limit", spec.hints.len()));
    }
    Ok(())
}

#[cfg(test)]
#[path = "nova_create_tests.rs"]
mod tests;
