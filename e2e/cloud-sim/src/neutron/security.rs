//! What a port may do: security groups, port security, allowed address pairs, kind of interface, QoS policy; with Neutron's refusals.
use std::{collections::BTreeSet, net::IpAddr};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, error::NeutronError, ports};
use crate::state::{Cloud, port::Port};

/// Neutron's `max_allowed_address_pair`.
const MAX_PAIRS: usize = 10;
const VNIC_TYPES: [&str; 10] = [
    "normal",
    "direct",
    "macvtap",
    "baremetal",
    "direct-physical",
    "virtio-forwarder",
    "smart-nic",
    "vdpa",
    "accelerator-direct",
    "remote-managed",
];

/// The security of a port that is being made.
pub(super) struct Security {
    pub(super) is_on: bool,
    pub(super) groups: Option<Vec<Uuid>>,
    pub(super) pairs: Value,
}

pub(super) fn of_new(cloud: &Cloud, call: &Call<'_>, asked: &Value) -> Result<Security, NeutronError> {
    let is_on = asked["port_security_enabled"].as_bool().unwrap_or(true);
    let groups = ports::groups(cloud, call, &asked["security_groups"])?;
    let pairs = pairs(&asked["allowed_address_pairs"])?.unwrap_or_else(|| json!([]));
    if !is_on && has_items(&pairs) {
        return Err(pairs_need_security());
    }
    if !is_on && groups.as_ref().is_some_and(|groups| !groups.is_empty()) {
        return Err(groups_need_security());
    }
    Ok(Security { is_on, groups, pairs })
}

/// The pairs that a change asks for, if it fits what the port has.
pub(super) fn of_changed(port: &Port, groups: Option<&[Uuid]>, asked: &Value) -> Result<Option<Value>, NeutronError> {
    let pairs = pairs(&asked["allowed_address_pairs"])?;
    if asked["port_security_enabled"].as_bool().unwrap_or(port.port_security) {
        return Ok(pairs);
    }
    if has_items(pairs.as_ref().unwrap_or(&port.allowed_address_pairs)) {
        return Err(pairs_need_security());
    }
    match groups {
        Some([]) => Ok(pairs),
        Some(_) => Err(groups_need_security()),
        None if port.security_groups.is_empty() => Ok(pairs),
        None => {
            let text = "Port has security group associated. Cannot disable port security or IP address until security group is removed.";
            Err(NeutronError::new(409, "PortSecurityPortHasSecurityGroup", text))
        }
    }
}

fn has_items(list: &Value) -> bool {
    list.as_array().is_some_and(|items| !items.is_empty())
}

fn pairs_need_security() -> NeutronError {
    let text = "Port Security must be enabled in order to have allowed address pairs on a port.";
    NeutronError::new(409, "AddressPairAndPortSecurityRequired", text)
}

fn groups_need_security() -> NeutronError {
    let text = "Port security must be enabled and port must have an IP address in order to use security groups.";
    NeutronError::new(400, "PortSecurityAndIPRequiredForSecurityGroups", text)
}

/// Allowed address pairs; a MAC address that is left out is the port's, which the view fills in.
fn pairs(asked: &Value) -> Result<Option<Value>, NeutronError> {
    let Some(items) = asked.as_array() else { return Ok(None) };
    if items.len() > MAX_PAIRS {
        let text = format!("The number of allowed address pair exceeds the maximum {MAX_PAIRS}.");
        return Err(NeutronError::new(400, "AllowedAddressPairExhausted", text));
    }
    let mut seen = BTreeSet::new();
    for item in items {
        let Some(address) = item["ip_address"].as_str() else {
            return Err(NeutronError::new(400, "AllowedAddressPairsMissingIP", "AllowedAddressPair must contain ip_address"));
        };
        if !is_address(address) {
            let text = format!("Invalid input for allowed_address_pairs. Reason: '{address}' is not a valid IP subnet.");
            return Err(NeutronError::bad_request(text));
        }
        let mac = item["mac_address"].as_str();
        if !seen.insert((mac, address)) {
            let mac = mac.unwrap_or("None");
            let text = format!("Request contains duplicate address pair: mac_address {mac} ip_address {address}.");
            return Err(NeutronError::new(400, "DuplicateAddressPairInRequest", text));
        }
    }
    Ok(Some(asked.clone()))
}

/// An address, or a prefix.
fn is_address(text: &str) -> bool {
    let (address, bits) = text.split_once('/').unwrap_or((text, "0"));
    address.parse::<IpAddr>().is_ok_and(|address| bits.parse::<u8>().is_ok_and(|bits| bits <= if address.is_ipv4() { 32 } else { 128 }))
}

pub(super) fn vnic_type(asked: &Value) -> Result<Option<String>, NeutronError> {
    let Some(text) = asked.as_str() else { return Ok(None) };
    if VNIC_TYPES.contains(&text) {
        return Ok(Some(text.to_owned()));
    }
    let known = VNIC_TYPES.map(|kind| format!("'{kind}'")).join(", ");
    let text = format!("Invalid input for binding:vnic_type. Reason: '{text}' is not in [{known}].");
    Err(NeutronError::bad_request(text))
}

pub(super) fn qos_policy(cloud: &Cloud, call: &Call<'_>, asked: &Value) -> Result<Option<Uuid>, NeutronError> {
    let Some(text) = asked.as_str() else { return Ok(None) };
    let found = Uuid::parse_str(text).ok().and_then(|id| cloud.networking.qos_policies.get(&id));
    let found = found.filter(|policy| policy.is_shared || call.may_see(&policy.project));
    let missing = || NeutronError::new(404, "QosPolicyNotFound", format!("QoS policy {text} could not be found."));
    found.map(|policy| Some(policy.id)).ok_or_else(missing)
}
