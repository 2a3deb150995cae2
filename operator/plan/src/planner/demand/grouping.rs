//! Puts equal pods together: by the address of what they share first, by content then.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::model::{Labels, Pod, PodSpec};

/// What makes pods equal: namespace, spec, and those labels that a selector could see.
type Content<'a> = (&'a str, &'a PodSpec, Vec<(&'a str, &'a str)>);

/// Equal pods together, oldest first, in the order of planning.
pub(super) fn grouped<'a>(pods: Vec<&'a Pod>, visible: &BTreeSet<&str>) -> Vec<Vec<&'a Pod>> {
    let mut by_address: HashMap<(&str, *const PodSpec, *const Labels), usize> = HashMap::new();
    let mut by_content: HashMap<Content<'a>, usize> = HashMap::new();
    let mut groups: Vec<Vec<&Pod>> = Vec::new();
    for pod in pods {
        let address = (pod.key.namespace.as_str(), Arc::as_ptr(&pod.spec), Arc::as_ptr(&pod.labels));
        let at = *by_address.entry(address).or_insert_with(|| {
            let next = groups.len();
            let at = *by_content.entry((&pod.key.namespace, &pod.spec, seen(&pod.labels, visible))).or_insert(next);
            if at == next {
                groups.push(Vec::new());
            }
            at
        });
        groups[at].push(pod);
    }
    for group in &mut groups {
        group.sort_by_key(|pod| (pod.created, &pod.key, &pod.uid));
    }
    groups.sort_by_cached_key(|group| super::order(group));
    groups
}

fn seen<'a>(labels: &'a Labels, visible: &BTreeSet<&str>) -> Vec<(&'a str, &'a str)> {
    let seen = labels.iter().filter(|(key, _)| visible.contains(key.as_str()));
    seen.map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{labels, pod};

    fn labelled(name: &str, pairs: &[(&str, &str)]) -> Pod {
        Pod { labels: Arc::new(labels(pairs)), ..pod(name, 100, 1) }
    }

    #[test]
    fn labels_that_no_selector_sees_make_no_difference() {
        let pods = [labelled("a", &[("app", "x"), ("hash", "1")]), labelled("b", &[("app", "x"), ("hash", "2")]), labelled("c", &[])];
        let groups = |visible: &[&str]| grouped(pods.iter().collect(), &visible.iter().copied().collect()).len();
        assert_eq!([groups(&[]), groups(&["app"]), groups(&["app", "hash"])], [1, 2, 3]);
    }
}
