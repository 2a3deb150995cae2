use super::*;

const OURS: &str = "cluster-1";
const HOUR: i64 = 3_600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn thing(kind: Kind, id: &str, host: &str) -> Thing {
    let host = (!host.is_empty()).then(|| host.to_owned());
    let (id, name, cluster) = (id.to_owned(), format!("general-{id}"), OURS.to_owned());
    Thing { kind, id, name, cluster, host, created: Some(at(0)), used_by: None, kept: false, members: 0 }
}

/// A cloud with a leaked server, port, floating IP and volume of one dead host, and a living host with the same parts.
fn world() -> Pass {
    let of = |host: &str| {
        [Kind::Server, Kind::Port, Kind::Volume, Kind::FloatingIp].map(|kind| thing(kind, &format!("{}-{host}", kind.word()), host))
    };
    let ids = of("alive").map(|thing| thing.id).into_iter().collect();
    Pass {
        cluster: OURS.into(),
        things: [of("dead"), of("alive")].concat(),
        hosts: [("alive".to_owned(), Recorded { ids, complete: true })].into(),
        action: Action::Delete,
        fleet: 1,
        ..Pass::default()
    }
}

/// Judges the same pass at each of these times; the last verdict.
fn passes(pass: &Pass, times: &[i64]) -> Vec<Orphan> {
    let mut memory = Memory::default();
    let verdicts = times.iter().map(|time| judge(&mut memory, pass, at(*time)).unwrap());
    verdicts.last().unwrap_or_default()
}

const TWICE: [i64; 2] = [10 * HOUR, 10 * HOUR + 600];

fn ids(orphans: &[Orphan]) -> Vec<&str> {
    orphans.iter().map(|orphan| orphan.id.as_str()).collect()
}

fn fates(orphans: &[Orphan]) -> Vec<&Fate> {
    orphans.iter().map(|orphan| &orphan.fate).collect()
}

#[test]
fn what_a_dead_host_left_behind_is_deleted_in_order_and_the_living_is_not_looked_at() {
    let orphans = passes(&world(), &TWICE);
    assert_eq!(ids(&orphans), ["Server-dead", "FloatingIP-dead", "Port-dead", "Volume-dead"]);
    assert!(fates(&orphans).iter().all(|fate| **fate == Fate::Delete), "one dead host takes one place under the cap");
    assert_eq!(orphans[0].since, at(TWICE[0]));
}

#[test]
fn one_pass_or_two_too_close_prove_nothing() {
    assert_eq!(passes(&world(), &[10 * HOUR]), []);
    assert_eq!(passes(&world(), &[10 * HOUR, 10 * HOUR + 599]), []);
}

#[test]
fn a_pass_that_does_not_show_it_begins_anew() {
    let (mut memory, world) = (Memory::default(), world());
    let empty = Pass { things: vec![], ..world.clone() };
    let mut look = |pass: &Pass, time: i64| judge(&mut memory, pass, at(time)).unwrap().len();
    assert_eq!([look(&world, 10 * HOUR), look(&empty, 11 * HOUR), look(&world, 12 * HOUR), look(&world, 12 * HOUR + 600)], [0, 0, 0, 4]);
}

#[test]
fn hosts_that_were_listed_before_the_cloud_prove_nothing() {
    let early = Pass { listed_at: at(100), hosts_at: at(99), ..world() };
    let mut memory = Memory::default();
    assert!(TWICE.iter().all(|time| judge(&mut memory, &early, at(*time)).is_err()));
    assert_eq!(memory, Memory::default(), "such a pass is no first one either");
}

#[test]
fn nothing_younger_than_the_longest_creation_is_an_orphan() {
    let mut young = world();
    young.things.iter_mut().for_each(|thing| thing.created = Some(at(10 * HOUR)));
    assert_eq!(passes(&young, &[10 * HOUR, 11 * HOUR]), []);
    assert_eq!(passes(&young, &[10 * HOUR, 11 * HOUR + 1]).len(), 4);
    young.things.iter_mut().for_each(|thing| thing.created = None);
    assert_eq!(passes(&young, &[20 * HOUR, 21 * HOUR]), [], "without a creation time the first look counts");
    assert_eq!(passes(&young, &[20 * HOUR, 21 * HOUR + 1]).len(), 4);
    young.things.iter_mut().for_each(|thing| thing.created = Some(at(40 * HOUR)));
    assert_eq!(passes(&young, &[20 * HOUR, 22 * HOUR]), [], "a cloud's clock ahead of ours");
}

#[test]
fn what_bears_another_clusters_uid_or_none_is_never_touched() {
    for cluster in ["cluster-2", ""] {
        let mut foreign = world();
        foreign.things.iter_mut().for_each(|thing| thing.cluster = cluster.into());
        assert_eq!(passes(&foreign, &TWICE), []);
    }
    let unknown = Pass { cluster: String::new(), ..world() };
    assert_eq!(
        passes(&Pass { things: unknown.things.iter().map(|t| Thing { cluster: String::new(), ..t.clone() }).collect(), ..unknown }, &TWICE),
        []
    );
}

#[test]
fn kept_volumes_are_no_orphans() {
    let mut world = world();
    world.things.iter_mut().filter(|thing| thing.kind == Kind::Volume).for_each(|volume| volume.kept = true);
    assert_eq!(ids(&passes(&world, &TWICE)), ["Server-dead", "FloatingIP-dead", "Port-dead"]);
}

#[test]
fn a_second_part_of_a_living_host_is_an_orphan_once_the_host_has_recorded_all_its_own() {
    let mut world = world();
    let second =
        [Kind::Server, Kind::Port, Kind::Volume, Kind::FloatingIp].map(|kind| thing(kind, &format!("{}-second", kind.word()), "alive"));
    world.things = second.to_vec();
    assert_eq!(ids(&passes(&world, &TWICE)), ["FloatingIP-second", "Port-second", "Volume-second"], "servers are the host driver's");
    world.hosts.values_mut().for_each(|host| host.complete = false);
    assert_eq!(passes(&world, &TWICE), []);
}

#[test]
fn a_server_group_goes_when_nobody_records_it_nobody_is_in_it_and_its_pool_is_gone() {
    let group = |change: fn(&mut Thing)| {
        let mut group = Thing { created: None, ..thing(Kind::ServerGroup, "group", "") };
        change(&mut group);
        passes(&Pass { things: vec![group], ..world() }, &[0, 2 * HOUR]).len()
    };
    assert_eq!([group(|_| {}), group(|g| g.members = 1), group(|g| g.kept = true)], [1, 0, 0]);
    let mut recorded = Pass { things: vec![thing(Kind::ServerGroup, "group", "")], ..world() };
    recorded.hosts.values_mut().for_each(|host| {
        host.ids.insert("group".into());
    });
    assert_eq!(passes(&recorded, &TWICE), []);
}

#[test]
fn what_a_server_of_somebody_else_or_of_a_living_host_uses_is_left_alone() {
    let used = |by: Thing| {
        let port = Thing { used_by: Some(by.id.clone()), ..thing(Kind::Port, "port", "dead") };
        let orphans = passes(&Pass { things: vec![port, by], ..world() }, &TWICE);
        orphans.into_iter().find(|orphan| orphan.kind == Kind::Port).map(|orphan| orphan.fate)
    };
    assert_eq!(used(thing(Kind::Server, "s", "alive")), None);
    assert_eq!(used(Thing { cluster: String::new(), host: None, ..thing(Kind::Server, "s", "") }), None);
    assert_eq!(used(thing(Kind::Server, "s", "dead")), Some(Fate::AfterServer("s".into())));
    let unlisted = Thing { used_by: Some("unlisted".into()), ..thing(Kind::Port, "port", "dead") };
    let orphans = passes(&Pass { things: vec![unlisted], ..world() }, &TWICE);
    assert!(matches!(&orphans[0].fate, Fate::Kept(why) if why.contains("unlisted")));
}

#[test]
fn a_server_in_service_is_told_and_kept() {
    let mut world = world();
    world.in_service.insert("Server-dead".into(), "its node general-1 is Ready".into());
    assert_eq!(passes(&world, &TWICE)[0].fate, Fate::Kept("its node general-1 is Ready".into()));
}

#[test]
fn report_deletes_nothing_but_tokens() {
    let mut world = Pass { action: Action::Report, ..world() };
    world.things.push(thing(Kind::Token, "bootstrap-token-abc123", "dead"));
    let orphans = passes(&world, &TWICE);
    assert_eq!(fates(&orphans), [&Fate::Reported, &Fate::Reported, &Fate::Reported, &Fate::Reported, &Fate::Delete]);
}

/// A cloud with so many leaked servers among so many.
fn leaked(leaked: usize, living: usize) -> Pass {
    let server = |host: String| thing(Kind::Server, &format!("s-{host}"), &host);
    let things = (0..leaked).map(|n| server(format!("dead-{n:04}"))).chain((0..living).map(|n| server(format!("alive-{n}")))).collect();
    let hosts = (0..living).map(|n| (format!("alive-{n}"), Recorded::default())).collect();
    Pass { things, hosts, fleet: living, ..world() }
}

#[test]
fn no_more_than_two_percent_of_the_hosts_and_at_least_one_go_in_ten_minutes() {
    for (dead, living, allowed) in [(3, 0, 1), (3, 20, 1), (100, 1_000, 20)] {
        let (mut memory, pass) = (Memory::default(), leaked(dead, living));
        let mut deleted = |time: i64| {
            let orphans = judge(&mut memory, &pass, at(time)).unwrap();
            orphans.iter().filter(|orphan| orphan.fate == Fate::Delete).count()
        };
        assert_eq!(
            [deleted(10 * HOUR), deleted(11 * HOUR), deleted(11 * HOUR + 599), deleted(11 * HOUR + 600)],
            [0, allowed, allowed, allowed]
        );
    }
}

#[test]
fn when_hosts_were_lost_nothing_is_deleted() {
    let orphans = passes(&leaked(5_000, 0), &TWICE);
    assert!(orphans.len() == 5_000 && orphans.iter().all(|orphan| orphan.fate == Fate::Loss));
    assert!(passes(&leaked(10, 0), &TWICE).iter().any(|orphan| orphan.fate == Fate::Delete), "ten are a leak");
    assert!(passes(&leaked(11, 100), &TWICE).iter().any(|orphan| orphan.fate == Fate::Delete), "a tenth is a leak");
}

#[test]
fn every_fate_has_a_sentence() {
    let fates = [Fate::Reported, Fate::Delete, Fate::Kept("x".into()), Fate::AfterServer("s".into()), Fate::Capped(at(0)), Fate::Loss];
    let words: std::collections::BTreeSet<String> = fates.iter().map(ToString::to_string).collect();
    assert!(words.len() == fates.len() && words.iter().all(|word| word.len() > 5));
}
