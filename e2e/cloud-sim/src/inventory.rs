//! Everything that is in the cloud, of all projects and past all faults: for the guests and the checks of a test, below /admin.
use serde_json::{Value, json};

use crate::state::{Cloud, server::Server};

/// What is not deleted.
pub(crate) fn show(cloud: &Cloud) -> Value {
    let project = |id: &str| cloud.identity.project(id).map_or_else(|| id.to_owned(), |project| project.name.to_string());
    let ports = cloud.networking.ports.values().map(|port| {
        json!({
            "id": port.id, "project": project(&port.project), "name": port.name, "tags": port.tags, "description": port.description,
            "deviceId": port.device_id,
        })
    });
    let groups = cloud
        .compute
        .groups
        .values()
        .map(|group| json!({"id": group.id, "project": project(&group.project), "name": group.name, "members": group.members}));
    let volumes = cloud.storage.newest_first(None).map(|volume| {
        json!({
            "id": volume.id, "project": project(&volume.project), "name": volume.spec.name, "status": volume.status.as_str(),
            "sizeGib": volume.spec.size_gib, "type": volume.spec.kind, "metadata": volume.spec.metadata,
            "server": volume.attachment.as_ref().map(|attachment| attachment.server),
        })
    });
    let floating = cloud.networking.floating.values().map(|floating| {
        json!({
            "id": floating.id, "project": project(&floating.project), "description": floating.description, "tags": floating.tags,
            "address": floating.address, "portId": floating.target.map(|target| target.port),
        })
    });
    json!({
        "servers": cloud.compute.alive(None, None).map(|one| server(one, &project(&one.project))).collect::<Vec<_>>(),
        "ports": ports.collect::<Vec<_>>(),
        "volumes": volumes.collect::<Vec<_>>(),
        "floatingIps": floating.collect::<Vec<_>>(),
        "serverGroups": groups.collect::<Vec<_>>(),
    })
}

fn server(server: &Server, project: &str) -> Value {
    let flavor = &server.spec.flavor.spec;
    json!({
        "id": server.id, "name": server.spec.name, "hostname": server.spec.hostname, "project": project,
        "status": server.status(), "taskState": server.task.map(crate::state::server::Task::as_str),
        "metadata": server.spec.metadata, "tags": server.spec.tags,
        "userData": server.spec.user_data.as_deref(),
        "flavor": {"name": flavor.name, "vcpus": flavor.vcpus, "memoryMib": flavor.memory_mib},
        "addresses": server.addresses.iter().map(|address| address.address).collect::<Vec<_>>(),
        "ports": server.ports, "group": server.spec.group, "image": server.spec.image, "keyName": server.spec.key_name,
        "volumes": server.spec.disks.iter().map(|disk| disk.volume).collect::<Vec<_>>(),
    })
}
