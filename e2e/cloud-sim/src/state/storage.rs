//! A volume's life after the API said yes: filled from its image, taken and given back by servers, deleted.
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Cloud, Due,
    server::Disk,
    volume::{Attachment, VolumeSpec, VolumeStatus},
};
use crate::{
    config::IMPOSSIBLE_TYPE,
    faults::{DeleteEnd, DeletePlan, Kind},
};

/// Where a guest finds its root volume.
const ROOT_DEVICE: &str = "/dev/vda";

/// Something that happens to a volume later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VolumeEvent {
    /// The image is being copied.
    Download,
    Create(VolumeStatus),
    Gone,
    /// The backend could not delete it.
    NotGone,
}

impl Cloud {
    /// Accepts a volume, after all checks, and plans its creation.
    pub(crate) fn create_volume(&mut self, spec: VolumeSpec, owner: (&Arc<str>, &Arc<str>), now: Timestamp) -> Uuid {
        let name = spec.name.clone().unwrap_or_default();
        let (has_image, has_backend) = (spec.image.is_some(), spec.kind != IMPOSSIBLE_TYPE);
        let id = self.ids.uuid();
        self.storage.insert(id, spec, owner, now);
        let DeletePlan { latency, end } = self.faults.volume(Kind::Volume, &name, self.config.volume_latency);
        if has_image && has_backend {
            self.schedule(Due::Volume(id, VolumeEvent::Download), now, latency / 4);
        }
        let end = end.map(|end| if has_backend && matches!(end, DeleteEnd::Gone) { VolumeStatus::Available } else { VolumeStatus::Error });
        if let Some(end) = end {
            self.schedule(Due::Volume(id, VolumeEvent::Create(end)), now, latency);
        }
        id
    }

    /// DELETE of a volume, after all checks.
    pub(crate) fn delete_volume(&mut self, id: Uuid, now: Timestamp) {
        let Some(volume) = self.storage.get_mut(id) else { return };
        (volume.status, volume.updated, volume.attachment) = (VolumeStatus::Deleting, now, None);
        let name = volume.spec.name.clone().unwrap_or_default();
        let DeletePlan { latency, end } = self.faults.volume(Kind::VolumeDelete, &name, self.config.volume_delete_latency);
        let end = end.map(|end| if matches!(end, DeleteEnd::Gone) { VolumeEvent::Gone } else { VolumeEvent::NotGone });
        if let Some(end) = end {
            self.schedule(Due::Volume(id, end), now, latency);
        }
    }

    pub(super) fn apply_to_volume(&mut self, id: Uuid, event: VolumeEvent, at: Timestamp) {
        let Some(volume) = self.storage.get_mut(id) else { return };
        let is_made = matches!(volume.status, VolumeStatus::Creating | VolumeStatus::Downloading);
        match event {
            VolumeEvent::Download if volume.status == VolumeStatus::Creating => volume.status = VolumeStatus::Downloading,
            VolumeEvent::Create(end) if is_made => {
                volume.status = end;
                volume.is_bootable = end == VolumeStatus::Available && volume.spec.image.is_some();
            }
            VolumeEvent::Gone if volume.status == VolumeStatus::Deleting => return drop(self.storage.remove(id)),
            VolumeEvent::NotGone if volume.status == VolumeStatus::Deleting => volume.status = VolumeStatus::ErrorDeleting,
            _ => return,
        }
        volume.updated = at;
    }

    /// An accepted server takes its volumes, so that no other can.
    pub(super) fn reserve_volumes(&mut self, server: Uuid, disks: &[Disk], now: Timestamp) {
        for disk in disks {
            let id = self.ids.uuid();
            if let Some(volume) = self.storage.get_mut(disk.volume) {
                (volume.status, volume.updated) = (VolumeStatus::Reserved, now);
                volume.attachment = Some(Attachment { id, server, device: ROOT_DEVICE, attached: None });
            }
        }
    }

    /// The hypervisor attaches the volumes of a server.
    pub(super) fn attach_volumes(&mut self, server: Uuid, disks: &[Disk], at: Timestamp) {
        for disk in disks {
            let volume = self.storage.get_mut(disk.volume);
            let Some(volume) = volume.filter(|own| own.attachment.as_ref().is_some_and(|with| with.server == server)) else { continue };
            (volume.status, volume.updated) = (VolumeStatus::InUse, at);
            volume.attachment.iter_mut().for_each(|attachment| attachment.attached = Some(at));
        }
    }

    /// A server gives its volumes back: they are available again, or end with it.
    pub(super) fn release_volumes(&mut self, server: Uuid, disks: &[Disk], at: Timestamp) {
        for disk in disks {
            let volume = self.storage.get_mut(disk.volume);
            let Some(volume) = volume.filter(|own| own.attachment.as_ref().is_some_and(|with| with.server == server)) else { continue };
            (volume.status, volume.updated, volume.attachment) = (VolumeStatus::Available, at, None);
            if disk.ends_with_server {
                self.delete_volume(disk.volume, at);
            }
        }
    }
}
