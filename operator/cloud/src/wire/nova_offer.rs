//! What a project can have, as Nova writes it: flavors, zones and limits.

use super::page;
use crate::{Flavor, Line, Quota};
use serde::Deserialize;
use std::collections::BTreeMap;

page!(Flavors, WireFlavor, flavors, flavors_links);

/// A flavor; disabled ones are listed too.
#[derive(Deserialize)]
pub(crate) struct WireFlavor {
    id: String,
    name: String,
    vcpus: i32,
    ram: i64,
    disk: i64,
    #[serde(default, rename = "OS-FLV-DISABLED:disabled")]
    pub disabled: bool,
    #[serde(default)]
    extra_specs: BTreeMap<String, String>,
}

impl From<WireFlavor> for Flavor {
    fn from(wire: WireFlavor) -> Self {
        Self { id: wire.id, name: wire.name, vcpus: wire.vcpus, memory_mib: wire.ram, disk_gib: wire.disk, extra_specs: wire.extra_specs }
    }
}

/// `GET /os-availability-zone`.
#[derive(Deserialize)]
pub(crate) struct Zones {
    #[serde(rename = "availabilityZoneInfo")]
    zones: Vec<Zone>,
}

#[derive(Deserialize)]
struct Zone {
    #[serde(rename = "zoneName")]
    name: String,
    #[serde(rename = "zoneState")]
    state: ZoneState,
}

#[derive(Deserialize)]
struct ZoneState {
    available: bool,
}

impl Zones {
    pub fn available(self) -> Vec<String> {
        self.zones.into_iter().filter(|zone| zone.state.available).map(|zone| zone.name).collect()
    }
}

/// `GET /limits`.
#[derive(Deserialize)]
pub(crate) struct Limits {
    limits: Absolute,
}

#[derive(Deserialize)]
struct Absolute {
    absolute: BTreeMap<String, i64>,
}

impl Limits {
    /// `None` if Nova leaves one of the lines out.
    pub fn quota(&self) -> Option<Quota> {
        let of = |name: &str| self.limits.absolute.get(name).copied();
        let line = |limit, used| Some(Line { limit: of(limit)?, used: of(used)? });
        Some(Quota {
            instances: line("maxTotalInstances", "totalInstancesUsed")?,
            cores: line("maxTotalCores", "totalCoresUsed")?,
            memory_mib: line("maxTotalRAMSize", "totalRAMUsed")?,
            server_groups: line("maxServerGroups", "totalServerGroupsUsed"),
            server_group_members: of("maxServerGroupMembers"),
            ..Quota::default()
        })
    }
}

#[cfg(test)]
mod tests {
    //! Bodies recorded from a real Nova (34, microversion 2.96, as a project's member).

    use super::*;
    use crate::client::Page;

    #[test]
    fn a_flavor_as_recorded() {
        let body = r#"{"flavors": [{"id": "1", "name": "m1.tiny", "ram": 512, "disk": 1, "swap": 0, "OS-FLV-EXT-DATA:ephemeral": 0, "OS-FLV-DISABLED:disabled": false, "vcpus": 1,
        "os-flavor-access:is_public": true, "rxtx_factor": 1.0, "links": [], "description": null, "extra_specs": {"hw:cpu_policy": "dedicated"}}],
        "flavors_links": [{"rel": "next", "href": "http://n/v2.1/flavors?limit=1&marker=1"}]}"#;
        let (flavors, next) = serde_json::from_str::<Flavors>(body).unwrap().split();
        let expected = Flavor {
            id: "1".to_owned(),
            name: "m1.tiny".to_owned(),
            vcpus: 1,
            memory_mib: 512,
            disk_gib: 1,
            extra_specs: BTreeMap::from([("hw:cpu_policy".to_owned(), "dedicated".to_owned())]),
        };
        let flavors: Vec<Flavor> = flavors.into_iter().map(Flavor::from).collect();
        assert_eq!((flavors, next.as_deref()), (vec![expected], Some("http://n/v2.1/flavors?limit=1&marker=1")));
    }

    #[test]
    fn limits_and_zones_as_recorded() {
        let limits = r#"{"limits": {"rate": [], "absolute": {"maxTotalCores": 100, "maxTotalInstances": 50, "maxTotalKeypairs": 100, "maxServerMeta": 128, "maxTotalRAMSize": -1,
        "maxServerGroups": 10, "maxServerGroupMembers": 10, "totalRAMUsed": 512, "totalCoresUsed": 1, "totalInstancesUsed": 1, "totalServerGroupsUsed": 1}}}"#;
        let expected = Quota {
            instances: Line { limit: 50, used: 1 },
            cores: Line { limit: 100, used: 1 },
            memory_mib: Line { limit: -1, used: 512 },
            server_groups: Some(Line { limit: 10, used: 1 }),
            server_group_members: Some(10),
            ..Quota::default()
        };
        assert_eq!(serde_json::from_str::<Limits>(limits).unwrap().quota(), Some(expected));
        let zones = r#"{"availabilityZoneInfo": [{"zoneName": "nova", "zoneState": {"available": true}, "hosts": null}, {"zoneName": "az2", "zoneState": {"available": false}, "hosts": null}]}"#;
        assert_eq!(serde_json::from_str::<Zones>(zones).unwrap().available(), ["nova"]);
    }
}
