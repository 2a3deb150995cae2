//! Namespaces.

use gantry_plan::model::Labels;

use super::wire;

/// The label by which selectors name a namespace; the API server sets it.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A namespace's labels.
pub fn namespace(namespace: wire::Namespace) -> Labels {
    let mut labels = namespace.metadata.labels.unwrap_or_default();
    labels.insert(NAME_LABEL.to_owned(), namespace.metadata.name.unwrap_or_default());
    labels
}
