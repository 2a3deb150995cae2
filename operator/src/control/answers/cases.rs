//! Answers as real services gave them, each with its meaning.

use gantry_cloud::{Effect, Service};

/// What came from OpenStack.
#[derive(Clone, Copy, Debug)]
pub enum Said {
    /// An answer outside 200-299: who, to what, status, body.
    Answer(Service, Effect, u16, &'static str),
    /// The fault of a server in ERROR: code and text.
    Fault(i64, &'static str),
}

/// One situation.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What happened.
    pub situation: &'static str,
    /// What OpenStack said.
    pub said: Said,
    /// What that means: a row of the consequences.
    pub means: &'static str,
    /// Where the user sees it.
    pub seen: &'static str,
}

const HOST_FAILS: &str = "condition `Failed` of the host, Event of the pool, `status.offerings`";
const POOL_BLOCKED: &str = "Event of the pool, its condition `CanGrow`";
const CLOUD: &str = "condition `Ready` of the OpenStackCloud";
const HOST_WAITS: &str = "message and Events of the host";

use Effect::{Create, Delete, Read};
use Service::{Compute, Identity, Image, Network, Volume};

const fn case(situation: &'static str, said: Said, means: &'static str, seen: &'static str) -> Case {
    Case { situation, said, means, seen }
}

const fn nova(effect: Effect, status: u16, body: &'static str) -> Said {
    Said::Answer(Compute, effect, status, body)
}

const fn neutron(effect: Effect, status: u16, body: &'static str) -> Said {
    Said::Answer(Network, effect, status, body)
}

/// What a proxy or load balancer says in a service's place.
const PAGE: &str =
    "<html><head><title>503 Service Unavailable</title></head><body>No server is available to handle this request.</body></html>";

/// The table. Order is that of the page.
pub static CASES: &[Case] = &[
    case(
        "quota of cores or memory is used up",
        nova(
            Create,
            403,
            r#"{"forbidden": {"code": 403, "message": "Quota exceeded for cores, ram: Requested 8, 16384, but already used 36, 1024 of 40, 51200 cores, ram"}}"#,
        ),
        "QuotaExceeded",
        HOST_FAILS,
    ),
    case(
        "the same, unified limits",
        nova(
            Create,
            403,
            r#"{"forbidden": {"code": 403, "message": "Project 28e2 is over a limit for [Resource class:VCPU is over limit of 4 due to current usage 4 and delta 2]"}}"#,
        ),
        "QuotaExceeded",
        HOST_FAILS,
    ),
    case(
        "the same, found out during the build",
        Said::Fault(413, "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances"),
        "QuotaExceeded",
        HOST_FAILS,
    ),
    case(
        "the server group is full",
        nova(Create, 403, r#"{"forbidden": {"code": 403, "message": "Quota exceeded, too many servers in group"}}"#),
        "QuotaExceeded",
        POOL_BLOCKED,
    ),
    case(
        "quota of ports",
        neutron(
            Create,
            409,
            r#"{"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources: ['port'].", "detail": ""}}"#,
        ),
        "QuotaExceeded",
        HOST_FAILS,
    ),
    case(
        "quota of floating IPs",
        neutron(
            Create,
            409,
            r#"{"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources: ['floatingip'].", "detail": ""}}"#,
        ),
        "QuotaExceeded",
        POOL_BLOCKED,
    ),
    case(
        "the subnet has no free address",
        neutron(
            Create,
            409,
            r#"{"NeutronError": {"type": "IpAddressGenerationFailure", "message": "No more IP addresses available on network 6b8e.", "detail": ""}}"#,
        ),
        "QuotaExceeded",
        POOL_BLOCKED,
    ),
    case(
        "quota of volumes",
        Said::Answer(
            Volume,
            Create,
            413,
            r#"{"overLimit": {"code": 413, "message": "VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota 'volumes'.", "retryAfter": "0"}}"#,
        ),
        "QuotaExceeded",
        POOL_BLOCKED,
    ),
    case(
        "no hypervisor has room",
        Said::Fault(500, "No valid host was found. There are not enough hosts available."),
        "NoValidHost",
        HOST_FAILS,
    ),
    case(
        "the build fails otherwise",
        Said::Fault(500, "Build of instance 9b5cf6a4 aborted: Failed to allocate the network(s), not rescheduling."),
        "ServerError",
        HOST_FAILS,
    ),
    case(
        "unknown image",
        nova(Create, 400, r#"{"badRequest": {"code": 400, "message": "Can not find requested image"}}"#),
        "BadSpec",
        POOL_BLOCKED,
    ),
    case(
        "unknown flavor",
        nova(Create, 400, r#"{"badRequest": {"code": 400, "message": "Flavor m9.none could not be found."}}"#),
        "BadSpec",
        HOST_FAILS,
    ),
    case(
        "unknown zone",
        nova(Create, 400, r#"{"badRequest": {"code": 400, "message": "The requested availability zone is not available"}}"#),
        "BadSpec",
        HOST_FAILS,
    ),
    case(
        "unknown key pair",
        nova(Create, 400, r#"{"badRequest": {"code": 400, "message": "Invalid key_name provided."}}"#),
        "BadSpec",
        POOL_BLOCKED,
    ),
    case(
        "unknown network",
        neutron(
            Create,
            404,
            r#"{"NeutronError": {"type": "NetworkNotFound", "message": "Network 6b8e could not be found.", "detail": ""}}"#,
        ),
        "BadSpec",
        POOL_BLOCKED,
    ),
    case(
        "too many metadata items",
        nova(Create, 403, r#"{"forbidden": {"code": 403, "message": "Maximum number of metadata items exceeds 128"}}"#),
        "BadSpec",
        POOL_BLOCKED,
    ),
    case(
        "the request is too large",
        nova(Create, 413, "<html><head><title>413 Request Entity Too Large</title></head><body></body></html>"),
        "BadSpec",
        POOL_BLOCKED,
    ),
    case(
        "a role is missing",
        nova(
            Create,
            403,
            r#"{"forbidden": {"code": 403, "message": "Policy doesn't allow os_compute_api:servers:create:forced_host to be performed."}}"#,
        ),
        "Forbidden",
        HOST_FAILS,
    ),
    case(
        "the port has a server already",
        nova(Create, 409, r#"{"conflictingRequest": {"code": 409, "message": "Port 11aa is still in use."}}"#),
        "Conflict",
        HOST_WAITS,
    ),
    case("a creation, 503 of a proxy", nova(Create, 503, PAGE), "Ambiguous", HOST_WAITS),
    case(
        "a creation, 500 of Nova",
        nova(Create, 500, r#"{"computeFault": {"code": 500, "message": "Unexpected API Error."}}"#),
        "Ambiguous",
        HOST_WAITS,
    ),
    case("a creation, 403 of a proxy", nova(Create, 403, "<html><body>Blocked</body></html>"), "Ambiguous", HOST_WAITS),
    case(
        "a port's creation, 504 of a proxy",
        neutron(Create, 504, "<html><body><h1>504 Gateway Time-out</h1></body></html>"),
        "Ambiguous",
        HOST_WAITS,
    ),
    case("a list, 503", nova(Read, 503, PAGE), "Transient", CLOUD),
    case(
        "a list while a cell is down",
        nova(Read, 500, r#"{"computeFault": {"code": 500, "message": "Unexpected API Error. CellTimeout"}}"#),
        "Transient",
        CLOUD,
    ),
    case("404 of a proxy for a server", nova(Read, 404, "<html><body>404 page not found</body></html>"), "Transient", HOST_WAITS),
    case(
        "404 for a path that Nova does not know",
        nova(Read, 404, r#"{"itemNotFound": {"code": 404, "message": "The resource could not be found."}}"#),
        "Transient",
        CLOUD,
    ),
    case("403 of a proxy for a deletion", nova(Delete, 403, "<html><body>Forbidden</body></html>"), "Transient", HOST_WAITS),
    case(
        "the server does not exist",
        nova(Read, 404, r#"{"itemNotFound": {"code": 404, "message": "Instance 4711 could not be found."}}"#),
        "NotFound",
        HOST_WAITS,
    ),
    case(
        "the port does not exist",
        neutron(Delete, 404, r#"{"NeutronError": {"type": "PortNotFound", "message": "Port 11aa could not be found.", "detail": ""}}"#),
        "NotFound",
        HOST_WAITS,
    ),
    case(
        "the server is locked",
        nova(Delete, 409, r#"{"conflictingRequest": {"code": 409, "message": "Instance 4711 is locked"}}"#),
        "Conflict",
        HOST_WAITS,
    ),
    case(
        "a bound port is deleted",
        neutron(
            Delete,
            403,
            r#"{"NeutronError": {"type": "PolicyNotAuthorized", "message": "rule:delete_port is disallowed by policy", "detail": ""}}"#,
        ),
        "Forbidden",
        HOST_WAITS,
    ),
    case(
        "a volume in use is deleted",
        Said::Answer(
            Volume,
            Delete,
            400,
            r#"{"badRequest": {"code": 400, "message": "Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, attached, belong to a group, have snapshots or be disassociated from snapshots after volume transfer."}}"#,
        ),
        "Conflict",
        HOST_WAITS,
    ),
    case(
        "the token ended",
        nova(
            Read,
            401,
            r#"{"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}"#,
        ),
        "Unauthorized",
        CLOUD,
    ),
    case(
        "the password or the credential's secret is wrong",
        Said::Answer(
            Identity,
            Read,
            401,
            r#"{"error": {"code": 401, "message": "The request you have made requires authentication.", "title": "Unauthorized"}}"#,
        ),
        "Unauthorized",
        CLOUD,
    ),
    case(
        "the application credential was deleted",
        Said::Answer(
            Identity,
            Read,
            404,
            r#"{"error": {"code": 404, "message": "Could not find Application Credential: 8d1c.", "title": "Not Found"}}"#,
        ),
        "Unauthorized",
        CLOUD,
    ),
    case("there is no Keystone at auth_url", Said::Answer(Identity, Read, 404, "<html><body>Not Found</body></html>"), "Config", CLOUD),
    case("a service redirects", Said::Answer(Image, Read, 301, ""), "Config", CLOUD),
    case(
        "too many requests",
        nova(Read, 429, r#"{"overLimit": {"code": 429, "message": "Too many requests", "retryAfter": "3"}}"#),
        "OverLimit",
        CLOUD,
    ),
    case(
        "the same, older clouds",
        nova(Read, 413, r#"{"overLimit": {"code": 413, "message": "This request was rate-limited.", "retryAfter": "3"}}"#),
        "OverLimit",
        CLOUD,
    ),
    case(
        "a field that this Nova does not take",
        nova(
            Create,
            400,
            r#"{"badRequest": {"code": 400, "message": "Invalid input for field/attribute server. Value: {}. Additional properties are not allowed ('x' was unexpected)"}}"#,
        ),
        "Bug",
        HOST_WAITS,
    ),
    case(
        "a microversion that this Nova does not have",
        nova(
            Read,
            406,
            r#"{"computeFault": {"code": 406, "message": "Version 2.999 is not supported by the API. Minimum is 2.1 and maximum is 2.104."}}"#,
        ),
        "Bug",
        CLOUD,
    ),
];
