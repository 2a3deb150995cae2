//! Key pairs: they belong to a user, not to a project.
use serde_json::{Value, json};

use super::{Answer, Call, error::NovaError};
use crate::{http::Response, state::Cloud};

pub(super) fn keypairs(cloud: &mut Cloud, call: &Call<'_>, rest: &[&str]) -> Answer {
    let user = &call.caller.user;
    let pairs = &mut cloud.compute.key_pairs;
    let missing = |name: &str| NovaError::not_found(format!("Keypair {name} not found for user {user}"));
    match (call.request.method.as_str(), rest) {
        ("GET", []) => {
            let own = pairs.iter().filter(|((owner, _), _)| owner == user);
            let rows: Vec<_> = own.map(|((_, name), key)| json!({"keypair": view(name, key)})).collect();
            Ok(Response::json(200, &json!({"keypairs": rows})))
        }
        ("POST", []) => {
            let body = call.request.json().unwrap_or_default();
            let asked = &body["keypair"];
            let (Some(name), Some(key)) = (asked["name"].as_str(), asked["public_key"].as_str()) else {
                return Err(NovaError::bad_request("A key pair needs name and public_key."));
            };
            let place = (user.clone(), name.to_owned());
            if pairs.contains_key(&place) {
                return Err(NovaError::conflict(format!("Key pair '{name}' already exists.")));
            }
            pairs.insert(place, key.to_owned());
            let mut row = view(name, key);
            row["user_id"] = json!(&**user);
            Ok(Response::json(201, &json!({"keypair": row})))
        }
        ("GET", [name]) => match pairs.get(&(user.clone(), (*name).to_owned())) {
            Some(key) => Ok(Response::json(200, &json!({"keypair": view(name, key)}))),
            None => Err(missing(name)),
        },
        ("DELETE", [name]) => match pairs.remove(&(user.clone(), (*name).to_owned())) {
            Some(_) => Ok(Response::empty(204)),
            None => Err(missing(name)),
        },
        _ => Err(NovaError::not_found("The resource could not be found.")),
    }
}

fn view(name: &str, key: &str) -> Value {
    json!({"name": name, "public_key": key, "type": "ssh", "fingerprint": "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00"})
}
