//! T5: a proxy answers to all, with pages and with nothing. Nothing is believed to be gone, done, empty or refused for good.

use super::fake::{Fake, answer};
use super::openstack::OpenStack;
use crate::*;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

fn mark() -> Mark {
    Mark { host: Some("h".to_owned()), cluster: "c".to_owned() }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

/// The meaning of what each read and each deletion came to.
async fn looks(cloud: &OpenStack) -> Vec<(&'static str, Option<Error>)> {
    let by = Lookup::Name("n".to_owned());
    vec![
        ("flavors", cloud.flavors().await.err()),
        ("zones", cloud.zones().await.err()),
        ("quota", cloud.quota(&[]).await.err()),
        ("images", cloud.images(&by).await.err()),
        ("image", cloud.images(&Lookup::Id("i".to_owned())).await.err()),
        ("networks", cloud.networks(&by).await.err()),
        ("qos policies", cloud.qos_policies(&by).await.err()),
        ("servers", cloud.servers(Priority::Normal).await.err()),
        ("server", cloud.server("1").await.err()),
        ("delete server", cloud.delete_server("1").await.err()),
        ("groups", cloud.server_groups().await.err()),
        ("group", cloud.server_group("1").await.err()),
        ("delete group", cloud.delete_server_group("1").await.err()),
        ("ports of", cloud.ports_of(&mark()).await.err()),
        ("ports marked", cloud.ports_marked("c").await.err()),
        ("port", cloud.port("1").await.err()),
        ("delete port", cloud.delete_port("1").await.err()),
        ("volumes", cloud.volumes().await.err()),
        ("volume", cloud.volume("1").await.err()),
        ("delete volume", cloud.delete_volume("1").await.err()),
        ("floating IPs", cloud.floating_ips().await.err()),
        ("floating IP", cloud.floating_ip("1").await.err()),
        ("delete floating IP", cloud.delete_floating_ip("1").await.err()),
    ]
}

async fn creations(cloud: &OpenStack) -> Vec<Option<Error>> {
    let port = PortSpec {
        name: "p".to_owned(),
        network_id: "n".to_owned(),
        fixed_ips: vec![],
        security_group_ids: vec![],
        allowed_address_pairs: vec![],
        vnic_type: None,
        port_security: None,
        qos_policy_id: None,
        mark: mark(),
    };
    let volume = VolumeSpec {
        name: "v".to_owned(),
        size_gib: 1,
        volume_type: None,
        zone: None,
        image_id: "i".to_owned(),
        metadata: BTreeMap::new(),
        mark: mark(),
    };
    let floating_ip = FloatingIpSpec { network_id: "n".to_owned(), port_id: "p".to_owned(), mark: mark() };
    let group = GroupSpec { name: "g".to_owned(), policy: "affinity".to_owned(), max_servers_per_hypervisor: None };
    vec![
        cloud.create_port(&port, soon()).await.err(),
        cloud.create_volume(&volume, soon()).await.err(),
        cloud.create_floating_ip(&floating_ip, soon()).await.err(),
        cloud.create_server_group(&group, soon()).await.err(),
    ]
}

#[tokio::test(start_paused = true)]
async fn t5_what_a_proxy_says_is_never_absence_nor_success() {
    let html = "<html><head><title>Sorry</title></head><body>We are working on it</body></html>";
    for status in [200, 201, 403, 404, 405, 409, 410, 500, 502, 503] {
        for body in [html, "", "{}", "null", "[]", "\u{fffd}"] {
            let fake = Fake::new(move |_, _| answer(status, body));
            for (call, error) in looks(&fake.client()).await {
                let error = error.unwrap_or_else(|| panic!("{call} succeeded on {status} {body:?}"));
                let unknown = matches!(error, Error::Transient { .. } | Error::Bug { .. }) || call.starts_with("image") && status == 403;
                assert!(unknown, "{call} on {status} {body:?}: {error:?}");
            }
            for error in creations(&fake.client()).await {
                let open = matches!(error, Some(Error::Ambiguous { .. } | Error::Bug { .. }));
                assert!(open, "{status} {body:?}: {error:?}");
            }
        }
    }
}
