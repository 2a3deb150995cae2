//! Applies the files of `examples/` to the API server without effect: what people are told to apply must be accepted.

use std::path::Path;

use anyhow::{Context, Result};
use kube::Client;
use serde_json::Value;

use super::target::Target;
use super::{NAMESPACE, Operation, Report, yaml_files};

/// Tries every document of every `*.yaml` of `dir` with a server-side dry run, in a namespace where nothing of its name can be. The
/// definitions must be installed.
///
/// # Errors
/// When a file cannot be read or the API server cannot be asked; an example that is rejected is a failure in the report.
pub async fn run(client: Client, dir: &Path) -> Result<Report> {
    let mut report = Report::default();
    for path in yaml_files(dir)? {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {file}"))?;
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text).with_context(|| format!("{file} is no YAML"))?;
        for mut document in documents {
            document["metadata"]["namespace"] = NAMESPACE.into();
            let target = Target::new(client.clone(), &document, NAMESPACE).await.with_context(|| file.clone())?;
            let answer = target.dry_run(Operation::Create, &document, &Value::Null, None).await?;
            report.enter(&file, "", &document, true, answer);
        }
    }
    Ok(report)
}
