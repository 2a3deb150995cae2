use super::super::call::SERVERS;
use super::super::fake::{Fake, answer};
use super::*;
use crate::wire::nova::Servers;
use serde_json::json;

const LIST: List<'static> = List { call: &SERVERS, priority: Priority::Normal, filter: &[] };

fn page(ids: std::ops::Range<usize>, marker: Option<&str>) -> String {
    let servers: Vec<_> = ids.map(|id| json!({"id": id.to_string(), "status": "ACTIVE"})).collect();
    let links: Vec<_> =
        marker.map(|m| json!({"rel": "next", "href": format!("http://elsewhere/servers?marker={m}")})).into_iter().collect();
    json!({"servers": servers, "servers_links": links}).to_string()
}

#[test]
fn only_the_marker_of_a_link_is_taken() {
    assert_eq!(marker_of("http://evil/v2.1/servers?limit=2&marker=a%20b").as_deref(), Some("a b"));
    assert_eq!(marker_of("/v2/images?marker=x").as_deref(), Some("x"));
    assert_eq!(marker_of("/v2/images?limit=3"), None);
    assert_eq!(marker_of("/v2/images?marker="), None);
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read_from_the_same_address_and_the_first_has_no_limit() {
    let fake = Fake::new(|seen, _| match seen.target.as_str() {
        "/compute/v2.1/servers/detail" => answer(200, &page(0..2, Some("1"))),
        "/compute/v2.1/servers/detail?marker=1" => answer(200, &page(1..3, None)),
        _ => answer(500, ""),
    });
    let servers = all::<Servers>(&fake.engine(), &LIST).await.unwrap();
    let ids: Vec<&str> = servers.iter().map(Servers::id).collect();
    assert_eq!(ids, ["0", "1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_fails_the_list() {
    let fake = Fake::new(|_, before| if before == 0 { answer(200, &page(0..2, Some("1"))) } else { answer(500, "") });
    assert!(matches!(all::<Servers>(&fake.engine(), &LIST).await.err(), Some(Error::Transient { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_marker_that_comes_again_ends_the_list() {
    let fake = Fake::new(|_, _| answer(200, &page(0..2, Some("1"))));
    assert!(matches!(all::<Servers>(&fake.engine(), &LIST).await.err(), Some(Error::Bug { .. })));
    assert_eq!(fake.seen("/servers").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn pages_have_a_limit() {
    let fake = Fake::new(|_, before| answer(200, &page(before..before + 1, Some(&before.to_string()))));
    assert!(matches!(all::<Servers>(&fake.engine(), &LIST).await.err(), Some(Error::Bug { .. })));
    assert_eq!(fake.seen("/servers").len(), PAGE_LIMIT);
}

#[tokio::test(start_paused = true)]
async fn a_list_whose_marker_is_gone_is_begun_again() {
    let nova = r#"{"badRequest": {"code": 400, "message": "marker [1] not found"}}"#;
    let cinder = r#"{"itemNotFound": {"code": 404, "message": "Volume 1 could not be found."}}"#;
    let glance = r#"{"badRequest": {"code": 400, "message": "No image found with ID 1"}}"#;
    for (status, gone) in [(400, nova), (404, cinder), (400, glance)] {
        let fake = Fake::new(move |_, before| match before {
            1 => answer(status, gone),
            3 => answer(200, &page(2..3, None)),
            _ => answer(200, &page(0..2, Some("1"))),
        });
        assert_eq!(all::<Servers>(&fake.engine(), &LIST).await.unwrap().len(), 3);
        let lost = Fake::new(move |_, before| if before % 2 == 0 { answer(200, &page(0..2, Some("1"))) } else { answer(status, gone) });
        assert!(matches!(all::<Servers>(&lost.engine(), &LIST).await.err(), Some(Error::Transient { .. })));
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_is_never_not_found() {
    let gone = r#"{"itemNotFound": {"code": 404, "message": "Project p could not be found."}}"#;
    let fake = Fake::new(move |_, _| answer(404, gone));
    assert!(matches!(all::<Servers>(&fake.engine(), &LIST).await.err(), Some(Error::Transient { .. })));
    assert_eq!(fake.seen("/servers").len(), 1);
}
