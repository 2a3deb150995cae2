//! Which Events are written, and which are counted together with one that was: pure.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use sha2::{Digest, Sha256};

use super::EventRef;

/// Who reports.
const COMPONENT: &str = "gantry";
/// A repeat is written at most this often; in between it is only counted.
const COUNT_EVERY: Duration = Duration::from_secs(30);
/// Repeats are counted together while none of them is further from the one before than this.
const WINDOW: Duration = Duration::from_secs(30 * 60);
/// Series that are remembered; beyond, repeats become Events of their own.
const MAX_SERIES: usize = 4096;
/// Longest message that the API takes, in bytes.
const MAX_MESSAGE: usize = 1024;
/// Characters of the object's name that go into the Event's, which may have 253.
const MAX_NAME: usize = 230;

/// An Event as it was emitted.
#[derive(Clone, Debug)]
pub(super) struct Emitted {
    pub about: EventRef,
    pub kind: String,
    pub reason: String,
    pub message: String,
    pub at: Timestamp,
}

/// What to do with an Event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// It is new.
    Create,
    /// It is there; its count and time have changed.
    Count,
}

/// A write to the API server.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Write {
    pub verb: Verb,
    pub event: Event,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    uid: String,
    kind: String,
    reason: String,
    message: String,
}

#[derive(Debug)]
struct Series {
    event: Event,
    count: i32,
    written: i32,
    last: Timestamp,
    written_at: Timestamp,
}

/// All series that are remembered.
#[derive(Debug)]
pub(super) struct All {
    reporter: String,
    series: HashMap<Key, Series>,
}

impl All {
    pub(super) fn new(reporter: &str) -> Self {
        Self { reporter: reporter.into(), series: HashMap::new() }
    }

    /// Takes an Event; what to write now, if anything.
    pub(super) fn take(&mut self, emitted: Emitted) -> Option<Write> {
        let message = shorten(&emitted.message);
        let key = Key { uid: emitted.about.uid.clone(), kind: emitted.kind.clone(), reason: emitted.reason.clone(), message };
        match self.series.get_mut(&key) {
            Some(series) if emitted.at.duration_since(series.last).unsigned_abs() <= WINDOW => {
                series.count = series.count.saturating_add(1);
                series.last = emitted.at;
                series.write_if_due(emitted.at)
            }
            _ => {
                self.make_room(emitted.at);
                let event = first(&emitted, &key.message, &self.reporter);
                let series = Series { event: event.clone(), count: 1, written: 1, last: emitted.at, written_at: emitted.at };
                self.series.insert(key, series);
                Some(Write { verb: Verb::Create, event })
            }
        }
    }

    /// Repeats that have waited long enough.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Write> {
        self.series.values_mut().filter_map(|series| series.write_if_due(now)).collect()
    }

    /// Repeats that have not been written, however short they have waited.
    pub(super) fn rest(&mut self) -> Vec<Write> {
        self.series.values_mut().filter(|s| s.count > s.written).map(|s| s.write(s.last)).collect()
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.series.len() >= MAX_SERIES {
            self.series.retain(|_, s| now.duration_since(s.last).unsigned_abs() <= WINDOW);
        }
        if self.series.len() >= MAX_SERIES {
            self.series.clear();
        }
    }
}

impl Series {
    fn write_if_due(&mut self, now: Timestamp) -> Option<Write> {
        let waited = now.duration_since(self.written_at).unsigned_abs() >= COUNT_EVERY;
        (waited && self.count > self.written).then(|| self.write(now))
    }

    fn write(&mut self, now: Timestamp) -> Write {
        (self.written, self.written_at) = (self.count, now);
        self.event.count = Some(self.count);
        self.event.last_timestamp = Some(Time(self.last));
        Write { verb: Verb::Count, event: self.event.clone() }
    }
}

fn first(emitted: &Emitted, message: &str, reporter: &str) -> Event {
    let about = &emitted.about;
    let namespace = if about.namespace.is_empty() { "default" } else { &about.namespace };
    let object = (!about.namespace.is_empty()).then(|| about.namespace.clone());
    Event {
        metadata: ObjectMeta { name: Some(name(emitted, message)), namespace: Some(namespace.into()), ..Default::default() },
        involved_object: ObjectReference {
            api_version: Some(about.api_version.clone()),
            kind: Some(about.kind.clone()),
            namespace: object,
            name: Some(about.name.clone()),
            uid: Some(about.uid.clone()),
            ..Default::default()
        },
        type_: Some(emitted.kind.clone()),
        reason: Some(emitted.reason.clone()),
        message: Some(message.into()),
        count: Some(1),
        first_timestamp: Some(Time(emitted.at)),
        last_timestamp: Some(Time(emitted.at)),
        source: Some(EventSource { component: Some(COMPONENT.into()), host: None }),
        reporting_component: Some(COMPONENT.into()),
        reporting_instance: Some(reporter.into()),
        ..Default::default()
    }
}

/// The object's name and a hash of everything else: two Events never share a name, one Event never has two.
fn name(emitted: &Emitted, message: &str) -> String {
    let about = &emitted.about;
    let text = format!("{}\0{}\0{}\0{message}\0{}", about.uid, emitted.kind, emitted.reason, emitted.at.as_nanosecond());
    let hash = Sha256::digest(text).iter().take(8).map(|b| format!("{b:02x}")).collect::<String>();
    format!("{}.{hash}", shorten_to(&about.name, MAX_NAME).trim_end_matches(['.', '-']))
}

fn shorten(message: &str) -> String {
    const MARK: &str = " ...";
    if message.len() <= MAX_MESSAGE { message.into() } else { format!("{}{MARK}", shorten_to(message, MAX_MESSAGE - MARK.len())) }
}

fn shorten_to(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emitted(message: &str, second: i64) -> Emitted {
        let about = EventRef {
            api_version: "gantry.cloud/v1alpha1".into(),
            kind: "Host".into(),
            namespace: "apps".into(),
            name: "general-x7k2p".into(),
            uid: "u-1".into(),
        };
        Emitted { about, kind: "Normal".into(), reason: "Launched".into(), message: message.into(), at: at(second) }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn summary(write: Option<Write>) -> Option<(Verb, i32)> {
        write.map(|w| (w.verb, w.event.count.unwrap()))
    }

    #[test]
    fn repeats_are_counted_and_written_now_and_then() {
        let mut all = All::new("pod-1");
        assert_eq!(summary(all.take(emitted("m", 0))), Some((Verb::Create, 1)));
        assert_eq!(summary(all.take(emitted("m", 1))), None);
        assert_eq!(summary(all.take(emitted("m", 2))), None);
        assert!(all.due(at(29)).is_empty());
        let due = all.due(at(31));
        assert_eq!(
            due.iter().map(|w| (w.verb, w.event.count, w.event.last_timestamp.clone())).collect::<Vec<_>>(),
            [(Verb::Count, Some(3), Some(Time(at(2))))]
        );
        assert!(all.due(at(99)).is_empty());
    }

    #[test]
    fn another_message_is_another_event() {
        let mut all = All::new("pod-1");
        let one = all.take(emitted("m", 0)).unwrap().event.metadata.name;
        let two = all.take(emitted("n", 0)).unwrap().event.metadata.name;
        assert_ne!(one, two);
    }

    #[test]
    fn a_repeat_after_a_long_time_is_an_event_of_its_own() {
        let mut all = All::new("pod-1");
        all.take(emitted("m", 0));
        assert_eq!(summary(all.take(emitted("m", 3600))), Some((Verb::Create, 1)));
    }

    #[test]
    fn at_the_end_nothing_is_left() {
        let mut all = All::new("pod-1");
        all.take(emitted("m", 0));
        all.take(emitted("m", 1));
        assert_eq!(all.rest().len(), 1);
        assert_eq!(all.rest().len(), 0);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut all = All::new("pod-1");
        for n in 0..(MAX_SERIES * 2 + 5) {
            all.take(emitted(&n.to_string(), 0));
            assert!(all.series.len() <= MAX_SERIES);
        }
    }

    #[test]
    fn events_of_cluster_scoped_objects_are_in_default() {
        let mut node = emitted("m", 0);
        node.about.namespace.clear();
        let event = All::new("pod-1").take(node).unwrap().event;
        assert_eq!((event.metadata.namespace.as_deref(), event.involved_object.namespace), (Some("default"), None));
    }

    #[test]
    fn long_messages_and_names_are_cut_between_characters() {
        let mut long = emitted(&"ü".repeat(2000), 0);
        long.about.name = "n".repeat(253);
        let event = All::new("pod-1").take(long).unwrap().event;
        assert!(event.message.unwrap().len() <= MAX_MESSAGE);
        assert!(event.metadata.name.unwrap().len() <= 253);
    }
}
