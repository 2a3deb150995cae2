//! Plain data that crosses the wall between Gantry and OpenStack.

mod mark;
mod network;
mod offer;
mod server;
mod volume;

pub use mark::{META_CLUSTER, META_HOST, Mark};
pub use network::{AddressPair, FixedIp, FloatingIp, FloatingIpSpec, Port, PortSpec};
pub use offer::{Flavor, Identity, Line, Lookup, Named, Quota, QuotaOf};
pub use server::{Fault, GroupSpec, Root, Server, ServerGroup, ServerSpec, ServerStatus, USER_DATA_LIMIT_BYTES, UserData};
pub use volume::{Volume, VolumeSpec, VolumeStatus};
