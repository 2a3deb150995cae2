use super::*;
use serde_json::json;

fn config(extra: &str) -> CloudConfig {
    let text = format!("clouds: {{c: {{auth: {{auth_url: 'http://k/v3', user_id: u, password: p, project_id: p}}{extra}}}}}");
    CloudConfig::from_clouds_yaml(&text, "c", None).unwrap()
}

fn catalog(compute: &str) -> Catalog {
    let offer = |kind: &str, url: &str| {
        let endpoint = |interface: &str, region: &str, host: &str| json!({"interface": interface, "region_id": region, "url": format!("http://{host}{url}")});
        json!({"type": kind, "endpoints": [
            endpoint("internal", "R1", "inside"), endpoint("public", "R1", "one"), endpoint("public", "R2", "two"),
        ]})
    };
    let offers = json!([offer("volumev3", "/v"), offer("network", "/networking"), offer("compute", compute), offer("image", ":9292/")]);
    serde_json::from_value(offers).unwrap()
}

fn addresses(extra: &str, compute: &str) -> Result<[String; 4]> {
    let found = endpoints(&config(extra), &catalog(compute))?;
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
    assert!(matches!(endpoints(&config(""), &odd), Err(crate::Error::Config { .. })));
    assert!(matches!(endpoints(&config(""), &Catalog::default()), Err(crate::Error::Config { .. })));
}
