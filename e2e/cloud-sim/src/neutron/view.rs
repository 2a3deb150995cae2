//! How Neutron shows its resources.
use serde_json::{Value, json};

use super::Call;
use crate::{
    clock,
    state::{
        Cloud,
        network::{Network, SecurityGroup, Subnet},
        port::Port,
    },
};

pub(super) fn networks(cloud: &Cloud, call: &Call<'_>) -> Vec<Value> {
    let row = |network: &Network| {
        json!({
            "id": network.id, "name": network.name, "tenant_id": &*network.project, "project_id": &*network.project,
            "admin_state_up": true, "mtu": 1450, "status": "ACTIVE", "subnets": network.subnets, "shared": network.is_shared,
            "availability_zone_hints": [], "availability_zones": ["nova"], "ipv4_address_scope": null,
            "ipv6_address_scope": null, "router:external": network.is_external, "description": "", "port_security_enabled": true,
            "tags": network.tags, "created_at": clock::seconds(network.created),
            "updated_at": clock::seconds(network.created), "revision_number": 2,
        })
    };
    let seen = cloud.networking.networks.iter().filter(|network| call.may_see_network(network));
    seen.map(row).collect()
}

pub(super) fn subnets(cloud: &Cloud, call: &Call<'_>) -> Vec<Value> {
    let row = |subnet: &Subnet| {
        json!({
            "id": subnet.id, "name": subnet.name, "tenant_id": &*subnet.project, "project_id": &*subnet.project,
            "network_id": subnet.network, "ip_version": 4, "subnetpool_id": null, "enable_dhcp": false,
            "ipv6_ra_mode": null, "ipv6_address_mode": null, "gateway_ip": subnet.gateway, "cidr": subnet.cidr(),
            "allocation_pools": [{"start": subnet.pool.0, "end": subnet.pool.1}], "host_routes": [],
            "dns_nameservers": [], "description": "", "service_types": [], "tags": subnet.tags,
            "created_at": clock::seconds(subnet.created), "updated_at": clock::seconds(subnet.created),
            "revision_number": 0,
        })
    };
    let is_open = |subnet: &Subnet| cloud.networking.network(subnet.network).is_some_and(|network| call.may_see_network(network));
    let seen = cloud.networking.subnets.iter().filter(|subnet| call.may_see(&subnet.project) || is_open(subnet));
    seen.map(row).collect()
}

pub(super) fn groups(cloud: &Cloud, call: &Call<'_>) -> Vec<Value> {
    let row = |group: &SecurityGroup| {
        json!({
            "id": group.id, "name": group.name, "stateful": true, "tenant_id": &*group.project,
            "project_id": &*group.project, "description": "", "shared": false, "security_group_rules": [], "tags": group.tags,
            "created_at": clock::seconds(group.created), "updated_at": clock::seconds(group.created),
            "revision_number": 1,
        })
    };
    cloud.networking.groups.iter().filter(|group| call.may_see(&group.project)).map(row).collect()
}

pub(super) fn port(port: &Port, is_admin: bool) -> Value {
    let mut pairs = port.allowed_address_pairs.clone();
    for pair in pairs.as_array_mut().into_iter().flatten().filter(|pair| pair["mac_address"].is_null()) {
        pair["mac_address"] = json!(port.mac);
    }
    if let Some(pairs) = pairs.as_array_mut() {
        pairs.sort_by_key(|pair| (pair["mac_address"].to_string(), pair["ip_address"].to_string()));
    }
    let ips = port.fixed_ips.iter().map(|(subnet, ip)| json!({"subnet_id": subnet, "ip_address": ip}));
    let mut row = json!({
        "id": port.id, "name": port.name, "network_id": port.network, "tenant_id": &*port.project,
        "project_id": &*port.project, "mac_address": port.mac, "admin_state_up": port.admin_state_up,
        "status": if port.is_active { "ACTIVE" } else { "DOWN" }, "device_id": port.device_id,
        "device_owner": port.device_owner, "fixed_ips": ips.collect::<Vec<_>>(),
        "allowed_address_pairs": pairs, "extra_dhcp_opts": [],
        "security_groups": port.security_groups, "description": port.description,
        "binding:vnic_type": port.vnic_type, "port_security_enabled": port.port_security, "tags": port.tags,
        "qos_policy_id": port.qos_policy, "qos_network_policy_id": null,
        "created_at": clock::seconds(port.created), "updated_at": clock::seconds(port.updated), "revision_number": 1,
    });
    if is_admin {
        row["binding:host_id"] = json!(port.host.as_deref().unwrap_or_default());
        row["binding:vif_type"] = json!(if port.host.is_some() { "ovs" } else { "unbound" });
        row["binding:profile"] = json!({});
    }
    row
}
