//! POST /servers/{id}/action: stop, start, reboot, lock, unlock, console output, and an admin's reset of the state.
use serde_json::{Value, json};

use super::{Answer, Call, error::NovaError, resize, servers};
use crate::{
    http::Response,
    state::{
        Cloud,
        server::{Lock, Server, Task, VmState},
    },
};

pub(super) fn act(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let malformed = || NovaError::bad_request("Malformed request body");
    let body = call.request.json().ok_or_else(malformed)?;
    let mut actions = body.as_object().ok_or_else(malformed)?.iter();
    let (Some((action, value)), None) = (actions.next(), actions.next()) else { return Err(malformed()) };
    servers::mapped(cloud, call, id).map_err(|_| NovaError::not_found(format!("Instance {id} has no mapping to a cell.")))?;
    match action.as_str() {
        "os-stop" => power(cloud, call, id, "stop", Task::PoweringOff),
        "os-start" => power(cloud, call, id, "start", Task::PoweringOn),
        "reboot" => {
            let is_hard = value.get("type").and_then(Value::as_str) == Some("HARD");
            power(cloud, call, id, "reboot", if is_hard { Task::RebootingHard } else { Task::Rebooting })
        }
        "lock" => lock(cloud, call, id, value),
        "unlock" => unlock(cloud, call, id),
        "os-getConsoleOutput" => console(cloud, call, id),
        "resize" => resize::resize(cloud, call, id, value),
        "confirmResize" => resize::confirm(cloud, call, id),
        "revertResize" => resize::revert(cloud, call, id),
        "forceDelete" => force_delete(cloud, call, id),
        "os-resetState" => reset_state(cloud, call, id, value),
        _ => Err(NovaError::bad_request(format!("There is no such action: {action}"))),
    }
}

/// A power action, refused in a state it does not fit.
fn power(cloud: &mut Cloud, call: &Call<'_>, id: &str, name: &'static str, task: Task) -> Answer {
    let id = servers::find_unlocked(cloud, call, id)?;
    let Some(server) = cloud.compute.get_mut(id) else { return Err(NovaError::no_server(&id.to_string())) };
    let fits = match task {
        Task::PoweringOff => matches!(server.vm_state, VmState::Active | VmState::Error),
        Task::PoweringOn => server.vm_state == VmState::Stopped,
        Task::RebootingHard => matches!(server.vm_state, VmState::Active | VmState::Stopped | VmState::Error),
        _ => server.vm_state == VmState::Active,
    };
    if !fits {
        return Err(wrong_state(server, name, "vm_state", server.vm_state.as_str()));
    }
    if let Some(task) = server.task {
        return Err(wrong_state(server, name, "task_state", task.as_str()));
    }
    server.begin(name, call.request_id, &call.caller.user, call.now);
    cloud.begin_task(id, task, call.now);
    Ok(Response::empty(202))
}

/// Whether a server is in one of some states, and nothing is being done to it.
pub(super) fn check_state(server: &Server, action: &str, states: &[VmState]) -> Result<(), NovaError> {
    if !states.contains(&server.vm_state) {
        return Err(wrong_state(server, action, "vm_state", server.vm_state.as_str()));
    }
    server.task.map_or(Ok(()), |task| Err(wrong_state(server, action, "task_state", task.as_str())))
}

fn wrong_state(server: &Server, action: &str, kind: &str, state: &str) -> NovaError {
    NovaError::conflict(format!("Cannot '{action}' instance {} while it is in {kind} {state}", server.id))
}

fn lock(cloud: &mut Cloud, call: &Call<'_>, id: &str, value: &Value) -> Answer {
    let id = servers::find(cloud, call, id)?.id;
    if let Some(server) = cloud.compute.get_mut(id) {
        let reason = value.get("locked_reason").and_then(Value::as_str).map(str::to_owned);
        server.locked = Some(Lock { reason, is_admins: server.project != call.project });
        server.begin("lock", call.request_id, &call.caller.user, call.now);
    }
    Ok(Response::empty(202))
}

fn unlock(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let server = servers::find(cloud, call, id)?;
    let id = server.id;
    if server.locked.as_ref().is_some_and(|lock| lock.is_admins) {
        call.require_admin("os-lock-server:unlock:unlock_override")?;
    }
    if let Some(server) = cloud.compute.get_mut(id) {
        server.locked = None;
        server.begin("unlock", call.request_id, &call.caller.user, call.now);
    }
    Ok(Response::empty(202))
}

fn console(cloud: &Cloud, call: &Call<'_>, id: &str) -> Answer {
    let server = servers::find(cloud, call, id)?;
    if server.vm_state != VmState::Active {
        return Err(NovaError::conflict(format!("Instance {id} is not ready")));
    }
    Ok(Response::json(200, &json!({"output": "FAKE CONSOLE OUTPUT\nANOTHER\nLAST LINE"})))
}

fn force_delete(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let id = servers::find_unlocked(cloud, call, id)?;
    if let Some(server) = cloud.compute.get_mut(id) {
        server.begin("forceDelete", call.request_id, &call.caller.user, call.now);
    }
    cloud.delete_for_good(id, call.now);
    Ok(Response::empty(202))
}

fn reset_state(cloud: &mut Cloud, call: &Call<'_>, id: &str, value: &Value) -> Answer {
    call.require_admin("os-admin-actions:reset_state")?;
    let id = servers::find(cloud, call, id)?.id;
    let vm_state = match value.get("state").and_then(Value::as_str) {
        Some("active") => VmState::Active,
        Some("error") => VmState::Error,
        _ => return Err(NovaError::bad_request("The state must be active or error.")),
    };
    if let Some(server) = cloud.compute.get_mut(id) {
        (server.vm_state, server.task, server.updated) = (vm_state, None, call.now);
        server.fault = None;
    }
    Ok(Response::empty(202))
}
