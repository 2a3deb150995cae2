//! A bootstrap token that is made for one host: its id follows from the host's UID, its Secret says whose it is and until when.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use gantry_crds::{BOOTSTRAP_GROUP, LABEL_HOST_UID};
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use rand::{CryptoRng, Rng};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// How long a token works from when it was made or renewed.
pub const TTL: Duration = Duration::from_secs(15 * 60);
/// Ids that are tried for one host before giving up: an id is taken only by a clash in 36^6, or by somebody else's object.
pub const MAX_ATTEMPTS: u8 = 8;
/// Where Kubernetes looks for bootstrap tokens.
pub const NAMESPACE: &str = "kube-system";
/// The type that Kubernetes' token authenticator and token cleaner require.
pub const SECRET_TYPE: &str = "bootstrap.kubernetes.io/token";

const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const ID_CHARS: usize = 6;
const SECRET_CHARS: usize = 16;

/// A bootstrap token. Its secret half never shows itself: `Debug` prints the id only, there is no `Display`, and it is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    id: String,
    secret: Zeroizing<String>,
}

impl Token {
    /// A token out of its two halves; `None` unless they look as Kubernetes wants them (`[a-z0-9]{6}` and `[a-z0-9]{16}`).
    pub fn new(id: &str, secret: &str) -> Option<Self> {
        let fits = |s: &str, chars: usize| s.len() == chars && s.bytes().all(|b| ALPHABET.contains(&b));
        (fits(id, ID_CHARS) && fits(secret, SECRET_CHARS)).then(|| Self { id: id.into(), secret: Zeroizing::new(secret.into()) })
    }

    /// The public half: it names the Secret and the user `system:bootstrap:<id>`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `<id>.<secret>` as a bearer presents it. For user data only.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}.{}", self.id, *self.secret))
    }

    #[cfg(test)]
    pub(super) fn secret(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}.<hidden>)", self.id)
    }
}

/// A token's Secret, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The token.
    pub token: Token,
    /// UID of the Host that it is for.
    pub host_uid: String,
    /// From when on it is refused.
    pub expires: Timestamp,
}

/// The token id that a host gets at the given attempt, from 0. The same host always gets the same id: a second run finds the first one's.
pub fn id_for(host_uid: &str, attempt: u8) -> String {
    let digest = Sha256::digest(format!("gantry-bootstrap-token/{host_uid}/{attempt}"));
    digest.chunks(4).take(ID_CHARS).map(|word| letter(word.iter().fold(0, |n, b| n << 8 | u32::from(*b)))).collect()
}

fn letter(number: u32) -> char {
    let index = (number % ALPHABET.len() as u32) as usize;
    char::from(ALPHABET[index])
}

/// A token for the host at the given attempt, with a secret from `rng`.
pub fn generate(host_uid: &str, attempt: u8, rng: &mut (impl Rng + CryptoRng)) -> Token {
    let secret = (0..SECRET_CHARS).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])).collect();
    Token { id: id_for(host_uid, attempt), secret: Zeroizing::new(secret) }
}

/// Name of the Secret of the token with this id.
pub fn secret_name(id: &str) -> String {
    format!("bootstrap-token-{id}")
}

/// The Secret that makes the API server accept `token` until `expires`, for authentication only, in Gantry's own group.
pub fn secret_for(token: &Token, host_uid: &str, host_name: &str, expires: Timestamp) -> Secret {
    let data = [
        ("token-id", token.id.clone()),
        ("token-secret", token.secret.to_string()),
        ("expiration", rfc3339(expires)),
        ("usage-bootstrap-authentication", "true".into()),
        ("auth-extra-groups", BOOTSTRAP_GROUP.into()),
        ("description", format!("Gantry: joins host {host_name} (UID {host_uid}) to the cluster")),
    ];
    Secret {
        metadata: ObjectMeta {
            name: Some(secret_name(&token.id)),
            namespace: Some(NAMESPACE.into()),
            labels: Some(BTreeMap::from([(LABEL_HOST_UID.into(), host_uid.into())])),
            ..Default::default()
        },
        type_: Some(SECRET_TYPE.into()),
        data: Some(data.into_iter().map(|(k, v)| (k.to_string(), ByteString(v.into_bytes()))).collect()),
        ..Default::default()
    }
}

/// Reads a token's Secret back; `None` if it is not one that [`secret_for`] made, or is no longer.
pub fn parse(secret: &Secret) -> Option<Owned> {
    let text = |key: &str| std::str::from_utf8(&secret.data.as_ref()?.get(key)?.0).ok();
    let token = Token::new(text("token-id")?, text("token-secret")?)?;
    let ours = secret.type_.as_deref() == Some(SECRET_TYPE)
        && secret.metadata.name.as_deref() == Some(&secret_name(token.id()))
        && text("auth-extra-groups")? == BOOTSTRAP_GROUP
        && text("usage-bootstrap-authentication")? == "true"
        && text("usage-bootstrap-signing").is_none();
    let host_uid = secret.metadata.labels.as_ref()?.get(LABEL_HOST_UID)?.clone();
    let expires = text("expiration")?.parse().ok()?;
    ours.then_some(Owned { token, host_uid, expires })
}

/// Whether a token that ends at `expires` has less than half of its life left.
pub fn is_due(expires: Timestamp, now: Timestamp) -> bool {
    expires < now + TTL / 2
}

/// When a token that is made or renewed now ends, in whole seconds.
pub fn expiry(now: Timestamp) -> Timestamp {
    let end = now + TTL;
    Timestamp::from_second(end.as_second()).unwrap_or(end)
}

/// The form that Kubernetes parses: whole seconds, UTC.
pub(super) fn rfc3339(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    const UID: &str = "5d1c2a0e-7a44-4f5b-9d0c-1f2e3d4c5b6a";

    fn token() -> Token {
        generate(UID, 0, &mut StdRng::seed_from_u64(1))
    }

    #[test]
    fn the_id_follows_from_the_host_and_the_attempt() {
        assert_eq!(id_for(UID, 0), id_for(UID, 0));
        assert_ne!(id_for(UID, 0), id_for(UID, 1));
        assert_ne!(id_for(UID, 0), id_for("another", 0));
        assert!(Token::new(&id_for(UID, 0), token().secret()).is_some());
    }

    #[test]
    fn ids_and_secrets_have_kubernetes_form() {
        assert_eq!(Token::new("abc12", "0123456789abcdef"), None);
        assert_eq!(Token::new("ABC123", "0123456789abcdef"), None);
        assert_eq!(Token::new("abc123", "0123456789abcde"), None);
        assert!(Token::new("abc123", "0123456789abcdef").is_some());
    }

    #[test]
    fn debug_never_shows_the_secret() {
        let owned = parse(&secret_for(&token(), UID, "h", Timestamp::UNIX_EPOCH)).unwrap();
        let text = format!("{:?} {owned:?}", token());
        assert!(!text.contains(token().secret()), "{text}");
    }

    #[test]
    fn the_secret_object_is_read_back() {
        let expires = "2026-04-01T10:15:00Z".parse().unwrap();
        let secret = secret_for(&token(), UID, "general-x7k2p", expires);
        assert_eq!(parse(&secret), Some(Owned { token: token(), host_uid: UID.into(), expires }));
        let data = secret.data.unwrap();
        assert_eq!(data["expiration"].0, b"2026-04-01T10:15:00Z");
        assert!(!data.contains_key("usage-bootstrap-signing"));
    }

    #[test]
    fn a_secret_that_somebody_changed_is_not_ours() {
        let change = |f: fn(&mut Secret)| {
            let mut secret = secret_for(&token(), UID, "h", Timestamp::UNIX_EPOCH);
            f(&mut secret);
            parse(&secret)
        };
        assert_eq!(change(|s| s.type_ = Some("Opaque".into())), None);
        assert_eq!(change(|s| s.metadata.labels = None), None);
        assert_eq!(change(|s| s.metadata.name = Some("bootstrap-token-zzzzzz".into())), None);
        assert_eq!(
            change(|s| drop(s.data.as_mut().unwrap().insert("auth-extra-groups".into(), ByteString(b"system:masters".into())))),
            None
        );
    }

    #[test]
    fn a_token_is_due_when_half_of_its_life_is_over() {
        let now = Timestamp::UNIX_EPOCH;
        assert!(!is_due(expiry(now), now));
        assert!(is_due(expiry(now), now + TTL / 2 + Duration::from_secs(1)));
    }
}
