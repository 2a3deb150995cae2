//! A Nova server as the booter sees it: what it is, and whether its machine should be on.

use std::net::IpAddr;

use serde_json::Value;

use super::capacity::Size;
use super::template::InstanceData;

/// Characters of a server id that name what a guest owns on this machine; with `gantry-` they fill an interface name.
const SHORT_ID_CHARS: usize = 8;

/// One Nova server. Its user data holds a token, so it has no `Debug`.
#[derive(Clone, PartialEq)]
pub struct Server {
    /// Nova server id.
    pub id: String,
    /// Nova server name.
    pub name: String,
    /// Host name inside the guest.
    pub hostname: String,
    /// Nova status, such as `ACTIVE`.
    pub status: String,
    /// First fixed IPv4 address.
    pub address: Option<IpAddr>,
    /// Flavor.
    pub size: Size,
    /// Availability zone, empty if none is shown.
    pub availability_zone: String,
    /// User data, base64.
    pub user_data: Option<String>,
}

/// What a server's status means for its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// The guest runs.
    On,
    /// The guest does not run; its disk stays.
    Off,
    /// The guest does not run and its disk is written anew.
    Rebuilt,
    /// The machine stays as it is.
    AsItIs,
}

impl Server {
    /// Reads one entry of `GET /servers/detail` at microversion 2.96; `None` if it is not a server.
    pub fn read(entry: &Value) -> Option<Self> {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let name = text("name");
        let hostname = match text("OS-EXT-SRV-ATTR:hostname") {
            shown if shown.is_empty() => name.clone(),
            shown => shown,
        };
        let flavor = &entry["flavor"];
        Some(Self {
            id: entry["id"].as_str()?.to_owned(),
            name,
            hostname: hostname.split('.').next().unwrap_or_default().to_owned(),
            status: text("status"),
            address: first_address(&entry["addresses"]),
            size: Size {
                vcpus: flavor["vcpus"].as_u64().unwrap_or_default(),
                memory_mib: flavor["ram"].as_u64().unwrap_or_default(),
                disk_gib: flavor["disk"].as_u64().unwrap_or_default(),
            },
            availability_zone: text("OS-EXT-AZ:availability_zone"),
            user_data: entry["OS-EXT-SRV-ATTR:user_data"].as_str().map(String::from),
        })
    }

    /// What cloud-init would know inside the guest.
    pub fn instance_data(&self) -> InstanceData {
        InstanceData {
            instance_id: self.id.clone(),
            local_hostname: self.hostname.clone(),
            availability_zone: self.availability_zone.clone(),
            region: String::new(),
        }
    }

    /// What the status means for the machine.
    pub fn power(&self) -> Power {
        match self.status.as_str() {
            "ACTIVE" => Power::On,
            "REBUILD" => Power::Rebuilt,
            "SHUTOFF" | "PAUSED" | "SUSPENDED" | "SHELVED" | "SHELVED_OFFLOADED" | "RESCUE" | "REBOOT" | "HARD_REBOOT" | "DELETED"
            | "SOFT_DELETED" => Power::Off,
            _ => Power::AsItIs,
        }
    }
}

/// The first characters of a server id.
pub fn short_id(id: &str) -> String {
    id.chars().filter(char::is_ascii_hexdigit).take(SHORT_ID_CHARS).collect()
}

fn first_address(addresses: &Value) -> Option<IpAddr> {
    let entries = addresses.as_object()?.values().flat_map(|list| list.as_array().into_iter().flatten());
    let fixed = entries.filter(|entry| entry["OS-EXT-IPS:type"].as_str() != Some("floating") && entry["version"] == 4);
    fixed.filter_map(|entry| entry["addr"].as_str()?.parse().ok()).next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_server_is_read_as_nova_shows_it() {
        let entry = json!({
            "id": "ad0b64f3-7d9e-4b7f-ab2c-a560ca12b93f", "name": "general-x7k2p", "status": "ACTIVE",
            "OS-EXT-SRV-ATTR:hostname": "general-x7k2p.example", "OS-EXT-AZ:availability_zone": "az1",
            "OS-EXT-SRV-ATTR:user_data": "aGk=",
            "flavor": {"vcpus": 4, "ram": 8192, "disk": 40, "original_name": "m1.large"},
            "addresses": {"net": [
                {"version": 4, "addr": "192.0.2.7", "OS-EXT-IPS:type": "floating"},
                {"version": 6, "addr": "2001:db8::1", "OS-EXT-IPS:type": "fixed"},
                {"version": 4, "addr": "10.78.16.9", "OS-EXT-IPS:type": "fixed"},
            ]},
        });
        let server = Server::read(&entry).unwrap();
        assert_eq!(server.hostname, "general-x7k2p");
        assert_eq!(server.address, Some(IpAddr::from([10, 78, 16, 9])));
        assert_eq!(server.size, Size { vcpus: 4, memory_mib: 8192, disk_gib: 40 });
        assert_eq!(short_id(&server.id), "ad0b64f3");
        assert_eq!(server.power(), Power::On);
    }

    #[test]
    fn an_error_leaves_the_machine_as_it_is() {
        let server = Server::read(&json!({"id": "x", "status": "ERROR"})).unwrap();
        assert_eq!(server.power(), Power::AsItIs);
    }
}
