use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

const NOW: i64 = 100_000;

/// `zones`: (name, recorded, of which missing).
fn verdict(zones: &[(&str, usize, usize)], accepted: Accepted) -> Verdict {
    let servers: Vec<(String, &str)> =
        zones.iter().flat_map(|(zone, all, gone)| (0..*all).map(move |n| (format!("{zone}-{n}-{}", n < *gone), *zone))).collect();
    let recorded = servers.iter().map(|(server, zone)| Recorded { server, zone, sent_at: Some(at(0)) });
    judge(recorded, |server| server.ends_with("false"), accepted, at(NOW), at(NOW))
}

#[test]
fn up_to_a_fifth_or_one_missing_server_holds_nothing() {
    for (all, gone) in [(1, 1), (2, 1), (3, 1), (10, 2), (5_000, 1_000), (0, 0)] {
        let verdict = verdict(&[("az1", all, gone)], Accepted::Nothing);
        assert_eq!((verdict.absence(), verdict.creation("az1")), (None, None), "{gone} of {all}");
    }
}

#[test]
fn more_than_a_fifth_holds_conclusions_and_creation() {
    for (all, gone) in [(2, 2), (9, 2), (5_000, 1_001), (5_000, 5_000)] {
        let verdict = verdict(&[("az1", all, gone)], Accepted::Nothing);
        assert!(verdict.absence().is_some_and(|why| why.contains(&format!("{gone} of the {all}"))));
        assert!(verdict.creation("az1").is_some() && verdict.creation("a zone without hosts").is_some());
    }
}

#[test]
fn a_cell_that_is_left_out_holds_creation_in_its_zone_only() {
    let verdict = verdict(&[("az1", 100, 100), ("az2", 100, 0), ("az3", 100, 3)], Accepted::Nothing);
    assert!(verdict.absence().is_some() && verdict.creation("az1").is_some());
    assert_eq!((verdict.creation("az2"), verdict.creation("az3")), (None, None));
}

#[test]
fn a_cell_that_is_spread_over_all_zones_holds_creation_everywhere() {
    let verdict = verdict(&[("az1", 100, 33), ("az2", 100, 33)], Accepted::Nothing);
    assert!(["az1", "az2", "az3"].iter().all(|zone| verdict.creation(zone).is_some()));
}

#[test]
fn one_affected_zone_below_the_threshold_of_the_fleet_holds_nothing() {
    let verdict = verdict(&[("az1", 10, 10), ("az2", 100, 0)], Accepted::Nothing);
    assert_eq!((verdict.missing, verdict.absence(), verdict.creation("az1")), (10, None, None));
}

#[test]
fn a_server_that_was_just_asked_for_is_not_missing() {
    let young = (0..10).map(|_| Recorded { server: "s", zone: "az1", sent_at: Some(at(NOW - 60)) });
    assert_eq!(judge(young, |_| false, Accepted::Nothing, at(NOW), at(NOW)), Verdict::default());
    let old = (0..10).map(|_| Recorded { server: "s", zone: "az1", sent_at: None });
    assert!(judge(old, |_| false, Accepted::Nothing, at(NOW), at(NOW)).absence().is_some());
}

#[test]
fn a_person_may_say_that_they_are_gone() {
    let held = |accepted| verdict(&[("az1", 10, 5)], accepted).absence().is_some();
    assert!(!held(Accepted::parse("5").unwrap()) && !held(Accepted::parse(" 6 ").unwrap()));
    assert!(held(Accepted::parse("4").unwrap()), "consent to fewer is no consent to more");
    assert!(!held(Accepted::Until(at(NOW + 60))));
    assert!(held(Accepted::Until(at(NOW))), "consent that ended");
    assert!(held(Accepted::Until(at(NOW + 25 * 3_600))), "consent for good");
    assert!(Accepted::parse("yes").unwrap_err().contains("how many"));
    assert_eq!(Accepted::parse("1970-01-01T00:01:00Z"), Ok(Accepted::Until(at(60))));
}

#[test]
fn the_cap_gives_two_percent_in_ten_minutes_and_at_least_one() {
    for (fleet, allowed) in [(0, 1), (1, 1), (99, 1), (150, 3), (5_000, 100)] {
        let mut cap = Cap::default();
        let given = (0..fleet + 1).filter(|n| cap.take(&n.to_string(), fleet, 0, at(*n as i64 % 100)).is_ok()).count();
        assert_eq!(given, allowed, "{fleet}");
    }
}

#[test]
fn a_place_comes_back_after_the_window_and_asking_twice_takes_one() {
    let mut cap = Cap::default();
    assert_eq!(cap.take("a", 10, 0, at(0)), Ok(()));
    assert_eq!(cap.take("a", 10, 0, at(300)), Ok(()));
    assert_eq!(cap.take("b", 10, 0, at(300)), Err(at(600)));
    assert_eq!(cap.take("b", 10, 0, at(600)), Ok(()));
    assert_eq!(cap.take("a", 10, 0, at(601)), Err(at(1_200)));
}

#[test]
fn consent_lifts_the_cap_as_far_as_it_goes() {
    let mut cap = Cap::default();
    let lifted = Accepted::Count(3).lifts_cap_to(at(0));
    let given = (0..10).filter(|n| cap.take(&n.to_string(), 10, lifted, at(0)).is_ok()).count();
    assert_eq!(given, 3);
    assert_eq!(Accepted::Until(at(60)).lifts_cap_to(at(0)), usize::MAX);
    assert_eq!(Accepted::Until(at(60)).lifts_cap_to(at(60)), 0);
}
