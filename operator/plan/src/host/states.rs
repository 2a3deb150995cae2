//! The table of Nova's states: what each means for a host, in the words that people read.

use super::seen::{ServerSeen, ServerState};

/// What Nova shows of a server that should be ACTIVE, and what to do about it; `None` if it is ACTIVE and left in peace.
pub fn trouble(server: &ServerSeen, id: &str) -> Option<String> {
    let ServerSeen::Present { state, task, .. } = server else { return None };
    if let Some(task @ ("deleting" | "soft-deleting")) = task.as_deref() {
        return Some(format!(
            "somebody else deletes the server (Nova's task is {task}); the host is given up when Nova says that it is gone"
        ));
    }
    match state {
        ServerState::Active => None,
        ServerState::Build => Some("Nova builds the server".into()),
        ServerState::Error(failure) => Some(format!(
            "{}. Repair the server (openstack server reboot --hard {id}, or openstack server set --state active {id}), or delete the Host to have it replaced",
            failure.message
        )),
        ServerState::SoftDeleted => Some(format!(
            "somebody else deleted the server and Nova keeps it for a while (SOFT_DELETED): openstack server restore {id}, or delete the Host to have it replaced"
        )),
        ServerState::Deleted => Some("Nova shows the server as DELETED; it is taken for gone when Nova answers 404".into()),
        ServerState::Unknown => {
            Some("Nova cannot say how the server is (UNKNOWN: a part of the cloud is down); nothing is concluded from that".into())
        }
        ServerState::Other(word) => Some(other(word, id)),
    }
}

/// The states that somebody brought about, and the command that ends each.
const ENDED_BY: [(&str, &str, &str); 8] = [
    ("SHUTOFF", "is powered off", "start"),
    ("PAUSED", "is paused", "unpause"),
    ("SUSPENDED", "is suspended", "resume"),
    ("SHELVED", "is shelved", "unshelve"),
    ("SHELVED_OFFLOADED", "is shelved", "unshelve"),
    ("RESCUE", "is in rescue mode", "unrescue"),
    ("VERIFY_RESIZE", "was resized and waits for somebody to confirm it", "resize confirm"),
    ("STOPPED", "is powered off", "start"),
];

/// The states that Nova ends itself.
const PASSING: [&str; 7] = ["REBUILD", "REBOOT", "HARD_REBOOT", "RESIZE", "REVERT_RESIZE", "MIGRATING", "PASSWORD"];

fn other(word: &str, id: &str) -> String {
    if let Some((_, what, command)) = ENDED_BY.iter().find(|(state, ..)| *state == word) {
        return format!("the server {what} ({word}): openstack server {command} {id}, or delete the Host to have it replaced");
    }
    if PASSING.contains(&word) {
        return format!("Nova is at work on the server ({word}); that is waited for");
    }
    format!("Nova shows the server in state {word:?}, from which nothing is concluded")
}

/// What holds up the deletion of a server, in words; `None` while it is young.
pub fn deletion_trouble(server: &ServerSeen, attempts: u32, refused: Option<&str>, id: &str) -> Option<String> {
    /// Answered DELETEs without effect after which people are told.
    const MANY: u32 = 3;
    if let Some(why) = refused {
        let locked = why.contains("locked");
        let help = if locked { format!("; unlock it with openstack server unlock {id}") } else { String::new() };
        return Some(format!("Nova does not delete the server: {why}{help}. DELETE is sent again with growing pauses"));
    }
    let ServerSeen::Present { state, task, .. } = server else { return None };
    match (state, task.as_deref()) {
        (ServerState::SoftDeleted, _) => Some(
            "the server is deleted but Nova keeps it for a while (SOFT_DELETED), and it counts for the quota; the host stays until it is gone for good".into(),
        ),
        (ServerState::Unknown, _) => Some("Nova cannot say how the server is (UNKNOWN: a part of the cloud is down); its deletion is waited for".into()),
        (_, Some(task @ ("deleting" | "soft-deleting"))) if attempts >= MANY => Some(format!(
            "DELETE was answered {attempts} times and Nova's task is still {task}; its hypervisor may be down. DELETE is sent again with growing pauses"
        )),
        _ if attempts >= MANY => Some(format!("DELETE was answered {attempts} times and the server is still there; sent again with growing pauses")),
        _ => None,
    }
}
