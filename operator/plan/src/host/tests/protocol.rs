//! The protocol of creating a server exactly once.

use super::*;

#[test]
fn what_an_answer_to_a_creation_means_for_the_ledger() {
    let failure = Failure::new("QuotaExceeded", "cores");
    let answers = [
        PostAnswer::Created("s".into()),
        PostAnswer::NotSent,
        PostAnswer::Refused(None),
        PostAnswer::Refused(Some(failure.clone())),
        PostAnswer::Unclear,
    ];
    let wanted = [
        vec![Write::Server("s".into())],
        vec![Write::IntentTakenBack],
        vec![Write::IntentTakenBack],
        vec![Write::IntentTakenBack, Write::Failed(failure)],
        vec![],
    ];
    assert_eq!(answers.map(|answer| answered(&answer)), wanted);
}

#[test]
fn a_recorded_id_is_never_replaced() {
    let mut host = with_server();
    let before = host.clone();
    for write in [Write::Server("other".into()), Write::Part(Part::Port(0), "other".into())] {
        host.apply(&write);
    }
    assert_eq!(host, before);
}

#[test]
fn an_unclear_creation_is_looked_for_and_not_repeated() {
    let sweep = |misses, last, port_free| Sweep { since: Some(at(2)), misses, last: Some(at(last)), port_free };
    let step_with = |sweep| step(&asking(), &Observation { sweep, ..seen() }, 100);
    let steps = [Sweep::default(), sweep(9, 10, true), sweep(9, 100, false), sweep(1, 100, true), sweep(2, 62, true)].map(step_with);
    assert_eq!(steps, [Step::FindServer, Step::FindServer, Step::FindServer, Step::FindServer, Step::ForgetCreate]);
}

#[test]
fn t21_the_intents_own_date_decides_nothing() {
    for sent in [-200_000, 1, 200_000] {
        let host = Ledger { create_sent_at: Some(at(sent)), ..asking() };
        let early = Sweep { since: Some(at(2)), misses: 9, last: Some(at(30)), port_free: true };
        assert_eq!(step(&host, &Observation { sweep: early.clone(), ..seen() }, 31), Step::FindServer, "{sent}");
        let late = Sweep { last: Some(at(62)), ..early };
        assert_eq!(step(&host, &Observation { sweep: late, ..seen() }, 63), Step::ForgetCreate, "{sent}");
    }
}

#[test]
fn t7_the_grace_doubles_with_every_creation_that_was_given_up() {
    let seconds: Vec<i64> = (0..8).map(|attempts| grace(attempts).as_secs()).collect();
    assert_eq!(seconds, [60, 120, 240, 480, 960, 1800, 1800, 1800]);
    assert_eq!(grace(u32::MAX), AMBIGUOUS_LAST);
    let mut host = asking();
    host.apply(&Write::IntentForgotten);
    assert_eq!((host.create_sent_at, host.create_attempts), (None, 1));
    host.apply(&Write::Intent(at(100)));
    let sweep = Sweep { since: Some(at(110)), misses: 60, last: Some(at(229)), port_free: true };
    assert_eq!(step(&host, &Observation { sweep: sweep.clone(), ..seen() }, 230), Step::FindServer);
    assert_eq!(step(&host, &Observation { sweep: Sweep { last: Some(at(230)), ..sweep }, ..seen() }, 230), Step::ForgetCreate);
}

#[test]
fn of_several_servers_the_active_one_is_adopted_and_one_in_error_only_if_there_is_no_other() {
    use Standing::{Active, Coming, Failed, Leaving};
    let winner = |bearers: &[(&str, Standing)], port: Option<&str>| {
        let at_port = port.map(|id| Bearer { id: id.into(), standing: Coming });
        found(&Sweep::default(), &list(5, bearers), at_port.as_ref())
    };
    let winners = [
        winner(&[("a", Failed), ("b", Active), ("c", Coming)], None),
        winner(&[("a", Failed), ("b", Leaving)], None),
        winner(&[("b", Coming), ("a", Coming)], None),
        winner(&[], Some("p")),
    ];
    assert_eq!(winners, ["b", "a", "a", "p"].map(|id| Ok(Write::Server(id.into()))));
}

#[test]
fn only_complete_lists_begun_after_looking_began_count_and_each_once() {
    let first = found(&Sweep::default(), &list(10, &[]), None).unwrap_err();
    assert_eq!(first, Sweep { since: Some(at(10)), ..Sweep::default() }, "after a restart looking begins with the first list");
    let second = found(&first, &list(12, &[]), None).unwrap_err();
    assert_eq!(second, Sweep { since: Some(at(10)), misses: 1, last: Some(at(12)), port_free: true });
    assert_eq!(found(&second, &list(12, &[]), None).unwrap_err(), second, "the same list says nothing new");
    let lost_at = Sweep { since: Some(at(20)), ..Sweep::default() };
    assert_eq!(found(&lost_at, &list(19, &[]), None).unwrap_err(), lost_at, "begun before the answer was lost");
}

#[test]
fn an_unclear_part_is_asked_for_again_after_its_grace() {
    assert!(may_create_part(None, at(0)));
    assert!(!may_create_part(Some((at(10), 1)), at(69)));
    assert!(may_create_part(Some((at(10), 1)), at(70)));
    assert!(!may_create_part(Some((at(10), 2)), at(70)));
}

#[test]
fn limits_are_in_a_sane_order() {
    assert!(DELETED_GRACE < AMBIGUOUS_GRACE && AMBIGUOUS_GRACE < VANISHED_GRACE && VANISHED_GRACE < JOIN_LIMIT);
    assert!(AMBIGUOUS_LAST < BUILD_LIMIT && TOKEN_EVERY * 3 <= JOIN_LIMIT && GAP < JOIN_LIMIT);
}

#[test]
fn t7_a_server_that_comes_after_it_was_given_up_is_taken_and_no_other_is_asked_for() {
    let given_up = Ledger { create_attempts: 1, ..with_port() };
    let with = |standing| Observation { list: Some(list(90, &[("late", standing)])), ..seen() };
    assert_eq!(step(&given_up, &with(Standing::Coming), 100), Step::FindServer);
    assert_eq!(step(&given_up, &with(Standing::Leaving), 100), Step::CreateServer, "one that is being deleted is of no use");
    let end = |list| step(&going(given_up.clone()), &Observation { list, ..without_token() }, 100);
    assert_eq!(
        [end(None), end(Some(list(90, &[("late", Standing::Leaving)]))), end(empty_list(90))],
        [Step::FindServer, Step::FindServer, Step::LookForParts]
    );
}
