//! What an operator's process costs, as the kernel and its own metrics say.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::operator::Operator;

/// Requests that the operator has sent to OpenStack, by its own count.
///
/// # Errors
/// If it does not answer.
pub async fn requests(operator: &Operator) -> Result<u64> {
    Ok(sums(&operator.metrics().await?, "gantry_openstack_requests_total").values().sum())
}

/// A counter's values by its labels.
#[must_use]
pub fn sums(metrics: &str, counter: &str) -> BTreeMap<String, u64> {
    let lines = metrics.lines().filter_map(|line| line.strip_prefix(counter)).filter(|rest| rest.starts_with(['{', ' ']));
    let values = lines.filter_map(|rest| rest.rsplit_once(' ')).filter_map(|(labels, n)| Some((labels.to_owned(), n.parse().ok()?)));
    values.collect()
}

/// The value of a label in `{a="b",c="d"}`.
#[must_use]
pub fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    let start = labels.find(&format!("{name}=\""))? + name.len() + 2;
    let end = labels[start..].find('"')?;
    Some(&labels[start..start + end])
}

fn stat(pid: u32) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after = text.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    Ok(after.split_whitespace().map(str::to_owned).collect())
}

/// User and system time, in seconds; the kernel counts in hundredths.
///
/// # Errors
/// If there is no such process.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = stat(pid)?;
    let ticks: f64 = stat[11].parse::<f64>()? + stat[12].parse::<f64>()?;
    Ok(ticks / 100.0)
}

/// Resident memory now, in MiB.
///
/// # Errors
/// If there is no such process.
pub fn rss_mib(pid: u32) -> Result<f64> {
    memory_mib(pid, "VmRSS:")
}

/// The most resident memory that it ever had, in MiB.
///
/// # Errors
/// If there is no such process.
pub fn peak_rss_mib(pid: u32) -> Result<f64> {
    memory_mib(pid, "VmHWM:")
}

fn memory_mib(pid: u32, what: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with(what)).with_context(|| format!("no {what}"))?;
    let kib: f64 = line.split_whitespace().nth(1).context("no value")?.parse()?;
    Ok(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_read_by_its_labels() {
        let text = "# HELP a_total x\na_total{verb=\"GET\",call=\"servers\"} 3\na_total{verb=\"POST\"} 4\na_total_more 9\nb_total 5\n";
        let sums = sums(text, "a_total");
        assert_eq!(sums.values().sum::<u64>(), 7);
        let get = sums.keys().find(|labels| label(labels, "verb") == Some("GET")).unwrap();
        assert_eq!(label(get, "call"), Some("servers"));
        assert_eq!(label(get, "none"), None);
    }
}
