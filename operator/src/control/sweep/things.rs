//! What a cloud shows of a cluster, as plain values for the judgement.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use gantry_cloud::{Cloud, Error, FloatingIp, Mark, Port, Server, ServerGroup, Volume};
use gantry_crds::META_ON_DELETE;
use gantry_plan::sweep::{Kind, Thing};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// First part of the names of server groups that Gantry makes: `gantry/<cluster uid>/<pool uid>/<policy>/<n>`.
const GROUP_PREFIX: &str = "gantry";

/// What the metadata of a volume says that is kept on purpose.
const KEEP: &str = "Keep";

/// What was listed, and which kinds could not be.
#[derive(Debug)]
pub struct Collected {
    /// Everything of ours, and servers of others.
    pub things: Vec<Thing>,
    /// Kinds that could not be listed: nothing is known of them.
    pub failed: Vec<(Kind, Error)>,
}

/// Lists everything but servers, which the caller has: four lists. Groups of `pools`, by UID, are kept.
pub async fn collect(client: &Arc<dyn Cloud>, cluster: &str, servers: Vec<Thing>, pools: &BTreeSet<String>) -> Collected {
    let mut all = Collected { things: servers, failed: Vec::new() };
    let ports = all.take(Kind::Port, client.ports_marked(cluster).await);
    let devices: HashMap<&str, &str> = ports.iter().map(|port| (port.id.as_str(), port.device_id.as_str())).collect();
    // Without the ports nobody knows what a floating IP leads to.
    let addresses = if all.failed.is_empty() { all.take(Kind::FloatingIp, client.floating_ips().await) } else { Vec::new() };
    let addresses: Vec<Thing> = addresses.iter().map(|address| floating_ip(address, &devices)).collect();
    all.things.extend(ports.iter().map(port));
    all.things.extend(addresses);
    let volumes = match client.volumes().await {
        // A cloud without Cinder has no volumes.
        Err(Error::Config { .. }) => Vec::new(),
        answer => all.take(Kind::Volume, answer),
    };
    all.things.extend(volumes.iter().map(volume));
    let groups = all.take(Kind::ServerGroup, client.server_groups().await);
    all.things.extend(groups.iter().map(|group| server_group(group, pools)));
    all
}

impl Collected {
    fn take<T>(&mut self, kind: Kind, answer: Result<Vec<T>, Error>) -> Vec<T> {
        answer.unwrap_or_else(|error| {
            self.failed.push((kind, error));
            Vec::new()
        })
    }
}

fn thing(kind: Kind, id: &str, name: &str, mark: Option<Mark>) -> Thing {
    let (host, cluster) = mark.map_or((None, String::new()), |mark| (mark.host, mark.cluster));
    let (id, name) = (id.to_owned(), name.to_owned());
    Thing { kind, id, name, cluster, host, created: None, used_by: None, kept: false, members: 0 }
}

/// A server.
pub fn server(server: &Server) -> Thing {
    Thing { created: time(&server.created), ..thing(Kind::Server, &server.id, &server.name, server.mark()) }
}

fn port(port: &Port) -> Thing {
    let used_by = (!port.device_id.is_empty()).then(|| port.device_id.clone());
    Thing { used_by, ..thing(Kind::Port, &port.id, &port.name, port.mark()) }
}

/// It is used by the server of its port, or by a port that is none of ours.
fn floating_ip(address: &FloatingIp, devices: &HashMap<&str, &str>) -> Thing {
    let used_by = address.port_id.as_deref().map(|port| devices.get(port).copied().unwrap_or(port));
    let used_by = used_by.filter(|device| !device.is_empty()).map(str::to_owned);
    let created = address.created.as_deref().and_then(time);
    Thing { created, used_by, ..thing(Kind::FloatingIp, &address.id, &address.address, address.mark()) }
}

fn volume(volume: &Volume) -> Thing {
    let kept = volume.metadata.get(META_ON_DELETE).is_some_and(|what| what == KEEP);
    let (created, used_by) = (time(&volume.created), volume.attached_to.first().cloned());
    Thing { created, used_by, kept, ..thing(Kind::Volume, &volume.id, &volume.name, volume.mark()) }
}

/// Groups bear their marks in their names; there is no other place.
fn server_group(group: &ServerGroup, pools: &BTreeSet<String>) -> Thing {
    let parts: Vec<&str> = group.name.split('/').collect();
    let (cluster, kept) = match parts.as_slice() {
        [GROUP_PREFIX, cluster, pool, _, _] => (*cluster, pools.contains(*pool)),
        _ => ("", false),
    };
    Thing { cluster: cluster.to_owned(), kept, members: group.members.len(), ..thing(Kind::ServerGroup, &group.id, &group.name, None) }
}

/// Nova and Neutron write a zone, Cinder does not: all mean UTC.
fn time(text: &str) -> Option<Timestamp> {
    let without_zone = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(without_zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_each_service_writes_them() {
        let expected = "2026-11-23T07:41:00Z".parse::<Timestamp>().ok();
        assert!(expected.is_some());
        assert_eq!(time("2026-11-23T07:41:00Z"), expected);
        assert_eq!(time("2026-11-23T07:41:00.000000"), expected);
        assert_eq!(time(""), None);
    }

    #[test]
    fn the_word_for_kept_is_the_api_s() {
        assert_eq!(serde_json::to_value(gantry_crds::OnDelete::Keep).unwrap(), KEEP);
    }

    #[test]
    fn a_group_s_name_says_whose_it_is() {
        let group = |name: &str| ServerGroup {
            id: "g".into(),
            name: name.into(),
            policy: "anti-affinity".into(),
            members: vec!["s".into()],
            max_servers_per_hypervisor: None,
        };
        let pools = ["pool-1".to_owned()].into();
        let ours = server_group(&group("gantry/c/pool-1/anti-affinity/0"), &pools);
        assert_eq!((ours.cluster.as_str(), ours.kept, ours.members, ours.host), ("c", true, 1, None));
        assert!(!server_group(&group("gantry/c/pool-2/anti-affinity/0"), &pools).kept);
        for name in ["web", "gantry/c/pool-1", "gantryx/c/p/q/0", "gantry/c/p/q/0/more"] {
            assert_eq!(server_group(&group(name), &pools).cluster, "", "{name}");
        }
    }

    #[test]
    fn a_floating_ip_is_used_by_its_ports_server_or_by_a_port_of_somebody_else() {
        let devices: HashMap<&str, &str> = [("ours", "server"), ("free", "")].into();
        let used_by = |port: Option<&str>| {
            let address = FloatingIp {
                id: "f".into(),
                address: "203.0.113.7".into(),
                network_id: "n".into(),
                port_id: port.map(str::to_owned),
                status: "ACTIVE".into(),
                tags: vec![],
                created: None,
            };
            floating_ip(&address, &devices).used_by
        };
        assert_eq!(used_by(Some("ours")).as_deref(), Some("server"));
        assert_eq!(used_by(Some("theirs")).as_deref(), Some("theirs"));
        assert_eq!((used_by(Some("free")), used_by(None)), (None, None));
    }
}
