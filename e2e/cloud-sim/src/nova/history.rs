//! Instance actions: what was done to a server, by whom, and how it ended.
use serde_json::{Value, json};
use sha2::{Digest, Sha224};
use uuid::Uuid;

use super::{Answer, Call, error::NovaError};
use crate::{
    clock,
    http::Response,
    state::{
        Cloud,
        server::{Action, Server},
    },
};

/// Actions of a deleted server can be read from 2.21 on.
fn find<'a>(cloud: &'a Cloud, call: &Call<'_>, id: &str) -> Result<&'a Server, NovaError> {
    let server = Uuid::parse_str(id).ok().and_then(|id| cloud.compute.any(id));
    let visible = |server: &&Server| (call.caller.is_admin || server.project == call.project) && (call.minor >= 21 || !server.is_deleted());
    server.filter(visible).ok_or_else(|| NovaError::no_server(id))
}

fn action(server: &Server, action: &Action, minor: u16) -> Value {
    let mut row = json!({
        "action": action.name,
        "instance_uuid": server.id,
        "request_id": action.request_id,
        "user_id": &*action.user,
        "project_id": &*server.project,
        "start_time": clock::naive_micros(action.started),
        "message": if action.is_error { Some("Error") } else { None },
    });
    if minor >= 58 {
        row["updated_at"] = json!(clock::naive_micros(action.updated));
    }
    row
}

pub(super) fn list(cloud: &Cloud, call: &Call<'_>, id: &str) -> Answer {
    let server = find(cloud, call, id)?;
    let rows: Vec<_> = server.actions.iter().rev().map(|row| action(server, row, call.minor)).collect();
    Ok(Response::json(200, &json!({"instanceActions": rows})))
}

pub(super) fn get(cloud: &Cloud, call: &Call<'_>, id: &str, request: &str) -> Answer {
    let server = find(cloud, call, id)?;
    let found = server.actions.iter().find(|action| action.request_id == request);
    let found = found.ok_or_else(|| NovaError::not_found(format!("Action for request_id {request} on instance {id} not found")))?;
    let mut row = action(server, found, call.minor);
    if call.minor >= 51 || call.caller.is_admin {
        row["events"] = found.events.iter().map(|event| self::event(cloud, call, server, event)).collect();
    }
    Ok(Response::json(200, &json!({"instanceAction": row})))
}

fn event(cloud: &Cloud, call: &Call<'_>, server: &Server, event: &crate::state::server::ActionEvent) -> Value {
    let (finished, is_success) = event.finished.unzip();
    let mut row = json!({
        "event": event.name,
        "start_time": clock::naive_micros(event.started),
        "finish_time": finished.map(clock::naive_micros),
        "result": is_success.map(|ok| if ok { "Success" } else { "Error" }),
    });
    let host = server.hypervisor.and_then(|n| cloud.compute.hypervisors.get(n)).map(|place| &*place.name);
    if call.minor >= 62 {
        row["hostId"] = json!(host.map_or_else(String::new, |host| host_id(&server.project, host)));
    }
    if call.caller.is_admin {
        row["host"] = json!(host);
        row["traceback"] = Value::Null;
    }
    if call.minor >= 84 && is_success == Some(false) {
        row["details"] = json!(server.fault.as_ref().map(|fault| fault.message.clone()));
    }
    row
}

/// Nova's `hostId`.
pub(super) fn host_id(project: &str, host: &str) -> String {
    let digest = Sha224::digest(format!("{project}{host}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
