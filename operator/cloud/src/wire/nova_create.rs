//! The body of `POST /servers`, checked against Nova's limits before it is sent: Nova's own refusals echo user data.

use crate::{Error, Result, ServerSpec, USER_DATA_LIMIT_BYTES};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

const NAME_LIMIT_CHARS: usize = 255;
const TAGS_LIMIT: usize = 50;
const TAG_LIMIT_CHARS: usize = 60;
const METADATA_LIMIT: usize = 128;
const METADATA_LIMIT_CHARS: usize = 255;

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
/// [`Error::BadSpec`] if Nova would refuse it.
pub(crate) fn body(spec: &ServerSpec) -> Result<Value> {
    check(spec)?;
    let networks: Vec<Value> = spec.port_ids.iter().map(|id| json!({"port": id})).collect();
    let mut server = json!({
        "name": spec.name,
        "flavorRef": spec.flavor_id,
        "imageRef": spec.image_id,
        "networks": networks,
        "metadata": spec.metadata,
        "tags": spec.tags,
        "user_data": STANDARD.encode(&spec.user_data.0),
    });
    if !spec.zone.is_empty() {
        server["availability_zone"] = json!(spec.zone);
    }
    Ok(json!({"server": server}))
}

fn check(spec: &ServerSpec) -> Result<()> {
    let user_data_bytes = spec.user_data.0.len();
    if user_data_bytes > USER_DATA_LIMIT_BYTES {
        return wrong(format!(
            "the user data has {user_data_bytes} bytes, but Nova takes {USER_DATA_LIMIT_BYTES}; shorten it, or let it fetch the rest"
        ));
    }
    if spec.name.is_empty() || spec.name.chars().count() > NAME_LIMIT_CHARS {
        return wrong(format!("a server's name must have 1 to {NAME_LIMIT_CHARS} characters"));
    }
    if spec.port_ids.is_empty() {
        return wrong("a server needs a port; name at least one network".to_owned());
    }
    if spec.metadata.len() > METADATA_LIMIT {
        return wrong(format!("a server has {} metadata items, but Nova takes {METADATA_LIMIT}", spec.metadata.len()));
    }
    for (key, value) in &spec.metadata {
        if key.is_empty() || key.chars().count() > METADATA_LIMIT_CHARS || value.chars().count() > METADATA_LIMIT_CHARS {
            return wrong(format!("metadata keys and values must not exceed {METADATA_LIMIT_CHARS} characters each"));
        }
    }
    check_tags(&spec.tags)
}

/// Limits of tags, for servers and ports alike.
pub(super) fn check_tags(tags: &[String]) -> Result<()> {
    if tags.len() > TAGS_LIMIT {
        return wrong(format!("there are {} tags, but {TAGS_LIMIT} are the limit", tags.len()));
    }
    for tag in tags {
        if tag.is_empty() || tag.chars().count() > TAG_LIMIT_CHARS || tag.contains([',', '/']) {
            return wrong(format!("the tag {tag:?} must have 1 to {TAG_LIMIT_CHARS} characters, without commas and slashes"));
        }
    }
    Ok(())
}

pub(super) fn wrong<T>(message: String) -> Result<T> {
    Err(Error::BadSpec { message, request_id: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserData;
    use std::collections::BTreeMap;

    fn spec() -> ServerSpec {
        ServerSpec {
            name: "general-x7k2p".to_owned(),
            flavor_id: "1".to_owned(),
            image_id: "image".to_owned(),
            zone: "az1".to_owned(),
            port_ids: vec!["port".to_owned()],
            metadata: BTreeMap::from([("gantry-host".to_owned(), "uid".to_owned())]),
            tags: vec!["gantry-host:uid".to_owned()],
            user_data: UserData("#cloud-config".to_owned()),
        }
    }

    #[test]
    fn a_body_says_all_that_the_spec_says() {
        let expected = json!({"server": {
            "name": "general-x7k2p", "flavorRef": "1", "imageRef": "image", "availability_zone": "az1",
            "networks": [{"port": "port"}], "metadata": {"gantry-host": "uid"}, "tags": ["gantry-host:uid"],
            "user_data": "I2Nsb3VkLWNvbmZpZw==",
        }});
        assert_eq!(body(&spec()).unwrap(), expected);
    }

    #[test]
    fn what_nova_would_refuse_is_not_sent() {
        let refused = [
            ServerSpec { user_data: UserData("a".repeat(USER_DATA_LIMIT_BYTES + 1)), ..spec() },
            ServerSpec { name: String::new(), ..spec() },
            ServerSpec { name: "n".repeat(256), ..spec() },
            ServerSpec { port_ids: vec![], ..spec() },
            ServerSpec { metadata: (0..129).map(|i| (i.to_string(), String::new())).collect(), ..spec() },
            ServerSpec { metadata: BTreeMap::from([("k".to_owned(), "v".repeat(256))]), ..spec() },
            ServerSpec { tags: (0..51).map(|i| i.to_string()).collect(), ..spec() },
            ServerSpec { tags: vec!["t".repeat(61)], ..spec() },
            ServerSpec { tags: vec!["a/b".to_owned()], ..spec() },
        ];
        for spec in refused {
            assert!(matches!(body(&spec), Err(Error::BadSpec { .. })), "{spec:?}");
        }
        let largest = ServerSpec { user_data: UserData("a".repeat(USER_DATA_LIMIT_BYTES)), ..spec() };
        assert_eq!(body(&largest).unwrap()["server"]["user_data"].as_str().map(str::len), Some(65_532));
    }
}
