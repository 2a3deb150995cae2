//! Pod affinity and anti-affinity.

use super::*;

fn affine(terms: Vec<PodTerm>) -> Pod {
    with(app("p", "web"), |spec| spec.affinity = terms)
}

fn averse(terms: Vec<PodTerm>) -> Pod {
    with(app("p", "web"), |spec| spec.anti_affinity = terms)
}

#[test]
fn affinity_wants_company_in_its_domain() {
    let world = world_of(nodes(), vec![running("db", "db", "a1")]);
    assert_eq!(
        (fitting(&world, &affine(vec![term("db", ZONE)])), fitting(&world, &affine(vec![term("db", HOSTNAME)]))),
        (vec!["a1".to_owned(), "a2".to_owned()], vec!["a1".to_owned()])
    );
}

#[test]
fn one_pod_must_meet_all_terms() {
    let world = world_of(nodes(), vec![running("db", "db", "a1"), running("web", "web", "a1")]);
    assert_eq!(fitting(&world, &affine(vec![term("db", ZONE), term("web", ZONE)])), Vec::<String>::new());
}

#[test]
fn the_first_of_a_group_that_wants_its_own_company_may_go_anywhere_with_the_key() {
    let mut nodes = nodes();
    Arc::make_mut(&mut nodes[2].labels).remove(ZONE);
    let own = affine(vec![term("web", ZONE)]);
    assert_eq!(fitting(&world_of(nodes.clone(), vec![]), &own), ["a1", "a2"]);
    assert_eq!(fitting(&world_of(nodes.clone(), vec![running("first", "web", "a1")]), &own), ["a1", "a2"]);
    let unplaced = running("first", "web", "b1");
    assert_eq!(fitting(&world_of(nodes, vec![unplaced]), &own), ["a1", "a2"], "a pod in no domain is no company");
}

#[test]
fn a_pod_that_wants_others_waits_for_them() {
    assert_eq!(
        why(&world_of(nodes(), vec![]), &affine(vec![term("db", ZONE)])),
        "pod affinity: no pod with app=db in this topology.kubernetes.io/zone"
    );
}

#[test]
fn anti_affinity_keeps_away_from_the_domain_and_a_node_without_the_key_has_none() {
    let mut nodes = nodes();
    Arc::make_mut(&mut nodes[1].labels).remove(ZONE);
    let world = world_of(nodes, vec![running("db", "db", "a1")]);
    assert_eq!(fitting(&world, &averse(vec![term("db", ZONE)])), ["a2", "b1"]);
    assert_eq!(
        why(&world, &averse(vec![term("db", ZONE)])),
        "pod anti-affinity: a pod with app=db is in this topology.kubernetes.io/zone; another topology.kubernetes.io/zone helps"
    );
}

#[test]
fn running_pods_keep_those_away_that_their_terms_mean() {
    let holder = with(running("db", "db", "a1"), |spec| spec.anti_affinity = vec![term("web", ZONE)]);
    let world = world_of(nodes(), vec![holder]);
    assert_eq!((fitting(&world, &app("p", "web")), fitting(&world, &app("p", "db")).len()), (vec!["b1".to_owned()], 3));
    assert_eq!(
        why(&world, &app("p", "web")),
        "a running pod's anti-affinity keeps pods with app=web out of this topology.kubernetes.io/zone; \
         another topology.kubernetes.io/zone helps"
    );
}

#[test]
fn terminating_pods_still_count() {
    let mut going = running("db", "db", "a1");
    going.terminating = true;
    assert_eq!(fitting(&world_of(nodes(), vec![going]), &averse(vec![term("db", ZONE)])), ["b1"]);
}

#[test]
fn namespaces_are_named_or_chosen_by_their_labels() {
    let elsewhere = in_namespace(running("db", "db", "a1"), "other");
    let world = world_of(nodes(), vec![elsewhere]);
    let choosing = |namespaces: &[&str], namespace_selector| {
        let namespaces = namespaces.iter().map(ToString::to_string).collect();
        fitting(&world, &averse(vec![PodTerm { namespaces, namespace_selector, ..term("db", ZONE) }])).len()
    };
    assert_eq!(
        [
            choosing(&["apps"], None),
            choosing(&["other"], None),
            choosing(&[], selector(&[("team", "data")])),
            choosing(&[], selector(&[("team", "web")])),
            choosing(&[], selector(&[])),
            choosing(&[], None),
        ],
        [3, 1, 1, 3, 1, 3]
    );
}

#[test]
fn a_namespace_that_is_not_there_is_meant_by_an_empty_selector_only() {
    let ghost = in_namespace(running("db", "db", "a1"), "ghost");
    let world = world_of(nodes(), vec![ghost]);
    let not_web = Selector { expressions: vec![crate::fixtures::expression("team", "NotIn", &["web"])], ..Selector::default() };
    let choosing = |namespace_selector| {
        fitting(&world, &averse(vec![PodTerm { namespaces: Vec::new(), namespace_selector, ..term("db", ZONE) }])).len()
    };
    assert_eq!([choosing(selector(&[])), choosing(Some(not_web.clone()))], [1, 3]);
    let refusing = PodTerm { namespaces: Vec::new(), namespace_selector: Some(not_web), ..term("web", ZONE) };
    let holder = with(running("db", "db", "a1"), |spec| spec.anti_affinity = vec![refusing]);
    let guest = in_namespace(app("p", "web"), "ghost");
    assert_eq!(fitting(&world_of(nodes(), vec![holder]), &guest), ["b1"], "for a running pod's term it has no labels");
}
