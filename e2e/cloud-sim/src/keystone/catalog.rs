//! The service catalog: four services with public and internal endpoints in one region.
use serde_json::{Value, json};

use crate::state::{Cloud, ids};

pub(super) fn catalog(cloud: &Cloud) -> Value {
    let base = &cloud.base_url;
    let services = [
        ("identity", "keystone", format!("{base}/identity")),
        ("compute", "nova", format!("{base}/compute/v2.1")),
        ("network", "neutron", format!("{base}/networking")),
        ("image", "glance", format!("{base}/image")),
    ];
    services.into_iter().map(|(kind, name, url)| service(&cloud.config.region, kind, name, &url)).collect()
}

fn service(region: &str, kind: &str, name: &str, url: &str) -> Value {
    let endpoint = |interface: &str| {
        json!({
            "id": ids::stable_hex("endpoint", &format!("{kind}/{interface}")), "interface": interface,
            "region_id": region, "url": url, "region": region,
        })
    };
    json!({
        "endpoints": [endpoint("public"), endpoint("internal")],
        "id": ids::stable_hex("service", kind), "type": kind, "name": name,
    })
}
