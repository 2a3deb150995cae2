//! What the operator logs: kept for a while, stamped with the world's time, searched for secrets.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tracing_subscriber::fmt::MakeWriter;

use crate::world::World;

/// Lines that are kept.
const LINES_MAX: usize = 4_000;

/// The log of one world.
#[derive(Clone)]
pub struct Log {
    lines: Arc<Mutex<VecDeque<String>>>,
    world: Weak<World>,
    is_shown: bool,
}

impl Log {
    /// An empty log; with `GANTRY_VIRTUAL_LOG` set, lines go to standard error too.
    pub fn new(world: &Arc<World>) -> Self {
        let is_shown = std::env::var_os("GANTRY_VIRTUAL_LOG").is_some();
        Self { lines: Arc::default(), world: Arc::downgrade(world), is_shown }
    }

    /// Takes what is logged on this thread until the guard is dropped.
    pub fn take(&self) -> tracing::subscriber::DefaultGuard {
        let filter = tracing_subscriber::EnvFilter::new("warn,gantry=debug,gantry_cloud=debug,world=info");
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).without_time().with_env_filter(filter).with_writer(self.clone()).finish();
        tracing::subscriber::set_default(subscriber)
    }

    /// The newest lines that contain `part`.
    pub fn lines(&self, part: &str) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().filter(|line| line.contains(part)).cloned().collect()
    }

    /// The last lines.
    pub fn tail(&self, count: usize) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().skip(lines.len().saturating_sub(count)).cloned().collect()
    }

    fn keep(&self, text: &str) {
        let Some(world) = self.world.upgrade() else { return };
        world.checks.shown("the log", text);
        let line = format!("{} {}", world.clock.now().strftime("%d %H:%M:%S%.3f"), text.trim_end());
        if self.is_shown {
            eprintln!("{line}");
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// One line's way into the log.
pub struct Line(Log);

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.keep(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(self.clone())
    }
}
