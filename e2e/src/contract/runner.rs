//! Runs groups of cases against one cloud and counts.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use gantry_cloud::{Effect, Service};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::case::{Group, RawCase, Repeat, Step};
use super::pattern;
use super::session::{Answer, Ask, Session};
use super::values::Values;

/// Longest wait for an answer that is asked for until it fits.
const UNTIL_LIMIT: Duration = Duration::from_secs(60);
/// Pause between two of those.
const POLL: Duration = Duration::from_millis(200);

/// What came of cases.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// Cases whose answers were all as wanted.
    pub passed: usize,
    /// The others: name and first difference.
    pub failed: Vec<String>,
    /// Cases that cannot be asked of this cloud: name and reason.
    pub not_applicable: Vec<(String, String)>,
}

impl Count {
    /// Adds another count.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
        self.not_applicable.extend(other.not_applicable);
    }

    /// Counts the outcome of one case.
    pub fn note(&mut self, name: &str, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(error) => self.failed.push(format!("{name}: {error:#}")),
        }
    }
}

/// Runs a group; `word` is the cloud's in `not_on`.
pub async fn run(session: &Session, group: &Group, seed: &Values, word: &str) -> Count {
    let mut count = Count::default();
    let mut values = seed.clone();
    for (name, value) in &group.values {
        values.set(name, value.clone());
    }
    for raw in &group.before {
        if let Err(error) = begin(session, raw, &mut values).await {
            count.failed.push(format!("{}: before: {error:#}", group.group));
            return count;
        }
    }
    for case in &group.cases {
        if let Some(why) = case.not_on.get(word) {
            count.not_applicable.push((case.case.clone(), why.clone()));
            continue;
        }
        let outcome = one(session, case, &mut values).await;
        count.note(&case.case, outcome);
    }
    count
}

async fn begin(session: &Session, raw: &Value, values: &mut Values) -> Result<()> {
    step(session, &Step::parse(raw)?, values).await
}

async fn one(session: &Session, case: &RawCase, values: &mut Values) -> Result<()> {
    let steps = case.steps()?;
    for (index, one) in steps.iter().enumerate() {
        step(session, one, values).await.with_context(|| {
            let place = if steps.len() > 1 { format!("step {}, ", index + 1) } else { String::new() };
            format!("{place}{} {} {}", one.method, one.service, one.path)
        })?;
    }
    Ok(())
}

async fn step(session: &Session, step: &Step, values: &mut Values) -> Result<()> {
    let ask = ask(step, values)?;
    tokio::time::sleep(Duration::from_millis(step.options.wait_ms)).await;
    let answer = match step.options.repeat {
        Repeat::Never => checked(step, values, session.send(&ask).await?)?,
        Repeat::UntilItFits => until(session, step, values, &ask).await?,
        Repeat::TwoAtOnce => {
            let (one, other) = tokio::try_join!(session.send(&ask), session.send(&ask))?;
            checked(step, values, other)?;
            checked(step, values, one)?
        }
    };
    for (name, source) in &step.options.save {
        values.set(name, part(&answer, source).with_context(|| format!("the answer has no {source}"))?);
    }
    Ok(())
}

async fn until(session: &Session, step: &Step, values: &Values, ask: &Ask) -> Result<Answer> {
    let deadline = Instant::now() + UNTIL_LIMIT;
    loop {
        let last = checked(step, values, session.send(ask).await?);
        if last.is_ok() || Instant::now() > deadline {
            return last.with_context(|| format!("not within {} s", UNTIL_LIMIT.as_secs()));
        }
        tokio::time::sleep(POLL).await;
    }
}

fn part(answer: &Answer, source: &str) -> Option<Value> {
    match source.strip_prefix("header:") {
        Some(name) => answer.headers.get(name).map(|text| json!(text)),
        None => answer.body.pointer(source).cloned(),
    }
}

fn ask(step: &Step, values: &Values) -> Result<Ask> {
    let options = &step.options;
    let mut headers = std::collections::BTreeMap::new();
    for (name, value) in &options.headers {
        headers.insert(name.clone(), values.text(value)?);
    }
    if let Some(version) = &options.version {
        let text = if version.is_empty() { String::new() } else { format!("{} {version}", step.service) };
        headers.insert("OpenStack-API-Version".to_owned(), text);
    }
    Ok(Ask {
        method: step.method.clone(),
        service: step.service.clone(),
        path: values.text(&step.path)?,
        body: values.fill(&step.body)?,
        who: values.text(options.who.as_deref().unwrap_or("demo"))?,
        headers,
    })
}

/// Compares an answer with what the step wants; gives it back if it fits.
fn checked(step: &Step, values: &Values, answer: Answer) -> Result<Answer> {
    let wanted = match &step.options.expect {
        Value::String(text) => values.text(text)?,
        other => other.to_string(),
    };
    expected(&wanted, &answer)?;
    if let Some(wanted) = &step.options.means {
        means(step, wanted, &answer)?;
    }
    if !step.options.has.is_null() {
        pattern::compare(&values.fill(&step.options.has)?, &answer.body).map_err(anyhow::Error::msg)?;
    }
    if let Some(there) = step.options.lacks.iter().find(|pointer| answer.body.pointer(pointer).is_some()) {
        bail!("{there} should not be there: {}", pattern::short(&answer.body));
    }
    for (name, wanted) in &step.options.answer_headers {
        let found = answer.headers.get(name).map_or("", String::as_str);
        if !pattern::fits(&values.text(wanted)?, found) {
            bail!("header {name}: wanted {wanted}, found '{found}'");
        }
    }
    Ok(answer)
}

/// Compares what Gantry's client would call this answer.
fn means(step: &Step, wanted: &str, answer: &Answer) -> Result<()> {
    let service = match step.service.as_str() {
        "identity" => Service::Identity,
        "compute" => Service::Compute,
        "network" => Service::Network,
        "image" => Service::Image,
        _ => Service::Volume,
    };
    let effect = match step.method.as_str() {
        "GET" => Effect::Read,
        "DELETE" => Effect::Delete,
        _ => Effect::Create,
    };
    let found = gantry_cloud::meaning(service, effect, answer.status, answer.raw.as_bytes());
    if found.category() != wanted {
        bail!("wanted the meaning {wanted}, found {}: {} {}", found.category(), answer.status, pattern::short(&answer.body));
    }
    Ok(())
}

/// `202`, or `400 badRequest Flavor * could not be found.`: status, word, text.
fn expected(wanted: &str, answer: &Answer) -> Result<()> {
    let mut words = wanted.splitn(3, ' ');
    let status: u16 = words.next().unwrap_or_default().parse().with_context(|| format!("'{wanted}' begins with no status"))?;
    let found = || format!("{} {}", answer.status, pattern::short(&answer.body));
    if answer.status != status {
        bail!("wanted {wanted}, found {}", found());
    }
    let Some(word) = words.next() else { return Ok(()) };
    let (found_word, text) = answer.error().with_context(|| format!("wanted {wanted}, found no error: {}", found()))?;
    if word != found_word || words.next().is_some_and(|pattern| !pattern::fits(pattern, &text)) {
        bail!("wanted {wanted}, found {}", found());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: Value) -> Answer {
        Answer { status, headers: std::collections::BTreeMap::default(), raw: body.to_string(), body }
    }

    #[test]
    fn an_expectation_names_status_word_and_text() {
        let nova = answer(400, json!({"badRequest": {"code": 400, "message": "Flavor x could not be found."}}));
        assert!(expected("400", &nova).is_ok());
        assert!(expected("400 badRequest Flavor * could not be found.", &nova).is_ok());
        assert!(expected("404", &nova).is_err());
        assert!(expected("400 conflictingRequest", &nova).is_err());
        assert!(expected("400 badRequest Image *", &nova).is_err());
        let neutron = answer(409, json!({"NeutronError": {"type": "OverQuota", "message": "Quota exceeded", "detail": ""}}));
        assert!(expected("409 OverQuota Quota *", &neutron).is_ok());
        assert!(expected("413 text *large*", &answer(413, json!("<h1>too large</h1>"))).is_ok());
        assert!(expected("200 badRequest", &answer(200, json!({"servers": []}))).is_err());
    }
}
