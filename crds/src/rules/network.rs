//! Rules of ports and of what they refer to.

use kube::core::Rule;

use super::rule;

/// A reference by exactly one way.
pub(crate) fn one_way_to_a_reference() -> Rule {
    rule(
        "(has(self.id) ? 1 : 0) + (has(self.name) ? 1 : 0) + (has(self.tags) ? 1 : 0) == 1",
        "give one of id, name or tags: not several, and not none",
    )
}

/// An id as Glance and Neutron make them.
pub(crate) fn uuid() -> Rule {
    rule(
        "!format.uuid().validate(self).hasValue()",
        "id is a UUID, such as 70a599e0-31e7-49b7-b260-868f441e862b; to refer to it by its name, write name in place of id",
    )
}

/// Neutron takes a list of tags apart at its commas.
pub(crate) fn neutron_tags() -> Rule {
    rule("self.all(t, !t.contains(','))", "a tag to look for has no ','; write each tag as an entry of its own")
}

/// A subnet, or addresses one by one.
pub(crate) fn subnet_or_fixed_ips() -> Rule {
    rule(
        "!has(self.subnet) || !has(self.fixedIPs)",
        "give subnet or fixedIPs, not both: subnet is short for fixedIPs with one entry of that subnet",
    )
}

/// A fixed address is of a subnet, or is an address, or both.
pub(crate) fn subnet_or_address() -> Rule {
    rule("has(self.subnet) || has(self.address)", "an entry of fixedIPs needs a subnet, an address, or both")
}

/// An IP address.
pub(crate) fn address() -> Rule {
    rule("isIP(self)", "address is an IPv4 or IPv6 address without a prefix length, such as 10.0.0.10")
}

/// An IP address or a network.
pub(crate) fn address_or_cidr() -> Rule {
    rule("isIP(self) || isCIDR(self)", "address is an IP address or a network, such as 10.0.0.100 or 10.244.0.0/16")
}

/// A MAC address.
pub(crate) fn mac() -> Rule {
    rule("self.matches('^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$')", "mac is six pairs of hexadecimal digits, such as fa:16:3e:00:00:01")
}

/// Without port security Neutron refuses security groups.
pub(crate) fn insecure_port_has_no_groups() -> Rule {
    rule(
        "!has(self.portSecurity) || self.portSecurity || !has(self.securityGroups) || size(self.securityGroups) == 0",
        "portSecurity: false switches security groups off; leave out securityGroups, or portSecurity",
    )
}

/// Without port security every address may be sent from.
pub(crate) fn insecure_port_has_no_pairs() -> Rule {
    rule(
        "!has(self.portSecurity) || self.portSecurity || !has(self.allowedAddressPairs) || size(self.allowedAddressPairs) == 0",
        "portSecurity: false lets every address through; leave out allowedAddressPairs, or portSecurity",
    )
}

/// Two hosts cannot have one address.
pub(crate) fn fixed_address_for_one() -> Rule {
    rule(
        "self.maxHosts <= 1 || !self.template.ports.exists(p, has(p.fixedIPs) && p.fixedIPs.exists(f, has(f.address)))",
        "a port with a fixed address serves one host only; set maxHosts to 1, or give a subnet without an address",
    )
    .field_path(".maxHosts")
}
