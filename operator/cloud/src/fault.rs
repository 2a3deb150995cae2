//! What Nova means by the fault of a server in ERROR: its code alone does not tell.

use crate::client::spent_resources;
use crate::{Fault, Resource};

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
        if self.code == QUOTA_CODE || text.contains("exceeded quota") || spent_resources(&self.message).is_some() {
            FaultMeaning::Quota
        } else if NO_HOST.iter().any(|part| text.contains(part)) {
            FaultMeaning::NoHost
        } else {
            FaultMeaning::Other
        }
    }

    /// The resources whose quota is used up, in OpenStack's words; empty if the text names none.
    pub fn resources(&self) -> Vec<Resource> {
        spent_resources(&self.message).unwrap_or_default()
    }
}

/// No hypervisor to begin with, or none left after builds on several of them failed.
const NO_HOST: [&str; 3] = ["no valid host was found", "not enough hosts", "exhausted all hosts available"];

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
        assert_eq!(meaning(500, "Build of instance 4065 aborted: No fixed IP addresses available for network: n"), FaultMeaning::Quota);
        let retries = "Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance 4065.";
        assert_eq!(meaning(500, retries), FaultMeaning::NoHost);
    }

    #[test]
    fn a_fault_names_the_resources_that_are_spent() {
        let resources = |message: &str| Fault { code: 413, message: message.to_owned() }.resources();
        assert_eq!(
            resources("Quota exceeded for cores, ram: Requested 4, 4096, but already used 2, 2048 of 2, 2048 cores, ram"),
            ["cores", "ram"]
        );
        assert_eq!(resources("Maximum number of ports exceeded"), ["port"]);
        assert!(resources("Build of instance 4065 was re-scheduled").is_empty());
    }
}
