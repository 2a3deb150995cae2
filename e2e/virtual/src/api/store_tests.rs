use super::*;

fn hosts() -> &'static Kind {
    Kind::of("configmaps").unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn object(name: &str) -> Value {
    json!({"metadata": {"name": name, "finalizers": ["a/b"]}, "data": {"x": "1"}})
}

#[test]
fn a_held_object_is_marked_and_goes_with_its_last_finalizer() {
    let mut store = Store::new(1);
    let made = store.create(hosts(), "apps", object("a"), now()).unwrap();
    let (marked, is_gone) = store.delete(hosts(), &made, 0, now());
    assert!(!is_gone && marked["metadata"]["deletionTimestamp"].is_string());
    let mut free = (*marked).clone();
    free["metadata"]["finalizers"] = json!([]);
    store.replace(hosts(), &marked, free, now()).unwrap();
    assert!(store.get(hosts(), "apps", "a").is_none());
    assert!(store.changes_after(0).last().unwrap().after.is_none());
}

#[test]
fn a_finalizer_cannot_be_added_to_an_object_that_is_being_deleted() {
    let mut store = Store::new(1);
    let made = store.create(hosts(), "apps", object("a"), now()).unwrap();
    let (marked, _) = store.delete(hosts(), &made, 0, now());
    let mut more = (*marked).clone();
    more["metadata"]["finalizers"] = json!(["a/b", "c/d"]);
    assert_eq!(store.replace(hosts(), &marked, more, now()).unwrap_err().code, 422);
}

#[test]
fn a_write_that_changes_nothing_makes_no_version() {
    let mut store = Store::new(1);
    let made = store.create(hosts(), "apps", object("a"), now()).unwrap();
    let version = store.version();
    store.replace(hosts(), &made, (*made).clone(), now()).unwrap();
    assert_eq!(store.version(), version);
}

#[test]
fn an_old_list_is_rebuilt_from_what_happened_since() {
    let mut store = Store::new(1);
    let first = store.create(hosts(), "apps", object("a"), now()).unwrap();
    let then = store.version();
    let mut changed = (*first).clone();
    changed["data"]["x"] = json!("2");
    store.replace(hosts(), &first, changed, now()).unwrap();
    store.create(hosts(), "apps", object("b"), now()).unwrap();
    assert_eq!(store.list_at(hosts(), then), [first]);
    assert_eq!(store.list(hosts(), "").count(), 2);
}

#[test]
fn the_same_seed_gives_the_same_uids() {
    let uid = |seed: u64| Store::new(seed).create(hosts(), "apps", object("a"), now()).unwrap()["metadata"]["uid"].clone();
    assert_eq!(uid(3), uid(3));
    assert_ne!(uid(3), uid(4));
}
