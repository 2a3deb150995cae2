//! The quota lines of services that a project may lack or not be allowed to ask: told where they can be, left out where not.

use super::ask::Ask;
use super::call;
use super::openstack::OpenStack;
use crate::wire::cinder::VolumeLimits;
use crate::wire::neutron_offer::Details;
use crate::{Quota, QuotaOf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A service that did not tell is not asked again for this time.
const SILENCE: Duration = Duration::from_secs(600);

/// When each service may be asked again.
#[derive(Default)]
pub(super) struct Silence {
    network: Mutex<Option<Instant>>,
    volumes: Mutex<Option<Instant>>,
}

impl Silence {
    fn of(&self, kind: QuotaOf) -> &Mutex<Option<Instant>> {
        match kind {
            QuotaOf::Network => &self.network,
            QuotaOf::Volumes => &self.volumes,
        }
    }

    fn holds(&self, kind: QuotaOf) -> bool {
        let until = *self.of(kind).lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn begin(&self, kind: QuotaOf) {
        *self.of(kind).lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + SILENCE);
    }
}

/// Adds the lines of this kind, if they can be had.
pub(super) async fn add(cloud: &OpenStack, kind: QuotaOf, project_id: &str, quota: &mut Quota) {
    if cloud.silence.holds(kind) {
        return;
    }
    let told = match kind {
        QuotaOf::Network => cloud.one::<Details>(Ask::of(&call::NETWORK_QUOTA).id(project_id)).await.map(|told| told.add_to(quota)),
        QuotaOf::Volumes => cloud.one::<VolumeLimits>(Ask::of(&call::VOLUME_LIMITS)).await.map(|told| told.add_to(quota)),
    };
    if let Err(error) = told {
        tracing::debug!(?kind, %error, "a part of the quota is not known");
        cloud.silence.begin(kind);
    }
}
