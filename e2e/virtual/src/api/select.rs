//! Label and field selectors, as far as the operator and the world use them.

use serde_json::Value;

use super::status::Refusal;

/// What a list or a watch leaves out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Requirement {
    Exists(String),
    Equals(String, String),
    Differs(String, String),
}

impl Selector {
    /// Reads both selectors of a request.
    ///
    /// # Errors
    /// 400 for a form that is not known here, as the API server answers for a field that it has no index of.
    pub fn read(labels: &str, fields: &str) -> Result<Self, Refusal> {
        let parts = |text: &str| text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        Ok(Self {
            labels: parts(labels).iter().map(|part| requirement(part)).collect::<Result<_, _>>()?,
            fields: parts(fields).iter().map(|part| field(part)).collect::<Result<_, _>>()?,
        })
    }

    /// Whether the object is meant.
    pub fn matches(&self, object: &Value) -> bool {
        let label = |key: &str| object["metadata"]["labels"].get(key).and_then(Value::as_str);
        let labels = self.labels.iter().all(|requirement| match requirement {
            Requirement::Exists(key) => label(key).is_some(),
            Requirement::Equals(key, value) => label(key) == Some(value),
            Requirement::Differs(key, value) => label(key) != Some(value),
        });
        labels && self.fields.iter().all(|(path, value)| object.pointer(path).and_then(Value::as_str).unwrap_or_default() == value)
    }
}

fn requirement(part: &str) -> Result<Requirement, Refusal> {
    if part.contains([' ', '(', '!']) && !part.contains("!=") {
        return Err(Refusal::bad_request(&format!("unable to parse requirement: {part} is not understood here")));
    }
    let pair = |(key, value): (&str, &str)| (key.trim_end_matches('=').to_owned(), value.trim_start_matches('=').to_owned());
    if let Some((key, value)) = part.split_once("!=").map(pair) {
        return Ok(Requirement::Differs(key, value));
    }
    Ok(match part.split_once('=').map(pair) {
        Some((key, value)) => Requirement::Equals(key, value),
        None => Requirement::Exists(part.to_owned()),
    })
}

/// Fields that the API server has an index of.
const FIELDS: [&str; 4] = ["metadata.name", "metadata.namespace", "spec.nodeName", "involvedObject.uid"];

fn field(part: &str) -> Result<(String, String), Refusal> {
    let known = part.split_once('=').filter(|(path, _)| FIELDS.contains(path));
    let (path, value) = known.ok_or_else(|| Refusal::bad_request(&format!("field label not supported: {part}")))?;
    Ok((format!("/{}", path.replace('.', "/")), value.trim_start_matches('=').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn labels_and_fields_must_all_match() {
        let pod = json!({"metadata": {"name": "a", "labels": {"app": "web"}}, "spec": {"nodeName": "n1"}});
        let matches = |labels: &str, fields: &str| Selector::read(labels, fields).unwrap().matches(&pod);
        assert!(matches("", "") && matches("app", "") && matches("app=web", "spec.nodeName=n1") && matches("app==web", ""));
        assert!(matches("tier!=db", "") && !matches("app!=web", "") && !matches("app=web,tier", "") && !matches("", "spec.nodeName=n2"));
        assert_eq!(Selector::read("", "status.phase=Running").unwrap_err().code, 400);
    }
}
