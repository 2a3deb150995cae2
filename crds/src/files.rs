//! The generated files by name and content: written to a folder, or compared with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use crate::page;

/// Files of one folder: name and content.
pub type Files = BTreeMap<String, String>;

/// The definitions, to be installed by the chart or by `kubectl apply`.
pub fn definitions() -> Files {
    gantry_crds::definitions().into_iter().map(definition_file).collect()
}

fn definition_file(
    mut definition: k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
) -> (String, String) {
    // An uninstalled chart must not delete every pool, and with them every server.
    definition.metadata.annotations.get_or_insert_default().insert("helm.sh/resource-policy".into(), "keep".into());
    let mut value = serde_json::to_value(&definition).expect("a definition is JSON");
    whole_numbers(&mut value);
    let yaml = serde_saphyr::to_string(&value).expect("JSON is YAML");
    let name = format!("{}_{}.yaml", definition.spec.group, definition.spec.names.plural);
    (name, format!("# Generated from the types in crds/src by `cargo run -p gantry-crds -- crds`; do not edit.\n{}\n", yaml.trim_end()))
}

/// Bounds are floats in k8s-openapi; people, and `kubectl get -o yaml`, write them whole.
fn whole_numbers(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Number(number) => {
            if let Some(whole) = number.as_f64().filter(|f| f.fract() == 0.0) {
                *value = json!(whole as i64);
            }
        }
        serde_json::Value::Object(map) => map.values_mut().for_each(whole_numbers),
        serde_json::Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        _ => {}
    }
}

/// The reference pages and their index.
pub fn reference() -> Files {
    let definitions = gantry_crds::definitions();
    let mut files: Files = definitions.iter().map(|definition| (page::file_name(definition), page::kind(definition))).collect();
    files.insert("README.md".into(), page::index(&definitions));
    files
}

/// Writes `files` to `dir`, making it where it is missing.
pub fn write(files: &Files, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make folder {}", dir.display()))?;
    for (name, content) in files {
        let path = dir.join(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// A sentence for each file of `dir` that is missing, different or superfluous.
pub fn differences(files: &Files, dir: &Path) -> Result<Vec<String>> {
    let mut found = vec![];
    for (name, content) in files {
        let path = dir.join(name);
        match fs::read_to_string(&path) {
            Ok(committed) if committed == *content => {}
            Ok(_) => found.push(format!("{} differs from what the types say.", path.display())),
            Err(_) => found.push(format!("{} is missing.", path.display())),
        }
    }
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.with_context(|| format!("cannot list {}", dir.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Other pages may stand beside ours: only what bears our mark is ours to miss.
        let ours =
            fs::read_to_string(&path).is_ok_and(|text| text.lines().next().is_some_and(|first| first.contains("-p gantry-crds -- ")));
        if ours && !files.contains_key(&name) {
            found.push(format!("{} is no longer generated; delete it.", path.display()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn committed(folder: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)
    }

    #[test]
    fn committed_definitions_are_those_of_the_types() {
        assert_eq!(differences(&definitions(), &committed(crate::CRDS_DIR)).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn committed_reference_is_that_of_the_types() {
        assert_eq!(differences(&reference(), &committed(crate::REFERENCE_DIR)).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn the_yaml_says_what_the_types_say() {
        for (name, yaml) in definitions() {
            let mut read: k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition =
                serde_saphyr::from_str(&yaml).unwrap();
            assert!(read.metadata.annotations.take().is_some_and(|a| a["helm.sh/resource-policy"] == "keep"), "{name}");
            assert!(gantry_crds::definitions().contains(&read), "{name}");
        }
    }

    /// Names of all fields within a schema.
    fn fields(schema: &serde_json::Value, found: &mut Vec<String>) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            found.push(name.clone());
            fields(field, found);
            fields(&field["items"], found);
        }
    }

    #[test]
    fn the_full_example_shows_every_field_of_a_pool() {
        let pool = gantry_crds::definitions().into_iter().find(|d| d.spec.names.kind == "VMPool").unwrap();
        let schema = serde_json::to_value(&pool.spec.versions[0].schema.as_ref().unwrap().open_api_v3_schema).unwrap();
        let mut found = vec![];
        fields(&schema["properties"]["spec"], &mut found);
        let text = fs::read_to_string(committed("examples/pool-full.yaml")).unwrap();
        let missing: Vec<&String> = found.iter().filter(|name| !text.contains(&format!("{name}:"))).collect();
        assert!(found.len() > 30 && missing.is_empty(), "not in examples/pool-full.yaml: {missing:?}");
    }

    #[test]
    fn what_differs_is_missing_or_superfluous_is_told() {
        let dir = std::env::temp_dir().join(format!("gantry-crds-{}", std::process::id()));
        let files = Files::from([("a".into(), "1".into()), ("b".into(), "1".into())]);
        let stale = "<!-- Generated by `cargo run -p gantry-crds -- reference`; do not edit. -->";
        let others = [("a", "2"), ("c", stale), ("by-somebody-else", "1")];
        write(&others.map(|(name, text)| (name.into(), text.into())).into(), &dir).unwrap();
        let found = differences(&files, &dir).unwrap();
        write(&files, &dir).unwrap();
        fs::remove_file(dir.join("c")).unwrap();
        assert_eq!(differences(&files, &dir).unwrap(), Vec::<String>::new());
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(found.len(), 3);
        assert!(found[0].contains("differs") && found[1].contains("missing") && found[2].contains("no longer generated"));
    }
}
