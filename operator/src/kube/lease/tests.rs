//! Elections in virtual time, over a lease in memory.

use std::sync::{Arc, Mutex};

use super::*;

/// A lease in memory, with faults.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    record: Option<Record>,
    version: u64,
    fault: Fault,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Fault {
    #[default]
    None,
    /// Calls never end.
    Hangs,
    /// Calls fail.
    Fails,
    /// Writes are carried out and their answers are lost.
    Mute,
    /// Writes are carried out long after the caller has given up.
    Late,
}

impl Memory {
    fn set(&self, fault: Fault) {
        self.0.lock().unwrap().fault = fault;
    }

    fn holder(&self) -> String {
        self.0.lock().unwrap().record.as_ref().map(|r| r.holder.clone()).unwrap_or_default()
    }

    fn write(&self, mut record: Record) -> Record {
        let mut state = self.0.lock().unwrap();
        state.version += 1;
        record.metadata.resource_version = Some(state.version.to_string());
        state.record = Some(record.clone());
        record
    }

    async fn fault(&self) -> Result<(), Failure> {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let fault = self.0.lock().unwrap().fault;
        match fault {
            Fault::Hangs => std::future::pending().await,
            Fault::Fails => Err(Failure::Other("503".into())),
            Fault::None | Fault::Mute | Fault::Late => Ok(()),
        }
    }

    async fn written(&self, record: Record) -> Result<Record, Failure> {
        let record = self.write(record);
        if self.0.lock().unwrap().fault == Fault::Mute { Err(Failure::Other("connection reset".into())) } else { Ok(record) }
    }

    fn version(&self) -> Option<String> {
        self.0.lock().unwrap().record.as_ref().and_then(|r| r.metadata.resource_version.clone())
    }
}

impl Store for Memory {
    async fn get(&self) -> Result<Option<Record>, Failure> {
        self.fault().await?;
        Ok(self.0.lock().unwrap().record.clone())
    }

    async fn create(&self, record: Record) -> Result<Record, Failure> {
        self.fault().await?;
        if self.version().is_some() { Err(Failure::Conflict) } else { self.written(record).await }
    }

    async fn replace(&self, record: Record) -> Result<Record, Failure> {
        self.fault().await?;
        if self.version() != record.metadata.resource_version {
            return Err(Failure::Conflict);
        }
        if self.0.lock().unwrap().fault == Fault::Late {
            let store = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(1900)).await;
                if store.version() == record.metadata.resource_version {
                    store.write(record);
                }
            });
            return std::future::pending().await;
        }
        self.written(record).await
    }
}

struct Candidate {
    handle: LeaseHandle,
    release: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

fn candidate(store: &Memory, me: &str) -> Candidate {
    let (sender, receiver) = watch::channel(Leadership::Follower);
    let release = CancellationToken::new();
    let task = tokio::spawn(run(store.clone(), me.into(), Teller { sender, metrics: Metrics::new() }, release.clone()));
    Candidate { handle: LeaseHandle(receiver), release, task }
}

impl Candidate {
    fn leads(&self) -> bool {
        self.handle.now() != Leadership::Follower
    }
}

async fn pass(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_candidates_one_leads() {
    let store = Memory::default();
    let (a, b) = (candidate(&store, "a"), candidate(&store, "b"));
    for _ in 0..600 {
        pass(0.5).await;
        assert!(!(a.leads() && b.leads()));
    }
    assert!(a.leads() != b.leads());
    let leader = if a.leads() { &a } else { &b };
    assert!(leader.handle.may_write());
}

#[tokio::test(start_paused = true)]
async fn a_leader_without_api_server_stops_before_another_begins() {
    let store = Memory::default();
    let a = candidate(&store, "a");
    pass(3.0).await;
    assert!(a.handle.may_write());
    store.set(Fault::Hangs);
    pass(10.0).await;
    assert!(!a.handle.may_write());
    pass(2.5).await;
    assert!(!a.leads() && a.task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn writes_stop_when_they_could_outlast_the_lease() {
    let store = Memory::default();
    let a = candidate(&store, "a");
    pass(3.0).await;
    store.set(Fault::Fails);
    pass(4.0).await;
    assert!(a.leads() && a.handle.may_write_for(Duration::from_secs(5)) && !a.handle.may_write_for(Duration::from_secs(11)));
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_changes_nothing() {
    let store = Memory::default();
    let a = candidate(&store, "a");
    pass(3.0).await;
    for fault in [Fault::Fails, Fault::Hangs, Fault::Mute, Fault::Late] {
        store.set(fault);
        pass(7.0).await;
        store.set(Fault::None);
        pass(5.0).await;
        assert!(a.handle.may_write());
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_died_is_replaced_when_its_lease_has_run_out() {
    let store = Memory::default();
    let a = candidate(&store, "a");
    pass(1.0).await;
    let b = candidate(&store, "b");
    pass(3.0).await;
    assert!(a.leads());
    a.task.abort();
    pass(12.0).await;
    assert!(!b.leads());
    pass(6.0).await;
    assert!(b.leads());
    assert!(matches!(b.handle.now(), Leadership::Leader { transitions: 1, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_released_lease_changes_hands_within_one_retry() {
    let store = Memory::default();
    let a = candidate(&store, "a");
    pass(1.0).await;
    let b = candidate(&store, "b");
    pass(3.0).await;
    a.release.cancel();
    a.task.await.unwrap();
    assert_eq!(store.holder(), "");
    pass(RETRY_PERIOD.as_secs_f64() + 0.1).await;
    assert!(b.leads());
}

#[tokio::test(start_paused = true)]
async fn wall_clocks_do_not_matter() {
    for wall in ["1970-01-02T00:00:00Z", "2999-01-01T00:00:00Z"] {
        let store = Memory::default();
        store.write(Record::new("gone", wall.parse().unwrap()));
        let b = candidate(&store, "b");
        pass(14.0).await;
        assert!(!b.leads(), "{wall}");
        pass(4.0).await;
        assert!(b.leads(), "{wall}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_starts_again_under_its_name_goes_on_at_once() {
    let store = Memory::default();
    let a = candidate(&store, "a");
    pass(3.0).await;
    a.task.abort();
    let again = candidate(&store, "a");
    pass(1.0).await;
    assert!(again.leads());
}

#[tokio::test(start_paused = true)]
async fn two_processes_of_one_name_do_not_both_lead() {
    let store = Memory::default();
    let a = candidate(&store, "a");
    pass(3.0).await;
    let twin = candidate(&store, "a");
    pass(RETRY_PERIOD.as_secs_f64() + 0.5).await;
    assert!(!(a.leads() && twin.leads()));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_taken_or_deleted_is_lost() {
    let store = Memory::default();
    let a = candidate(&store, "a");
    pass(3.0).await;
    store.write(Record::new("thief", Timestamp::UNIX_EPOCH));
    pass(2.5).await;
    assert!(!a.leads() && a.task.is_finished());
    let b = candidate(&store, "b");
    pass(20.0).await;
    assert!(b.leads());
    store.0.lock().unwrap().record = None;
    pass(2.5).await;
    assert!(!b.leads());
}
