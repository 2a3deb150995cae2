//! What a bad proxy between operator and cloud does to a request: loses its answer, sends it twice, sends it late, or answers itself. Pure.

use std::time::Duration;

use super::calls::Call;

/// Which requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Which {
    /// Method; empty for every one.
    pub method: &'static str,
    /// What the path ends with, such as `/servers`; empty for every one.
    pub path_end: &'static str,
}

impl Which {
    /// Every request to OpenStack.
    pub const ALL: Self = Self { method: "", path_end: "" };

    fn hits(&self, call: &Call) -> bool {
        call.side == super::Side::OpenStack && call.label.starts_with(self.method) && call.label.ends_with(self.path_end)
    }
}

/// What is done to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// It is applied, and 503 is answered.
    AnswerLost,
    /// It is sent twice at the same time; the first answer is passed on.
    SentTwice,
    /// It is sent after this time, whether the client still waits or not.
    SentLate(Duration),
    /// It is not sent: this status and body are answered.
    Instead(u16, &'static str),
}

/// The rules that are in force.
#[derive(Debug, Default)]
pub struct Spoils(Vec<(Which, How, u32)>);

impl Spoils {
    /// The next `count` of these requests are spoiled.
    pub fn add(&mut self, which: Which, how: How, count: u32) {
        self.0.push((which, how, count));
    }

    /// No request is spoiled any more.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What is done to this one.
    pub fn take(&mut self, call: &Call) -> Option<How> {
        let hit = self.0.iter_mut().find(|(which, _, left)| *left > 0 && which.hits(call))?;
        hit.2 -= 1;
        Some(hit.1.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_requests_are_spoiled_and_no_others() {
        let mut spoils = Spoils::default();
        spoils.add(Which { method: "POST", path_end: "/servers" }, How::AnswerLost, 1);
        let post = Call::openstack("POST", "/v2.1/servers");
        assert_eq!(spoils.take(&Call::openstack("GET", "/v2.1/servers")), None);
        assert_eq!(spoils.take(&Call::kubernetes("POST", "/apis/x/v1/servers")), None, "Kubernetes is left alone");
        assert_eq!(spoils.take(&post), Some(How::AnswerLost));
        assert_eq!(spoils.take(&post), None);
    }
}
