//! Whose a resource is: the UIDs that everything bears from birth, and without which nothing is ever changed or deleted.

use std::collections::{BTreeMap, BTreeSet};

/// Metadata key, and prefix of the tag, for the Host's UID.
pub const META_HOST: &str = "gantry-host";
/// Metadata key, and prefix of the tag, for the UID of the cluster's namespace kube-system.
pub const META_CLUSTER: &str = "gantry-cluster";

/// Whose a resource is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark {
    /// UID of the Host; unset for what several hosts share.
    pub host: Option<String>,
    /// UID of the cluster's namespace kube-system.
    pub cluster: String,
}

impl Mark {
    /// `gantry-host:<uid>` and `gantry-cluster:<uid>`, the host's own first.
    pub fn tags(&self) -> Vec<String> {
        self.metadata().iter().rev().map(|(key, uid)| format!("{key}:{uid}")).collect()
    }

    /// The tags joined by a space, for services that have no tags or drop them.
    pub fn description(&self) -> String {
        self.tags().join(" ")
    }

    /// The same as metadata.
    pub fn metadata(&self) -> BTreeMap<String, String> {
        let host = self.host.iter().map(|uid| (META_HOST.to_owned(), uid.clone()));
        host.chain([(META_CLUSTER.to_owned(), self.cluster.clone())]).collect()
    }

    /// Whether a tag is one that only a mark may write.
    pub(crate) fn is_tag(tag: &str) -> bool {
        [META_HOST, META_CLUSTER].iter().any(|key| tag.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
    }

    /// The mark in metadata and tags together; none if there is no cluster's, or if they contradict each other.
    pub(crate) fn read(metadata: &BTreeMap<String, String>, tags: &[String]) -> Option<Self> {
        let all = |key: &str| -> BTreeSet<&str> {
            let tagged = tags.iter().filter_map(|tag| tag.strip_prefix(key)?.strip_prefix(':'));
            metadata.get(key).map(String::as_str).into_iter().chain(tagged).filter(|uid| !uid.is_empty()).collect()
        };
        let (hosts, clusters) = (all(META_HOST), all(META_CLUSTER));
        let cluster = clusters.first().filter(|_| clusters.len() == 1)?;
        let host = hosts.first().map(|uid| (*uid).to_owned());
        (hosts.len() <= 1).then(|| Self { host, cluster: (*cluster).to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark { host: Some("h".to_owned()), cluster: "c".to_owned() }
    }

    fn tags(tags: &[&str]) -> Vec<String> {
        tags.iter().map(|tag| (*tag).to_owned()).collect()
    }

    #[test]
    fn a_mark_is_written_in_three_ways_and_read_from_each() {
        assert_eq!(mark().tags(), ["gantry-host:h", "gantry-cluster:c"]);
        assert_eq!(mark().description(), "gantry-host:h gantry-cluster:c");
        assert_eq!(Mark::read(&BTreeMap::new(), &mark().tags()), Some(mark()));
        assert_eq!(Mark::read(&mark().metadata(), &[]), Some(mark()));
        assert_eq!(Mark::read(&mark().metadata(), &mark().tags()), Some(mark()));
        let shared = Mark { host: None, ..mark() };
        assert_eq!((shared.description().as_str(), Mark::read(&shared.metadata(), &[])), ("gantry-cluster:c", Some(shared)));
    }

    #[test]
    fn what_has_no_cluster_or_contradicts_itself_is_nobody_s() {
        let read = |list: &[&str]| Mark::read(&BTreeMap::new(), &tags(list));
        for list in [&[][..], &["gantry-host:h"], &["gantry-cluster:"], &["gantry-cluster"], &["gantry-clusters:c"], &["xgantry-cluster:c"]]
        {
            assert_eq!(read(list), None, "{list:?}");
        }
        assert_eq!(read(&["gantry-cluster:c", "gantry-cluster:d"]), None);
        assert_eq!(read(&["gantry-cluster:c", "gantry-host:h", "gantry-host:i"]), None);
        assert_eq!(Mark::read(&mark().metadata(), &tags(&["gantry-host:other"])), None);
        assert_eq!(Mark::read(&mark().metadata(), &tags(&["gantry-host:h", "gantry-host:h", "role:web"])), Some(mark()));
    }
}
