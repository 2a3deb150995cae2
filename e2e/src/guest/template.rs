//! Renders the jinja template that user data may be, with cloud-init's standard `v1` variables.

use anyhow::{Context, Result};
use minijinja::{Environment, UndefinedBehavior, context};

/// Instructions one template may run before it is refused as endless.
const TEMPLATE_FUEL: u64 = 200_000;

/// Levels of nesting (blocks, macros) one template may use.
const TEMPLATE_RECURSION_LIMIT: usize = 64;

/// What a guest knows of itself before it reads its user data: cloud-init's standard instance data.
///
/// Source: cloud-init, "Instance metadata", keys `v1.*`, as the OpenStack datasource fills them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceData {
    /// `v1.instance_id`: the Nova server id.
    pub instance_id: String,
    /// `v1.local_hostname`: the server's host name without a domain.
    pub local_hostname: String,
    /// `v1.availability_zone`, empty if Nova shows none.
    pub availability_zone: String,
    /// `v1.region`, empty if unknown.
    pub region: String,
}

/// Whether the first line says that the rest is a jinja template (`## template: jinja`).
pub fn is_template(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first
        .strip_prefix("##")
        .map(str::trim_start)
        .and_then(|rest| rest.strip_prefix("template:"))
        .is_some_and(|engine| engine.trim() == "jinja")
}

/// Renders `text` (without its `## template: jinja` line) for one instance.
///
/// # Errors
/// A template that does not parse, that names a variable cloud-init does not have, or that runs longer than its limit.
pub fn render(text: &str, instance: &InstanceData) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_trim_blocks(true);
    environment.set_keep_trailing_newline(true);
    environment.set_fuel(Some(TEMPLATE_FUEL));
    environment.set_recursion_limit(TEMPLATE_RECURSION_LIMIT);
    let body = text.split_once('\n').map_or("", |(_, rest)| rest);
    environment
        .render_str(body, variables(instance))
        .context("the user data says it is a jinja template, but cloud-init could not render it")
}

fn variables(instance: &InstanceData) -> minijinja::Value {
    context! {
        v1 => context! {
            instance_id => instance.instance_id,
            local_hostname => instance.local_hostname,
            availability_zone => instance.availability_zone,
            region => instance.region,
            cloud_name => "openstack",
            platform => "openstack",
        },
        instance_id => instance.instance_id,
        local_hostname => instance.local_hostname,
        availability_zone => instance.availability_zone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance() -> InstanceData {
        InstanceData {
            instance_id: "5d2c9a1e-0000-4000-8000-000000000001".into(),
            local_hostname: "general-x7k2p".into(),
            ..InstanceData::default()
        }
    }

    #[test]
    fn standard_variables_are_filled_in() {
        let text = "## template: jinja\nid={{ v1.instance_id }} name={{ v1.local_hostname }}\n";
        assert_eq!(render(text, &instance()).unwrap(), "id=5d2c9a1e-0000-4000-8000-000000000001 name=general-x7k2p\n");
    }

    #[test]
    fn a_variable_that_cloud_init_does_not_have_is_refused() {
        assert!(render("## template: jinja\n{{ v1.nonsense }}", &instance()).is_err());
    }

    #[test]
    fn an_endless_template_is_refused() {
        let text = "## template: jinja\n{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
        assert!(render(text, &instance()).is_err());
    }

    #[test]
    fn only_the_header_makes_a_template() {
        assert!(is_template("## template: jinja\n#cloud-config\n"));
        assert!(is_template("##template:jinja\n"));
        assert!(!is_template("#cloud-config\n## template: jinja\n"));
        assert!(!is_template("## template: mako\n"));
    }
}
