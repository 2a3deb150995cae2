//! How a server is shown: the fields in Nova's order, those of a microversion or of admins only where they belong.
use std::{collections::BTreeMap, net::Ipv4Addr};

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};

use super::{history::host_id, list::Detail};
use crate::{
    clock,
    state::{
        Cloud,
        server::{Disk, Flavor, Server, VmState},
    },
};

/// Which of the two places a full view is for: lists leave out the server groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Show,
    List,
}

/// A server as one caller sees it.
pub(crate) struct View<'a> {
    pub(crate) cloud: &'a Cloud,
    pub(crate) server: &'a Server,
    pub(crate) minor: u16,
    pub(crate) is_admin: bool,
    pub(crate) detail: Detail,
    pub(crate) place: Place,
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.detail == Detail::Brief {
            map.serialize_entry("id", &self.server.id)?;
            map.serialize_entry("name", &self.server.spec.name)?;
            map.serialize_entry("links", &self.links())?;
        } else {
            self.basics(&mut map)?;
            self.state(&mut map)?;
            self.extras(&mut map)?;
        }
        map.end()
    }
}

/// A server's flavor, as shown from 2.47 on.
pub(crate) fn embedded_flavor(flavor: &Flavor) -> Value {
    let spec = &flavor.spec;
    let extra: BTreeMap<_, _> = spec.extra_specs.iter().map(|(key, value)| (key, value)).collect();
    json!({
        "vcpus": spec.vcpus, "ram": spec.memory_mib, "disk": spec.disk_gib, "ephemeral": 0, "swap": 0,
        "original_name": spec.name, "extra_specs": extra,
    })
}

/// A server's image; of one that boots from a volume, an empty text.
pub(crate) fn image(cloud: &Cloud, server: &Server) -> Value {
    let Some(id) = server.spec.image else { return json!("") };
    json!({"id": id, "links": [{"rel": "bookmark", "href": format!("{}/compute/images/{id}", cloud.base_url)}]})
}

impl View<'_> {
    fn links(&self) -> Value {
        let (base, id) = (&self.cloud.base_url, self.server.id);
        json!([
            {"rel": "self", "href": format!("{base}/compute/v2.1/servers/{id}")},
            {"rel": "bookmark", "href": format!("{base}/compute/servers/{id}")},
        ])
    }

    fn basics<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Server { spec, .. } = self.server;
        map.serialize_entry("accessIPv4", "")?;
        map.serialize_entry("accessIPv6", "")?;
        map.serialize_entry("addresses", &self.addresses())?;
        map.serialize_entry("created", &clock::seconds(self.server.created))?;
        map.serialize_entry("flavor", &self.flavor())?;
        map.serialize_entry("hostId", &self.host_id())?;
        map.serialize_entry("id", &self.server.id)?;
        map.serialize_entry("image", &self.image())?;
        map.serialize_entry("links", &self.links())?;
        map.serialize_entry("metadata", &spec.metadata)?;
        map.serialize_entry("name", &spec.name)?;
        map.serialize_entry("status", self.server.status())?;
        map.serialize_entry("tenant_id", &*self.server.project)?;
        map.serialize_entry("user_id", &*self.server.user)?;
        map.serialize_entry("updated", &clock::seconds(self.server.updated))
    }

    fn addresses(&self) -> BTreeMap<&str, Vec<Value>> {
        let mut networks: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for address in &self.server.addresses {
            let row = |addr: Ipv4Addr, kind: &str| json!({"version": 4, "addr": addr, "OS-EXT-IPS:type": kind, "OS-EXT-IPS-MAC:mac_addr": address.mac});
            let rows = networks.entry(&address.network).or_default();
            rows.push(row(address.address, "fixed"));
            let floating = self.cloud.networking.floating_of(address.port, address.address);
            rows.extend(floating.map(|floating| row(floating.address, "floating")));
        }
        networks
    }

    fn flavor(&self) -> Value {
        let flavor = &self.server.spec.flavor;
        if self.minor < 47 {
            let href = format!("{}/compute/flavors/{}", self.cloud.base_url, flavor.id);
            return json!({"id": flavor.id, "links": [{"rel": "bookmark", "href": href}]});
        }
        embedded_flavor(flavor)
    }

    fn image(&self) -> Value {
        let mut image = image(self.cloud, self.server);
        if image == json!("") {
            return image;
        }
        if self.minor >= 98 {
            image["properties"] = json!({});
        }
        image
    }

    fn host(&self) -> Option<&str> {
        let place = self.server.hypervisor.and_then(|n| self.cloud.compute.hypervisors.get(n));
        place.map(|place| &*place.name)
    }

    /// Not the hypervisor, but the same for all servers of a project on it.
    fn host_id(&self) -> String {
        self.host().map_or_else(String::new, |host| host_id(&self.server.project, host))
    }

    fn state<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Server { spec, .. } = self.server;
        if let Some(fault) = &self.server.fault {
            let mut shown = json!({"code": fault.code, "created": clock::seconds(fault.created), "message": fault.message});
            if self.is_admin && !fault.details.is_empty() {
                shown["details"] = json!(fault.details);
            }
            map.serialize_entry("fault", &shown)?;
        }
        map.serialize_entry("OS-DCF:diskConfig", "MANUAL")?;
        if matches!(self.server.vm_state, VmState::Active | VmState::Building) {
            map.serialize_entry("progress", &0)?;
        }
        map.serialize_entry("OS-EXT-AZ:availability_zone", self.zone())?;
        map.serialize_entry("config_drive", if spec.config_drive { "True" } else { "" })?;
        map.serialize_entry("key_name", &spec.key_name)?;
        map.serialize_entry("OS-SRV-USG:launched_at", &self.server.launched.map(clock::naive_micros))?;
        map.serialize_entry("OS-SRV-USG:terminated_at", &self.server.terminated.map(clock::naive_micros))?;
        let groups = self.security_groups();
        if !groups.is_empty() {
            map.serialize_entry("security_groups", &groups)?;
        }
        if self.is_admin {
            self.for_admins(map)?;
        }
        map.serialize_entry("OS-EXT-STS:task_state", &self.server.task.map(|task| task.as_str()))?;
        map.serialize_entry("OS-EXT-STS:vm_state", self.server.vm_state.as_str())?;
        map.serialize_entry("OS-EXT-STS:power_state", &self.server.power_state)
    }

    fn zone(&self) -> &str {
        let place = self.server.hypervisor.and_then(|n| self.cloud.compute.hypervisors.get(n));
        place.map_or_else(|| self.server.spec.zone.as_deref().unwrap_or_default(), |place| &*place.zone)
    }

    fn security_groups(&self) -> Vec<Value> {
        let networking = &self.cloud.networking;
        let ports = self.server.ports.iter().filter_map(|id| networking.ports.get(id));
        let ids = ports.flat_map(|port| &port.security_groups);
        let mut names: Vec<_> = ids.filter_map(|id| networking.groups.iter().find(|group| group.id == *id)).map(|g| &g.name).collect();
        names.dedup();
        names.into_iter().map(|name| json!({"name": name})).collect()
    }

    fn for_admins<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Server { spec, seq, .. } = self.server;
        map.serialize_entry("OS-EXT-SRV-ATTR:host", &self.host())?;
        map.serialize_entry("OS-EXT-SRV-ATTR:instance_name", &format!("instance-{seq:08x}"))?;
        map.serialize_entry("OS-EXT-SRV-ATTR:hypervisor_hostname", &self.host())?;
        if self.minor >= 3 {
            map.serialize_entry("OS-EXT-SRV-ATTR:hostname", &spec.hostname)?;
            map.serialize_entry("OS-EXT-SRV-ATTR:kernel_id", "")?;
            map.serialize_entry("OS-EXT-SRV-ATTR:launch_index", &self.server.launch_index)?;
            map.serialize_entry("OS-EXT-SRV-ATTR:ramdisk_id", "")?;
            map.serialize_entry("OS-EXT-SRV-ATTR:reservation_id", &self.server.reservation)?;
            map.serialize_entry("OS-EXT-SRV-ATTR:root_device_name", "/dev/vda")?;
            map.serialize_entry("OS-EXT-SRV-ATTR:user_data", &spec.user_data.as_deref())?;
        }
        Ok(())
    }

    fn extras<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Server { spec, .. } = self.server;
        map.serialize_entry("os-extended-volumes:volumes_attached", &self.volumes())?;
        if self.minor >= 9 {
            map.serialize_entry("locked", &self.server.locked.is_some())?;
        }
        if self.minor >= 16 && self.is_admin {
            map.serialize_entry("host_status", self.host_status())?;
        }
        if self.minor >= 19 {
            map.serialize_entry("description", &spec.description)?;
        }
        if self.minor >= 26 {
            map.serialize_entry("tags", &spec.tags)?;
        }
        if self.minor >= 63 {
            map.serialize_entry("trusted_image_certificates", &())?;
        }
        if self.minor >= 71 && self.place == Place::Show {
            let groups: Vec<_> = spec.group.into_iter().filter(|group| self.cloud.compute.groups.contains_key(group)).collect();
            map.serialize_entry("server_groups", &groups)?;
        }
        if self.minor >= 73 {
            map.serialize_entry("locked_reason", &self.server.locked.as_ref().and_then(|lock| lock.reason.as_deref()))?;
        }
        if self.minor >= 90 && !self.is_admin {
            map.serialize_entry("OS-EXT-SRV-ATTR:hostname", &spec.hostname)?;
        }
        if self.minor >= 96 {
            map.serialize_entry("pinned_availability_zone", &spec.zone)?;
        }
        if self.minor >= 100 {
            let hints = spec.group.map_or_else(|| json!({}), |group| json!({"group": [group]}));
            map.serialize_entry("scheduler_hints", &hints)?;
        }
        Ok(())
    }

    fn volumes(&self) -> Vec<Value> {
        let row = |disk: &Disk| match self.minor {
            ..3 => json!({"id": disk.volume}),
            _ => json!({"id": disk.volume, "delete_on_termination": disk.ends_with_server}),
        };
        self.server.spec.disks.iter().map(row).collect()
    }

    fn host_status(&self) -> &'static str {
        let place = self.server.hypervisor.and_then(|n| self.cloud.compute.hypervisors.get(n));
        match place {
            None => "",
            Some(place) if place.is_up => "UP",
            Some(_) => "UNKNOWN",
        }
    }
}
