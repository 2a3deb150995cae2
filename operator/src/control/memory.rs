//! What the driver knows of a host beyond its object: answers of OpenStack, lost at a restart and asked for again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use gantry_plan::host::{ServerSeen, Sweep};
use jiff::Timestamp;

/// What is remembered of one host.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The server, as last seen.
    pub server: ServerSeen,
    /// When that was asked.
    pub server_at: Option<Timestamp>,
    /// What looking for an unrecorded server has shown.
    pub sweep: Sweep,
    /// When DELETE was last answered.
    pub delete_sent_at: Option<Timestamp>,
    /// Ports known to be left.
    pub ports_left: Option<Vec<String>>,
    /// How often ports were looked for that nobody recorded.
    pub ports_looked: u32,
    /// Whether the token is known to be gone.
    pub token_gone: bool,
    /// The last refusal of an eviction.
    pub eviction_refused: Option<(Timestamp, String)>,
    /// Since when the first of the pods that it was bought for finds no room.
    pub wanted_since: Option<Timestamp>,
}

/// Memories by Host UID.
#[derive(Debug, Default)]
pub struct Memories(Mutex<HashMap<String, Memory>>);

impl Memories {
    /// A copy of what is remembered of the host.
    pub fn get(&self, uid: &str) -> Memory {
        self.lock().get(uid).cloned().unwrap_or_default()
    }

    /// Changes what is remembered.
    pub fn update(&self, uid: &str, change: impl FnOnce(&mut Memory)) {
        change(self.lock().entry(uid.to_owned()).or_default());
    }

    /// Forgets hosts that are no more.
    pub fn retain(&self, exists: impl Fn(&str) -> bool) {
        self.lock().retain(|uid, _| exists(uid));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Memory>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
