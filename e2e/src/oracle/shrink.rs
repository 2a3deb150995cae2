//! A smaller cluster that shows the same difference.

use anyhow::Result;
use serde_json::Value;

use super::compare::{self, Difference};
use super::ours;
use super::scheduler::{Question, Scheduler};

/// Clusters that are tried at most.
const TRIES_MAX: usize = 2000;

/// Takes away objects, then fields, as long as the very same difference stays.
///
/// # Errors
/// If the oracle ends.
pub fn shrink(scheduler: &mut Scheduler, objects: &[Value], wanted: &Difference) -> Result<Vec<Value>> {
    let mut left = objects.to_vec();
    let mut tries = 0;
    loop {
        let before = left.clone();
        for candidate in paths(&left).into_iter().rev() {
            tries += 1;
            if tries > TRIES_MAX {
                return Ok(left);
            }
            let smaller = without(&left, &candidate);
            if shows(scheduler, &smaller, wanted)? {
                left = smaller;
            }
        }
        if left == before {
            return Ok(left);
        }
    }
}

/// Object, then keys and indices.
type Path = Vec<String>;

/// Everything that could be left out, the deepest first: walked backwards, whole objects go before their fields, the last before the first.
fn paths(objects: &[Value]) -> Vec<Path> {
    let mut all = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        all.push(vec![index.to_string()]);
        for part in ["spec", "status", "metadata", "allowedTopologies"] {
            collect(&object[part], &mut vec![index.to_string(), part.to_owned()], &mut all);
        }
    }
    all.sort_by_key(|path| std::cmp::Reverse(path.len()));
    all
}

/// What an object is known by stays.
const NAMES: [&str; 3] = ["name", "namespace", "uid"];

fn collect(value: &Value, at: &mut Path, all: &mut Vec<Path>) {
    let keys: Vec<String> = match value {
        Value::Object(map) => map.keys().cloned().collect(),
        Value::Array(list) => (0..list.len()).map(|index| index.to_string()).collect(),
        _ => return,
    };
    for key in keys {
        if at.get(1).is_some_and(|part| part == "metadata") && at.len() == 2 && NAMES.contains(&key.as_str()) {
            continue;
        }
        at.push(key.clone());
        all.push(at.clone());
        let inner = value.get(&key).or_else(|| key.parse::<usize>().ok().and_then(|index| value.get(index)));
        if let Some(inner) = inner {
            collect(inner, at, all);
        }
        at.pop();
    }
}

fn without(objects: &[Value], path: &Path) -> Vec<Value> {
    let mut root = Value::Array(objects.to_vec());
    if let Some((last, parents)) = path.split_last() {
        let pointer: String = parents.iter().map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect();
        match root.pointer_mut(&pointer) {
            Some(Value::Object(map)) => drop(map.remove(last)),
            Some(Value::Array(list)) => {
                if let Some(index) = last.parse().ok().filter(|index| *index < list.len()) {
                    list.remove(index);
                }
            }
            _ => {}
        }
    }
    match root {
        Value::Array(objects) => objects,
        _ => Vec::new(),
    }
}

fn shows(scheduler: &mut Scheduler, objects: &[Value], wanted: &Difference) -> Result<bool> {
    let answer = scheduler.ask_one(Question { objects, ..Question::default() })?;
    if !answer.error.is_empty() {
        return Ok(false);
    }
    let Ok(ours) = ours::judge(objects) else { return Ok(false) };
    let differences = compare::compare(&answer, &ours).differences;
    Ok(differences.iter().any(|found| found == wanted))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_object_and_field_can_be_left_out_but_for_names() {
        let objects = vec![json!({"kind": "Node", "metadata": {"name": "n", "labels": {"a/b": "c"}}, "spec": {"taints": [1, 2]}})];
        let found: Vec<String> = paths(&objects).into_iter().map(|path| path.join(" ")).collect();
        let wanted = ["0 metadata labels a/b", "0 spec taints 0", "0 spec taints 1", "0 spec taints", "0 metadata labels", "0"];
        assert_eq!(found.iter().collect::<std::collections::BTreeSet<_>>(), wanted.map(str::to_owned).iter().collect());
        let left = without(&objects, &vec!["0".into(), "metadata".into(), "labels".into(), "a/b".into()]);
        assert_eq!(left, [json!({"kind": "Node", "metadata": {"name": "n", "labels": {}}, "spec": {"taints": [1, 2]}})]);
        assert_eq!(without(&left, &vec!["0".into()]), Vec::<Value>::new());
    }
}
