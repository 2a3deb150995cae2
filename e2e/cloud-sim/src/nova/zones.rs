//! Availability zones, open to all, and the hypervisors and services behind them, for admins.
use serde_json::{Value, json};

use super::{Answer, Call, error::NovaError, list::Detail};
use crate::{
    http::Response,
    state::{Cloud, hypervisor::Hypervisor, ids},
};

/// Recorded: a zone is "available" even if every hypervisor in it is dead.
pub(super) fn list(cloud: &Cloud) -> Response {
    let row = |zone: &crate::config::ZoneSpec| json!({"zoneName": zone.name, "zoneState": {"available": true}, "hosts": null});
    let rows: Vec<Value> = cloud.config.zones.iter().map(row).collect();
    Response::json(200, &json!({"availabilityZoneInfo": rows}))
}

pub(super) fn detail(cloud: &Cloud, call: &Call<'_>) -> Answer {
    call.require_admin("os-availability-zone:detail")?;
    let rows = cloud.config.zones.iter().map(|zone| {
        let mut hosts = json!({});
        for place in cloud.compute.hypervisors.iter().filter(|place| *place.zone == *zone.name) {
            hosts[&*place.name] = json!({"nova-compute": {"active": true, "available": place.is_up, "updated_at": null}});
        }
        json!({"zoneName": zone.name, "zoneState": {"available": true}, "hosts": hosts})
    });
    Ok(Response::json(200, &json!({"availabilityZoneInfo": rows.collect::<Vec<_>>()})))
}

fn hypervisor(place: &Hypervisor, detail: Detail) -> Value {
    let id = ids::stable("hypervisor", &place.name);
    let state = if place.is_up { "up" } else { "down" };
    let mut row = json!({"id": id, "hypervisor_hostname": &*place.name, "state": state, "status": "enabled"});
    if detail == Detail::Full {
        row["hypervisor_type"] = json!("QEMU");
        row["service"] = json!({"id": id, "host": &*place.name, "disabled_reason": null});
        // Not shown by Nova since 2.88; here they tell a test how full the cloud is.
        row["vcpus"] = json!(place.vcpus);
        row["vcpus_used"] = json!(place.used_vcpus);
        row["memory_mb"] = json!(place.memory_mib);
        row["memory_mb_used"] = json!(place.used_memory_mib);
        row["running_vms"] = json!(place.servers);
    }
    row
}

pub(super) fn hypervisors(cloud: &Cloud, call: &Call<'_>, detail: Detail) -> Answer {
    call.require_admin(if detail == Detail::Full { "os-hypervisors:list-detail" } else { "os-hypervisors:list" })?;
    let rows: Vec<_> = cloud.compute.hypervisors.iter().map(|place| hypervisor(place, detail)).collect();
    Ok(Response::json(200, &json!({"hypervisors": rows})))
}

fn service(place: &Hypervisor) -> Value {
    json!({
        "id": ids::stable("service", &place.name), "binary": "nova-compute", "host": &*place.name,
        "zone": &*place.zone, "status": "enabled", "state": if place.is_up { "up" } else { "down" },
        "disabled_reason": null, "forced_down": !place.is_up,
    })
}

pub(super) fn services(cloud: &Cloud, call: &Call<'_>) -> Answer {
    call.require_admin("os-services:list")?;
    let rows: Vec<_> = cloud.compute.hypervisors.iter().map(service).collect();
    Ok(Response::json(200, &json!({"services": rows})))
}

/// An administrator declares a hypervisor dead, or alive again.
pub(super) fn update_service(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    call.require_admin("os-services:update")?;
    let body = call.request.json().unwrap_or_default();
    let mut all = cloud.compute.hypervisors.iter_mut();
    let place = all.find(|place| ids::stable("service", &place.name).to_string() == id);
    let place = place.ok_or_else(|| NovaError::not_found(format!("Compute service {id} could not be found.")))?;
    place.is_up = !body["forced_down"].as_bool().unwrap_or(!place.is_up);
    Ok(Response::json(200, &json!({"service": service(place)})))
}
