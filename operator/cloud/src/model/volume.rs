//! Volumes: what is seen of them, and what they are made from.

use super::Mark;
use std::collections::BTreeMap;

/// What to create a volume with that a server boots from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeSpec {
    /// Name.
    pub name: String,
    /// Size in GiB.
    pub size_gib: i64,
    /// Volume type; unset leaves Cinder's default.
    pub volume_type: Option<String>,
    /// Cinder's availability zone; unset leaves it to Cinder.
    pub zone: Option<String>,
    /// Image id that is written to it.
    pub image_id: String,
    /// Metadata beside the mark's, which wins.
    pub metadata: BTreeMap<String, String>,
    /// Whose it is.
    pub mark: Mark,
}

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Cinder id.
    pub id: String,
    /// Name; not unique.
    pub name: String,
    /// State.
    pub status: VolumeStatus,
    /// Size in GiB.
    pub size_gib: i64,
    /// Cinder's availability zone.
    pub zone: Option<String>,
    /// Metadata.
    pub metadata: BTreeMap<String, String>,
    /// Ids of the servers that have it.
    pub attached_to: Vec<String>,
    /// Creation time as Cinder prints it, UTC without a zone.
    pub created: String,
}

impl Volume {
    /// Whose it is.
    pub fn mark(&self) -> Option<Mark> {
        Mark::read(&self.metadata, &[])
    }
}

/// The states that Gantry tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeStatus {
    /// Being made.
    Creating,
    /// The image is being written to it.
    Downloading,
    /// Ready for a server.
    Available,
    /// Taken by a server that is being built.
    Attaching,
    /// A server has it.
    InUse,
    /// A server is giving it up.
    Detaching,
    /// It could not be made, or not be used.
    Error,
    /// Being deleted.
    Deleting,
    /// Its deletion failed; it may be asked for again.
    DeleteFailed,
    /// Any other.
    Other(String),
}
