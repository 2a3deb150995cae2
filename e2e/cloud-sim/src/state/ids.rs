//! Ids and secrets in the forms that the services give them.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::{Engine, engine::general_purpose::URL_SAFE};
use rand::{Rng, RngCore, SeedableRng, distr::Alphanumeric, rngs::StdRng};
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

/// Where new ids come from: one source, shared by all services, so that a seeded world repeats itself.
#[derive(Debug, Clone)]
pub(crate) struct Ids(Arc<Mutex<StdRng>>);

impl Default for Ids {
    /// From the system's randomness.
    fn default() -> Self {
        Self(Arc::new(Mutex::new(StdRng::from_os_rng())))
    }
}

impl Ids {
    /// The same ids in the same order for the same seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    fn random(&self) -> MutexGuard<'_, StdRng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.random().fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    pub(crate) fn token(&self) -> String {
        let mut bytes = [0; TOKEN_BYTES];
        self.random().fill_bytes(&mut bytes);
        format!("gAAAAA{}", URL_SAFE.encode(bytes))
    }

    pub(crate) fn alphanumeric(&self, length: usize) -> String {
        (&mut *self.random()).sample_iter(Alphanumeric).take(length).map(char::from).collect()
    }

    pub(crate) fn reservation(&self) -> String {
        format!("r-{}", self.alphanumeric(8).to_lowercase())
    }

    pub(crate) fn request(&self) -> String {
        format!("req-{}", self.uuid())
    }

    /// A MAC address under Neutron's base `fa:16:3e`.
    pub(crate) fn mac(&self) -> String {
        let [a, b, c]: [u8; 3] = self.random().random();
        format!("fa:16:3e:{a:02x}:{b:02x}:{c:02x}")
    }
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
        let token = Ids::default().token();
        assert!(token.starts_with("gAAAAA") && token.len() > 170);
    }

    #[test]
    fn a_seed_gives_the_same_ids_and_no_seed_others() {
        assert_eq!(Ids::seeded(7).uuid(), Ids::seeded(7).uuid());
        assert_ne!(Ids::default().uuid(), Ids::default().uuid());
    }
}
