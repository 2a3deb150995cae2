use super::*;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::time::{advance, sleep};

/// A Keystone whose log-ins take 100 ms.
#[derive(Default)]
struct Keystone {
    asked: AtomicU32,
    down: std::sync::atomic::AtomicBool,
}

const LIFE: Duration = Duration::from_secs(1000);

impl LogIn for Keystone {
    async fn log_in(&self) -> Result<Session> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let issued = Instant::now();
        sleep(Duration::from_millis(100)).await;
        if self.down.load(Ordering::Relaxed) {
            return Err(Error::Transient { message: format!("failure {number}"), request_id: None });
        }
        let url = url::Url::parse("http://cloud").unwrap();
        let endpoints =
            Endpoints { region: String::new(), compute: url.clone(), network: url.clone(), image: url.clone(), volume: Ok(url) };
        Ok(Session::new(Secret::new(format!("token-{number}")), String::new(), endpoints, issued, LIFE))
    }
}

impl Keystone {
    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }

    fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn many_who_need_a_token_make_one_log_in() {
    let (keystone, sessions) = (Keystone::default(), Sessions::default());
    let all = futures::future::join_all((0..50).map(|_| sessions.get(&keystone))).await;
    assert!(all.iter().all(|session| session.as_ref().unwrap().token.reveal() == "token-1"));
    assert_eq!(keystone.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_at_four_fifths_of_its_life() {
    let (keystone, sessions) = (Keystone::default(), Sessions::default());
    sessions.get(&keystone).await.unwrap();
    advance(LIFE.mul_f64(0.79)).await;
    assert_eq!(sessions.get(&keystone).await.unwrap().token.reveal(), "token-1");
    advance(LIFE.mul_f64(0.02)).await;
    let both = futures::future::join(sessions.get(&keystone), sessions.get(&keystone)).await;
    let tokens = [both.0.unwrap(), both.1.unwrap()].map(|session| session.token.reveal().to_owned());
    assert_eq!(tokens, ["token-2", "token-1"], "one renews, the other does not wait");
    assert_eq!(keystone.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_is_no_harm_while_the_token_holds() {
    let (keystone, sessions) = (Keystone::default(), Sessions::default());
    sessions.get(&keystone).await.unwrap();
    keystone.set_down(true);
    advance(LIFE.mul_f64(0.9)).await;
    assert_eq!(sessions.get(&keystone).await.unwrap().token.reveal(), "token-1");
    advance(LIFE.mul_f64(0.11)).await;
    assert!(sessions.get(&keystone).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_keystone_is_left_alone_for_a_time_that_grows() {
    let (keystone, sessions) = (Keystone::default(), Sessions::default());
    keystone.set_down(true);
    let started = Instant::now();
    let mut log_ins = Vec::new();
    while started.elapsed() < Duration::from_secs(300) {
        let before = keystone.asked();
        sessions.get(&keystone).await.unwrap_err();
        if keystone.asked() > before {
            log_ins.push(started.elapsed().as_secs());
        }
        advance(Duration::from_millis(50)).await;
    }
    assert_eq!(log_ins, [0, 1, 3, 7, 15, 31, 63, 123, 183, 244]);
    keystone.set_down(false);
    advance(Duration::from_secs(60)).await;
    sessions.get(&keystone).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_remembered_in_its_own_words() {
    let (keystone, sessions) = (Keystone::default(), Sessions::default());
    keystone.set_down(true);
    let first = sessions.get(&keystone).await.unwrap_err();
    let second = sessions.get(&keystone).await.unwrap_err();
    assert_eq!(first, second);
}

#[tokio::test(start_paused = true)]
async fn those_whose_token_was_refused_share_the_next() {
    let (keystone, sessions) = (Keystone::default(), Sessions::default());
    let refused = sessions.get(&keystone).await.unwrap();
    advance(Duration::from_secs(2)).await;
    let all = futures::future::join_all((0..20).map(|_| sessions.renew(&keystone, &refused))).await;
    assert!(all.iter().all(|session| session.as_ref().unwrap().token.reveal() == "token-2"));
    assert_eq!(keystone.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_refused_right_after_its_issue_is_not_replaced() {
    let (keystone, sessions) = (Keystone::default(), Sessions::default());
    let refused = sessions.get(&keystone).await.unwrap();
    let error = sessions.renew(&keystone, &refused).await.unwrap_err();
    assert_eq!((error.category(), keystone.asked()), ("Unauthorized", 1));
}
