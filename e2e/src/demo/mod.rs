//! `make demo`: the main job on a machine with nothing, live, with a table of times at the end.

mod screen;
mod story;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;

use crate::guest::Kind;
use crate::lab::cloud::Which;
use crate::lab::operator::Operator;
use crate::lab::{Lab, Options, chart, helm};
use screen::Screen;

/// What `make demo` is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder of the run.
    pub dir: PathBuf,
    /// Image tar of the operator, for its pod.
    pub image: PathBuf,
    /// Leave it up until Ctrl-C.
    pub keep: bool,
}

/// Runs the demo.
///
/// # Errors
/// With the reason, after everything that was started has been ended.
pub async fn run(settings: Settings) -> Result<()> {
    let start = Instant::now();
    let options = Options { guests: Kind::Auto, real_limit: 2, ..Options::light(Which::Simulated, settings.dir.clone()) };
    let mut screen = Screen::new(start);
    screen.step("starting Kubernetes, the simulated OpenStack and the guest booter (about 20 s)");
    let mut lab = Lab::start(&options, |part| eprintln!("  {part}")).await?;
    let told = tokio::select! {
        told = tell(&mut lab, &settings, &mut screen) => told,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    if settings.keep {
        stay(&lab, &told).await;
    }
    screen.step("ending what was started");
    let ended = lab.stop().await;
    told.and(ended)
}

async fn tell(lab: &mut Lab, settings: &Settings, screen: &mut Screen) -> Result<()> {
    let process = install(lab, settings, screen).await?;
    let times = story::tell(lab, screen).await;
    if let Some(operator) = process {
        operator.stop().await?;
    }
    times?.print();
    Ok(())
}

/// The chart, by Helm; the operator's pod on a real kubelet where the machine allows it, else the operator as a process.
async fn install(lab: &mut Lab, settings: &Settings, screen: &mut Screen) -> Result<Option<Operator>> {
    if let Some(why) = &lab.why_light {
        screen.step(&format!("hosts are light guests and the operator runs as a process with the chart's ServiceAccount: {why}"));
        helm::install(lab, &["replicas=0"]).await?;
        return Ok(Some(Operator::start(lab, "operator").await?));
    }
    screen.step("starting a node for the operator (a real kubelet and containerd), installing the chart with Helm");
    chart::install(lab, &settings.image).await?;
    Ok(None)
}

async fn stay(lab: &Lab, told: &Result<()>) {
    if let Err(error) = told {
        println!("\nThe demo failed: {error:#}");
    }
    println!("\nKEEP is set: everything stays up. In another terminal:\n  export KUBECONFIG={}", lab.kubeconfig().display());
    println!("  export PATH={}:$PATH\n  kubectl get gantry -A\nCtrl-C here ends it all.", lab.bin.display());
    let _ = tokio::signal::ctrl_c().await;
}
