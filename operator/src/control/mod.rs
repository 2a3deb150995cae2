//! The loops that join the rest: cloud observers, the planning loop, the host driver, the certificate approver.

pub mod approvals;
pub mod builds;
pub mod cloud_state;
pub mod clouds;
pub mod context;
pub mod create;
pub mod discovery;
pub mod driver;
pub mod lifecycle;
pub mod memory;
pub mod nodes;
pub mod observe;
pub mod offerings;
pub mod planning;
pub mod purchase;
pub mod record;
pub mod references;
pub mod removal;
pub mod server_seen;
pub mod snapshot;
pub mod status;
pub mod steps;
