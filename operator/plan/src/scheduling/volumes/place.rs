//! One requirement of a volume on where its node is.

use super::{Label, NO_PROVISIONER, NodeView, Open, open};
use crate::model::{Class, Key, Labels, NodeTerm};
use crate::scheduling::affinity;
use crate::scheduling::misfit::VolumeMisfit;

/// Labels of volumes and nodes that say where they are, and the label of a node that stands in for it.
const WHERE: [(&str, &str); 4] = [
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("topology.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("topology.kubernetes.io/region", "topology.kubernetes.io/region"),
];
/// What stands between the zones of a volume that is in several.
const BETWEEN_ZONES: &str = "__";

/// A requirement of a pod's volumes on the node.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place<'a> {
    /// The bound volume's node affinity.
    Affinity { claim: &'a Key, volume: &'a str, terms: &'a [NodeTerm] },
    /// The bound volume's label, and the values that it allows a node to have.
    Zone { volume: &'a str, key: &'static str, values: Vec<&'a str> },
    /// The node that was already chosen to make the volume for.
    Node { claim: &'a Key, node: &'a str },
    /// Where the class makes volumes.
    Class { claim: &'a Key, class: &'a str, terms: &'a [NodeTerm] },
    /// Claims for which there are volumes to choose from.
    Open(Vec<Open<'a>>),
}

impl Place<'_> {
    /// Whether it is where the node is.
    ///
    /// # Errors
    /// It is not.
    pub fn admits(&self, node: &NodeView<'_>) -> Result<(), VolumeMisfit> {
        let met = match self {
            Self::Affinity { terms, .. } | Self::Class { terms, .. } => terms.iter().any(|term| affinity::matches_labels(term, node)),
            Self::Zone { key, values, .. } => in_zone(key, values, node),
            Self::Node { node: chosen, .. } => node.name == Some(*chosen),
            Self::Open(claims) => return open::admits(claims, node),
        };
        if met { Ok(()) } else { Err(self.misfit()) }
    }

    fn misfit(&self) -> VolumeMisfit {
        match self {
            Self::Affinity { claim, volume, .. } => VolumeMisfit::Elsewhere { claim: (*claim).clone(), volume: (*volume).to_owned() },
            Self::Zone { volume, key, values } => {
                VolumeMisfit::Zone { volume: (*volume).to_owned(), key: (*key).to_owned(), values: values.join(" or ") }
            }
            Self::Node { claim, node } => VolumeMisfit::Chosen { claim: (*claim).clone(), node: (*node).to_owned() },
            Self::Class { claim, class, .. } => VolumeMisfit::Class { claim: (*claim).clone(), class: (*class).to_owned() },
            Self::Open(claims) => VolumeMisfit::NothingToBind(claims.first().map_or_else(Key::default, |open| open.key.clone())),
        }
    }
}

/// A node that bears none of the labels is in every zone.
fn in_zone(key: &str, values: &[&str], node: &NodeView<'_>) -> bool {
    if WHERE.iter().all(|(key, _)| node.label(key) == Label::Absent) {
        return true;
    }
    let today = WHERE.iter().find(|(old, _)| *old == key).map_or(key, |(_, today)| *today);
    match (node.label(key), node.label(today)) {
        (Label::Is(value), _) | (Label::Absent, Label::Is(value)) => values.contains(&value),
        _ => false,
    }
}

/// What a volume's labels say about where it is; a label with an empty zone says nothing.
pub(super) fn zones<'a>(volume: &'a str, labels: &'a Labels) -> impl Iterator<Item = Place<'a>> {
    WHERE.iter().filter_map(move |(key, _)| {
        let values: Vec<&str> = labels.get(*key)?.split(BETWEEN_ZONES).map(str::trim).collect();
        let said = values.iter().all(|value| !value.is_empty());
        said.then_some(Place::Zone { volume, key, values })
    })
}

/// Where a volume can be made for a claim; `None` is anywhere.
///
/// # Errors
/// The class makes none.
pub(super) fn made<'a>(claim: &'a Key, (name, class): (&'a str, &'a Class)) -> Result<Option<Place<'a>>, VolumeMisfit> {
    if class.provisioner.is_empty() || class.provisioner == NO_PROVISIONER {
        return Err(VolumeMisfit::NothingToBind(claim.clone()));
    }
    Ok((!class.topologies.is_empty()).then_some(Place::Class { claim, class: name, terms: &class.topologies }))
}
