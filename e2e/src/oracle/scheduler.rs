//! The real kube-scheduler's judgement, asked through a pipe: the program of `e2e/kubernetes/oracle`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The script, beside this crate's sources: the end-to-end tests run from a checkout.
const BUILD_SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/kubernetes/oracle/build.sh");

/// What is asked: a cluster, and what about it.
#[derive(Debug, Default, Serialize)]
pub struct Question<'a> {
    /// Comes back with the answer.
    pub id: u64,
    /// The cluster.
    pub objects: &'a [Value],
    /// Carried out first, as far as they fit, each in its turn and again when others have come: their verdicts come first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub placements: Vec<Placement>,
    /// Nodes with their pods that join in turns: each once nothing more fits on those that are there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<Vec<Value>>,
    /// Who is judged then on all nodes, by namespace/name; `None` is all that wait.
    pub pods: Option<Vec<String>>,
}

/// A pod that goes to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Placement {
    /// Namespace/name.
    pub pod: String,
    /// The node's name.
    pub node: String,
}

/// What the scheduler says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// Of which question.
    pub id: u64,
    /// Of each waiting pod on each node, or of each placement in its order.
    pub verdicts: Vec<Verdict>,
    /// Nodes on which evicting makes room, of pods that fit nowhere.
    pub preemption: BTreeMap<String, Vec<String>>,
    /// What the DaemonSet controller says of each DaemonSet and node.
    pub daemons: Vec<DaemonVerdict>,
    /// Why there is no answer.
    pub error: String,
}

/// Of a pod on a node.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Verdict {
    /// Namespace/name.
    pub pod: String,
    /// The node's name.
    pub node: String,
    /// Whether it may go there.
    pub fits: bool,
    /// Which plugin refuses.
    pub plugin: String,
    /// Why.
    pub reason: String,
}

/// Of a DaemonSet on a node.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DaemonVerdict {
    /// Namespace/name.
    pub daemon_set: String,
    /// The node's name.
    pub node: String,
    /// Whether a pod of it runs there.
    pub runs: bool,
}

/// The program, running.
pub struct Scheduler {
    child: Child,
    questions: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Scheduler {
    /// Finds the program, or builds it, and starts it.
    ///
    /// # Errors
    /// If it cannot be built or started.
    pub fn start() -> Result<Self> {
        let built = Command::new(BUILD_SCRIPT).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let built = built.with_context(|| format!("cannot run {BUILD_SCRIPT}: is bash installed?"))?;
        if !built.status.success() {
            bail!("{BUILD_SCRIPT} ended with {}: its message is above", built.status);
        }
        let path = String::from_utf8(built.stdout)?;
        let mut child = Command::new(Path::new(path.trim())).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let questions = BufWriter::new(child.stdin.take().context("the oracle has no input")?);
        let answers = BufReader::new(child.stdout.take().context("the oracle has no output")?);
        Ok(Self { child, questions, answers })
    }

    /// The answer to each question, in their order.
    ///
    /// # Errors
    /// If the program ends, or answers what was not asked.
    pub fn ask(&mut self, questions: &[Question<'_>]) -> Result<Vec<Answer>> {
        let mut lines = Vec::new();
        for question in questions {
            serde_json::to_writer(&mut lines, question)?;
            lines.push(b'\n');
        }
        let (writer, reader) = (&mut self.questions, &mut self.answers);
        // Both at once: the program answers before it has read everything. What it says is looked at when all is said.
        let said = std::thread::scope(|scope| {
            let writing = scope.spawn(move || writer.write_all(&lines).and_then(|()| writer.flush()));
            let said = (0..questions.len()).map(|_| read(reader)).collect::<Result<Vec<String>>>();
            writing.join().map_err(|_| anyhow::anyhow!("writing to the oracle panicked"))??;
            said
        })?;
        let mut answers = said.iter().map(|line| Ok(serde_json::from_str(line)?)).collect::<Result<Vec<Answer>>>()?;
        answers.sort_by_key(|answer| answer.id);
        if !answers.iter().map(|answer| answer.id).eq(questions.iter().map(|question| question.id)) {
            bail!("the oracle answered other questions than were asked");
        }
        Ok(answers)
    }

    /// The answer to one question.
    ///
    /// # Errors
    /// As [`Scheduler::ask`].
    pub fn ask_one(&mut self, question: Question<'_>) -> Result<Answer> {
        self.ask(&[question])?.pop().context("the oracle did not answer")
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(reader: &mut BufReader<ChildStdout>) -> Result<String> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        bail!("the oracle ended: its message is above");
    }
    Ok(line)
}
