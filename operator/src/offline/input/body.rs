//! One object before its kind is known: a piece of JSON, or a tree that was YAML.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::kube::project::wire::Given;

/// An object.
pub(super) enum Body<'a> {
    /// As text.
    Json(&'a str),
    /// As a tree.
    Tree(Value),
}

/// What tells which kind an object is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Head {
    pub api_version: Given<String>,
    pub kind: Given<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    metadata: Given<Name>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Name {
    namespace: Given<String>,
    name: Given<String>,
}

impl Body<'_> {
    /// As this type.
    ///
    /// # Errors
    /// What is wrong, after the path of the field.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        match self {
            Self::Json(text) => {
                let mut deserializer = serde_json::Deserializer::from_str(text);
                serde_path_to_error::deserialize(&mut deserializer).map_err(told)
            }
            Self::Tree(value) => serde_path_to_error::deserialize(value).map_err(told),
        }
    }

    /// Its kind and name, as far as they can be told.
    pub fn title(&self, kind: &str) -> String {
        let name = self.read::<Named>().unwrap_or_default().metadata.0;
        match (name.namespace.as_str(), name.name.as_str()) {
            (_, "") => kind.to_owned(),
            ("", name) => format!("{kind} {name}"),
            (namespace, name) => format!("{kind} {namespace}/{name}"),
        }
    }
}

/// A line of a text that nobody sees says nothing, where the path of the field says it all.
fn told(error: serde_path_to_error::Error<serde_json::Error>) -> String {
    let path = error.path().to_string();
    let what = error.into_inner().to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    if path == "." { what.to_owned() } else { format!("{path}: {what}") }
}
