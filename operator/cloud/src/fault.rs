//! What Nova means by the fault of a server in ERROR: its code alone does not tell.

use crate::Fault;

/// Why a server is in ERROR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultMeaning {
    /// No hypervisor has room for it.
    NoHost,
    /// A quota was used up between the request and the build.
    Quota,
    /// Anything else; the text says what.
    Other,
}

/// Fault code of a quota that was checked again during the build (Nova's `recheck_quota`).
const QUOTA_CODE: i64 = 413;

impl Fault {
    /// The meaning of code and text together.
    pub fn meaning(&self) -> FaultMeaning {
        let text = self.message.to_ascii_lowercase();
        if self.code == QUOTA_CODE || text.contains("quota exceeded") || text.contains("exceeded quota") {
            FaultMeaning::Quota
        } else if text.contains("no valid host was found") || text.contains("not enough hosts") {
            FaultMeaning::NoHost
        } else {
            FaultMeaning::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(code: i64, message: &str) -> FaultMeaning {
        Fault { code, message: message.to_owned() }.meaning()
    }

    #[test]
    fn faults_as_nova_recorded_them() {
        let network = "Build of instance 9b5cf6a4 aborted: Failed to allocate the network(s), not rescheduling.";
        assert_eq!(meaning(500, "No valid host was found. There are not enough hosts available."), FaultMeaning::NoHost);
        assert_eq!(meaning(500, "No valid host was found. "), FaultMeaning::NoHost);
        assert_eq!(meaning(500, network), FaultMeaning::Other);
        assert_eq!(meaning(413, "Quota exceeded for cores"), FaultMeaning::Quota);
        assert_eq!(meaning(500, "Quota exceeded for ports"), FaultMeaning::Quota);
    }
}
