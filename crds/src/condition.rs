//! Conditions as Kubernetes' API conventions want them, and the one rule for changing them.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// One observation of an object, with a reason a program can match and a message a person can act on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What is observed, in CamelCase, e.g. `Ready`.
    #[serde(rename = "type")]
    pub type_: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// When `status` last changed.
    pub last_transition_time: Time,
    /// Why, in CamelCase, stable across releases.
    pub reason: String,
    /// What happened, why, and what to do.
    pub message: String,
    /// The generation of the object's spec that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// Puts `new` among `conditions`, keeping `lastTransitionTime` while the status is the same, and keeps the list sorted by type.
///
/// Returns whether anything but the time differs from before: a caller that gets `false` has nothing to write.
pub fn set(conditions: &mut Vec<Condition>, mut new: Condition) -> bool {
    match conditions.iter_mut().find(|c| c.type_ == new.type_) {
        Some(old) => {
            if old.status == new.status {
                new.last_transition_time = old.last_transition_time.clone();
            }
            let changed = *old != new;
            *old = new;
            changed
        }
        None => {
            conditions.push(new);
            conditions.sort_by(|a, b| a.type_.cmp(&b.type_));
            true
        }
    }
}

/// The condition of type `type_`, if it was ever set.
pub fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| c.type_ == type_)
}

/// Whether the condition of type `type_` is known to be `True`.
pub fn is_true(conditions: &[Condition], type_: &str) -> bool {
    find(conditions, type_).is_some_and(|c| c.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::jiff::Timestamp;

    fn ready(status: &str, second: i64) -> Condition {
        Condition {
            type_: "Ready".into(),
            status: status.into(),
            last_transition_time: Time(Timestamp::from_second(second).unwrap()),
            reason: "Test".into(),
            message: "m".into(),
            observed_generation: None,
        }
    }

    #[test]
    fn transition_time_moves_only_when_the_status_flips() {
        let mut all = vec![];
        assert!(set(&mut all, ready("True", 1)));
        assert!(!set(&mut all, ready("True", 2)));
        assert_eq!(all, vec![ready("True", 1)]);
        assert!(set(&mut all, ready("False", 3)));
        assert_eq!(all, vec![ready("False", 3)]);
    }
}
