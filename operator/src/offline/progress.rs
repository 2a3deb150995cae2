//! Progress on standard error, once an input takes longer than a moment.

use std::cell::RefCell;
use std::io::{IsTerminal, Read, Result, Write, stderr};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Nothing is shown before.
const QUIET: Duration = Duration::from_secs(1);
/// Between two lines.
const PAUSE: Duration = Duration::from_millis(250);
const MIB: u64 = 1 << 20;

/// Whether progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// To a person at a terminal.
    AtTerminal,
    /// Always.
    Always,
}

/// What was done so far; clones share it.
#[derive(Clone, Debug)]
pub struct Progress(Rc<RefCell<State>>);

#[derive(Debug)]
struct State {
    shown: bool,
    started: Instant,
    last: Instant,
    bytes: u64,
    total: Option<u64>,
    written: bool,
}

impl Progress {
    /// Of an input with so many bytes, if that is known.
    pub fn new(shown: Shown, total: Option<u64>) -> Self {
        let now = Instant::now();
        let shown = shown == Shown::Always || stderr().is_terminal();
        Self(Rc::new(RefCell::new(State { shown, started: now, last: now, bytes: 0, total, written: false })))
    }

    /// A reader whose bytes are counted.
    pub fn counted<R: Read>(&self, reader: R) -> Counted<R> {
        Counted { reader, progress: self.clone() }
    }

    /// Says how far planning is, of a time that was given.
    pub fn planning(&self, elapsed: Duration, limit: Duration) {
        self.tell(|_| format!("planning: {} s of {} s", elapsed.as_secs(), limit.as_secs()));
    }

    /// Clears the line.
    pub fn done(&self) {
        if self.0.borrow().written {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }

    fn read(&self, bytes: usize) {
        self.0.borrow_mut().bytes += bytes as u64;
        self.tell(State::reading);
    }

    fn tell(&self, words: impl FnOnce(&State) -> String) {
        let mut state = self.0.borrow_mut();
        if state.shown && state.started.elapsed() >= QUIET && state.last.elapsed() >= PAUSE {
            let _ = write!(stderr(), "\r\x1b[K{}", words(&state));
            state.last = Instant::now();
            state.written = true;
        }
    }
}

impl State {
    fn reading(&self) -> String {
        let read = self.bytes / MIB;
        match self.total.filter(|total| *total > 0 && self.bytes > 0) {
            Some(total) => {
                let left = self.started.elapsed().as_secs_f64() * total.saturating_sub(self.bytes) as f64 / self.bytes as f64;
                format!("read {read} of {} MiB, about {left:.0} s left", total / MIB)
            }
            None => format!("read {read} MiB"),
        }
    }
}

/// A reader that counts.
#[derive(Debug)]
pub struct Counted<R> {
    reader: R,
    progress: Progress,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let bytes = self.reader.read(buffer)?;
        self.progress.read(bytes);
        Ok(bytes)
    }
}
