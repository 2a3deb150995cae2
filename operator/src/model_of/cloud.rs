//! Clouds, as the status of their object tells.

use gantry_crds::{OfferingStatus, OpenStackCloudStatus, QuotaLine, QuotaStatus};
use gantry_plan::model::{self, Line};
use gantry_plan::quantity::{ParseError, Quantity, parse_price_micro};
use jiff::Timestamp;

/// Why an offering without a reason cannot be had.
const UNTOLD: &str = "the status says that it is not available";

/// A cloud.
///
/// # Errors
/// If a price or an amount in the status is none.
pub fn cloud(status: &OpenStackCloudStatus, now: Timestamp) -> Result<model::Cloud, ParseError> {
    Ok(model::Cloud {
        region: status.region.clone().unwrap_or_default(),
        offerings: status.offerings.iter().map(|told| offering(told, now)).collect::<Result<_, _>>()?,
        quota: status.quota.as_ref().map(quota).unwrap_or_default(),
    })
}

/// A flavor in a zone; one whose time is up can be had again.
///
/// # Errors
/// If its price or an amount is none.
pub fn offering(told: &OfferingStatus, now: Timestamp) -> Result<model::Offering, ParseError> {
    let until = told.until.as_ref().map(|until| until.0);
    let available = told.available || until.is_some_and(|until| until <= now);
    let amount = |(name, written): (&String, &String)| Ok((name.clone(), written.parse::<Quantity>()?.value()));
    Ok(model::Offering {
        flavor: told.flavor.clone(),
        zone: told.zone.clone(),
        vcpus: i64::from(told.vcpus),
        memory_mib: told.memory_mib,
        disk_gib: told.disk_gib,
        resources: told.resources.iter().map(amount).collect::<Result<_, _>>()?,
        price_micro: parse_price_micro(&told.price)?,
        unavailable: (!available).then(|| told.reason.clone().unwrap_or_else(|| UNTOLD.to_owned())),
        until: until.filter(|_| !available),
    })
}

/// Quota; what is not told limits nothing.
pub fn quota(status: &QuotaStatus) -> model::Quota {
    let line = |line: QuotaLine| Line { limit: line.limit, used: line.used };
    let known = |known: Option<QuotaLine>| known.map_or(Line { limit: -1, used: 0 }, line);
    model::Quota {
        instances: line(status.instances),
        cores: line(status.cores),
        memory_mib: line(status.memory_mib),
        ports: known(status.ports),
        floating_ips: known(status.floating_ips),
        volumes: known(status.volumes),
        gigabytes: known(status.gigabytes),
        server_groups: known(status.server_groups),
        server_group_members: status.server_group_members.unwrap_or(-1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn told(available: bool, until: Option<i64>) -> OfferingStatus {
        OfferingStatus {
            flavor: "g1".into(),
            zone: "az1".into(),
            vcpus: 4,
            memory_mib: 8_192,
            disk_gib: 20,
            resources: BTreeMap::from([("nvidia.com/gpu".into(), "2".into())]),
            price: "0.12".into(),
            available,
            reason: (!available).then(|| "no valid host".into()),
            until: until.map(|second| Time(Timestamp::from_second(second).unwrap())),
        }
    }

    fn read(told: &OfferingStatus) -> model::Offering {
        offering(told, Timestamp::from_second(100).unwrap()).unwrap()
    }

    #[test]
    fn an_offering_is_read_whole() {
        let expected = model::Offering {
            flavor: "g1".into(),
            zone: "az1".into(),
            vcpus: 4,
            memory_mib: 8_192,
            disk_gib: 20,
            resources: BTreeMap::from([("nvidia.com/gpu".into(), 2)]),
            price_micro: 120_000,
            unavailable: Some("no valid host".into()),
            until: Some(Timestamp::from_second(200).unwrap()),
        };
        assert_eq!(read(&told(false, Some(200))), expected);
    }

    #[test]
    fn an_offering_whose_time_is_up_can_be_had() {
        let offering = read(&told(false, Some(50)));
        assert_eq!((offering.unavailable, offering.until), (None, None));
    }

    #[test]
    fn a_price_that_is_none_is_an_error() {
        let wrong = OfferingStatus { price: "cheap".into(), ..told(true, None) };
        assert!(offering(&wrong, Timestamp::UNIX_EPOCH).is_err());
    }

    #[test]
    fn a_line_of_quota_that_is_not_told_limits_nothing() {
        let known = QuotaLine { limit: 10, used: 4 };
        let quota = quota(&QuotaStatus { cores: known, ports: Some(known), ..QuotaStatus::default() });
        let expected = Line { limit: 10, used: 4 };
        assert_eq!((quota.cores, quota.ports, quota.volumes.limit, quota.server_group_members), (expected, expected, -1, -1));
    }
}
