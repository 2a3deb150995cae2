//! The life of a host with all its parts, by Gantry's own client: made, seen by its mark, deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use gantry_cloud::{
    Cloud, FloatingIpSpec, GroupSpec, Mark, PortSpec, Priority, Root, Server, ServerSpec, ServerStatus, UserData, Volume, VolumeSpec,
    VolumeStatus,
};
use tokio::time::Instant;

use super::values::Values;

/// Longest wait for a state.
const STATE_LIMIT: Duration = Duration::from_secs(60);
/// Pause between two looks.
const POLL: Duration = Duration::from_millis(300);
/// How long a creation may wait for its turn.
const TURN: Duration = Duration::from_secs(60);

/// What the cases need to name.
#[derive(Clone, Debug)]
pub struct Ids {
    /// A flavor.
    pub flavor: String,
    /// A flavor that fits nowhere.
    pub impossible: String,
    /// An image.
    pub image: String,
    /// A network with a subnet and a router.
    pub network: String,
    /// Its subnet.
    pub subnet: String,
    /// The network of floating IPs.
    pub public: String,
    /// A security group.
    pub group: String,
    /// A QoS policy.
    pub policy: String,
    /// A project.
    pub project: String,
}

impl Ids {
    /// From what was found in the cloud.
    ///
    /// # Errors
    /// If one is missing.
    pub fn new(seed: &Values) -> Result<Self> {
        let id = |name: &str| anyhow::Ok(seed.get(name)?.as_str().context("no text")?.to_owned());
        Ok(Self {
            flavor: id("small")?,
            impossible: id("impossible")?,
            image: id("image")?,
            network: id("network")?,
            subnet: id("subnet")?,
            public: id("public")?,
            group: id("nodes")?,
            policy: id("slow")?,
            project: id("project")?,
        })
    }
}

/// The moment until which a creation may be sent.
pub fn soon() -> Instant {
    Instant::now() + TURN
}

/// A mark that no other run has.
pub fn mark() -> Mark {
    Mark { host: Some(uuid::Uuid::new_v4().to_string()), cluster: uuid::Uuid::new_v4().to_string() }
}

/// A port on the network.
pub fn port(ids: &Ids, mark: &Mark) -> PortSpec {
    PortSpec {
        name: "life".to_owned(),
        network_id: ids.network.clone(),
        fixed_ips: vec![],
        security_group_ids: vec![ids.group.clone()],
        allowed_address_pairs: vec![],
        vnic_type: None,
        port_security: None,
        qos_policy_id: Some(ids.policy.clone()),
        mark: mark.clone(),
    }
}

/// A volume with the image.
pub fn volume(ids: &Ids, mark: &Mark) -> VolumeSpec {
    VolumeSpec {
        name: "life".to_owned(),
        size_gib: 10,
        volume_type: Some("ssd".to_owned()),
        zone: Some("az1".to_owned()),
        image_id: ids.image.clone(),
        metadata: BTreeMap::from([("gantry-pool".to_owned(), "p".to_owned())]),
        mark: mark.clone(),
    }
}

/// A server of the small flavor.
pub fn server(ids: &Ids, mark: &Mark, root: Root, port_ids: Vec<String>) -> ServerSpec {
    ServerSpec {
        name: "life".to_owned(),
        flavor_id: ids.flavor.clone(),
        root,
        zone: "az1".to_owned(),
        port_ids,
        key_name: None,
        config_drive: Some(true),
        server_group: None,
        hints: BTreeMap::new(),
        metadata: BTreeMap::from([("gantry-pool".to_owned(), "p".to_owned())]),
        tags: vec!["own".to_owned()],
        mark: mark.clone(),
        user_data: UserData("#cloud-config\n{}\n".to_owned()),
    }
}

/// Makes everything, looks at it in every way, deletes everything.
///
/// # Errors
/// The first thing that is not as it should be.
pub async fn live(cloud: &dyn Cloud, ids: &Ids) -> Result<()> {
    let mark = mark();
    let name = format!("gantry/{}/p/anti-affinity/0", mark.cluster);
    let spec = GroupSpec { name: name.clone(), policy: "anti-affinity".to_owned(), max_servers_per_hypervisor: Some(2) };
    let group = cloud.create_server_group(&spec, soon()).await.context("server group")?;
    ensure!(cloud.server_groups().await?.iter().any(|one| one.id == group.id && one.name == name), "the group is not listed");
    let port = cloud.create_port(&port(ids, &mark), soon()).await.context("port")?;
    ensure!(port.mark().as_ref() == Some(&mark), "the port does not bear its mark: {port:?}");
    let volume = cloud.create_volume(&volume(ids, &mark), soon()).await.context("volume")?;
    until_volume(cloud, &volume.id, &VolumeStatus::Available).await?;
    let floating = FloatingIpSpec { network_id: ids.public.clone(), port_id: port.id.clone(), mark: mark.clone() };
    let floating = cloud.create_floating_ip(&floating, soon()).await.context("floating IP")?;
    ensure!(floating.mark().as_ref() == Some(&mark), "the floating IP does not bear its mark: {floating:?}");
    let spec =
        ServerSpec { server_group: Some(group.id.clone()), ..server(ids, &mark, Root::Volume(volume.id.clone()), vec![port.id.clone()]) };
    let server = cloud.create_server(&spec, soon()).await.context("server")?;
    let seen = until_server(cloud, &server, &ServerStatus::Active).await?;
    ensure!(seen.mark().as_ref() == Some(&mark), "the server does not bear its mark: {seen:?}");
    ensure!(seen.tags.iter().any(|tag| tag == "own") && seen.metadata["gantry-pool"] == "p", "tags or metadata are lost: {seen:?}");
    found_by_mark(cloud, &mark, [&server, &port.id, &volume.id, &floating.id]).await?;
    ensure!(cloud.server_group(&group.id).await?.members == [server.clone()], "the group has no such member");
    let held = cloud.volume(&volume.id).await?;
    ensure!(held.status == VolumeStatus::InUse && held.attached_to == [server.clone()], "the volume is not the server's: {held:?}");
    ensure!(cloud.delete_volume(&volume.id).await.is_err_and(|error| error.category() == "Conflict"), "a volume in use was not a conflict");

    cloud.delete_server(&server).await.context("delete the server")?;
    until_gone("the server", || async { cloud.server(&server).await.map(drop) }).await?;
    cloud.delete_floating_ip(&floating.id).await.context("delete the floating IP")?;
    until_volume(cloud, &volume.id, &VolumeStatus::Available).await?;
    cloud.delete_volume(&volume.id).await.context("delete the volume")?;
    cloud.delete_port(&port.id).await.context("delete the port")?;
    cloud.delete_server_group(&group.id).await.context("delete the group")?;
    until_gone("the volume", || async { cloud.volume(&volume.id).await.map(drop) }).await?;
    until_gone("the port", || async { cloud.port(&port.id).await.map(drop) }).await?;
    until_gone("the floating IP", || async { cloud.floating_ip(&floating.id).await.map(drop) }).await?;
    until_gone("the group", || async { cloud.server_group(&group.id).await.map(drop) }).await
}

/// All lists show what bears the mark, and its mark.
async fn found_by_mark(cloud: &dyn Cloud, mark: &Mark, ids: [&String; 4]) -> Result<()> {
    let [server, port, volume, floating] = ids;
    let marked = |one: Option<Mark>| one.as_ref() == Some(mark);
    let servers = cloud.servers(Priority::Normal).await?;
    ensure!(servers.iter().any(|one| one.id == *server && marked(one.mark())), "the list of servers lacks it");
    let ports: Vec<_> = cloud.ports_of(mark).await?.into_iter().map(|one| one.id).collect();
    ensure!(ports == [port.clone()], "the ports of the host are {ports:?}");
    ensure!(cloud.ports_marked(&mark.cluster).await?.iter().any(|one| one.id == *port), "the ports of the cluster lack it");
    let volumes = cloud.volumes().await?;
    ensure!(volumes.iter().any(|one| one.id == *volume && marked(one.mark())), "the list of volumes lacks it");
    ensure!(cloud.volumes_named("life").await?.iter().any(|one| one.id == *volume), "the volume is not found by name");
    let floating_ips = cloud.floating_ips().await?;
    ensure!(floating_ips.iter().any(|one| one.id == *floating && marked(one.mark())), "the list of floating IPs lacks it");
    Ok(())
}

/// Waits for a server's state.
///
/// # Errors
/// If it does not come within the limit.
pub async fn until_server(cloud: &dyn Cloud, id: &str, wanted: &ServerStatus) -> Result<Server> {
    let deadline = Instant::now() + STATE_LIMIT;
    loop {
        let server = cloud.server(id).await?;
        if server.status == *wanted {
            return Ok(server);
        }
        if Instant::now() > deadline {
            bail!("the server is {:?} after {} s, not {wanted:?}: {:?}", server.status, STATE_LIMIT.as_secs(), server.fault);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Waits for a volume's state.
///
/// # Errors
/// If it does not come within the limit.
pub async fn until_volume(cloud: &dyn Cloud, id: &str, wanted: &VolumeStatus) -> Result<Volume> {
    let deadline = Instant::now() + STATE_LIMIT;
    loop {
        let volume = cloud.volume(id).await?;
        if volume.status == *wanted {
            return Ok(volume);
        }
        if Instant::now() > deadline {
            bail!("the volume is {:?} after {} s, not {wanted:?}", volume.status, STATE_LIMIT.as_secs());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Waits until a look says NotFound.
async fn until_gone<F: Future<Output = gantry_cloud::Result<()>>>(what: &str, look: impl Fn() -> F) -> Result<()> {
    let deadline = Instant::now() + STATE_LIMIT;
    loop {
        match look().await {
            Err(error) if error.category() == "NotFound" => return Ok(()),
            other if Instant::now() > deadline => bail!("{what} is still there after {} s: {other:?}", STATE_LIMIT.as_secs()),
            _ => tokio::time::sleep(POLL).await,
        }
    }
}
