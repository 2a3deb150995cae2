//! The one thread that starts programs: a parent-death signal fires when the *thread* that forked ends, so it never does.

use std::io;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

/// Requests that may wait for the thread; a caller beyond that waits for room.
const QUEUE: usize = 16;

type Request = (Command, SyncSender<io::Result<Child>>);

static SPAWNER: OnceLock<SyncSender<Request>> = OnceLock::new();

/// Starts `command` on a thread that lives as long as the harness does. Takes about as long as a fork.
///
/// # Errors
/// As [`Command::spawn`].
pub fn spawn(command: Command) -> io::Result<Child> {
    let (answer, answered) = mpsc::sync_channel(1);
    let gone = |_| io::Error::other("the thread that starts programs has ended");
    SPAWNER.get_or_init(start_thread).send((command, answer)).map_err(|error| gone(error.to_string()))?;
    answered.recv().map_err(|error| gone(error.to_string()))?
}

fn start_thread() -> SyncSender<Request> {
    let (requests, queue) = mpsc::sync_channel::<Request>(QUEUE);
    thread::spawn(move || {
        for (mut command, answer) in queue {
            // A caller that has gone away drops its child handle, not the program: nobody waits for it, so end it.
            if let Err(mpsc::SendError(Ok(mut orphan))) = answer.send(command.spawn()) {
                let _ = orphan.kill();
                let _ = orphan.wait();
            }
        }
    });
    requests
}
