//! What a pool's template stands for in its cloud now: every reference by id and name, for what is bought, told and compared.

use gantry_cloud::Lookup;
use gantry_crds::{
    HostFixedIp, HostFloatingIp, HostPort, HostRootVolume, Port, Resolved, ResolvedPort, ResolvedRef, RootVolume, SAME_AS_HOST, Template,
};
use gantry_plan::quantity::Quantity;

use super::cloud_state::{CloudState, RefKind};
use super::references;

const GIB: i64 = 1 << 30;

/// A template's references, found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resolution {
    pub image: ResolvedRef,
    /// In the order of the template's.
    ports: Vec<FoundPort>,
    floating_network: Option<ResolvedRef>,
}

#[derive(Clone, Debug, PartialEq)]
struct FoundPort {
    spec: HostPort,
    told: ResolvedPort,
}

/// Finds everything that a template refers to.
///
/// # Errors
/// What is missing, in words.
pub(super) fn resolve(template: &Template, state: &CloudState) -> Result<Resolution, String> {
    let floating = template.floating_ip.as_ref().map(|ip| found(state, RefKind::Network, &references::network(&ip.network)));
    Ok(Resolution {
        image: found(state, RefKind::Image, &references::image(&template.image))?,
        ports: template.ports.iter().map(|port| find_port(state, port)).collect::<Result<_, _>>()?,
        floating_network: floating.transpose()?,
    })
}

impl Resolution {
    /// The ports of a host.
    pub fn host_ports(&self) -> Vec<HostPort> {
        self.ports.iter().map(|port| port.spec.clone()).collect()
    }

    /// The floating IP of a host.
    pub fn host_floating_ip(&self) -> Option<HostFloatingIp> {
        self.floating_network.as_ref().map(|network| HostFloatingIp { network_id: network.id.clone() })
    }

    /// As the pool's status tells it.
    pub fn told(&self, flavors: Vec<String>) -> Resolved {
        Resolved {
            image: Some(self.image.clone()),
            ports: self.ports.iter().map(|port| port.told.clone()).collect(),
            floating_network: self.floating_network.clone(),
            flavors,
        }
    }
}

fn found(state: &CloudState, kind: RefKind, lookup: &Lookup) -> Result<ResolvedRef, String> {
    let id = state.resolve(kind, lookup)?;
    let name = state.references.get(&(kind, lookup.clone())).map(|reference| reference.name.clone());
    Ok(ResolvedRef { id, name: name.unwrap_or_default() })
}

fn find_port(state: &CloudState, port: &Port) -> Result<FoundPort, String> {
    let network = found(state, RefKind::Network, &references::network(&port.network))?;
    let (fixed_ips, subnets) = addresses(state, port)?;
    let groups = port.security_groups.iter().map(|by| found(state, RefKind::SecurityGroup, &references::security_group(by)));
    let groups: Vec<ResolvedRef> = groups.collect::<Result<_, _>>()?;
    let qos = port.qos_policy.as_ref().map(|by| found(state, RefKind::QosPolicy, &references::qos_policy(by))).transpose()?;
    let spec = HostPort {
        network_id: network.id.clone(),
        fixed_ips,
        security_group_ids: groups.iter().map(|group| group.id.clone()).collect(),
        allowed_address_pairs: port.allowed_address_pairs.clone(),
        vnic_type: port.vnic_type,
        port_security: port.port_security,
        qos_policy_id: qos.as_ref().map(|policy| policy.id.clone()),
    };
    Ok(FoundPort { spec, told: ResolvedPort { network, subnets, security_groups: groups, qos_policy: qos } })
}

/// The addresses of a port, and the subnets that they come from.
fn addresses(state: &CloudState, port: &Port) -> Result<(Vec<HostFixedIp>, Vec<ResolvedRef>), String> {
    let only = port.subnet.iter().map(|subnet| (Some(subnet), None));
    let each = port.fixed_ips.iter().map(|ip| (ip.subnet.as_ref(), ip.address.clone()));
    let (mut fixed, mut subnets) = (Vec::new(), Vec::new());
    for (subnet, address) in only.chain(each) {
        let subnet = subnet.map(|by| found(state, RefKind::Subnet, &references::subnet(by))).transpose()?;
        fixed.push(HostFixedIp { subnet_id: subnet.as_ref().map(|subnet| subnet.id.clone()), address });
        subnets.extend(subnet);
    }
    Ok((fixed, subnets))
}

/// The root volume of a host in `zone`.
pub(super) fn root_volume(volume: &RootVolume, zone: &str) -> HostRootVolume {
    HostRootVolume {
        size_gib: size_gib(volume),
        volume_type: volume.volume_type.clone(),
        zone: volume.zone.as_ref().map(|name| if name == SAME_AS_HOST { zone.to_owned() } else { name.clone() }),
        on_delete: volume.on_delete,
    }
}

/// A root volume's size in whole GiB; the API's rules allow nothing else.
pub(crate) fn size_gib(volume: &RootVolume) -> i64 {
    volume.size.0.parse::<Quantity>().map_or(0, |size| size.value() / GIB)
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::super::cloud_state::Reference;
    use super::*;
    use serde_json::{Value, json};

    pub fn template(value: Value) -> Template {
        serde_json::from_value(value).unwrap()
    }

    /// A cloud in which these names are known, each with the id `<name>-id`.
    pub fn cloud(names: &[(RefKind, &str)]) -> CloudState {
        let reference = |name: &str| Reference { id: Ok(format!("{name}-id")), name: name.into(), at: Default::default() };
        let known = names.iter().map(|(kind, name)| ((*kind, Lookup::Name((*name).into())), reference(name)));
        CloudState { references: Arc::new(known.collect()), ..CloudState::default() }
    }

    #[test]
    fn ports_are_resolved_to_ids_and_told_by_name() {
        use RefKind::{Image, Network, QosPolicy, SecurityGroup, Subnet};
        let state = cloud(&[
            (Image, "debian"),
            (Network, "apps"),
            (Network, "public"),
            (Subnet, "v4"),
            (Subnet, "v6"),
            (SecurityGroup, "nodes"),
            (QosPolicy, "gold"),
        ]);
        let found = resolve(
            &template(json!({
                "flavors": {"names": ["a"]}, "image": {"name": "debian"}, "floatingIP": {"network": {"name": "public"}},
                "ports": [
                    {"network": {"name": "apps"}, "subnet": {"name": "v4"}, "securityGroups": [{"name": "nodes"}], "qosPolicy": {"name": "gold"},
                     "allowedAddressPairs": [{"address": "10.244.0.0/16"}], "vnicType": "direct", "portSecurity": true},
                    {"network": {"name": "apps"}, "fixedIPs": [{"subnet": {"name": "v6"}, "address": "2001:db8::9"}, {"address": "10.0.0.9"}]},
                ],
            })),
            &state,
        );
        let found = found.unwrap();
        let ports = json!(found.host_ports());
        let expected = json!([
            {"networkID": "apps-id", "fixedIPs": [{"subnetID": "v4-id"}], "securityGroupIDs": ["nodes-id"], "qosPolicyID": "gold-id",
             "allowedAddressPairs": [{"address": "10.244.0.0/16"}], "vnicType": "direct", "portSecurity": true},
            {"networkID": "apps-id", "fixedIPs": [{"subnetID": "v6-id", "address": "2001:db8::9"}, {"address": "10.0.0.9"}]},
        ]);
        assert_eq!(ports, expected);
        assert_eq!(found.host_floating_ip().unwrap().network_id, "public-id");
        let told = json!(found.told(vec!["a".into()]));
        assert_eq!(told["image"], json!({"id": "debian-id", "name": "debian"}));
        assert_eq!(told["ports"][0]["subnets"], json!([{"id": "v4-id", "name": "v4"}]));
        assert_eq!(told["floatingNetwork"]["name"], "public");
    }

    #[test]
    fn what_is_not_known_is_told() {
        let state = cloud(&[(RefKind::Image, "debian")]);
        let wanted = template(json!({"flavors": {"names": ["a"]}, "image": {"name": "debian"}, "ports": [{"network": {"name": "apps"}}]}));
        assert_eq!(resolve(&wanted, &state).unwrap_err(), "network apps is being looked up");
    }

    #[test]
    fn a_root_volume_is_in_the_zone_that_is_meant() {
        let volume = |zone: Value| -> RootVolume { serde_json::from_value(json!({"size": "2Ti", "zone": zone})).unwrap() };
        assert_eq!(root_volume(&volume(json!("SameAsHost")), "az1").zone.as_deref(), Some("az1"));
        assert_eq!(root_volume(&volume(json!("ssd-zone")), "az1").zone.as_deref(), Some("ssd-zone"));
        let default = root_volume(&volume(json!(null)), "az1");
        assert_eq!((default.zone, default.size_gib), (None, 2048));
    }
}
