//! One server: show, rename, delete, diagnostics, interfaces.
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Answer, Call, cells,
    error::NovaError,
    list::Detail,
    python::Py,
    schema,
    view::{Place, View},
};
use crate::{
    http::Response,
    state::{Cloud, server::Server},
};

/// A living server that the caller may see, if its cell answers.
pub(super) fn find<'a>(cloud: &'a Cloud, call: &Call<'_>, id: &str) -> Result<&'a Server, NovaError> {
    let server = mapped(cloud, call, id)?;
    if cells::is_down(cloud, &cloud.faults.cells(), server) {
        return Err(NovaError::unexpected("nova.exception.NovaException"));
    }
    Ok(server)
}

/// A living server that the caller may see, also in a cell that is down.
pub(super) fn mapped<'a>(cloud: &'a Cloud, call: &Call<'_>, id: &str) -> Result<&'a Server, NovaError> {
    let server = Uuid::parse_str(id).ok().and_then(|id| cloud.compute.any(id)).filter(|server| !server.is_deleted());
    let mine = |server: &&Server| call.caller.is_admin || server.project == call.project;
    server.filter(mine).ok_or_else(|| NovaError::no_server(id))
}

/// The same, to be changed: not if it is locked, unless by an admin where Nova lets admins pass.
pub(super) fn find_unlocked(cloud: &Cloud, call: &Call<'_>, id: &str) -> Result<Uuid, NovaError> {
    let server = find(cloud, call, id)?;
    if server.locked.is_some() && !call.caller.is_admin {
        return Err(NovaError::conflict(format!("Instance {id} is locked")));
    }
    Ok(server.id)
}

pub(super) fn show(cloud: &Cloud, call: &Call<'_>, server: &Server) -> Response {
    let view = View { cloud, server, minor: call.minor, is_admin: call.caller.is_admin, detail: Detail::Full, place: Place::Show };
    Response::json(200, &std::collections::BTreeMap::from([("server", view)]))
}

pub(super) fn get(cloud: &Cloud, call: &Call<'_>, id: &str) -> Answer {
    let server = mapped(cloud, call, id)?;
    if call.minor >= cells::STUBS_SINCE && cells::is_down(cloud, &cloud.faults.cells(), server) {
        return Ok(Response::json(200, &json!({"server": cells::partial(cloud, server, call.minor)})));
    }
    Ok(show(cloud, call, find(cloud, call, id)?))
}

pub(super) fn update(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let id = find(cloud, call, id)?.id;
    let malformed = || NovaError::bad_request("Malformed request body");
    let body: Py = serde_json::from_slice(&call.request.body).map_err(|_| malformed())?;
    let asked = body.get("server").ok_or_else(|| NovaError::bad_request("'server' is a required property"))?;
    const KNOWN: [&str; 6] = ["name", "OS-DCF:diskConfig", "accessIPv4", "accessIPv6", "description", "hostname"];
    if let Some((name, _)) = asked.entries().iter().find(|(name, _)| !KNOWN.contains(&name.as_str())) {
        let why = format!("Additional properties are not allowed ('{name}' was unexpected)");
        return Err(NovaError::field("server", asked, &why));
    }
    asked.entries().iter().try_for_each(|(name, value)| schema::property(name, value))?;
    if let Some(server) = cloud.compute.get_mut(id) {
        let text = |name: &str| asked.get(name).and_then(Py::as_str).map(str::to_owned);
        server.spec.name = text("name").unwrap_or_else(|| server.spec.name.clone());
        server.spec.hostname = text("hostname").unwrap_or_else(|| server.spec.hostname.clone());
        server.spec.description = text("description").or_else(|| server.spec.description.clone());
        server.updated = call.now;
    }
    get(cloud, call, &id.to_string())
}

pub(super) fn delete(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let server = find(cloud, call, id)?;
    let id = server.id;
    // Recorded: the owner's lock stops the owner, too.
    if server.locked.is_some() && !call.caller.is_admin {
        return Err(NovaError::conflict(format!("Instance {id} is locked")));
    }
    if let Some(server) = cloud.compute.get_mut(id) {
        server.begin("delete", call.request_id, &call.caller.user, call.now);
    }
    cloud.delete_server(id, call.now);
    Ok(Response::empty(204))
}

pub(super) fn diagnostics(cloud: &Cloud, call: &Call<'_>, id: &str) -> Answer {
    let server = find(cloud, call, id)?;
    call.require_admin("os-server-diagnostics")?;
    let body = json!({
        "state": "running", "driver": "libvirt", "hypervisor": "kvm", "hypervisor_os": "ubuntu", "uptime": 46664,
        "config_drive": server.spec.config_drive, "num_cpus": server.spec.flavor.spec.vcpus,
        "num_nics": server.ports.len(), "num_disks": 1,
    });
    Ok(Response::json(200, &body))
}

pub(super) fn interfaces(cloud: &Cloud, call: &Call<'_>, id: &str) -> Answer {
    let server = find(cloud, call, id)?;
    let ports = server.ports.iter().filter_map(|id| cloud.networking.ports.get(id));
    let row = |port: &crate::state::port::Port| {
        let ips: Vec<_> = port.fixed_ips.iter().map(|(s, ip)| json!({"subnet_id": s, "ip_address": ip})).collect();
        json!({
            "net_id": port.network, "port_id": port.id, "mac_addr": port.mac,
            "port_state": if port.is_active { "ACTIVE" } else { "DOWN" }, "fixed_ips": ips, "tag": null,
        })
    };
    let rows: Vec<Value> = ports.map(row).collect();
    Ok(Response::json(200, &json!({"interfaceAttachments": rows})))
}
