//! Tags and metadata of a server that exists already.
use std::collections::BTreeMap;

use serde_json::json;

use super::{Answer, Call, error::NovaError, python::Py, schema, servers};
use crate::{
    http::Response,
    state::{Cloud, server::Server},
};

pub(super) fn tags(cloud: &mut Cloud, call: &Call<'_>, id: &str, rest: &[&str]) -> Answer {
    let id = servers::find(cloud, call, id)?.id;
    let base = cloud.base_url.clone();
    let Some(server) = cloud.compute.get_mut(id) else { return Err(NovaError::no_server(&id.to_string())) };
    let all = |server: &Server| Ok(Response::json(200, &json!({"tags": server.spec.tags})));
    let missing = |tag: &str| NovaError::not_found(format!("Instance {id} has no tag '{tag}'"));
    match (call.request.method.as_str(), rest) {
        ("GET", []) => all(server),
        ("PUT", []) => {
            let body: Option<Py> = serde_json::from_slice(&call.request.body).ok();
            let tags = body.as_ref().and_then(|body| body.get("tags"));
            let tags = tags.ok_or_else(|| NovaError::bad_request("'tags' is a required property"))?;
            schema::tags(tags)?;
            server.spec.tags = tags.items().iter().filter_map(Py::as_str).map(str::to_owned).collect();
            all(server)
        }
        ("DELETE", []) => {
            server.spec.tags.clear();
            Ok(Response::empty(204))
        }
        ("GET", [tag]) if server.spec.tags.contains(*tag) => Ok(Response::empty(204)),
        ("PUT", [tag]) => {
            schema::tags(&Py::List(vec![Py::Str((*tag).to_owned())]))?;
            let is_new = server.spec.tags.insert((*tag).to_owned());
            let href = format!("{base}/compute/v2.1/servers/{id}/tags/{tag}");
            Ok(if is_new { Response::empty(201).with("location", href) } else { Response::empty(204) })
        }
        ("DELETE", [tag]) if server.spec.tags.remove(*tag) => Ok(Response::empty(204)),
        (_, [tag]) => Err(missing(tag)),
        _ => Err(NovaError::not_found("The resource could not be found.")),
    }
}

pub(super) fn metadata(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let id = servers::find_unlocked(cloud, call, id)?;
    let Some(server) = cloud.compute.get_mut(id) else { return Err(NovaError::no_server(&id.to_string())) };
    let items = || {
        let body = call.request.json();
        let items = body.and_then(|body| serde_json::from_value::<BTreeMap<String, String>>(body["metadata"].clone()).ok());
        items.ok_or_else(|| NovaError::bad_request("'metadata' is a required property"))
    };
    match call.request.method.as_str() {
        "GET" => {}
        "POST" => server.spec.metadata.extend(items()?),
        "PUT" => server.spec.metadata = items()?,
        _ => return Err(NovaError::not_found("The resource could not be found.")),
    }
    Ok(Response::json(200, &json!({"metadata": server.spec.metadata})))
}
