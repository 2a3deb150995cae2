//! The lease in the API server, and the little of it that the election needs.

use std::time::Duration;

use jiff::{Timestamp, Unit};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Client;
use kube::api::{Api, PostParams};

use super::LEASE_DURATION;

/// A lease as one candidate writes it and the others read it. Times are for people: no decision rests on them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    /// The object's metadata; its resourceVersion makes a replacement conditional.
    pub metadata: ObjectMeta,
    /// Who holds it; empty if nobody does.
    pub holder: String,
    /// How often it has changed hands.
    pub transitions: i32,
    /// How long it holds without renewal.
    pub duration: Duration,
    /// When the holder took it.
    pub acquired: Option<Timestamp>,
    /// When the holder renewed it last.
    pub renewed: Option<Timestamp>,
}

impl Record {
    /// A first record, held by `me`.
    pub(super) fn new(me: &str, wall: Timestamp) -> Self {
        let time = Some(micros(wall));
        Self { metadata: ObjectMeta::default(), holder: me.into(), transitions: 0, duration: LEASE_DURATION, acquired: time, renewed: time }
    }

    /// The record after `me` took it from another.
    pub(super) fn taken(self, me: &str, wall: Timestamp) -> Self {
        Self { transitions: self.transitions.saturating_add(1), metadata: self.metadata, ..Self::new(me, wall) }
    }

    /// The record after its holder renewed it.
    pub(super) fn renewed(self, wall: Timestamp) -> Self {
        Self { duration: LEASE_DURATION, renewed: Some(micros(wall)), ..self }
    }

    /// The record after its holder gave it back.
    pub(super) fn released(self) -> Self {
        Self { holder: String::new(), duration: Duration::from_secs(1), ..self }
    }
}

/// As the API server keeps it.
fn micros(time: Timestamp) -> Timestamp {
    time.round(Unit::Microsecond).unwrap_or(time)
}

/// Why a call did nothing, as far as is known.
#[derive(Debug)]
pub(super) enum Failure {
    /// Somebody else was faster.
    Conflict,
    /// Anything else; it may have been carried out all the same.
    Other(String),
}

/// Where the record is kept.
pub(super) trait Store: Send + Sync + 'static {
    /// The record, if there is one.
    fn get(&self) -> impl Future<Output = Result<Option<Record>, Failure>> + Send;
    /// Makes the record; a conflict if there is one.
    fn create(&self, record: Record) -> impl Future<Output = Result<Record, Failure>> + Send;
    /// Replaces the record; a conflict if it is not of the given resourceVersion any more.
    fn replace(&self, record: Record) -> impl Future<Output = Result<Record, Failure>> + Send;
}

/// The record as a Lease.
pub(super) struct ApiStore {
    leases: Api<Lease>,
    name: String,
}

impl ApiStore {
    pub(super) fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self { leases: Api::namespaced(client, namespace), name: name.into() }
    }
}

impl Store for ApiStore {
    async fn get(&self) -> Result<Option<Record>, Failure> {
        self.leases.get_opt(&self.name).await.map(|lease| lease.map(read)).map_err(failure)
    }

    async fn create(&self, record: Record) -> Result<Record, Failure> {
        let mut lease = write(record);
        lease.metadata.name = Some(self.name.clone());
        self.leases.create(&PostParams::default(), &lease).await.map(read).map_err(failure)
    }

    async fn replace(&self, record: Record) -> Result<Record, Failure> {
        self.leases.replace(&self.name, &PostParams::default(), &write(record)).await.map(read).map_err(failure)
    }
}

fn failure(error: kube::Error) -> Failure {
    match error {
        kube::Error::Api(status) if status.code == 409 => Failure::Conflict,
        other => Failure::Other(other.to_string()),
    }
}

fn read(lease: Lease) -> Record {
    let spec = lease.spec.unwrap_or_default();
    let seconds = spec.lease_duration_seconds.and_then(|s| u64::try_from(s).ok());
    Record {
        metadata: lease.metadata,
        holder: spec.holder_identity.unwrap_or_default(),
        transitions: spec.lease_transitions.unwrap_or_default(),
        duration: seconds.map_or(LEASE_DURATION, Duration::from_secs),
        acquired: spec.acquire_time.map(|t| t.0),
        renewed: spec.renew_time.map(|t| t.0),
    }
}

fn write(record: Record) -> Lease {
    Lease {
        metadata: ObjectMeta { managed_fields: None, ..record.metadata },
        spec: Some(LeaseSpec {
            holder_identity: Some(record.holder),
            lease_transitions: Some(record.transitions),
            lease_duration_seconds: i32::try_from(record.duration.as_secs()).ok(),
            acquire_time: record.acquired.map(MicroTime),
            renew_time: record.renewed.map(MicroTime),
            ..Default::default()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_the_lease() {
        let record = Record::new("a", "2026-04-01T10:00:00.123456789Z".parse().unwrap());
        let json = serde_json::to_string(&write(record.clone())).unwrap();
        assert_eq!(read(serde_json::from_str(&json).unwrap()), record);
    }

    #[test]
    fn a_lease_that_was_made_empty_is_free() {
        assert_eq!(read(Lease::default()).holder, "");
    }
}
