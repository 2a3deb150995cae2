//! `gantry leftovers`: what a cluster has in a project, and its clean-up, without Kubernetes and without an operator.

mod removal;
mod table;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use gantry_cloud::{Cloud, CloudConfig, OpenStack, Pacing, Priority, SecretFiles, no_hook};
use gantry_plan::sweep::{Kind, Thing};

pub use self::removal::Kept;
use crate::control::sweep::things;

/// Nothing bears the UID, or nothing does any more.
const NOTHING_LEFT: u8 = 0;
/// Something does.
const SOMETHING_LEFT: u8 = 3;

/// `gantry leftovers`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// File with the credentials.
    #[arg(long, default_value = "clouds.yaml", env = "OS_CLIENT_CONFIG_FILE")]
    pub clouds_yaml: PathBuf,
    /// Entry of that file.
    #[arg(long, default_value = "openstack", env = "OS_CLOUD")]
    pub cloud: String,
    /// File with the CA of a private cloud, in PEM.
    #[arg(long)]
    pub cacert: Option<PathBuf>,
    /// UID of the cluster's namespace kube-system: kubectl get namespace kube-system -o jsonpath={.metadata.uid}
    #[arg(long)]
    pub cluster_uid: String,
    /// Delete what is listed. Stop the cluster's operator first: it would make anew what its Hosts ask for.
    #[arg(long)]
    pub delete: bool,
    /// Volumes that were kept on purpose too.
    #[arg(long, requires = "delete")]
    pub kept_volumes: bool,
    /// Do not only say what --delete would do.
    #[arg(long, requires = "delete")]
    pub yes: bool,
}

/// What is to be done in a project.
#[derive(Clone, Debug)]
pub struct Wish {
    /// UID of the cluster's namespace kube-system.
    pub cluster: String,
    /// What becomes of what is found.
    pub action: Action,
    /// What becomes of volumes that were kept on purpose.
    pub kept: Kept,
}

/// What becomes of what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is listed.
    List,
    /// It is listed, with what a deletion would take.
    Ask,
    /// It is deleted.
    Delete,
}

/// `gantry leftovers`: the exit code is 0 if nothing is left, 3 if something is.
///
/// # Errors
/// If the credentials cannot be used, or a list failed.
pub async fn run(options: Options, out: &mut (dyn Write + Send)) -> Result<ExitCode> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let action = match (options.delete, options.yes) {
        (false, _) => Action::List,
        (true, false) => Action::Ask,
        (true, true) => Action::Delete,
    };
    let kept = if options.kept_volumes { Kept::Deleted } else { Kept::Spared };
    let wish = Wish { cluster: options.cluster_uid.trim().to_owned(), action, kept };
    let left = work(&client(&options)?, &wish, out).await?;
    Ok(ExitCode::from(if left.is_empty() { NOTHING_LEFT } else { SOMETHING_LEFT }))
}

/// Does what is wished in one project; the answer is what bears the cluster's UID afterwards.
///
/// # Errors
/// If there is no UID, the log-in or a list failed, or nothing can be written to `out`.
pub async fn work(client: &Arc<dyn Cloud>, wish: &Wish, out: &mut (dyn Write + Send)) -> Result<Vec<Thing>> {
    let cluster = &wish.cluster;
    if cluster.is_empty() {
        bail!("--cluster-uid is empty: it is the UID of the namespace kube-system, and nothing that bears no UID is touched");
    }
    let identity = client.identity().await.context("cannot log in")?;
    let found = found(client, cluster).await?;
    writeln!(out, "project {}, region {}, cluster {cluster}", identity.project_id, identity.region)?;
    write!(out, "{}", table::table(&found))?;
    let doomed = removal::doomed(&found, wish.kept);
    if wish.action == Action::List || doomed.is_empty() {
        return Ok(found);
    }
    if wish.action == Action::Ask {
        writeln!(out, "--delete would delete {}; say --yes to do it, once the cluster's operator is stopped", table::count(&doomed))?;
        return Ok(found);
    }
    let left = removal::run(client, cluster, wish.kept, out).await?;
    writeln!(out, "{} left", table::count(&left.iter().collect::<Vec<_>>()))?;
    Ok(left)
}

/// Deletes everything that bears the cluster's UID but kept volumes; the answer is how much is left of what was to go.
///
/// # Errors
/// As of [`work`].
pub async fn clean_up(client: &Arc<dyn Cloud>, cluster: &str, out: &mut (dyn Write + Send)) -> Result<usize> {
    let wish = Wish { cluster: cluster.to_owned(), action: Action::Delete, kept: Kept::Spared };
    let left = work(client, &wish, out).await?;
    Ok(removal::doomed(&left, wish.kept).len())
}

fn client(options: &Options) -> Result<Arc<dyn Cloud>> {
    let read = |path: &PathBuf| std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()));
    let yaml = read(&options.clouds_yaml)?;
    let cacert = options.cacert.as_ref().map(read).transpose()?;
    let files = SecretFiles { cacert: cacert.as_deref(), ..SecretFiles::default() };
    let config = CloudConfig::from_clouds_yaml(&yaml, &options.cloud, files)?;
    Ok(Arc::new(OpenStack::connect(config, Pacing::default(), no_hook())?))
}

/// Everything that bears the cluster's UID, in the order in which it is deleted.
async fn found(client: &Arc<dyn Cloud>, cluster: &str) -> Result<Vec<Thing>> {
    let servers = client.servers(Priority::Normal).await.context("the servers cannot be listed")?;
    let collected = things::collect(client, cluster, servers.iter().map(things::server).collect(), &BTreeSet::new()).await;
    if let Some((kind, error)) = collected.failed.into_iter().next() {
        return Err(error).with_context(|| format!("{} of this project cannot be listed", plural(kind)));
    }
    let mut ours: Vec<Thing> = collected.things.into_iter().filter(|thing| thing.cluster == cluster).collect();
    ours.sort_by(|a, b| (a.kind, &a.name, &a.id).cmp(&(b.kind, &b.name, &b.id)));
    Ok(ours)
}

fn plural(kind: Kind) -> String {
    format!("{kind}s")
}
