//! The rules that the API server checks at apply (CEL), each with the sentence that says what is wrong and what to write instead.
//!
//! They compile on Kubernetes 1.33: `format`, `quantity` and two-variable-free macros only. Every list, map and string that a rule
//! walks has a limit in the schema, or the API server refuses the whole definition for its cost.

mod network;
mod server;

use kube::core::Rule;

pub(crate) use network::*;
pub(crate) use server::*;

/// Longest name of a VMPool. A host is `<pool>-<5 characters>`, and a kubelet's certificate names it `system:node:<host>` in a common
/// name of at most 64 characters (RFC 5280, ub-common-name): 64 - 12 - 6 = 46, of which one is kept in reserve.
pub const POOL_NAME_MAX: usize = 45;
/// Longest value of a label: a cloud's name is one, on its Hosts.
pub const LABEL_VALUE_MAX: usize = 63;
/// Most labels of a node template.
pub const LABELS_MAX: usize = 50;

/// Labels that a kubelet may set but that describe the host, so that Gantry or the kubelet gives them their value.
const DESCRIBING_LABELS: &str = "['kubernetes.io/hostname', 'kubernetes.io/os', 'kubernetes.io/arch', \
     'beta.kubernetes.io/os', 'beta.kubernetes.io/arch', 'beta.kubernetes.io/instance-type', 'node.kubernetes.io/instance-type', \
     'failure-domain.beta.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/region', \
     'topology.kubernetes.io/zone', 'topology.cinder.csi.openstack.org/zone']";

fn rule(expression: impl Into<String>, sentence: &str) -> Rule {
    Rule::new(expression).message(sentence)
}

/// A VMPool's name leaves room for its hosts' names.
pub(crate) fn pool_name() -> Rule {
    rule(
        format!("size(self.metadata.name) <= {POOL_NAME_MAX} && !self.metadata.name.contains('.')"),
        "metadata.name of a VMPool is at most 45 characters without dots, because its hosts are named after it (name, '-', five \
         characters) and that is also a hostname and a node's name; choose a shorter name, with '-' in place of '.'",
    )
}

/// An OpenStackCloud's name can be a label's value.
pub(crate) fn cloud_name_length() -> Rule {
    rule(
        format!("size(self.metadata.name) <= {LABEL_VALUE_MAX}"),
        "metadata.name of an OpenStackCloud is at most 63 characters, because it becomes a label of its Hosts; choose a shorter name",
    )
}

/// A Host's name can be a hostname.
pub(crate) fn host_name() -> Rule {
    rule(
        "size(self.metadata.name) <= 52 && !self.metadata.name.contains('.')",
        "metadata.name of a Host is at most 52 characters without dots, because it is also a hostname and a node's name; Hosts are made \
         by Gantry: create a VMPool instead",
    )
}

/// A Host's spec never changes.
pub(crate) fn host_immutable() -> Rule {
    rule(
        "self.spec == oldSelf.spec",
        "a Host's spec records what was decided and cannot be changed; change the VMPool, or delete the Host to have it replaced",
    )
}

/// A pool's cloud never changes.
pub(crate) fn cloud_name_immutable() -> Rule {
    rule(
        "self == oldSelf",
        "cloudName cannot be changed, because the pool's hosts live in that cloud; create a VMPool for the other cloud and delete this one",
    )
}

/// The name of an OpenStackCloud.
pub(crate) fn cloud_name() -> Rule {
    rule(
        "!format.dns1123Subdomain().validate(self).hasValue()",
        "cloudName is the metadata.name of an OpenStackCloud in the same namespace: lower-case letters, digits, '-' and '.', such as main",
    )
}

/// The name of a Secret.
pub(crate) fn secret_name() -> Rule {
    rule(
        "!format.dns1123Subdomain().validate(self).hasValue()",
        "secretName is the metadata.name of a Secret in the same namespace: lower-case letters, digits, '-' and '.', such as openstack",
    )
}

/// The lower bound is not above the upper bound.
pub(crate) fn min_within_max() -> Rule {
    rule("self.minHosts <= self.maxHosts", "minHosts is above maxHosts; raise maxHosts or lower minHosts").field_path(".minHosts")
}

/// A fixed size is not above the upper bound, which is never exceeded.
pub(crate) fn replicas_within_max() -> Rule {
    rule(
        "!has(self.replicas) || self.replicas <= self.maxHosts",
        "replicas is above maxHosts, which is never exceeded; raise maxHosts or ask for fewer replicas",
    )
    .field_path(".replicas")
}

/// A quantity as people write it. Exponents are not among them: the API server spends minutes on `quantity('1e2147483647')`.
const PLAIN_QUANTITY: &str = "string(self).matches('^[0-9]+([.][0-9]+)?(m|[kMGTPE]|[KMGTPE]i)?$')";

fn quantity_rule(comparison: &str, sentence: &str) -> Rule {
    rule(format!("{PLAIN_QUANTITY} && isQuantity(string(self)) && {comparison}"), sentence)
}

/// A number of CPUs above zero.
pub(crate) fn positive_cpu() -> Rule {
    quantity_rule(
        "quantity(string(self)).isGreaterThan(quantity('0')) && quantity(string(self)).compareTo(quantity('1G')) <= 0",
        "limits.cpu is a number of virtual CPUs above zero, such as 400 or 1500m, and at most 1G; leave it out for no limit",
    )
}

/// An amount of memory that is not a bare number taken for GiB.
pub(crate) fn positive_memory() -> Rule {
    quantity_rule(
        "quantity(string(self)).compareTo(quantity('1Mi')) >= 0 && quantity(string(self)).compareTo(quantity('1Ei')) <= 0",
        "limits.memory is an amount from 1Mi to 1Ei with its unit, such as 1600Gi (a number without a unit means bytes); leave it out for \
         no limit",
    )
}

/// CPUs kept for the system.
pub(crate) fn reserved_cpu() -> Rule {
    quantity_rule(
        "quantity(string(self)).compareTo(quantity('1k')) <= 0",
        "reserved.cpu is a number of CPUs from 0 to 1000, such as 200m or 1",
    )
}

/// Memory kept for the system.
pub(crate) fn reserved_memory() -> Rule {
    quantity_rule(
        "(quantity(string(self)).compareTo(quantity('0')) == 0 || \
         quantity(string(self)).compareTo(quantity('1Mi')) >= 0 && quantity(string(self)).compareTo(quantity('1Pi')) <= 0)",
        "reserved.memory is 0 or an amount from 1Mi to 1Pi with its unit, such as 512Mi (a number without a unit means bytes)",
    )
}

/// Each name once.
pub(crate) fn distinct(one: &str) -> Rule {
    Rule::new("self.all(a, self.exists_one(b, a == b))").message(format!("{one} is given twice; give each one once").as_str())
}

/// An availability zone without a hypervisor behind it.
pub(crate) fn plain_zones() -> Rule {
    rule(
        "self.all(z, !z.contains(':'))",
        "zones are plain names of availability zones, such as az1; zone:hypervisor is not accepted, because Gantry leaves the choice of \
         the hypervisor to Nova",
    )
}

/// Keys that the API server takes for labels.
pub(crate) fn label_keys() -> Rule {
    rule(
        "self.all(k, !format.qualifiedName().validate(k).hasValue())",
        "a label's key is at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, optionally after a \
         DNS prefix and '/', such as tier or example.com/tier",
    )
}

/// Values that the API server takes for labels.
pub(crate) fn label_values() -> Rule {
    rule(
        "self.all(k, !format.labelValue().validate(self[k]).hasValue())",
        "a label's value is empty or at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit",
    )
}

/// Labels that are Gantry's own.
pub(crate) fn labels_not_gantry() -> Rule {
    rule(
        "self.all(k, !k.matches('^([^/]*[.])?gantry[.]cloud/'))",
        "labels under gantry.cloud/ are set by Gantry; use a prefix of your own, such as example.com/tier",
    )
}

/// Labels whose values follow from the host.
pub(crate) fn labels_not_describing() -> Rule {
    rule(
        format!("self.all(k, !(k in {DESCRIBING_LABELS}))"),
        "labels for hostname, os, arch, instance type, region and zone are set from the host itself; leave them out and choose flavors \
         and zones instead",
    )
}

/// Labels that the NodeRestriction admission plugin forbids to kubelets.
pub(crate) fn labels_not_restricted() -> Rule {
    rule(
        format!(
            "self.all(k, !k.matches('^([^/]*[.])?(kubernetes|k8s)[.]io/') || \
             k.matches('^([^/]*[.])?(kubelet|node)[.]kubernetes[.]io/') || k in {DESCRIBING_LABELS})"
        ),
        "a node may not give itself labels under kubernetes.io/ or k8s.io/ (NodeRestriction forbids node-role.kubernetes.io/, \
         node-restriction.kubernetes.io/ and the like), only under node.kubernetes.io/ and kubelet.kubernetes.io/; use a prefix of your own",
    )
}

/// A key that the API server takes for a taint.
pub(crate) fn taint_key() -> Rule {
    rule(
        "!format.qualifiedName().validate(self).hasValue()",
        "a taint's key is at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, optionally after a \
         DNS prefix and '/', such as dedicated or example.com/dedicated",
    )
}

/// A value that the API server takes for a taint.
pub(crate) fn taint_value() -> Rule {
    rule(
        "!format.labelValue().validate(self).hasValue()",
        "a taint's value is empty or at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit",
    )
}

/// One taint for each key and effect.
pub(crate) fn taints_distinct() -> Rule {
    rule(
        "self.all(a, self.exists_one(b, a.key == b.key && a.effect == b.effect))",
        "two taints have the same key and effect; a node takes one of them: keep one",
    )
}

/// Taints that are Gantry's or Kubernetes' own.
pub(crate) fn taints_not_reserved() -> Rule {
    rule(
        "self.all(t, !t.key.matches('^([^/]*[.])?gantry[.]cloud/') && !t.key.startsWith('node.kubernetes.io/'))",
        "taints under gantry.cloud/ are set and lifted by Gantry, those under node.kubernetes.io/ by Kubernetes; use a key of your own, \
         such as example.com/dedicated",
    )
}

/// A taint either stays or is lifted.
pub(crate) fn taint_stays_or_goes() -> Rule {
    rule(
        "!has(self.taints) || !has(self.startupTaints) || \
         !self.taints.exists(a, self.startupTaints.exists(b, a.key == b.key && a.effect == b.effect))",
        "a taint is in both taints and startupTaints; keep it in taints if it stays, in startupTaints if somebody lifts it",
    )
}

/// The address of an API server, and no path.
pub(crate) fn api_server() -> Rule {
    rule(
        r"self.matches('^https://([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?$')",
        "apiServer is https://host or https://host:port without a path, as the hosts reach it, such as https://10.0.0.10:6443",
    )
}

/// A time without need, or never.
pub(crate) fn consolidation_after() -> Rule {
    rule(
        "self == 'Never' || (self.matches('^([0-9]{1,6}(h|m|s))+$') && duration(self) <= duration('8760h'))",
        "after is a duration in hours, minutes and seconds of at most 8760h, such as 90s, 5m or 1h30m, or the word Never",
    )
}

/// A decimal number.
pub(crate) fn price() -> Rule {
    rule(
        "self.matches('^[0-9]+([.][0-9]{1,6})?$')",
        "perHour is a decimal number of at most 20 characters, in quotes and without a currency, such as \"0.12\"",
    )
}

/// A device's resource can be an extended resource.
pub(crate) fn device_resource() -> Rule {
    rule(
        "self.matches('^[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$')",
        "resource is the extended resource that the device plugin announces, a domain and a name such as nvidia.com/gpu",
    )
}

/// One resource for each device.
pub(crate) fn devices_distinct() -> Rule {
    rule("self.all(a, self.exists_one(b, a.name == b.name))", "two devices have the same name, and a device becomes one resource; keep one")
}

/// One price for each pattern.
pub(crate) fn prices_distinct() -> Rule {
    rule(
        "self.all(a, self.exists_one(b, a.flavor == b.flavor))",
        "two prices have the same flavor pattern, of which only the first could count; keep one",
    )
}
