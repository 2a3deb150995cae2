use super::*;
use crate::SecretFiles;
use serde_json::json;

fn config(extra: &str) -> CloudConfig {
    let text = format!("clouds: {{c: {{auth: {{auth_url: 'http://k/v3', user_id: u, password: p, project_id: p}}{extra}}}}}");
    CloudConfig::from_clouds_yaml(&text, "c", SecretFiles::default()).unwrap()
}

fn catalog(compute: &str) -> Catalog {
    serde_json::from_value(offers(compute)).unwrap()
}

fn offers(compute: &str) -> serde_json::Value {
    let offer = |kind: &str, url: &str| {
        let endpoint = |interface: &str, region: &str, host: &str| json!({"interface": interface, "region_id": region, "url": format!("http://{host}{url}")});
        json!({"type": kind, "endpoints": [
            endpoint("internal", "R1", "inside"), endpoint("public", "R1", "one"), endpoint("public", "R2", "two"),
        ]})
    };
    json!([offer("network", "/networking"), offer("compute", compute), offer("image", ":9292/")])
}

fn addresses(extra: &str, compute: &str) -> Result<[String; 4]> {
    let found = endpoints(&config(extra), &catalog(compute), "p1")?;
    Ok([found.compute.clone(), found.compute_root(), found.network, found.image].map(String::from))
}

#[test]
fn versions_are_added_where_they_are_missing() {
    let expected = ["http://one/compute/v2.1", "http://one/compute/v2.1/", "http://one/networking/v2.0", "http://one:9292/v2"];
    for compute in ["/compute", "/compute/", "/compute/v2.1", "/compute/v2.1/"] {
        assert_eq!(addresses(", region_name: R1", compute).unwrap(), expected);
    }
}

#[test]
fn a_project_id_stays_but_versions_are_asked_for_without_it() {
    let found = addresses(", region_name: R2", "/v2.1/p1").unwrap();
    assert_eq!(found[..2], ["http://two/v2.1/p1", "http://two/v2.1/"]);
}

#[test]
fn region_and_interface_choose() {
    assert_eq!(addresses(", interface: internal", "/v2.1").unwrap()[0], "http://inside/v2.1");
    assert_eq!(addresses(", region_name: R2, endpoint_type: publicURL", "/v2.1").unwrap()[0], "http://two/v2.1");
}

#[test]
fn overrides_win() {
    let extra = ", region_name: R1, compute_endpoint_override: 'http://mine/nova', network_endpoint_override: 'http://mine/v2.0/'";
    let found = addresses(extra, "/v2.1").unwrap();
    assert_eq!([&found[0], &found[2]], ["http://mine/nova/v2.1", "http://mine/v2.0"]);
}

#[test]
fn what_is_missing_is_told_with_what_is_there() {
    let text = |extra: &str| addresses(extra, "/v2.1").unwrap_err().to_string();
    assert!(text("").contains(r#"several regions, {"R1", "R2"}; add region_name"#));
    assert!(text(", region_name: R3").contains(r#"in region "R3", only in {"R1", "R2"}"#));
    assert!(text(", region_name: R1, interface: admin").contains("no compute service with the interface admin"));
}

#[test]
fn a_catalog_without_addresses_is_no_panic() {
    let odd: Catalog =
        serde_json::from_value(json!([{"type": "compute", "endpoints": [{"interface": "public", "region": "R1", "url": "nonsense"}]}]))
            .unwrap();
    assert!(matches!(endpoints(&config(""), &odd, "p1"), Err(crate::Error::Config { .. })));
    assert!(matches!(endpoints(&config(""), &Catalog::default(), "p1"), Err(crate::Error::Config { .. })));
}

#[test]
fn cinder_is_found_under_its_three_types_with_the_project_behind_the_version() {
    let volume = |kind: &str, url: &str| {
        let mut offers = offers("/v2.1");
        let endpoint = json!({"interface": "public", "region_id": "R1", "url": url});
        offers.as_array_mut().unwrap().push(json!({"type": kind, "endpoints": [endpoint]}));
        let catalog = serde_json::from_value(offers).unwrap();
        endpoints(&config(", region_name: R1"), &catalog, "p1").unwrap().volume.map(String::from)
    };
    for kind in ["volumev3", "block-storage", "block-store"] {
        for url in ["http://c/v3/p1", "http://c/v3", "http://c/v3/", "http://c"] {
            assert_eq!(volume(kind, url).as_deref(), Ok("http://c/v3/p1"), "{kind} {url}");
        }
    }
    let missing = volume("volumev2", "http://c/v2/p1").unwrap_err();
    assert!(missing.contains("no volume service") && missing.contains("volume_endpoint_override"), "{missing}");
}

#[test]
fn an_odd_entry_does_not_spoil_the_rest() {
    let mut offers = offers("/v2.1");
    offers.as_array_mut().unwrap().extend([
        json!({"type": null, "endpoints": []}),
        json!(7),
        json!({"type": "key-manager", "endpoints": {}}),
    ]);
    offers[0]["endpoints"].as_array_mut().unwrap().push(json!({"interface": "public", "region_id": "R1", "url": null}));
    let catalog: Catalog = serde_json::from_value(offers).unwrap();
    assert!(endpoints(&config(", region_name: R1"), &catalog, "p1").is_ok());
}
