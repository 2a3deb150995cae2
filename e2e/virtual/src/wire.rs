//! The operator's wires to Kubernetes and OpenStack: every call is counted, and one of them may be its last.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Where in a call the operator is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cut {
    /// Before it is sent.
    BeforeSent,
    /// It is applied and the operator never sees the answer.
    Applied,
    /// The answer arrives; whatever the operator does next outside of its memory is never sent.
    Answered,
    /// The answer is lost, the operator goes on, and is killed after its next call.
    LostThenOneMore,
}

impl Cut {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::BeforeSent, Self::Applied, Self::Answered, Self::LostThenOneMore];
}

/// The call at which the operator is killed: the n-th of this name, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// Name such as `POST /compute/v2.1/servers` or `PATCH hosts/status`.
    pub call: String,
    /// Which of them, from 1.
    pub occurrence: usize,
    /// Where in it.
    pub cut: Cut,
}

/// What becomes of a call before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It is sent.
    Send,
    /// It hangs for ever: the operator is dead.
    Never,
}

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answering {
    /// It arrives.
    Arrives,
    /// The connection breaks.
    Lost,
    /// The operator is dead.
    Never,
}

/// One life's wires.
#[derive(Debug)]
pub struct Wire {
    state: Mutex<State>,
    dead: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    counts: BTreeMap<String, usize>,
    order: Vec<String>,
    death: Option<Death>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// The fatal call has not come yet.
    #[default]
    Alive,
    /// It has been answered; the next call is never sent.
    LastWords,
    /// It was lost; one more call is let through.
    OneMore,
    Dead,
}

impl Wire {
    /// Wires that are never cut.
    pub fn whole() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), dead: watch::Sender::new(false) })
    }

    /// Wires that are cut at one call.
    pub fn cut(death: Death) -> Arc<Self> {
        let state = State { death: Some(death), ..State::default() };
        Arc::new(Self { state: Mutex::new(state), dead: watch::Sender::new(false) })
    }

    /// Nothing is sent from now on.
    pub fn kill(&self) {
        self.lock().phase = Phase::Dead;
        self.dead.send_replace(true);
    }

    /// Whether the operator is dead.
    pub fn is_dead(&self) -> bool {
        *self.dead.borrow()
    }

    /// Waits until the operator is dead.
    pub async fn killed(&self) {
        let _ = self.dead.subscribe().wait_for(|dead| *dead).await;
    }

    /// Every counted call in its order.
    pub fn calls(&self) -> Vec<String> {
        self.lock().order.clone()
    }

    /// How often each counted call was made.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.lock().counts.clone()
    }

    /// A counted call is about to be sent.
    pub fn sending(&self, call: &str) -> (Sending, bool) {
        let mut state = self.lock();
        if state.phase == Phase::Dead {
            return (Sending::Never, false);
        }
        if state.phase == Phase::LastWords {
            drop(state);
            self.kill();
            return (Sending::Never, false);
        }
        let count = state.counts.entry(call.to_owned()).or_default();
        *count += 1;
        let count = *count;
        state.order.push(call.to_owned());
        let is_fatal = state.death.as_ref().is_some_and(|death| death.call == call && death.occurrence == count);
        if is_fatal && state.death.as_ref().is_some_and(|death| death.cut == Cut::BeforeSent) {
            drop(state);
            self.kill();
            return (Sending::Never, false);
        }
        (Sending::Send, is_fatal)
    }

    /// A counted call was applied; `is_fatal` is what [`Self::sending`] said of it.
    pub fn answering(&self, is_fatal: bool) -> Answering {
        let mut state = self.lock();
        match state.phase {
            Phase::Dead => return Answering::Never,
            Phase::OneMore => {
                drop(state);
                self.kill();
                return Answering::Never;
            }
            Phase::Alive | Phase::LastWords if !is_fatal => return Answering::Arrives,
            Phase::Alive | Phase::LastWords => {}
        }
        match state.death.as_ref().map(|death| death.cut) {
            Some(Cut::Answered) => {
                state.phase = Phase::LastWords;
                Answering::Arrives
            }
            Some(Cut::LostThenOneMore) => {
                state.phase = Phase::OneMore;
                Answering::Lost
            }
            _ => {
                drop(state);
                self.kill();
                Answering::Never
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(cut: Cut) -> Arc<Wire> {
        Wire::cut(Death { call: "POST hosts".into(), occurrence: 2, cut })
    }

    fn call(wire: &Wire, name: &str) -> Option<Answering> {
        match wire.sending(name) {
            (Sending::Never, _) => None,
            (Sending::Send, is_fatal) => Some(wire.answering(is_fatal)),
        }
    }

    #[test]
    fn each_cut_is_where_it_says() {
        use Answering::{Arrives, Lost, Never};
        let life = |cut: Cut| {
            let wire = wire(cut);
            ["POST hosts", "PATCH hosts", "POST hosts", "PATCH hosts", "PATCH hosts"].map(|name| call(&wire, name))
        };
        assert_eq!(life(Cut::BeforeSent), [Some(Arrives), Some(Arrives), None, None, None]);
        assert_eq!(life(Cut::Applied), [Some(Arrives), Some(Arrives), Some(Never), None, None]);
        assert_eq!(life(Cut::Answered), [Some(Arrives), Some(Arrives), Some(Arrives), None, None]);
        assert_eq!(life(Cut::LostThenOneMore), [Some(Arrives), Some(Arrives), Some(Lost), Some(Never), None]);
    }

    #[test]
    fn a_whole_wire_counts_only() {
        let wire = Wire::whole();
        for _ in 0..3 {
            assert_eq!(call(&wire, "POST hosts"), Some(Answering::Arrives));
        }
        assert_eq!(wire.counts(), BTreeMap::from([("POST hosts".to_owned(), 3)]));
        assert!(!wire.is_dead());
    }
}
