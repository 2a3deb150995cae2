//! A control plane on the bridge, started for real as root: pods reach it, a `kill -9` leaves nothing that lasts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::network::{BRIDGE, bridge_alias};
use super::processes::run_now;
use super::tests::{programs, temporary_dir};
use super::{Address, ControlPlane, Options};

const PROBE: &str = "gantry-probe";
const DIR_VARIABLE: &str = "GANTRY_TEST_DIR";
const IP_FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";
const HARNESS: &str = "kubernetes::bridge_tests::a_harness_that_waits_to_be_killed";

#[tokio::test]
async fn a_killed_harness_leaves_nothing_that_the_next_start_and_stop_do_not_clear() {
    if !rustix::process::geteuid().is_root() || bridge_alias().is_some() {
        println!("skipped: needs root and a machine without another environment");
        return;
    }
    let Some(bin_dir) = programs().await else { return };
    let (dir, forward) = (temporary_dir(), fs::read_to_string(IP_FORWARD).unwrap());

    let (mut harness, pids) = start_harness(&dir).await;
    connect_probe();
    harness.kill().await.unwrap(); // SIGKILL
    wait_until_gone(&pids).await;

    let options = Options::new(&bin_dir, &dir, Address::Bridge);
    let control_plane = ControlPlane::start(options).await.unwrap();
    println!("on the bridge, usable after {:?}", control_plane.started_in());
    assert!(!Path::new("/run/netns").join(PROBE).exists(), "the dead run's namespace is still there");
    connect_probe();
    assert_eq!(ask_from_probe(&bin_dir, control_plane.kubeconfig()), "ok");
    let second = Options::new(&bin_dir, temporary_dir(), Address::Bridge);
    let refused = ControlPlane::start(second.clone()).await.err().unwrap().to_string();
    fs::remove_dir_all(second.dir).unwrap();
    assert!(refused.starts_with("another environment runs on this machine"), "{refused}");

    run_now("ip", ["netns", "delete", PROBE]).unwrap();
    control_plane.stop().await.unwrap();
    let rules = run_now("iptables-save", [""; 0]).unwrap();
    assert!(!rules.contains("GANTRY"), "{rules}");
    assert_eq!((bridge_alias(), fs::read_to_string(IP_FORWARD).unwrap()), (None, forward));
}

#[tokio::test]
#[ignore = "is run, and killed, by the test above"]
async fn a_harness_that_waits_to_be_killed() {
    let Ok(dir) = std::env::var(DIR_VARIABLE) else { return };
    let Some(bin_dir) = programs().await else { return };
    let control_plane = ControlPlane::start(Options::new(bin_dir, dir, Address::Bridge)).await.unwrap();
    println!("\npids {:?}", control_plane.pids());
    tokio::time::sleep(Duration::from_secs(600)).await;
}

/// Starts the test above in a process of its own; gives it with the ids of the programs that it started.
async fn start_harness(dir: &Path) -> (Child, Vec<u32>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([HARNESS, "--exact", "--ignored", "--nocapture"]).env(DIR_VARIABLE, dir);
    let mut harness = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(harness.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(list) = line.strip_prefix("pids ") {
            return (harness, serde_json::from_str(list).unwrap());
        }
    }
    panic!("the harness ended before its control plane was ready");
}

async fn wait_until_gone(pids: &[u32]) {
    assert_eq!(pids.len(), 5);
    for _ in 0..100 {
        if !pids.iter().any(|pid| PathBuf::from(format!("/proc/{pid}/exe")).exists()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("some of {pids:?} outlived the harness");
}

/// What a guest is to the network: a namespace whose default route is the bridge, with a pod's address behind it.
fn connect_probe() {
    let steps = [
        format!("netns add {PROBE}"),
        format!("link add probe0 type veth peer name eth0 netns {PROBE}"),
        format!("link set probe0 master {BRIDGE} up"),
        format!("-n {PROBE} address add 10.78.255.9/16 dev eth0"),
        format!("-n {PROBE} link set eth0 up"),
        format!("-n {PROBE} link set lo up"),
        format!("-n {PROBE} route add default via 10.78.0.1"),
    ];
    for step in steps {
        run_now("ip", step.split_whitespace()).unwrap();
    }
}

/// Asks the API server whether it is ready, by the address of the service `kubernetes`.
fn ask_from_probe(bin_dir: &Path, kubeconfig: &Path) -> String {
    let namespace = format!("--net=/run/netns/{PROBE}");
    let kubectl = bin_dir.join("kubectl").display().to_string();
    let kubeconfig = kubeconfig.display().to_string();
    let ask = ["--server=https://10.96.0.1:443", "get", "--raw", "/readyz", "--request-timeout=10s"];
    let arguments = [namespace.as_str(), &kubectl, "--kubeconfig", &kubeconfig];
    run_now("nsenter", arguments.iter().chain(&ask)).unwrap()
}
