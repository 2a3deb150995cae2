//! Volumes and limits as Cinder writes them; all of it is in the first microversion of v3.

use super::limits::{metadata, name, wrong};
use super::page;
use crate::{Line, Quota, Result, Volume, VolumeSpec, VolumeStatus};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

page!(Volumes, WireVolume, volumes, volumes_links);

/// `GET /volumes/{id}` and the answer to `POST /volumes`.
#[derive(Deserialize)]
pub(crate) struct OneVolume {
    pub volume: WireVolume,
}

/// A volume.
#[derive(Deserialize)]
pub(crate) struct WireVolume {
    id: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    status: String,
    #[serde(default)]
    size: i64,
    #[serde(default)]
    availability_zone: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    attachments: Vec<Attachment>,
    #[serde(default)]
    created_at: Option<String>,
}

#[derive(Deserialize)]
struct Attachment {
    #[serde(default)]
    server_id: Option<String>,
}

impl From<WireVolume> for Volume {
    fn from(wire: WireVolume) -> Self {
        Self {
            id: wire.id,
            name: wire.name.unwrap_or_default(),
            status: status(wire.status),
            size_gib: wire.size,
            zone: wire.availability_zone,
            metadata: wire.metadata,
            attached_to: wire.attachments.into_iter().filter_map(|attachment| attachment.server_id).collect(),
            created: wire.created_at.unwrap_or_default(),
        }
    }
}

fn status(word: String) -> VolumeStatus {
    match word.as_str() {
        "creating" => VolumeStatus::Creating,
        "downloading" => VolumeStatus::Downloading,
        "available" => VolumeStatus::Available,
        "reserved" | "attaching" => VolumeStatus::Attaching,
        "in-use" => VolumeStatus::InUse,
        "detaching" => VolumeStatus::Detaching,
        "error" => VolumeStatus::Error,
        "deleting" => VolumeStatus::Deleting,
        "error_deleting" => VolumeStatus::DeleteFailed,
        _ => VolumeStatus::Other(word),
    }
}

/// The body of `POST /volumes`.
///
/// # Errors
/// [`crate::Error::BadSpec`] if Cinder would refuse it.
pub(crate) fn body(spec: &VolumeSpec) -> Result<Value> {
    name("volume", &spec.name)?;
    if spec.size_gib < 1 {
        return wrong(format!("a volume of {} GiB cannot be made; write at least 1Gi", spec.size_gib));
    }
    let mut volume = json!({
        "name": spec.name,
        "size": spec.size_gib,
        "imageRef": spec.image_id,
        "metadata": metadata(&spec.metadata, &spec.mark)?,
    });
    for (key, value) in [("volume_type", &spec.volume_type), ("availability_zone", &spec.zone)] {
        if let Some(value) = value {
            volume[key] = json!(value);
        }
    }
    Ok(json!({"volume": volume}))
}

/// `GET /limits`.
#[derive(Deserialize)]
pub(crate) struct VolumeLimits {
    limits: Absolute,
}

#[derive(Deserialize)]
struct Absolute {
    absolute: BTreeMap<String, i64>,
}

impl VolumeLimits {
    /// Adds the lines of Cinder.
    pub fn add_to(&self, quota: &mut Quota) {
        let of = |name: &str| self.limits.absolute.get(name).copied();
        let line = |limit, used| Some(Line { limit: of(limit)?, used: of(used)? });
        quota.volumes = line("maxTotalVolumes", "totalVolumesUsed");
        quota.gigabytes = line("maxTotalVolumeGigabytes", "totalGigabytesUsed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mark;
    use crate::client::Page;

    fn spec() -> VolumeSpec {
        VolumeSpec {
            name: "h".to_owned(),
            size_gib: 40,
            volume_type: None,
            zone: None,
            image_id: "i".to_owned(),
            metadata: BTreeMap::from([("gantry-pool".to_owned(), "apps/general".to_owned())]),
            mark: Mark { host: Some("1".to_owned()), cluster: "2".to_owned() },
        }
    }

    #[test]
    fn a_volume_is_asked_for_with_image_and_mark() {
        let marks = json!({"gantry-host": "1", "gantry-cluster": "2", "gantry-pool": "apps/general"});
        let expected = json!({"volume": {"name": "h", "size": 40, "imageRef": "i", "metadata": marks}});
        assert_eq!(body(&spec()).unwrap(), expected);
        let typed = VolumeSpec { volume_type: Some("ssd".to_owned()), zone: Some("az1".to_owned()), ..spec() };
        let volume = &body(&typed).unwrap()["volume"];
        assert_eq!((&volume["volume_type"], &volume["availability_zone"]), (&json!("ssd"), &json!("az1")));
        for size_gib in [0, -1] {
            assert!(body(&VolumeSpec { size_gib, ..spec() }).is_err());
        }
    }

    #[test]
    fn volumes_as_cinder_lists_them() {
        let text = r#"{"volumes": [{"id": "6edb", "name": "h", "status": "in-use", "size": 40, "availability_zone": "nova", "created_at": "2026-11-23T05:01:02.000000",
            "metadata": {"gantry-host": "1", "gantry-cluster": "2"}, "bootable": "true", "volume_type": "lvmdriver-1", "multiattach": false, "encrypted": false,
            "attachments": [{"server_id": "4065", "attachment_id": "a", "volume_id": "6edb", "device": "/dev/vda", "host_name": null, "id": "6edb"}]}],
            "volumes_links": [{"rel": "next", "href": "http://c/v3/p/volumes/detail?limit=1&marker=6edb"}]}"#;
        let (volumes, next) = serde_json::from_str::<Volumes>(text).unwrap().split();
        let volume: Volume = volumes.into_iter().next().unwrap().into();
        let expected = Volume {
            id: "6edb".to_owned(),
            name: "h".to_owned(),
            status: VolumeStatus::InUse,
            size_gib: 40,
            zone: Some("nova".to_owned()),
            metadata: spec().mark.metadata(),
            attached_to: vec!["4065".to_owned()],
            created: "2026-11-23T05:01:02.000000".to_owned(),
        };
        assert_eq!((volume.mark(), next.as_deref()), (Some(spec().mark), Some("http://c/v3/p/volumes/detail?limit=1&marker=6edb")));
        assert_eq!(volume, expected);
    }

    #[test]
    fn limits_become_lines() {
        let text = r#"{"limits": {"rate": [], "absolute": {"totalSnapshotsUsed": 0, "maxTotalVolumes": 10, "totalVolumesUsed": 3, "maxTotalVolumeGigabytes": 1000,
            "totalGigabytesUsed": 120, "maxTotalSnapshots": 10, "maxTotalBackups": 10, "maxTotalBackupGigabytes": 1000, "totalBackupsUsed": 0, "totalBackupGigabytesUsed": 0}}}"#;
        let mut quota = Quota::default();
        serde_json::from_str::<VolumeLimits>(text).unwrap().add_to(&mut quota);
        let expected =
            Quota { volumes: Some(Line { limit: 10, used: 3 }), gigabytes: Some(Line { limit: 1000, used: 120 }), ..Quota::default() };
        assert_eq!(quota, expected);
    }

    #[test]
    fn states_that_are_not_told_apart_keep_their_word() {
        let told = ["reserved", "error_deleting", "error_restoring"].map(|word| status(word.to_owned()));
        assert_eq!(told, [VolumeStatus::Attaching, VolumeStatus::DeleteFailed, VolumeStatus::Other("error_restoring".to_owned())]);
    }
}
