//! Rules of what a server is bought as: flavors, image, root volume, server group, metadata, tags, hints.

use kube::core::Rule;

use super::{PLAIN_QUANTITY, quantity_rule, rule};

/// Flavors by name or by what they have.
pub(crate) fn names_or_ranges() -> Rule {
    rule(
        "has(self.names) != (has(self.vcpus) || has(self.memory) || has(self.extraSpecs))",
        "give either names of flavors, or what they must have (vcpus, memory, extraSpecs): not both, and not none",
    )
}

/// A range of virtual CPUs that has a bound, and does not end before it begins.
pub(crate) fn cpu_range() -> Rule {
    rule(
        "(has(self.min) || has(self.max)) && (!has(self.min) || !has(self.max) || self.min <= self.max)",
        "vcpus is given with min, max or both, and min is not above max, such as {min: 4, max: 16}",
    )
}

/// A range of memory that has a bound, and does not end before it begins.
pub(crate) fn memory_range() -> Rule {
    let plain = |field: &str| PLAIN_QUANTITY.replace("self", field);
    rule(
        format!(
            "(has(self.min) || has(self.max)) && (!has(self.min) || !has(self.max) || !{} || !{} || \
             quantity(string(self.min)).compareTo(quantity(string(self.max))) <= 0)",
            plain("self.min"),
            plain("self.max")
        ),
        "memory is given with min, max or both, and min is not above max, such as {min: 8Gi, max: 64Gi}",
    )
}

/// An amount of a flavor's memory.
pub(crate) fn flavor_memory() -> Rule {
    quantity_rule(
        "quantity(string(self)).compareTo(quantity('1Mi')) >= 0 && quantity(string(self)).compareTo(quantity('1Pi')) <= 0",
        "min and max of memory are amounts from 1Mi to 1Pi with their unit, such as 8Gi (a number without a unit means bytes)",
    )
}

/// An image by exactly one way.
pub(crate) fn one_way_to_an_image() -> Rule {
    rule(
        "(has(self.id) ? 1 : 0) + (has(self.name) ? 1 : 0) + (has(self.tags) || has(self.properties) ? 1 : 0) == 1",
        "give one of id, name, or tags and properties (the newest image that has them all): not several, and not none",
    )
}

/// Questions to Glance that are Gantry's own to ask.
pub(crate) fn properties_not_questions() -> Rule {
    rule(
        "self.all(k, !(k in ['id', 'name', 'tag', 'status', 'visibility', 'member_status', 'limit', 'marker', 'sort', 'sort_key', \
         'sort_dir', 'os_hidden', 'protected', 'created_at', 'updated_at', 'size_min', 'size_max']) && k.matches('^[A-Za-z0-9_:.-]{1,255}$'))",
        "properties are those of an image, such as os_distro or a property of your own (letters, digits, '_', ':', '.' and '-'); tags, \
         name and id have fields of their own, and Gantry itself asks for active images, newest first",
    )
}

/// Extra specs as Nova takes them.
pub(crate) fn extra_spec_keys() -> Rule {
    rule(
        "self.all(k, k.matches('^[A-Za-z0-9_:. -]{1,255}$'))",
        "a key of extraSpecs is at most 255 letters, digits, ' ', '-', '_', ':' and '.', such as hw:cpu_policy",
    )
}

/// A size in whole GiB, as Cinder makes volumes.
pub(crate) fn volume_size() -> Rule {
    rule(
        "string(self).matches('^([1-9][0-9]{0,4}Gi|[1-9][0-9]?Ti)$')",
        "rootVolume.size is a whole number of GiB up to 99999Gi, or of TiB up to 99Ti, such as 40Gi",
    )
}

/// Nova counts servers per hypervisor under one policy only.
pub(crate) fn only_anti_affinity_counts() -> Rule {
    rule(
        "!has(self.maxServersPerHypervisor) || self.policy == 'anti-affinity'",
        "maxServersPerHypervisor goes with policy anti-affinity only; leave it out, or change the policy",
    )
}

/// Keys that Nova takes for metadata.
pub(crate) fn metadata_keys() -> Rule {
    rule(
        "self.all(k, k.matches('^[A-Za-z0-9_:. -]{1,255}$'))",
        "a key of metadata is at most 255 letters, digits, ' ', '-', '_', ':' and '.', such as cost-centre",
    )
}

/// Metadata that is Gantry's own.
pub(crate) fn metadata_not_gantry() -> Rule {
    rule(
        "self.all(k, !k.startsWith('gantry-'))",
        "metadata under gantry- is set by Gantry, which finds its own servers by it; use a key of your own, such as cost-centre",
    )
}

/// Tags that Nova takes.
pub(crate) fn server_tags() -> Rule {
    rule(
        "self.all(t, !t.contains(',') && !t.contains('/'))",
        "a tag has no ',' and no '/', because Nova refuses them; write example.com:tier in place of example.com/tier",
    )
}

/// Tags that are Gantry's own.
pub(crate) fn tags_not_gantry() -> Rule {
    rule(
        "self.all(t, !t.startsWith('gantry-'))",
        "tags under gantry- are set by Gantry, which finds its own servers by them; use a tag of your own",
    )
}

/// Hints as Nova's schema takes them.
pub(crate) fn hint_keys() -> Rule {
    rule(
        "self.all(k, k.matches('^[A-Za-z0-9_:. -]{1,255}$'))",
        "a scheduler hint's name is at most 255 letters, digits, ' ', '-', '_', ':' and '.', such as different_host",
    )
}

/// A server is in one server group.
pub(crate) fn one_server_group() -> Rule {
    rule(
        "!has(self.serverGroup) || !has(self.schedulerHints) || !('group' in self.schedulerHints)",
        "schedulerHints.group and serverGroup both put a server into a server group, and it can be in one only; keep one of them",
    )
}
