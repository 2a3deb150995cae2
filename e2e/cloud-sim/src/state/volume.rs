//! Cinder's volumes: what is kept of them, in the order of their creation by the second.
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use uuid::Uuid;

/// Cinder's `status`, as far as simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VolumeStatus {
    Creating,
    Downloading,
    Available,
    /// A server that is being built has it.
    Reserved,
    InUse,
    Error,
    Deleting,
    ErrorDeleting,
}

impl VolumeStatus {
    const ALL: [Self; 8] =
        [Self::Creating, Self::Downloading, Self::Available, Self::Reserved, Self::InUse, Self::Error, Self::Deleting, Self::ErrorDeleting];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Downloading => "downloading",
            Self::Available => "available",
            Self::Reserved => "reserved",
            Self::InUse => "in-use",
            Self::Error => "error",
            Self::Deleting => "deleting",
            Self::ErrorDeleting => "error_deleting",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// The server that has a volume.
#[derive(Debug, Clone)]
pub(crate) struct Attachment {
    pub(crate) id: Uuid,
    pub(crate) server: Uuid,
    pub(crate) device: &'static str,
    /// None while it is only reserved.
    pub(crate) attached: Option<Timestamp>,
}

/// What POST /volumes asks for, checked.
#[derive(Debug, Clone)]
pub(crate) struct VolumeSpec {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) size_gib: u64,
    pub(crate) kind: String,
    pub(crate) zone: String,
    /// Id and name of the image it is made from.
    pub(crate) image: Option<(Uuid, String)>,
    pub(crate) metadata: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(crate) struct Volume {
    pub(crate) id: Uuid,
    pub(crate) project: Arc<str>,
    pub(crate) user: Arc<str>,
    pub(crate) spec: VolumeSpec,
    pub(crate) status: VolumeStatus,
    pub(crate) is_bootable: bool,
    pub(crate) attachment: Option<Attachment>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

/// The second of its creation and its id: lists are sorted by it, newest first.
pub(crate) type Place = (i64, Uuid);

impl Volume {
    pub(crate) fn place(&self) -> Place {
        (self.created.as_second(), self.id)
    }
}

/// All volumes.
#[derive(Debug, Default)]
pub(crate) struct BlockStorage {
    volumes: BTreeMap<Place, Volume>,
    by_id: HashMap<Uuid, Place>,
}

impl BlockStorage {
    /// Accepts a volume: it counts from now on.
    pub(crate) fn insert(&mut self, id: Uuid, spec: VolumeSpec, (project, user): (&Arc<str>, &Arc<str>), now: Timestamp) {
        let volume = Volume {
            id,
            project: project.clone(),
            user: user.clone(),
            spec,
            status: VolumeStatus::Creating,
            is_bootable: false,
            attachment: None,
            created: now,
            updated: now,
        };
        self.by_id.insert(id, volume.place());
        self.volumes.insert(volume.place(), volume);
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<&Volume> {
        self.volumes.get(self.by_id.get(&id)?)
    }

    pub(crate) fn get_mut(&mut self, id: Uuid) -> Option<&mut Volume> {
        self.volumes.get_mut(self.by_id.get(&id)?)
    }

    pub(crate) fn remove(&mut self, id: Uuid) -> Option<Volume> {
        self.volumes.remove(&self.by_id.remove(&id)?)
    }

    /// Newest first, older than a given place in the order.
    pub(crate) fn newest_first(&self, before: Option<Place>) -> impl Iterator<Item = &Volume> {
        self.volumes.range(..before.unwrap_or((i64::MAX, Uuid::max()))).rev().map(|(_, volume)| volume)
    }

    /// Volumes and GiB of a project.
    pub(crate) fn usage(&self, project: &str) -> (i64, i64) {
        let own = self.volumes.values().filter(|volume| &*volume.project == project);
        own.fold((0, 0), |(count, gib), volume| (count + 1, gib + i64::try_from(volume.spec.size_gib).unwrap_or(0)))
    }
}
