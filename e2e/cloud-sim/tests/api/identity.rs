//! Tokens: how they are got, what they open, how they end.
use std::{thread, time::Duration};

use gantry_cloud_sim::{Config, Simulator};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client, fast, password_login, recorded_cloud, send},
    record,
};

fn login(cloud: &Simulator, body: &Value) -> Answer {
    send("POST", &format!("{}/auth/tokens", cloud.keystone_url()), &[], &body.to_string()).unwrap()
}

fn app_credential(id: &str, secret: &str) -> Value {
    let credential = json!({"id": id, "secret": secret});
    json!({"auth": {"identity": {"methods": ["application_credential"], "application_credential": credential}}})
}

fn get(cloud: &Simulator, path: &str, token: &str) -> Answer {
    send("GET", &format!("{}{path}", cloud.url()), &[("X-Auth-Token", token)], "").unwrap()
}

#[test]
fn a_token_names_user_project_roles_and_the_endpoints_of_each_service() {
    let cloud = recorded_cloud();
    let token = login(&cloud, &password_login("demo", "demo")).json()["token"].clone();
    assert_eq!((&token["methods"], &token["user"]["name"]), (&json!(["password"]), &json!("demo")));
    assert_eq!(token["project"]["name"], "demo");
    let catalog = token["catalog"].as_array().unwrap().clone();
    let of = |kind: &str| {
        let service = catalog.iter().find(|service| service["type"] == kind).unwrap();
        let endpoints = service["endpoints"].as_array().unwrap();
        let public = endpoints.iter().find(|e| e["interface"] == "public" && e["region_id"] == "RegionOne").unwrap();
        public["url"].as_str().unwrap().replace(cloud.url(), "")
    };
    assert_eq!([of("compute"), of("network"), of("image")], ["/compute/v2.1", "/networking", "/image"]);
}

#[test]
fn wrong_credentials_are_401_and_an_unknown_application_credential_is_404() {
    let cloud = recorded_cloud();
    let own = cloud.application_credential().unwrap();
    record::same("wrong app-cred secret", &login(&cloud, &app_credential(&own.id, "no")));
    record::same("app cred id unknown", &login(&cloud, &app_credential("no", "no")));
    for (user, password) in [("demo", "no"), ("nobody", "demo")] {
        record::same("wrong app-cred secret", &login(&cloud, &password_login(user, password)));
    }
    let mut foreign = password_login("demo", "demo");
    foreign["auth"]["scope"]["project"]["name"] = json!("admin");
    record::same("wrong app-cred secret", &login(&cloud, &foreign));
    assert_eq!(login(&cloud, &app_credential(&own.id, &own.secret)).code, 201);
}

#[test]
fn requests_without_a_good_token_are_401_as_recorded() {
    let cloud = recorded_cloud();
    let bare = send("GET", &format!("{}/compute/v2.1/servers", cloud.url()), &[], "").unwrap();
    record::same("no token", &bare);
    let garbage = get(&cloud, "/compute/v2.1/servers", "gAAAAgarbage");
    record::same("garbage token", &garbage);
    let challenge = format!("Keystone uri=\"{}\"", cloud.keystone_url());
    assert_eq!(garbage.header("www-authenticate"), Some(challenge.as_str()));
}

#[test]
fn an_expired_token_is_401_everywhere_in_html_from_glance() {
    let cloud = Simulator::start(Config { token_lifetime: Duration::from_millis(600), ..fast() }).unwrap();
    let token = login(&cloud, &password_login("demo", "demo")).header("x-subject-token").unwrap().to_owned();
    assert_eq!(get(&cloud, "/compute/v2.1/servers", &token).code, 200);
    thread::sleep(Duration::from_millis(650));
    record::same("expired token at Nova", &get(&cloud, "/compute/v2.1/servers", &token));
    record::same("expired at Neutron", &get(&cloud, "/networking/v2.0/ports", &token));
    record::same("expired at Glance", &get(&cloud, "/image/v2/images", &token));
    record::same("expired at Keystone", &get(&cloud, "/identity/v3/auth/tokens", &token));
}

#[test]
fn services_believe_a_revoked_token_that_they_know_until_their_cache_ends() {
    let cloud = Simulator::start(Config { token_cache: Duration::from_millis(900), ..fast() }).unwrap();
    let demo = Client::demo(&cloud);
    demo.active("web-2", &[]);
    let url = format!("{}/auth/tokens", cloud.keystone_url());
    let headers = [("X-Auth-Token", demo.token.as_str()), ("X-Subject-Token", demo.token.as_str())];
    assert_eq!(send("GET", &url, &headers, "").unwrap().json()["token"]["user"]["name"], "demo");
    assert_eq!(send("DELETE", &url, &headers, "").unwrap().code, 204);
    record::same("revoked token", &demo.get("/compute/v2.1/servers?limit=1"));
    assert_eq!(send("GET", &url, &headers, "").unwrap().code, 401, "Keystone itself knows at once");
    thread::sleep(Duration::from_millis(950));
    assert_eq!(demo.get("/compute/v2.1/servers?limit=1").code, 401);
}

#[test]
fn a_token_that_is_not_there_is_404_for_who_asks() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let headers = [("X-Auth-Token", demo.token.as_str()), ("X-Subject-Token", "gone")];
    let answer = send("HEAD", &format!("{}/auth/tokens", cloud.keystone_url()), &headers, "").unwrap();
    assert_eq!((answer.code, answer.text.as_str()), (404, ""));
}

#[test]
fn an_unscoped_token_opens_no_servers() {
    let cloud = recorded_cloud();
    let mut body = password_login("demo", "demo");
    body["auth"].as_object_mut().unwrap().remove("scope");
    let answer = login(&cloud, &body);
    assert_eq!((answer.code, answer.json()["token"].get("catalog")), (201, None));
    let token = answer.header("x-subject-token").unwrap();
    assert_eq!(get(&cloud, "/compute/v2.1/servers", token).code, 403);
}

#[test]
fn application_credentials_are_made_used_and_deleted() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let path = format!("/identity/v3/users/{}/application_credentials", demo.user);
    let made = demo.post(&path, &json!({"application_credential": {"name": "op"}}));
    let secret = made.json()["application_credential"]["secret"].as_str().unwrap().to_owned();
    let body = app_credential(&made.id(), &secret);
    let token = login(&cloud, &body);
    assert_eq!((token.code, &token.json()["token"]["project"]["name"]), (201, &json!("demo")));
    assert_eq!(demo.delete(&format!("{path}/{}", made.id())).code, 204);
    let gone = login(&cloud, &body);
    let text = format!("Could not find Application Credential: {}.", made.id());
    assert_eq!((gone.code, &gone.json()["error"]["message"]), (404, &json!(text)));
}

#[test]
fn a_new_password_ends_the_old_one_and_its_tokens() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    cloud.admin("PUT", "users/demo/password", json!({"password": "new"})).unwrap();
    assert_eq!(demo.get("/compute/v2.1/servers").code, 401);
    assert_eq!(login(&cloud, &password_login("demo", "demo")).code, 401);
    assert_eq!(login(&cloud, &password_login("demo", "new")).code, 201);
}
