//! How a volume is shown, with the fields of a microversion or of admins only where they belong.
use serde_json::{Value, json};

use super::{Call, Detail};
use crate::{
    clock,
    state::{
        ids,
        volume::{Attachment, Volume},
    },
};

pub(super) fn volume(call: &Call<'_>, volume: &Volume, detail: Detail) -> Value {
    let id = volume.id;
    let bookmark = call.base.replacen("/v3", "", 1);
    let links = json!([
        {"rel": "self", "href": format!("{}/volumes/{id}", call.base)},
        {"rel": "bookmark", "href": format!("{bookmark}/volumes/{id}")},
    ]);
    if detail == Detail::Brief {
        return json!({"id": id, "name": volume.spec.name, "links": links});
    }
    let spec = &volume.spec;
    let mut row = json!({
        "id": id, "status": volume.status.as_str(), "size": spec.size_gib, "availability_zone": spec.zone,
        "created_at": clock::naive_micros(volume.created), "updated_at": clock::naive_micros(volume.updated),
        "name": spec.name, "description": spec.description, "volume_type": spec.kind, "snapshot_id": null,
        "source_volid": null, "metadata": spec.metadata, "links": links, "user_id": &*volume.user,
        "bootable": volume.is_bootable.to_string(), "encrypted": false, "replication_status": null,
        "consistencygroup_id": null, "multiattach": false,
        "attachments": volume.attachment.iter().filter_map(|with| attachment(call, id, with)).collect::<Vec<_>>(),
        "os-vol-tenant-attr:tenant_id": &*volume.project,
    });
    if let Some((image, name)) = spec.image.as_ref().filter(|_| volume.is_bootable) {
        row["volume_image_metadata"] = json!({
            "image_id": image, "image_name": name, "container_format": "bare", "disk_format": "qcow2", "min_disk": "1", "min_ram": "0",
        });
    }
    later_fields(call, volume, &mut row);
    row
}

fn later_fields(call: &Call<'_>, volume: &Volume, row: &mut Value) {
    if call.caller.is_admin {
        row["migration_status"] = Value::Null;
        row["os-vol-host-attr:host"] = json!("volumes@backend#pool");
        row["os-vol-mig-status-attr:migstat"] = Value::Null;
        row["os-vol-mig-status-attr:name_id"] = Value::Null;
    }
    if call.minor >= 13 {
        row["group_id"] = Value::Null;
    }
    if call.minor >= 21 && call.caller.is_admin {
        row["provider_id"] = Value::Null;
    }
    if call.minor >= 48 {
        (row["shared_targets"], row["service_uuid"]) = (json!(false), Value::Null);
    }
    if call.minor >= 61 && call.caller.is_admin {
        row["cluster_name"] = Value::Null;
    }
    if call.minor >= 63 {
        row["volume_type_id"] = json!(ids::stable("volume_type", &volume.spec.kind));
    }
    if call.minor >= 65 {
        row["consumes_quota"] = json!(true);
    }
}

/// Only what is attached shows, not what is reserved.
fn attachment(call: &Call<'_>, volume: uuid::Uuid, with: &Attachment) -> Option<Value> {
    let host = if call.caller.is_admin { json!("compute") } else { Value::Null };
    Some(json!({
        "id": volume, "attachment_id": with.id, "volume_id": volume, "server_id": with.server, "host_name": host,
        "device": with.device, "attached_at": clock::naive_micros(with.attached?),
    }))
}
