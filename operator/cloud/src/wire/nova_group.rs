//! Server groups as Nova writes them from microversion 2.64 on.

use super::limits::name;
use crate::client::{Next, Page};
use crate::{GroupSpec, Result, ServerGroup};
use serde::Deserialize;
use serde_json::{Value, json};

/// A page of `GET /os-server-groups`; it never says that there is a next one.
#[derive(Deserialize)]
pub(crate) struct Groups {
    server_groups: Vec<WireGroup>,
}

/// `GET /os-server-groups/{id}` and the answer to `POST /os-server-groups`.
#[derive(Deserialize)]
pub(crate) struct OneGroup {
    pub server_group: WireGroup,
}

/// A server group.
#[derive(Deserialize)]
pub(crate) struct WireGroup {
    id: String,
    name: String,
    #[serde(default)]
    policy: Option<String>,
    #[serde(default)]
    rules: Rules,
    #[serde(default)]
    members: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Rules {
    max_server_per_host: Option<i64>,
}

impl Page for Groups {
    type Item = WireGroup;
    const NEXT: Next = Next::Counted;

    fn split(self) -> (Vec<WireGroup>, Option<String>) {
        (self.server_groups, None)
    }

    fn id(item: &WireGroup) -> &str {
        &item.id
    }
}

impl From<WireGroup> for ServerGroup {
    fn from(wire: WireGroup) -> Self {
        Self {
            id: wire.id,
            name: wire.name,
            policy: wire.policy.unwrap_or_default(),
            members: wire.members,
            max_servers_per_hypervisor: wire.rules.max_server_per_host,
        }
    }
}

/// The body of `POST /os-server-groups`.
///
/// # Errors
/// [`crate::Error::BadSpec`] for a name that Nova would refuse.
pub(crate) fn body(spec: &GroupSpec) -> Result<Value> {
    name("server group", &spec.name)?;
    let mut group = json!({"name": spec.name, "policy": spec.policy});
    if let Some(most) = spec.max_servers_per_hypervisor {
        group["rules"] = json!({"max_server_per_host": most});
    }
    Ok(json!({"server_group": group}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_asked_for_with_its_rule_where_there_is_one() {
        let spec = GroupSpec { name: "g".to_owned(), policy: "soft-anti-affinity".to_owned(), max_servers_per_hypervisor: None };
        assert_eq!(body(&spec).unwrap(), json!({"server_group": {"name": "g", "policy": "soft-anti-affinity"}}));
        let spec = GroupSpec { policy: "anti-affinity".to_owned(), max_servers_per_hypervisor: Some(3), ..spec };
        let expected = json!({"server_group": {"name": "g", "policy": "anti-affinity", "rules": {"max_server_per_host": 3}}});
        assert_eq!(body(&spec).unwrap(), expected);
        assert!(body(&GroupSpec { name: String::new(), ..spec }).is_err());
    }

    #[test]
    fn groups_as_nova_lists_them() {
        let text = r#"{"server_groups": [{"id": "4f2a", "name": "g", "policy": "anti-affinity", "rules": {"max_server_per_host": 3}, "members": ["a", "b"], "project_id": "p", "user_id": "u"},
            {"id": "4f2b", "name": "h", "policy": "soft-affinity", "rules": {}, "members": []}]}"#;
        let (groups, next) = serde_json::from_str::<Groups>(text).unwrap().split();
        let groups: Vec<ServerGroup> = groups.into_iter().map(ServerGroup::from).collect();
        let group = |id: &str, name: &str, policy: &str, members: &[&str], most| ServerGroup {
            id: id.to_owned(),
            name: name.to_owned(),
            policy: policy.to_owned(),
            members: members.iter().map(|id| (*id).to_owned()).collect(),
            max_servers_per_hypervisor: most,
        };
        let expected = vec![group("4f2a", "g", "anti-affinity", &["a", "b"], Some(3)), group("4f2b", "h", "soft-affinity", &[], None)];
        assert_eq!((groups, next), (expected, None));
    }
}
