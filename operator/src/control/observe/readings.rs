//! What is read beside servers: its trouble is told and stops only the purchases that need it.

use std::sync::Arc;

use gantry_cloud::{Cloud, Quota};
use jiff::{SignedDuration, Timestamp};

use super::super::cloud_state::Area;
use super::super::references;
use super::census::Census;
use super::{CATALOG_EVERY, Observer, rise, told};

impl Observer {
    pub(super) async fn read_catalog(&mut self, client: &Arc<dyn Cloud>) {
        let now = self.ctx.now();
        if !self.catalog.is_due(CATALOG_EVERY, now) {
            return;
        }
        match futures::try_join!(client.flavors(), client.zones()) {
            Ok((flavors, zones)) => {
                self.catalog.done(now);
                self.trouble(Area::Catalog, None);
                self.cell.update(|state| {
                    state.flavors = Arc::new(flavors.into_iter().map(|flavor| (flavor.name.clone(), flavor)).collect());
                    (state.zones, state.catalog_at) = (Arc::new(zones), Some(now));
                });
            }
            Err(error) => {
                self.catalog.failed(self.ctx.now());
                self.trouble(Area::Catalog, Some(told(&error)));
            }
        }
    }

    pub(super) async fn read_quota(&mut self, client: &Arc<dyn Cloud>, census: &Census) {
        let now = self.ctx.now();
        let with_rest = self.quota_rest.is_due(census.quota_rest_every(), now);
        if !with_rest && !self.quota.is_due(census.quota_every(), now) {
            return;
        }
        let also = if with_rest { census.services() } else { &[] };
        match client.quota(also).await {
            Ok(quota) => {
                self.quota.done(now);
                with_rest.then(|| self.quota_rest.done(now));
                self.trouble(Area::Quota, None);
                let quota = if with_rest { quota } else { self.with_known_rest(quota) };
                self.take_in_quota(quota, now, census);
            }
            Err(error) => {
                self.quota.failed(self.ctx.now());
                self.quota_rest.failed(self.ctx.now());
                self.trouble(Area::Quota, Some(told(&error)));
            }
        }
    }

    fn with_known_rest(&self, quota: Quota) -> Quota {
        let known = self.cell.read().quota.map(|(known, _)| known).unwrap_or_default();
        Quota { ports: known.ports, floating_ips: known.floating_ips, volumes: known.volumes, gigabytes: known.gigabytes, ..quota }
    }

    fn take_in_quota(&mut self, quota: Quota, begun: Timestamp, census: &Census) {
        let before = self.cell.update(|state| state.quota.replace((quota, begun))).map(|(before, _)| before);
        let raised = before.is_some_and(|before| rise::of_limits(&before, &quota));
        let freed = !census.busy && self.quiet.is_some_and(|quiet| rise::of_room(&quiet, &quota));
        if raised || freed {
            self.ctx.offerings.quota_rose(&self.key);
        }
        if !census.busy {
            self.quiet = Some(quota);
        }
    }

    pub(super) async fn read_references(&mut self, client: &Arc<dyn Cloud>) {
        let now = self.ctx.now();
        // What is fresh costs nothing, so that only a failure makes a pause.
        if !self.references.is_due(SignedDuration::ZERO, now) {
            return;
        }
        match references::read(&self.ctx, &self.key, &self.cell, client).await {
            Ok(()) => {
                self.references.done(now);
                self.trouble(Area::References, None);
            }
            Err(error) => {
                self.references.failed(self.ctx.now());
                self.trouble(Area::References, Some(told(&error)));
            }
        }
    }
}
