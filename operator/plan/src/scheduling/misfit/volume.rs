//! Why a persistent volume keeps a pod off a node, or off all of them.

use std::fmt;

use crate::model::Key;

/// What is the matter with a claim or its volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeMisfit {
    /// There is no such claim.
    NoClaim(Key),
    /// The claim of an ephemeral volume is not there yet.
    NotMadeYet(Key),
    /// The claim is being deleted.
    Terminating(Key),
    /// The claim of an ephemeral volume belongs to somebody else.
    NotItsOwn(Key),
    /// The claim's volume is gone.
    Lost {
        /// Claim.
        claim: Key,
        /// Volume that it is bound to.
        volume: String,
    },
    /// The claim should have been bound before the pod is placed.
    Unbound(Key),
    /// No volume is there to bind that the node reaches, and none can be made.
    NothingToBind(Key),
    /// The bound volume cannot be reached from the node.
    Elsewhere {
        /// Claim.
        claim: Key,
        /// Volume that it is bound to.
        volume: String,
    },
    /// The bound volume is in another zone or region.
    Zone {
        /// Volume.
        volume: String,
        /// Label of the volume.
        key: String,
        /// Where it is.
        values: String,
    },
    /// The volume is being made for another node.
    Chosen {
        /// Claim.
        claim: Key,
        /// That node.
        node: String,
    },
    /// The class makes no volumes where the node is.
    Class {
        /// Claim.
        claim: Key,
        /// StorageClass.
        class: String,
    },
}

impl fmt::Display for VolumeMisfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoClaim(claim) => write!(f, "claim {claim} does not exist: create it, or correct the pod's volume"),
            Self::NotMadeYet(claim) => {
                write!(f, "claim {claim} of an ephemeral volume is not there yet: its controller is about to make it")
            }
            Self::Terminating(claim) => write!(f, "claim {claim} is being deleted: create it anew"),
            Self::NotItsOwn(claim) => write!(f, "claim {claim} is named like the pod's ephemeral volume but belongs to another: delete it"),
            Self::Lost { claim, volume } => {
                write!(f, "claim {claim} is bound to volume {volume}, which is gone: restore it, or replace the claim")
            }
            Self::Unbound(claim) => write!(f, "claim {claim} is not bound, and its class binds at once: see the claim's events"),
            Self::NothingToBind(claim) => {
                write!(f, "claim {claim}: no volume is free that would do here, and its class makes none; add a volume")
            }
            Self::Elsewhere { claim, volume } => {
                write!(f, "volume {volume} of claim {claim} cannot be reached from here: a node where it is helps")
            }
            Self::Zone { volume, key, values } => write!(f, "volume {volume} is in {key} {values}: a node there helps"),
            Self::Chosen { claim, node } => write!(f, "claim {claim}: its volume is being made for node {node}"),
            Self::Class { claim, class } => {
                write!(f, "claim {claim}: class {class} makes no volumes here; a node in its allowedTopologies, or another class")
            }
        }
    }
}
