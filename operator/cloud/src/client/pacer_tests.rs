use super::*;
use futures::future::join_all;
use tokio::time::timeout;

const MANY: u32 = 1_000;

fn pacer(requests_per_second: u32, in_flight: u32) -> Pacer {
    Pacer::new(Pacing { requests_per_second, in_flight })
}

/// Milliseconds after the start at which each of `count` requests begins; each ends at once.
async fn starts(pacer: &Pacer, count: u32) -> Vec<u128> {
    let started = Instant::now();
    let turn = || async {
        pacer.turn(Priority::Normal, None).await.map(drop).unwrap();
        started.elapsed().as_millis()
    };
    join_all((0..count).map(|_| turn())).await
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_one_second_is_let_through_and_then_the_rate_holds() {
    let pacer = pacer(10, MANY);
    let starts = starts(&pacer, 30).await;
    assert_eq!(starts[..10], [0; 10]);
    for (i, start) in starts[10..].iter().enumerate() {
        let due = 100 * (i as u128 + 1);
        assert!((due..due + 30).contains(start), "request {i}: {start} ms, due at {due}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_used_is_not_saved_beyond_a_second() {
    let pacer = pacer(10, MANY);
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(starts(&pacer, 20).await.iter().filter(|start| **start == 0).count(), 10);
}

#[tokio::test(start_paused = true)]
async fn urgent_ones_go_first_and_equals_in_turn() {
    let pacer = pacer(1, MANY);
    let order = Mutex::new(Vec::new());
    let turn = |name: &'static str, priority: Priority| {
        let (pacer, order) = (&pacer, &order);
        async move {
            pacer.turn(priority, None).await.map(drop).unwrap();
            order.lock().unwrap().push(name);
        }
    };
    let first = turn("first", Priority::Background);
    let (background, normal) = (turn("background", Priority::Background), turn("normal", Priority::Normal));
    let (urgent, later) = (turn("urgent", Priority::Urgent), turn("urgent, later", Priority::Urgent));
    futures::join!(first, background, normal, urgent, later);
    assert_eq!(*order.lock().unwrap(), ["first", "urgent", "urgent, later", "normal", "background"]);
}

#[tokio::test(start_paused = true)]
async fn so_many_are_on_the_way_and_a_quarter_is_kept_for_urgent_ones() {
    let pacer = pacer(MANY, 4);
    let mut slots = Vec::new();
    for _ in 0..3 {
        slots.push(pacer.turn(Priority::Normal, None).await.unwrap());
    }
    assert!(timeout(Duration::from_secs(1), pacer.turn(Priority::Normal, None)).await.is_err());
    slots.push(pacer.turn(Priority::Urgent, None).await.unwrap());
    assert!(timeout(Duration::from_secs(1), pacer.turn(Priority::Urgent, None)).await.is_err());
    slots.truncate(2);
    pacer.turn(Priority::Background, None).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_ends_wakes_who_waits() {
    let pacer = pacer(MANY, 1);
    let slot = pacer.turn(Priority::Urgent, None).await.unwrap();
    let waits = pacer.turn(Priority::Urgent, None);
    let ends = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(slot);
    };
    let started = Instant::now();
    let (next, ()) = futures::join!(waits, ends);
    assert!(next.is_ok() && started.elapsed() == Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_does_not_block_the_next() {
    let pacer = pacer(1, MANY);
    pacer.turn(Priority::Normal, None).await.map(drop).unwrap();
    let gives_up = timeout(Duration::from_millis(10), pacer.turn(Priority::Urgent, None));
    let (gone, next) = futures::join!(gives_up, pacer.turn(Priority::Normal, None));
    assert!(gone.is_err() && next.is_ok());
    assert_eq!(pacer.lock().waiting.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_all_and_has_a_limit() {
    let pacer = pacer(MANY, MANY);
    pacer.pause(Duration::from_secs(7));
    assert_eq!(starts(&pacer, 2).await, [7000, 7000]);
    pacer.pause(Duration::from_secs(100_000));
    assert_eq!(starts(&pacer, 1).await, [PAUSE_LIMIT.as_millis()]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_has_an_end_that_says_why() {
    let pacer = pacer(1, 1);
    let slot = pacer.turn(Priority::Urgent, None).await.unwrap();
    let error = pacer.turn(Priority::Urgent, None).await.err().unwrap();
    drop(slot);
    let told = "a request waited too long for its turn: this cloud is paced at 1 requests per second; raise spec.pacing if the cloud can take more";
    assert_eq!((error.category(), error.message()), ("OverLimit", told));
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_read_as_one() {
    assert_eq!(starts(&pacer(0, 0), 2).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_comes_too_late_is_given_up_and_harms_nobody() {
    let pacer = pacer(1, MANY);
    pacer.turn(Priority::Urgent, None).await.map(drop).unwrap();
    let started = Instant::now();
    let late = pacer.turn(Priority::Urgent, Some(started + Duration::from_millis(500))).await;
    assert!(matches!(late.err(), Some(Error::NotSent { .. })));
    assert_eq!(started.elapsed(), Duration::from_millis(500));
    let never = pacer.turn(Priority::Urgent, Some(Instant::now())).await;
    assert!(matches!(never.err(), Some(Error::NotSent { .. })));
    pacer.turn(Priority::Normal, Some(Instant::now() + Duration::from_secs(5))).await.map(drop).unwrap();
    let state = pacer.lock();
    assert_eq!((state.waiting.len(), state.in_flight), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_would_come_at_once_is_not_taken_after_its_end() {
    let pacer = pacer(MANY, 1);
    let late = pacer.turn(Priority::Urgent, Some(Instant::now())).await;
    assert!(matches!(late.err(), Some(Error::NotSent { .. })));
    pacer.turn(Priority::Urgent, None).await.map(drop).unwrap();
}
