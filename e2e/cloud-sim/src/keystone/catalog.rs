//! The service catalog: the services with public and internal endpoints in one region.
use serde_json::{Value, json};

use crate::state::{Cloud, ids};

pub(super) fn catalog(cloud: &Cloud, project: Option<&str>) -> Value {
    let base = &cloud.base_url;
    let volume = format!("{base}/volume/v3");
    let mut services = vec![
        ("identity", "keystone", format!("{base}/identity")),
        ("compute", "nova", format!("{base}/compute/v2.1")),
        ("network", "neutron", format!("{base}/networking")),
        ("image", "glance", format!("{base}/image")),
    ];
    if cloud.config.has_block_storage {
        services.push(("block-storage", "cinder", volume.clone()));
        services.push(("volumev3", "cinderv3", project.map_or(volume.clone(), |project| format!("{volume}/{project}"))));
    }
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
