//! What a project has in Neutron: things with a name, and quota.

use super::{Link, next};
use crate::client::Page;
use crate::{Line, Named, Quota};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A page of networks, subnets, security groups or QoS policies.
#[derive(Deserialize)]
pub(crate) struct NamedPage {
    #[serde(rename = "networks", alias = "subnets", alias = "security_groups", alias = "policies")]
    items: Vec<WireNamed>,
    #[serde(default, rename = "networks_links", alias = "subnets_links", alias = "security_groups_links", alias = "policies_links")]
    links: Vec<Link>,
}

/// Something with an id, a name, tags and a project.
#[derive(Deserialize)]
pub(crate) struct WireNamed {
    pub id: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub project_id: String,
    #[serde(default)]
    pub tags: Vec<String>,
}

impl Page for NamedPage {
    type Item = WireNamed;

    fn split(self) -> (Vec<WireNamed>, Option<String>) {
        (self.items, next(self.links))
    }

    fn id(item: &WireNamed) -> &str {
        &item.id
    }
}

impl From<WireNamed> for Named {
    fn from(wire: WireNamed) -> Self {
        Self { id: wire.id, name: wire.name }
    }
}

/// `GET /quotas/{project}/details.json`.
#[derive(Deserialize)]
pub(crate) struct Details {
    quota: BTreeMap<String, Detail>,
}

#[derive(Deserialize)]
struct Detail {
    limit: i64,
    used: i64,
    #[serde(default)]
    reserved: i64,
}

impl Details {
    /// Adds the lines of Neutron; what is reserved counts as used.
    pub fn add_to(&self, quota: &mut Quota) {
        let line = |name| self.quota.get(name).map(|detail| Line { limit: detail.limit, used: detail.used + detail.reserved });
        (quota.ports, quota.floating_ips) = (line("port"), line("floatingip"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_named_things_are_read_whatever_they_are_called() {
        for kind in ["networks", "subnets", "security_groups", "policies"] {
            let text = format!(
                r#"{{"{kind}": [{{"id": "1", "name": "a", "project_id": "p", "tags": ["t"]}}], "{kind}_links": [{{"rel": "next", "href": "h?marker=1"}}]}}"#
            );
            let (items, next) = serde_json::from_str::<NamedPage>(&text).unwrap().split();
            assert_eq!((items[0].id.as_str(), items[0].name.as_str(), next.as_deref()), ("1", "a", Some("h?marker=1")));
            assert_eq!(items[0].tags, ["t"]);
        }
        assert!(serde_json::from_str::<NamedPage>(r#"{"networks": [{"name": "no id"}]}"#).is_err());
    }

    #[test]
    fn quota_details_become_lines() {
        let text = r#"{"quota": {"port": {"limit": 500, "used": 7, "reserved": 1}, "floatingip": {"limit": -1, "used": 0, "reserved": 0}, "rbac_policy": {"limit": 10, "used": 0, "reserved": 0}}}"#;
        let mut quota = Quota::default();
        serde_json::from_str::<Details>(text).unwrap().add_to(&mut quota);
        let expected =
            Quota { ports: Some(Line { limit: 500, used: 8 }), floating_ips: Some(Line { limit: -1, used: 0 }), ..Quota::default() };
        assert_eq!(quota, expected);
    }
}
