//! What follows from a failure: one row for each meaning, asked by the code.

/// How far a failure reaches: what is left out of plans for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It says nothing of the next host.
    Nobody,
    /// The flavor in the zone.
    Offering,
    /// The flavor in every zone.
    Flavor,
    /// The pool.
    Pool,
    /// Everything in the cloud.
    Cloud,
}

impl Reach {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Nobody => "nothing",
            Self::Offering => "that flavor in that zone",
            Self::Flavor => "that flavor in every zone",
            Self::Pool => "that pool",
            Self::Cloud => "every pool of the cloud",
        }
    }
}

/// One meaning's row.
#[derive(Clone, Copy, Debug)]
pub struct Consequence {
    /// The meaning: `gantry_cloud::Error::category`, or why a host failed.
    pub means: &'static str,
    /// Only where the text has one of these words, in lower case; empty for any text.
    pub words: &'static [&'static str],
    /// What a host that fails so leaves out of plans.
    pub reach: Reach,
    /// Whether it speaks of the cloud, not of one request: then the cloud is not Ready.
    pub holds_cloud: bool,
    /// What is done.
    pub does: &'static str,
}

const ASKED_AGAIN: &str = "asked again with growing pauses; nothing is concluded, nothing that runs is touched";

const fn row(means: &'static str, words: &'static [&'static str], reach: Reach, does: &'static str) -> Consequence {
    Consequence { means, words, reach, holds_cloud: false, does }
}

const fn cloud(means: &'static str, does: &'static str) -> Consequence {
    Consequence { means, words: &[], reach: Reach::Nobody, holds_cloud: true, does }
}

/// The first row that fits counts.
pub static CONSEQUENCES: &[Consequence] = &[
    row(
        "QuotaExceeded",
        &["server group", "servers in group", "volume", "gigabytes", "floating", "ip addresses"],
        Reach::Pool,
        "the host fails and its parts are deleted; the pool waits, others go on",
    ),
    row(
        "QuotaExceeded",
        &["cores", "ram", "instances", "vcpu", "memory_mb", "servers"],
        Reach::Flavor,
        "the host fails and its parts are deleted; smaller flavors are tried; a quota that rises ends the wait at once",
    ),
    row(
        "QuotaExceeded",
        &[],
        Reach::Cloud,
        "the host fails and its parts are deleted; every host needs this, so all wait until the quota rises",
    ),
    row("NoValidHost", &[], Reach::Offering, "the host fails, server and parts are deleted; the next best flavor and zone is tried"),
    row("BadSpec", &["flavor", "availability zone"], Reach::Offering, "the host fails; other flavors and zones are tried"),
    row("BadSpec", &[], Reach::Pool, "the host fails: asking again the same way is useless; one host is tried after each pause"),
    Consequence {
        means: "Forbidden",
        words: &[],
        reach: Reach::Pool,
        holds_cloud: true,
        does: "told, and asked again with growing pauses; nothing is concluded from it",
    },
    row(
        "ServerError",
        &[],
        Reach::Offering,
        "before its node registered the host fails and is replaced; afterwards people are told and nothing is deleted",
    ),
    row("BuildTimeout", &[], Reach::Offering, "the host fails, server and parts are deleted; another is tried"),
    row("VolumeError", &[], Reach::Offering, "the host fails and its parts are deleted; another is tried"),
    row("JoinTimeout", &[], Reach::Pool, "the host fails and is replaced; from the second in a row on one host at a time"),
    row("NeverReady", &[], Reach::Pool, "the host fails and is replaced; from the second in a row on one host at a time"),
    row("VolumeLost", &[], Reach::Nobody, "the host fails and is replaced"),
    row("PortLost", &[], Reach::Nobody, "the host fails and is replaced"),
    row(
        "ServerGone",
        &[],
        Reach::Nobody,
        "believed after two 404s, 3 min apart, while the node is not ready and the list of servers can be believed",
    ),
    row("Conflict", &[], Reach::Nobody, "looked at again and tried again with growing pauses"),
    row("NotFound", &[], Reach::Nobody, "of a deletion: done, once it was said twice; of anything else a reason to look again"),
    row("NotSent", &[], Reach::Nobody, "nothing was sent, because this process could not be sure to lead for so long; asked again"),
    cloud(
        "Ambiguous",
        "never repeated blindly: looked for by UID, in complete lists and at the port, for 60 s, then twice as long each time",
    ),
    cloud(
        "Unauthorized",
        "logged in once more, then at most once in a growing pause; the Secret is read every 3 s; nothing is deleted meanwhile",
    ),
    cloud("OverLimit", ASKED_AGAIN),
    cloud("Transient", ASKED_AGAIN),
    cloud("Config", "told; nothing is asked until the Secret, the spec or the catalog is corrected"),
    cloud("Bug", ASKED_AGAIN),
];

/// What follows from a failure of this meaning with this text; `None` for a word that no row has.
pub fn consequence(means: &str, text: &str) -> Option<&'static Consequence> {
    let text = text.to_ascii_lowercase();
    let fits = |row: &&Consequence| row.means == means && (row.words.is_empty() || row.words.iter().any(|word| text.contains(word)));
    CONSEQUENCES.iter().find(fits)
}
