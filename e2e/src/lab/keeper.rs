//! Keeps an operator running behind a gate, as Kubernetes would: what the gate kills is started again at once, under the same name.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::gate::Gate;
use super::operator::{Operator, Settings, tail};

/// What the operator says when it ends because a loaded machine kept it from renewing its lease; Kubernetes starts it again then.
const LOST: &str = "leadership was lost";
/// How often that is taken for the machine's fault.
const LOST_MAX: u32 = 10;

/// An operator that is started again until this is stopped.
pub struct Keeper {
    task: JoinHandle<()>,
    stopping: CancellationToken,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Keeper {
    /// Starts the operator; its calls pass through `gate` only.
    #[must_use]
    pub fn start(settings: Settings, gate: Arc<Gate>) -> Self {
        let (stopping, trouble) = (CancellationToken::new(), Arc::default());
        let task = tokio::spawn(keep(settings, gate, stopping.clone(), Arc::clone(&trouble)));
        Self { task, stopping, trouble }
    }

    /// Whether the operator has only ever ended because the gate killed it or its lease was lost.
    ///
    /// # Errors
    /// If it ended by anything else or could not be started: how, with the end of its log.
    pub fn check(&self) -> Result<()> {
        match self.trouble.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            Some(trouble) => bail!("{trouble}"),
            None => Ok(()),
        }
    }

    /// Ends the operator by kill -9.
    pub async fn stop(self) {
        self.stopping.cancel();
        let _ = self.task.await;
    }
}

async fn keep(settings: Settings, gate: Arc<Gate>, stopping: CancellationToken, trouble: Arc<Mutex<Option<String>>>) {
    let (mut kills, mut lost) = (gate.kills(), 0);
    while !stopping.is_cancelled() {
        let ended = one_life(&settings, &gate, &stopping).await;
        let by_the_gate = kills.has_changed().unwrap_or(false);
        kills.mark_unchanged();
        if stopping.is_cancelled() || by_the_gate {
            continue;
        }
        lost += 1;
        if lost <= LOST_MAX && tail(&settings.log, 5).contains(LOST) {
            continue;
        }
        let how = match ended {
            Ok(how) => format!("the operator ended by itself ({how}); the end of its log:\n{}", tail(&settings.log, 15)),
            Err(error) => format!("the operator cannot be started: {error:#}"),
        };
        *trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
        return;
    }
}

async fn one_life(settings: &Settings, gate: &Gate, stopping: &CancellationToken) -> Result<String> {
    gate.expect();
    let mut operator = Operator::launch(settings)?;
    gate.admit(operator.pid);
    tokio::select! {
        status = operator.ended() => Ok(status?.to_string()),
        () = stopping.cancelled() => operator.kill().await.map(|()| "stopped".to_owned()),
    }
}
