//! Keeps what was sent in confidence out of what is told: services and proxies echo requests in their errors.

use super::reply::Reply;
use crate::config::{Credential, Secret};
use bytes::Bytes;
use serde_json::Value;
use zeroize::Zeroizing;

/// What stands in place of a secret.
const WIPED: &str = "(hidden)";
/// A secret shorter than this is not looked for: it would be found in any text.
const SECRET_MIN_BYTES: usize = 4;

/// The secrets of one request.
pub(crate) struct Secrets(Vec<Zeroizing<String>>);

impl Secrets {
    /// The credential, the token, and the user data in a body.
    pub fn of(credential: &Credential, token: Option<&Secret>, body: Option<&Value>) -> Self {
        let proof = match credential {
            Credential::Application { secret, .. } => secret,
            Credential::Password { password, .. } => password,
            Credential::Token { token, .. } => token,
        };
        let user_data = body.and_then(|body| body.pointer("/server/user_data")).and_then(Value::as_str);
        let known = [Some(proof.reveal()), token.map(Secret::reveal), user_data];
        let known = known.into_iter().flatten().filter(|text| text.len() >= SECRET_MIN_BYTES);
        Self(known.flat_map(|text| [text.to_owned(), escaped(text)]).map(Zeroizing::new).collect())
    }

    /// The reply without them.
    pub fn wipe(&self, mut reply: Reply) -> Reply {
        let Ok(text) = std::str::from_utf8(&reply.body) else { return reply };
        let wiped = self.0.iter().fold(None, |wiped: Option<String>, secret| {
            let text = wiped.as_deref().unwrap_or(text);
            if text.contains(secret.as_str()) { Some(text.replace(secret.as_str(), WIPED)) } else { wiped }
        });
        if let Some(wiped) = wiped {
            reply.body = Bytes::from(wiped);
        }
        reply
    }
}

/// As it stands inside a JSON text.
fn escaped(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CloudConfig;
    use crate::SecretFiles;
    use serde_json::json;

    fn wiped(body: &[u8]) -> String {
        let text = "clouds: {c: {auth: {auth_url: 'http://k', user_id: u, project_id: p, password: 'hun\"ter2'}}}";
        let config = CloudConfig::from_clouds_yaml(text, "c", SecretFiles::default()).unwrap();
        let (token, sent) = (Secret::new("gAAAA".to_owned()), json!({"server": {"user_data": "c2VjcmV0"}}));
        let secrets = Secrets::of(&config.credential, Some(&token), Some(&sent));
        let reply = secrets.wipe(Reply::new(http::Response::new(Bytes::copy_from_slice(body))));
        String::from_utf8_lossy(&reply.body).into_owned()
    }

    #[test]
    fn secrets_are_wiped_however_they_are_echoed() {
        assert_eq!(wiped(br#"sent: hun"ter2 with gAAAA and c2VjcmV0!"#), "sent: (hidden) with (hidden) and (hidden)!");
        assert_eq!(wiped(br#"{"error": {"message": "'hun\"ter2' is too long"}}"#), r#"{"error": {"message": "'(hidden)' is too long"}}"#);
        assert_eq!(wiped(b"nothing of it"), "nothing of it");
    }
}
