//! A decision, fetched over HTTP as `curl` would and piped to `gantry plan -f -`, is made again to the same commands, and tells no secret.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use gantry::offline::plan_bytes;
use gantry::serve::{Served, answer};
use gantry_plan::Plan;
use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Effort that the decision may take.
const UNITS: u64 = 20_000;
/// In the input, wherever something secret may be written; never in a decision.
const SECRET: &str = "hunter2";

const CLOUD: &str = include_str!("../../examples/plan/cluster/cloud.yaml");

/// A waiting pod with everything that may be secret about it.
fn pod(name: &str, cpu: &str, memory: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"Pod",
            "metadata":{{"name":"{name}","namespace":"shop","annotations":{{"note":"{SECRET}"}}}},
            "spec":{{"schedulerName":"default-scheduler","imagePullSecrets":[{{"name":"{SECRET}"}}],
                "volumes":[{{"name":"v","secret":{{"secretName":"{SECRET}"}}}}],
                "containers":[{{"name":"c","image":"registry/{SECRET}","command":["{SECRET}"],"args":["--password={SECRET}"],
                    "env":[{{"name":"PASSWORD","value":"{SECRET}"}}],
                    "resources":{{"requests":{{"cpu":"{cpu}","memory":"{memory}"}}}}}}]}},
            "status":{{"phase":"Pending","message":"{SECRET}","conditions":[{{"type":"PodScheduled","status":"False",
                "reason":"Unschedulable","message":"{SECRET}","lastTransitionTime":"2026-11-23T02:59:00Z"}}]}}}}"#
    )
}

/// Pods of so many sizes, and prices so odd, that the first answer is not known to be the best.
fn input() -> String {
    let pods =
        (0..24).map(|at| pod(&format!("p-{at}"), &format!("{}m", at * 331 % 2_900 + 200), &format!("{}Mi", at * 1_213 % 14_000 + 500)));
    std::iter::once(CLOUD.replace("price: \"0.24\"", "price: \"0.2237\"")).chain(pods).collect::<Vec<_>>().join("\n---\n")
}

/// What `curl` prints.
async fn get(address: std::net::SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: gantry\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

/// `gantry plan -f -` of this: standard output and standard error.
fn replayed(decision: &str, output: &str) -> (String, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_gantry"));
    program.args(["plan", "-f", "-", "-o", output]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().unwrap();
    child.stdin.take().unwrap().write_all(decision.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{done:?}");
    (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
}

fn decided() -> (Served, Arc<Plan>) {
    let now: Timestamp = "2026-11-23T03:00:00Z".parse().unwrap();
    let (world, plan) = plan_bytes(input().as_bytes(), now, UNITS).unwrap();
    let (served, plan) = (Served::default(), Arc::new(plan));
    served.journal.keep(Arc::new(Default::default()), Arc::new(Plan::default()));
    served.journal.keep(Arc::new(world.snapshot), plan.clone());
    (served, plan)
}

#[tokio::test]
async fn a_decision_over_http_is_made_again_by_gantry_plan_and_tells_no_secret() {
    let (served, plan) = decided();
    assert!(plan.effort_used > 0 && plan.commands.len() > 1, "there was something to think about: {plan:?}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let serving = tokio::spawn(answer(listener, served, stop.clone()));

    let (status, decision) = get(address, "/decisions/latest").await;
    assert_eq!((status.as_str(), decision.contains(SECRET)), ("HTTP/1.1 200 OK", false));
    assert_eq!(get(address, "/decisions/2").await.1, decision);
    let (_, list) = get(address, "/decisions").await;
    assert!(list.starts_with("[{\"id\":2,") && !list.contains(SECRET), "{list}");
    assert_eq!(get(address, "/decisions/7").await.1, "there is no decision 7; /decisions lists those that are kept\n");

    let same = format!(
        "Replayed what Gantry {} with effort {} decided: the same {} commands.\n",
        env!("CARGO_PKG_VERSION"),
        plan.effort_used,
        plan.commands.len()
    );
    let (table, _) = replayed(&decision, "table");
    assert!(table.starts_with(&same), "{table}");
    for output in ["json", "yaml"] {
        let (document, told) = replayed(&decision, output);
        assert!(told.starts_with(&same) && document.contains("CreateHost"), "{told}{document}");
    }
    stop.cancel();
    serving.await.unwrap();
}
