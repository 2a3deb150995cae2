//! Ids and secrets in the forms that the services give them.
use base64::{Engine, engine::general_purpose::URL_SAFE};
use rand::{Rng, RngCore, distr::Alphanumeric};
use uuid::Uuid;

/// Random bytes in a token; printed it is as long as a Fernet token of Keystone.
const TOKEN_BYTES: usize = 130;

/// The id of something that every start of the simulator has: the same each time, so that recorded ids stay good.
pub(crate) fn stable(kind: &str, name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("gantry-cloud-sim/{kind}/{name}").as_bytes())
}

/// The same, as Keystone prints ids: 32 digits.
pub(crate) fn stable_hex(kind: &str, name: &str) -> String {
    stable(kind, name).simple().to_string()
}

pub(crate) fn token() -> String {
    let mut bytes = [0; TOKEN_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    format!("gAAAAA{}", URL_SAFE.encode(bytes))
}

pub(crate) fn alphanumeric(length: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

pub(crate) fn reservation() -> String {
    format!("r-{}", alphanumeric(8).to_lowercase())
}

pub(crate) fn request() -> String {
    format!("req-{}", Uuid::new_v4())
}

/// A MAC address under Neutron's base `fa:16:3e`.
pub(crate) fn mac() -> String {
    let [a, b, c]: [u8; 3] = rand::rng().random();
    format!("fa:16:3e:{a:02x}:{b:02x}:{c:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_seeded_things_do_not_change_between_starts() {
        assert_eq!(stable_hex("project", "demo"), stable_hex("project", "demo"));
        assert_ne!(stable("network", "apps"), stable("subnet", "apps"));
    }

    #[test]
    fn a_token_looks_like_a_fernet_token() {
        assert!(token().starts_with("gAAAAA") && token().len() > 170);
    }
}
