//! Tags of a port.
use serde_json::json;

use super::{
    Call,
    error::{Answer, NeutronError},
    ports,
};
use crate::{http::Response, state::Cloud};

pub(super) fn tags(cloud: &mut Cloud, call: &Call<'_>, id: &str, rest: &[&str]) -> Answer {
    let id = ports::find(cloud, call, id)?.id;
    let Some(port) = cloud.networking.ports.get_mut(&id) else {
        return Err(NeutronError::not_found("Port", &id.to_string()));
    };
    let missing = |tag: &str| NeutronError::new(404, "TagNotFound", format!("Tag {tag} could not be found."));
    match (call.request.method.as_str(), rest) {
        ("GET", []) => Ok(Response::json(200, &json!({"tags": port.tags}))),
        ("PUT", []) => {
            let body = call.request.json().unwrap_or_default();
            port.tags = ports::tags(&body["tags"])?;
            Ok(Response::json(200, &json!({"tags": port.tags})))
        }
        ("DELETE", []) => {
            port.tags.clear();
            Ok(Response::empty(204))
        }
        ("GET", [tag]) if port.tags.contains(*tag) => Ok(Response::empty(204)),
        ("PUT", [tag]) => {
            port.tags.extend(ports::tags(&json!([tag]))?);
            Ok(Response::empty(201))
        }
        ("DELETE", [tag]) if port.tags.remove(*tag) => Ok(Response::empty(204)),
        (_, [tag]) => Err(missing(tag)),
        _ => Err(NeutronError::no_resource()),
    }
}
