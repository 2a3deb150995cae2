use super::*;

fn cloud() -> Key {
    Key::new("apps", "main")
}

fn bought(flavor: &str, zone: &str) -> Bought {
    Bought::new(cloud(), Key::new("apps", "general"), flavor, zone)
}

fn large() -> Bought {
    bought("m1.large", "az1")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn host(name: &str) -> Key {
    Key::new("apps", name)
}

const CORES: &str = "Quota exceeded for cores: Requested 8, but already used 40 of 40 cores";

#[test]
fn the_pause_doubles_up_to_its_limit_and_success_ends_it() {
    let offerings = Offerings::default();
    let mut now = 0;
    let pauses = (0..7).map(|_| {
        let until = offerings.failed(&large(), "NoValidHost", "m", at(now)).unwrap().as_second();
        let pause = until - now;
        now = until;
        pause
    });
    let pauses: Vec<i64> = pauses.collect();
    assert_eq!(pauses, [15, 30, 60, 120, 240, 300, 300]);
    assert!(offerings.get(&large().offering, at(now - 1)).is_some());
    assert!(offerings.get(&large().offering, at(now)).is_none());
    offerings.launched(&large());
    assert_eq!(offerings.failed(&large(), "NoValidHost", "m", at(now)), Some(at(now + 15)));
}

#[test]
fn a_burst_of_failures_counts_once() {
    let offerings = Offerings::default();
    let until = (0..10).map(|_| offerings.failed(&large(), "NoValidHost", "m", at(0)));
    assert!(until.into_iter().all(|until| until == Some(at(15))));
}

#[test]
fn a_risen_quota_ends_only_pauses_for_quota() {
    let offerings = Offerings::default();
    offerings.failed(&large(), "QuotaExceeded", CORES, at(0));
    offerings.failed(&bought("m1.small", "az2"), "NoValidHost", "m", at(0));
    offerings.quota_rose(&cloud());
    assert!(offerings.get(&large().offering, at(1)).is_none());
    assert!(offerings.get(&bought("m1.small", "az2").offering, at(1)).is_some());
}

#[test]
fn a_failure_reaches_as_far_as_its_reason_says() {
    let elsewhere = [bought("m1.large", "az1"), bought("m1.large", "az2"), bought("m1.small", "az1")];
    let left_out = |reason: &str, message: &str| {
        let offerings = Offerings::default();
        offerings.failed(&large(), reason, message, at(0));
        let pool = offerings.pool(&cloud(), &large().pool.pool, at(1)).is_some();
        (elsewhere.each_ref().map(|other| offerings.get(&other.offering, at(1)).is_some()), pool)
    };
    for (reason, message, expected) in [
        ("NoValidHost", "No valid host was found.", ([true, false, false], false)),
        ("QuotaExceeded", CORES, ([true, true, false], false)),
        ("QuotaExceeded", "Quota exceeded for resources: ['port'].", ([true, true, true], false)),
        ("QuotaExceeded", "Quota exceeded for resources: ['floatingip'].", ([false, false, false], true)),
        ("QuotaExceeded", "VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded", ([false, false, false], true)),
        ("QuotaExceeded", "Quota exceeded, too many servers in group", ([false, false, false], true)),
        ("BadSpec", "Flavor m1.large could not be found.", ([true, false, false], false)),
        ("BadSpec", "The requested availability zone is not available", ([true, false, false], false)),
        ("BadSpec", "Can not find requested image", ([false, false, false], true)),
        ("JoinTimeout", "the node has not registered", ([false, false, false], true)),
        ("BuildTimeout", "not ACTIVE after 15 min", ([true, false, false], false)),
        ("ServerGone", "404", ([false, false, false], false)),
    ] {
        assert_eq!(left_out(reason, message), expected, "{reason}: {message}");
    }
}

#[test]
fn after_a_pause_one_host_is_tried_and_the_others_wait_for_it() {
    let offerings = Offerings::default();
    offerings.failed(&large(), "NoValidHost", "m", at(0));
    assert!(offerings.try_with(&large(), &host("a"), at(14)).is_err());
    assert_eq!(offerings.try_with(&large(), &host("a"), at(15)), Ok(()));
    assert!(offerings.try_with(&large(), &host("b"), at(16)).unwrap_err().contains("host a is tried"));
    assert!(offerings.get(&large().offering, at(16)).is_some());
    assert!(offerings.refuses(&large(), &host("a"), at(16)).is_none() && offerings.refuses(&large(), &host("old"), at(16)).is_some());
    offerings.launched(&large());
    assert_eq!(offerings.try_with(&large(), &host("b"), at(17)), Ok(()));
}

#[test]
fn six_hours_without_room_cost_one_try_a_pause() {
    let offerings = Offerings::default();
    let (mut tries, mut now) = (0, 0);
    while now < 6 * 3_600 {
        for name in ["a", "b", "c", "d"] {
            if offerings.try_with(&large(), &host(name), at(now)).is_ok() && now > 0 {
                tries += 1;
            }
        }
        offerings.failed(&large(), "NoValidHost", "m", at(now));
        now = offerings.next_return(at(now)).unwrap().as_second();
    }
    assert!((70..80).contains(&tries), "{tries} tries in 6 h of pauses of at most 5 min");
}

#[test]
fn a_node_that_did_not_join_once_is_no_reason_to_buy_one_at_a_time() {
    let offerings = Offerings::default();
    offerings.failed(&large(), "JoinTimeout", "m", at(0));
    assert_eq!([15, 15].map(|now| offerings.try_with(&large(), &host("a"), at(now))), [Ok(()), Ok(())]);
    offerings.failed(&large(), "JoinTimeout", "m", at(900));
    assert!(offerings.try_with(&large(), &host("b"), at(930)).is_ok() && offerings.try_with(&large(), &host("c"), at(931)).is_err());
    offerings.launched(&large());
    assert!(offerings.try_with(&large(), &host("c"), at(932)).is_err(), "a server that runs has not joined");
    offerings.joined(&large());
    assert!(offerings.try_with(&large(), &host("c"), at(933)).is_ok());
}

#[test]
fn a_trial_whose_host_is_gone_ends() {
    let offerings = Offerings::default();
    offerings.failed(&large(), "NoValidHost", "m", at(0));
    assert_eq!(offerings.try_with(&large(), &host("a"), at(15)), Ok(()));
    offerings.end_trials(|_| false, at(30));
    assert!(offerings.try_with(&large(), &host("b"), at(30)).is_err(), "its Host may be on the way");
    offerings.end_trials(|_| false, at(75));
    assert_eq!(offerings.try_with(&large(), &host("b"), at(75)), Ok(()));
}

#[test]
fn what_an_earlier_process_told_still_counts() {
    let before = Offerings::default();
    (0..3).for_each(|n| {
        before.failed(&large(), "QuotaExceeded", CORES, at(n * 100));
    });
    let failed = before.get(&large().offering, at(201)).unwrap();
    let status = OfferingStatus {
        flavor: "m1.large".into(),
        zone: "az1".into(),
        vcpus: 2,
        memory_mib: 4_096,
        disk_gib: 10,
        resources: std::collections::BTreeMap::new(),
        price: "0.1".into(),
        available: false,
        reason: Some(failed.told()),
        until: Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(failed.until)),
    };
    let after = Offerings::default();
    after.restore(&cloud(), std::slice::from_ref(&status), at(205));
    assert_eq!(
        after.get(&large().offering, at(206)).map(|f| (f.reason, f.message, f.until)),
        Some(("QuotaExceeded".into(), CORES.into(), failed.until))
    );
    assert!(
        after.failed(&large(), "NoValidHost", "m", failed.until).unwrap() > failed.until + SignedDuration::from_secs(30),
        "the pause goes on growing"
    );
    let late = Offerings::default();
    late.restore(&cloud(), &[status], at(10_000));
    assert!(late.get(&large().offering, at(10_000)).is_none());
}
