//! A client that logs in to a simulated cloud and sends what it is told, nothing else.
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use gantry_cloud_sim::{Config, FlavorSpec, Quota, Simulator, ZoneSpec};
use serde_json::{Value, json};

/// Longest wait for a state.
const PATIENCE: Duration = Duration::from_secs(10);

/// The cloud of the record: its flavors, its zone with two hypervisors, its quota.
pub fn recorded_cloud() -> Simulator {
    let zone = ZoneSpec { name: "nova".into(), hypervisors: 2, vcpus: 64, memory_mib: 512_000 };
    let config = Config {
        zones: vec![zone],
        flavors: vec![
            FlavorSpec::new("m1.tiny", 1, 512, 1),
            FlavorSpec::new("m1.small", 2, 2048, 10),
            FlavorSpec::new("m1.big", 4, 8192, 20),
            FlavorSpec::new("m1.impossible", 9999, 9_999_999, 1),
        ],
        quota: Quota {
            instances: 50,
            cores: 100,
            ram: 512_000,
            ports: 500,
            server_groups: 10,
            server_group_members: 10,
            ..Quota::default()
        },
        ..fast()
    };
    Simulator::start(config).unwrap()
}

/// The default cloud, in a hurry.
pub fn fast() -> Config {
    let ms = Duration::from_millis;
    Config {
        build_latency: ms(80),
        delete_latency: ms(30),
        action_latency: ms(30),
        volume_latency: ms(60),
        volume_delete_latency: ms(30),
        ..Config::default()
    }
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The id of the resource in the body.
    pub fn id(&self) -> String {
        let body = self.json();
        let resource = body.as_object().and_then(|body| body.values().next()).cloned().unwrap_or_default();
        resource["id"].as_str().unwrap_or_else(|| panic!("no id in {}", self.text)).to_owned()
    }
}

/// Sends one request on its own connection. The error is that of the connection.
pub fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> io::Result<Answer> {
    let rest = url.strip_prefix("http://").expect("an http URL");
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host)?;
    let mut head = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw)?;
    let raw = String::from_utf8_lossy(&raw).into_owned();
    let Some((head, text)) = raw.split_once("\r\n\r\n") else {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "no answer"));
    };
    let mut lines = head.lines();
    let code = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    Ok(Answer { code, headers, text: text.to_owned() })
}

pub fn password_login(user: &str, password: &str) -> Value {
    let domain = json!({"id": "default"});
    let user_in_domain = json!({"name": user, "domain": domain, "password": password});
    json!({"auth": {
        "identity": {"methods": ["password"], "password": {"user": user_in_domain}},
        "scope": {"project": {"name": user, "domain": domain}},
    }})
}

/// One user of one cloud, in one microversion.
pub struct Client {
    pub base: String,
    pub token: String,
    pub project: String,
    pub user: String,
    pub minor: String,
}

impl Client {
    pub fn login(cloud: &Simulator, user: &str, password: &str) -> Self {
        let url = format!("{}/auth/tokens", cloud.keystone_url());
        let answer = send("POST", &url, &[], &password_login(user, password).to_string()).unwrap();
        assert_eq!(answer.code, 201, "{}", answer.text);
        let token = answer.header("x-subject-token").unwrap().to_owned();
        let body = answer.json();
        let id = |what: &str| body["token"][what]["id"].as_str().unwrap().to_owned();
        Self { base: cloud.url().to_owned(), token, project: id("project"), user: id("user"), minor: "2.96".into() }
    }

    pub fn demo(cloud: &Simulator) -> Self {
        Self::login(cloud, "demo", "demo")
    }

    pub fn admin(cloud: &Simulator) -> Self {
        Self::login(cloud, "admin", "secret")
    }

    /// The same user in another microversion.
    pub fn at(&self, minor: &str) -> Self {
        Self {
            base: self.base.clone(),
            token: self.token.clone(),
            project: self.project.clone(),
            user: self.user.clone(),
            minor: minor.to_owned(),
        }
    }

    pub fn try_send(&self, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        let version = format!("compute {}", self.minor);
        let headers = [("X-Auth-Token", self.token.as_str()), ("OpenStack-API-Version", &version)];
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        // Cinder refuses a version that is not its own.
        let headers = if url.contains("/volume/") { &headers[..1] } else { &headers };
        send(method, &url, headers, body)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.try_send("GET", path, "").unwrap()
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.try_send("DELETE", path, "").unwrap()
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_send("POST", path, &body.to_string()).unwrap()
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.try_send("PUT", path, &body.to_string()).unwrap()
    }

    pub fn image(&self) -> String {
        self.get("/image/v2/images?name=debian-12-k8s").json()["images"][0]["id"].as_str().unwrap().to_owned()
    }

    pub fn network(&self) -> String {
        self.get("/networking/v2.0/networks?name=apps").json()["networks"][0]["id"].as_str().unwrap().to_owned()
    }

    /// A body for POST /servers on the network, with some properties more or changed, in the order of the record.
    pub fn server(&self, name: &str, more: &[(&str, Value)]) -> String {
        let mut properties = vec![
            ("name", json!(name)),
            ("flavorRef", json!("1")),
            ("imageRef", json!(self.image())),
            ("networks", json!([{"uuid": self.network()}])),
        ];
        for (key, value) in more {
            match properties.iter_mut().find(|(own, _)| own == key) {
                Some((_, own)) => *own = value.clone(),
                None => properties.push((key, value.clone())),
            }
        }
        let properties: Vec<_> = properties.iter().map(|(key, value)| format!("{}: {value}", json!(key))).collect();
        format!("{{\"server\": {{{}}}}}", properties.join(", "))
    }

    pub fn create(&self, name: &str, more: &[(&str, Value)]) -> Answer {
        self.try_send("POST", "/compute/v2.1/servers", &self.server(name, more)).unwrap()
    }

    /// Creates a server and waits until it is ACTIVE.
    pub fn active(&self, name: &str, more: &[(&str, Value)]) -> String {
        let id = self.create(name, more).id();
        assert_eq!(self.wait(&id, &["ACTIVE", "ERROR"])["status"], "ACTIVE");
        id
    }

    pub fn port(&self, more: Value) -> Answer {
        let mut port = json!({"network_id": self.network()});
        more.as_object().into_iter().flatten().for_each(|(key, value)| port[key] = value.clone());
        self.post("/networking/v2.0/ports", &json!({"port": port}))
    }

    /// A volume of 1 GiB, changed and made more as asked.
    pub fn volume(&self, more: Value) -> Answer {
        let mut volume = json!({"size": 1});
        more.as_object().into_iter().flatten().for_each(|(key, value)| volume[key] = value.clone());
        self.post("/volume/v3/volumes", &json!({"volume": volume}))
    }

    pub fn show_volume(&self, id: &str) -> Value {
        self.get(&format!("/volume/v3/volumes/{id}")).json()["volume"].clone()
    }

    /// Waits until a volume has some status.
    pub fn volume_is(&self, id: &str, status: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let volume = self.show_volume(id);
            if volume["status"] == status {
                return volume;
            }
            assert!(Instant::now() < until, "still {}", volume["status"]);
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// A volume that a server can boot from.
    pub fn root_volume(&self, name: &str) -> String {
        let id = self.volume(json!({"name": name, "imageRef": self.image()})).id();
        self.volume_is(&id, "available");
        id
    }

    /// Creates a server that boots from a volume.
    pub fn create_from(&self, volume: &str, name: &str, ends_with_server: bool) -> Answer {
        let disk = json!({"uuid": volume, "source_type": "volume", "destination_type": "volume", "boot_index": 0,
            "delete_on_termination": ends_with_server});
        self.create(name, &[("imageRef", json!("")), ("block_device_mapping_v2", json!([disk]))])
    }

    pub fn show_port(&self, id: &str) -> Value {
        self.get(&format!("/networking/v2.0/ports/{id}")).json()["port"].clone()
    }

    pub fn show(&self, id: &str) -> Answer {
        self.get(&format!("/compute/v2.1/servers/{id}"))
    }

    pub fn act(&self, id: &str, action: &Value) -> Answer {
        self.post(&format!("/compute/v2.1/servers/{id}/action"), action)
    }

    pub fn remove(&self, id: &str) -> Answer {
        self.delete(&format!("/compute/v2.1/servers/{id}"))
    }

    /// Waits for one of some statuses.
    pub fn wait(&self, id: &str, statuses: &[&str]) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let server = self.show(id).json()["server"].clone();
            if statuses.iter().any(|status| server["status"] == *status) {
                return server;
            }
            assert!(Instant::now() < until, "still {}", server["status"]);
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until a server is gone.
    pub fn gone(&self, id: &str) {
        let until = Instant::now() + PATIENCE;
        while self.show(id).code != 404 {
            assert!(Instant::now() < until, "still there");
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn names(&self, query: &str) -> Vec<String> {
        let body = self.get(&format!("/compute/v2.1/servers{query}")).json();
        let servers = body["servers"].as_array().unwrap_or_else(|| panic!("{body}")).clone();
        servers.iter().map(|server| server["name"].as_str().unwrap().to_owned()).collect()
    }
}
