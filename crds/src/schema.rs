//! The definitions as the API server gets them: what the derives make of the types, made strict about nulls and sized for CEL.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use kube::core::{Rule, validate};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::{Host, OpenStackCloud, VMPool, rules};

/// Most entries of a server's metadata: Nova's quota is 128 by default, and Gantry writes a few itself.
const METADATA_MAX: usize = 100;
/// Longest value of metadata, of an image's property and of a flavor's extra spec.
const WORD_MAX: usize = 255;
/// Most properties, extra specs and hints.
const PROPERTIES_MAX: usize = 20;
/// Most values of one hint.
const HINT_VALUES_MAX: usize = 20;
/// Longest value of a hint; a query of the JSON filter is one.
const HINT_MAX: usize = 1000;

/// All definitions, in the order in which people meet them.
///
/// Unlike `VMPool::crd()` and its siblings no field is nullable: the API server then drops a `null` before it sets defaults and runs the
/// rules, so that `null` means "not given" everywhere.
pub fn definitions() -> Vec<CustomResourceDefinition> {
    [OpenStackCloud::crd(), VMPool::crd(), Host::crd()].into_iter().map(tidy).collect()
}

fn tidy(definition: CustomResourceDefinition) -> CustomResourceDefinition {
    let mut value = serde_json::to_value(definition).expect("a definition is JSON");
    tidy_schema(&mut value);
    serde_json::from_value(value).expect("a tidied definition is a definition")
}

/// Takes out `nullable`, and the page of grammar that k8s-openapi gives every quantity as its description.
fn tidy_schema(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, v| key != "nullable" || *v != Value::Bool(true));
            map.retain(|key, v| key != "description" || !v.as_str().is_some_and(|text| text.starts_with("Quantity is a fixed-point")));
            map.values_mut().for_each(tidy_schema);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy_schema),
        _ => {}
    }
}

/// A map whose values are strings: `#[schemars(length)]` does not know maps, so their limits are written here.
fn strings(most: usize, longest: usize, all: &[Rule]) -> Schema {
    map(most, json!({"type": "string", "maxLength": longest}), all)
}

fn map(most: usize, values: Value, all: &[Rule]) -> Schema {
    let mut schema = json_schema!({"type": "object", "maxProperties": most, "additionalProperties": values});
    for rule in all {
        validate(&mut schema, rule.clone()).expect("a rule is JSON");
    }
    schema
}

/// Labels of a node template.
pub(crate) fn node_labels(_: &mut SchemaGenerator) -> Schema {
    let all = [
        rules::label_keys(),
        rules::label_values(),
        rules::labels_not_gantry(),
        rules::labels_not_describing(),
        rules::labels_not_restricted(),
    ];
    strings(rules::LABELS_MAX, rules::LABEL_VALUE_MAX, &all)
}

/// Metadata of a server.
pub(crate) fn server_metadata(_: &mut SchemaGenerator) -> Schema {
    strings(METADATA_MAX, WORD_MAX, &[rules::metadata_keys(), rules::metadata_not_gantry()])
}

/// Extra specs that a flavor must have.
pub(crate) fn extra_specs(_: &mut SchemaGenerator) -> Schema {
    strings(PROPERTIES_MAX, WORD_MAX, &[rules::extra_spec_keys()])
}

/// Properties that an image must have.
pub(crate) fn image_properties(_: &mut SchemaGenerator) -> Schema {
    strings(PROPERTIES_MAX, WORD_MAX, &[rules::properties_not_questions()])
}

/// Hints for the scheduler, each a list.
pub(crate) fn scheduler_hints(_: &mut SchemaGenerator) -> Schema {
    let values = json!({
        "type": "array",
        "minItems": 1,
        "maxItems": HINT_VALUES_MAX,
        "items": {"type": "string", "minLength": 1, "maxLength": HINT_MAX},
    });
    map(PROPERTIES_MAX, values, &[rules::hint_keys()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(value: &Value, path: &str, visit: &mut dyn FnMut(&str, &Value)) {
        visit(path, value);
        match value {
            Value::Object(map) => map.iter().for_each(|(key, v)| walk(v, &format!("{path}.{key}"), visit)),
            Value::Array(items) => items.iter().for_each(|v| walk(v, path, visit)),
            _ => {}
        }
    }

    fn visit_all(visit: &mut dyn FnMut(&str, &Value)) {
        for definition in definitions() {
            let name = definition.spec.names.kind.clone();
            walk(&serde_json::to_value(definition).unwrap(), &name, visit);
        }
    }

    #[test]
    fn nothing_is_nullable_and_no_default_is_null() {
        visit_all(&mut |path, value| {
            assert!(!path.ends_with(".nullable"), "{path}");
            assert!(!path.contains(".default") || !value.is_null(), "{path}");
        });
    }

    #[test]
    fn every_rule_has_a_sentence() {
        visit_all(&mut |path, value| {
            if let Some(rules) = value.get("x-kubernetes-validations").and_then(Value::as_array) {
                assert!(rules.iter().all(|rule| rule["message"].as_str().is_some_and(|text| text.len() > 20)), "{path}");
            }
        });
    }

    #[test]
    fn every_field_is_explained() {
        visit_all(&mut |path, value| {
            // A map of fields may itself have a field called properties.
            if path.ends_with(".properties") && !path.ends_with(".properties.properties") {
                return;
            }
            for (name, field) in value.get("properties").and_then(Value::as_object).into_iter().flatten() {
                let known = path.ends_with("openAPIV3Schema") && name == "status";
                assert!(known || field["description"].as_str().is_some_and(|text| text.len() > 3), "{path}.{name}");
            }
        });
    }

    #[test]
    fn conditions_are_a_map_by_type() {
        let mut found = 0;
        visit_all(&mut |path, value| {
            if path.ends_with(".status.properties.conditions") {
                assert_eq!(value["x-kubernetes-list-type"], "map", "{path}");
                assert_eq!(value["x-kubernetes-list-map-keys"], serde_json::json!(["type"]), "{path}");
                found += 1;
            }
        });
        assert_eq!(found, definitions().len());
    }

    #[test]
    fn the_schema_shows_as_many_orphans_as_the_constant_says() {
        let mut found = 0;
        visit_all(&mut |path, value| {
            if path.ends_with(".status.properties.orphans") {
                assert_eq!(value["maxItems"], crate::ORPHANS_SHOWN, "{path}");
                found += 1;
            }
        });
        assert_eq!(found, 1);
    }
}
