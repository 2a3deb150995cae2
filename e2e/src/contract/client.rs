//! Gantry's own client through the same situations: what it calls an error must be the same word on both clouds.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use gantry_cloud::{
    AddressPair, Cloud, CloudConfig, FaultMeaning, FixedIp, FloatingIpSpec, GroupSpec, Lookup, Named, OpenStack, Pacing, PortSpec, QuotaOf,
    Root, SecretFiles, ServerSpec, ServerStatus, UserData, VolumeSpec, no_hook,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::life::{self, Ids, mark, soon};
use super::runner::Count;
use super::session::{Ask, Session};
use super::values::Values;

/// Name of the group.
pub const NAME: &str = "gantry-cloud";
/// An id that nothing has.
const NOWHERE: &str = "00000000-0000-0000-0000-000000000000";

/// Runs all cases by the member's password.
///
/// # Errors
/// If the client cannot be made.
pub async fn run(session: &Session, seed: &Values, clouds_yaml: &Path) -> Result<Count> {
    let text = std::fs::read_to_string(clouds_yaml)?;
    let cloud = connect(&text, "openstack")?;
    let ids = Ids::new(seed)?;
    let mut cases = Cases { cloud: &cloud, ids, session, count: Count::default() };
    // The flavor that fits nowhere must not fail by a quota.
    let nova = format!("/os-quota-sets/{}", cases.ids.project);
    cases.lower("compute", &nova, json!({"quota_set": {"cores": -1, "ram": -1, "force": true}})).await?;
    cases.offers().await;
    cases.not_found().await;
    cases.servers().await;
    cases.ports().await;
    cases.volumes().await;
    cases.floating_ips().await;
    let whole = life::live(&cloud, &cases.ids).await;
    cases.count.note("the life of a host with all its parts", whole);
    cases.credentials(&text).await?;
    cases.quotas().await?;
    Ok(cases.count)
}

/// A client for an entry of a clouds.yaml.
///
/// # Errors
/// If the entry is not understood.
pub fn connect(clouds_yaml: &str, entry: &str) -> Result<OpenStack> {
    let config = CloudConfig::from_clouds_yaml(clouds_yaml, entry, SecretFiles::default())?;
    Ok(OpenStack::connect(config, Pacing::default(), no_hook())?)
}

struct Cases<'a> {
    cloud: &'a OpenStack,
    ids: Ids,
    session: &'a Session,
    count: Count,
}

impl Cases<'_> {
    /// A case that must end in an error of this category.
    fn refused<T: Debug>(&mut self, name: &str, category: &str, outcome: gantry_cloud::Result<T>) {
        let result = match outcome {
            Err(error) if error.category() == category => Ok(()),
            Err(error) => Err(anyhow::anyhow!("wanted {category}, found {}: {error}", error.category())),
            Ok(answer) => Err(anyhow::anyhow!("wanted {category}, found {answer:?}")),
        };
        self.count.note(name, result);
    }

    /// A case that must find just this.
    fn finds(&mut self, name: &str, id: Option<&str>, outcome: gantry_cloud::Result<Vec<Named>>) {
        let result = outcome.map_err(anyhow::Error::from).and_then(|found| {
            ensure!(found.iter().map(|one| one.id.as_str()).eq(id), "wanted {id:?}, found {found:?}");
            Ok(())
        });
        self.count.note(name, result);
    }

    async fn offers(&mut self) {
        let (cloud, ids) = (self.cloud, self.ids.clone());
        let by_name = |name: &str| Lookup::Name(name.to_owned());
        let by_id = |id: &str| Lookup::Id(id.to_owned());
        let tagged = |tag: &str| Lookup::Labelled { tags: vec![tag.to_owned()], properties: BTreeMap::new() };
        let distro =
            |name: &str| Lookup::Labelled { tags: vec![], properties: BTreeMap::from([("os_distro".to_owned(), name.to_owned())]) };
        self.finds("an image by name", Some(&ids.image), cloud.images(&by_name("debian-12-k8s")).await);
        self.finds("an image by id", Some(&ids.image), cloud.images(&by_id(&ids.image)).await);
        self.finds("an image by tag", Some(&ids.image), cloud.images(&tagged("gantry")).await);
        self.finds("an image by property", Some(&ids.image), cloud.images(&distro("debian")).await);
        self.finds("no image by another property", None, cloud.images(&distro("plan9")).await);
        self.finds("no image by another name", None, cloud.images(&by_name("debian")).await);
        self.finds("no image by an unknown id", None, cloud.images(&by_id(NOWHERE)).await);
        self.finds("a network by name", Some(&ids.network), cloud.networks(&by_name("apps")).await);
        self.finds("a network by id", Some(&ids.network), cloud.networks(&by_id(&ids.network)).await);
        self.finds("no network by a tag that none has", None, cloud.networks(&tagged("none")).await);
        self.finds("no network by an unknown id", None, cloud.networks(&by_id(NOWHERE)).await);
        self.finds("a subnet by name", Some(&ids.subnet), cloud.subnets(&by_name("apps-v4")).await);
        self.finds("a security group by name", Some(&ids.group), cloud.security_groups(&by_name("nodes")).await);
        self.finds("a QoS policy by name", Some(&ids.policy), cloud.qos_policies(&by_name("slow")).await);
        self.finds("no QoS policy by another name", None, cloud.qos_policies(&by_name("fast")).await);
        let lists = self.lists().await;
        self.count.note("project, flavors, zones and quota", lists);
    }

    async fn lists(&self) -> Result<()> {
        ensure!(self.cloud.identity().await?.project_id == self.ids.project, "another project");
        let flavors = self.cloud.flavors().await?;
        let small = flavors.iter().find(|one| one.id == self.ids.flavor).context("no such flavor")?;
        ensure!((small.name.as_str(), small.vcpus, small.memory_mib, small.disk_gib) == ("m1.small", 2, 2048, 10), "{small:?}");
        let zones = self.cloud.zones().await?;
        ensure!(zones == ["az1", "az2"], "{zones:?}");
        let quota = self.cloud.quota(&[QuotaOf::Network, QuotaOf::Volumes]).await?;
        let known = [quota.server_groups, quota.ports, quota.floating_ips, quota.volumes, quota.gigabytes];
        ensure!(known.iter().all(Option::is_some) && quota.server_group_members.is_some() && quota.cores.used == 0, "{quota:?}");
        Ok(())
    }

    async fn not_found(&mut self) {
        let cloud = self.cloud;
        self.refused("an unknown server is NotFound", "NotFound", cloud.server(NOWHERE).await);
        self.refused("an unknown port is NotFound", "NotFound", cloud.port(NOWHERE).await);
        self.refused("an unknown volume is NotFound", "NotFound", cloud.volume(NOWHERE).await);
        self.refused("an unknown floating IP is NotFound", "NotFound", cloud.floating_ip(NOWHERE).await);
        self.refused("an unknown server group is NotFound", "NotFound", cloud.server_group(NOWHERE).await);
        self.refused("to delete an unknown server is NotFound", "NotFound", cloud.delete_server(NOWHERE).await);
        self.refused("to delete an unknown port is NotFound", "NotFound", cloud.delete_port(NOWHERE).await);
        self.refused("to delete an unknown volume is NotFound", "NotFound", cloud.delete_volume(NOWHERE).await);
        self.refused("to delete an unknown floating IP is NotFound", "NotFound", cloud.delete_floating_ip(NOWHERE).await);
        self.refused("to delete an unknown server group is NotFound", "NotFound", cloud.delete_server_group(NOWHERE).await);
    }

    async fn servers(&mut self) {
        let (cloud, mark) = (self.cloud, mark());
        let good = life::server(&self.ids, &mark, Root::Image(self.ids.image.clone()), vec![]);
        let nowhere = || NOWHERE.to_owned();
        let long = UserData("x".repeat(gantry_cloud::USER_DATA_LIMIT_BYTES + 1));
        let wrong: [(&str, ServerSpec); 9] = [
            ("an unknown flavor is BadSpec", ServerSpec { flavor_id: "nope".to_owned(), ..good.clone() }),
            ("an unknown image is BadSpec", ServerSpec { root: Root::Image(nowhere()), ..good.clone() }),
            ("an unknown volume is BadSpec", ServerSpec { root: Root::Volume(nowhere()), ..good.clone() }),
            ("an unknown port is BadSpec", ServerSpec { port_ids: vec![nowhere()], ..good.clone() }),
            ("an unknown key pair is BadSpec", ServerSpec { key_name: Some("nokey".to_owned()), ..good.clone() }),
            ("an unknown server group is BadSpec", ServerSpec { server_group: Some(nowhere()), ..good.clone() }),
            ("an unknown zone is BadSpec", ServerSpec { zone: "nozone".to_owned(), ..good.clone() }),
            ("a tag with a comma is BadSpec", ServerSpec { tags: vec!["a,b".to_owned()], ..good.clone() }),
            ("user data over the limit is BadSpec", ServerSpec { user_data: long, ..good.clone() }),
        ];
        let port = cloud.create_port(&life::port(&self.ids, &mark), soon()).await.map(|port| port.id).unwrap_or_default();
        let with_port =
            |spec: ServerSpec| if spec.port_ids.is_empty() { ServerSpec { port_ids: vec![port.clone()], ..spec } } else { spec };
        for (name, spec) in wrong {
            let outcome = cloud.create_server(&with_port(spec), soon()).await;
            self.refused(name, "BadSpec", outcome);
        }
        let late = cloud.create_server(&with_port(good.clone()), Instant::now()).await;
        self.refused("a creation whose time is over is not sent", "NotSent", late);
        let failed = self.no_host(&with_port(ServerSpec { flavor_id: self.ids.impossible.clone(), ..good.clone() })).await;
        self.count.note("no host with room is a fault that says NoHost", failed);
        match cloud.create_server(&with_port(good.clone()), soon()).await {
            Ok(id) => {
                let active = life::until_server(cloud, &id, &ServerStatus::Active).await.map(drop);
                self.count.note("a good server is ACTIVE", active);
                self.refused("a port in use is Conflict", "Conflict", cloud.create_server(&with_port(good), soon()).await);
                self.refused("a bound port is not deleted: Forbidden", "Forbidden", cloud.delete_port(&port).await);
            }
            Err(error) => self.count.note("a good server is accepted", Err(error.into())),
        }
    }

    async fn no_host(&self, spec: &ServerSpec) -> Result<()> {
        let id = self.cloud.create_server(spec, soon()).await?;
        let server = life::until_server(self.cloud, &id, &ServerStatus::Error).await?;
        let meaning = server.fault.as_ref().map(gantry_cloud::Fault::meaning);
        self.cloud.delete_server(&id).await?;
        ensure!(meaning == Some(FaultMeaning::NoHost), "{:?}", server.fault);
        Ok(())
    }

    async fn ports(&mut self) {
        let (cloud, mark) = (self.cloud, mark());
        let good = life::port(&self.ids, &mark);
        let at = |address: &str| vec![FixedIp { subnet_id: None, address: Some(address.to_owned()) }];
        let pair = AddressPair { address: "10.244.0.0/16".to_owned(), mac: None };
        let full = PortSpec {
            fixed_ips: at("10.78.31.31"),
            allowed_address_pairs: vec![pair],
            vnic_type: Some("normal".to_owned()),
            ..good.clone()
        };
        let made = cloud.create_port(&full, soon()).await.map_err(anyhow::Error::from).and_then(|port| {
            ensure!(port.addresses == ["10.78.31.31"] && port.mark().as_ref() == Some(&mark), "{port:?}");
            Ok(())
        });
        self.count.note("a port with all options", made);
        let open = PortSpec { port_security: Some(false), security_group_ids: vec![], ..good.clone() };
        self.count.note("a port without security", cloud.create_port(&open, soon()).await.map(drop).map_err(Into::into));
        let nowhere = || NOWHERE.to_owned();
        let wrong: [(&str, &str, PortSpec); 6] = [
            ("an unknown network is BadSpec", "BadSpec", PortSpec { network_id: nowhere(), ..good.clone() }),
            ("an unknown security group is BadSpec", "BadSpec", PortSpec { security_group_ids: vec![nowhere()], ..good.clone() }),
            ("an unknown QoS policy is BadSpec", "BadSpec", PortSpec { qos_policy_id: Some(nowhere()), ..good.clone() }),
            ("an unknown vnic type is BadSpec", "BadSpec", PortSpec { vnic_type: Some("magic".to_owned()), ..good.clone() }),
            ("an address outside is BadSpec", "BadSpec", PortSpec { fixed_ips: at("10.99.9.9"), ..good.clone() }),
            ("an address that is taken is Conflict", "Conflict", PortSpec { fixed_ips: at("10.78.31.31"), ..good }),
        ];
        for (name, category, spec) in wrong {
            let outcome = cloud.create_port(&spec, soon()).await;
            self.refused(name, category, outcome);
        }
    }

    async fn volumes(&mut self) {
        let (cloud, good) = (self.cloud, life::volume(&self.ids, &mark()));
        let wrong: [(&str, VolumeSpec); 3] = [
            ("an unknown image for a volume is BadSpec", VolumeSpec { image_id: NOWHERE.to_owned(), ..good.clone() }),
            ("an unknown volume type is BadSpec", VolumeSpec { volume_type: Some("nope".to_owned()), ..good.clone() }),
            ("an unknown zone for a volume is BadSpec", VolumeSpec { zone: Some("nozone".to_owned()), ..good }),
        ];
        for (name, spec) in wrong {
            let outcome = cloud.create_volume(&spec, soon()).await;
            self.refused(name, "BadSpec", outcome);
        }
    }

    async fn floating_ips(&mut self) {
        let (cloud, mark) = (self.cloud, mark());
        let Ok(port) = cloud.create_port(&life::port(&self.ids, &mark), soon()).await else {
            self.count.note("a port for a floating IP", Err(anyhow::anyhow!("it was refused")));
            return;
        };
        let good = FloatingIpSpec { network_id: self.ids.public.clone(), port_id: port.id, mark };
        let wrong: [(&str, FloatingIpSpec); 3] = [
            (
                "a floating IP from a network that is not external is BadSpec",
                FloatingIpSpec { network_id: self.ids.network.clone(), ..good.clone() },
            ),
            ("a floating IP from an unknown network is BadSpec", FloatingIpSpec { network_id: NOWHERE.to_owned(), ..good.clone() }),
            ("a floating IP for an unknown port is BadSpec", FloatingIpSpec { port_id: NOWHERE.to_owned(), ..good.clone() }),
        ];
        for (name, spec) in wrong {
            let outcome = cloud.create_floating_ip(&spec, soon()).await;
            self.refused(name, "BadSpec", outcome);
        }
        self.count.note("a floating IP for a port", cloud.create_floating_ip(&good, soon()).await.map(drop).map_err(Into::into));
        self.refused("a second one for the same address is Conflict", "Conflict", cloud.create_floating_ip(&good, soon()).await);
    }

    /// Quota's faces; the administrator lowers one after the other.
    async fn quotas(&mut self) -> Result<()> {
        let (cloud, ids, mark, nova) = (self.cloud, self.ids.clone(), mark(), format!("/os-quota-sets/{}", self.ids.project));
        let group = cloud
            .create_server_group(
                &GroupSpec { name: "q".to_owned(), policy: "soft-affinity".to_owned(), max_servers_per_hypervisor: None },
                soon(),
            )
            .await?;
        let port = cloud.create_port(&life::port(&ids, &mark), soon()).await?;
        let spec = life::server(&ids, &mark, Root::Image(ids.image.clone()), vec![port.id]);
        self.lower("compute", &nova, json!({"quota_set": {"cores": 1, "ram": 1, "force": true}})).await?;
        let over = cloud.create_server(&spec, soon()).await;
        let named = matches!(&over, Err(gantry_cloud::Error::Quota { resources, .. }) if resources.len() == 2);
        self.refused("Nova's quota of cores and memory is Quota", "QuotaExceeded", over);
        self.count.note("it names both", if named { Ok(()) } else { Err(anyhow::anyhow!("it does not")) });
        self.lower(
            "compute",
            &nova,
            json!({"quota_set": {"cores": 1000, "ram": 1_000_000, "server_group_members": 0, "server_groups": 0, "force": true}}),
        )
        .await?;
        let member = ServerSpec { server_group: Some(group.id.clone()), ..spec };
        self.refused("the quota of a group's members is Quota", "QuotaExceeded", cloud.create_server(&member, soon()).await);
        let another = GroupSpec { name: "r".to_owned(), policy: "soft-affinity".to_owned(), max_servers_per_hypervisor: None };
        self.refused("the quota of groups is Quota", "QuotaExceeded", cloud.create_server_group(&another, soon()).await);
        self.lower("network", &format!("/v2.0/quotas/{}", ids.project), json!({"quota": {"port": 0, "floatingip": 0, "force": true}}))
            .await?;
        self.refused("Neutron's quota of ports is Quota", "QuotaExceeded", cloud.create_port(&life::port(&ids, &mark), soon()).await);
        let floating = FloatingIpSpec { network_id: ids.public.clone(), port_id: member.port_ids[0].clone(), mark: mark.clone() };
        self.refused("Neutron's quota of floating IPs is Quota", "QuotaExceeded", cloud.create_floating_ip(&floating, soon()).await);
        self.lower("volume", &nova, json!({"quota_set": {"volumes": 0}})).await?;
        self.refused("Cinder's quota of volumes is Quota", "QuotaExceeded", cloud.create_volume(&life::volume(&ids, &mark), soon()).await);
        self.lower("volume", &nova, json!({"quota_set": {"volumes": 10, "gigabytes": 1}})).await?;
        self.refused(
            "Cinder's quota of gigabytes is Quota",
            "QuotaExceeded",
            cloud.create_volume(&life::volume(&ids, &mark), soon()).await,
        );
        Ok(())
    }

    async fn lower(&self, service: &str, path: &str, body: Value) -> Result<()> {
        let (service, path) = (service.to_owned(), path.to_owned());
        let ask = Ask { method: "PUT".to_owned(), service, path, body, who: "admin".to_owned(), headers: BTreeMap::new() };
        let answer = self.session.send(&ask).await?;
        if answer.status != 200 {
            bail!("the quota could not be set: {} {}", answer.status, answer.body);
        }
        Ok(())
    }

    async fn credentials(&mut self, clouds_yaml: &str) -> Result<()> {
        let refused = |text: &str| connect(text, "openstack");
        let wrong = refused(&clouds_yaml.replace("password: demo", "password: wrong").replace("password: \"demo\"", "password: wrong"))?;
        self.refused("a wrong password is Unauthorized", "Unauthorized", wrong.identity().await);
        let auth_url = &self.session.auth_url;
        let entry = format!(
            "clouds:\n  openstack:\n    auth_type: v3applicationcredential\n    auth:\n      auth_url: {auth_url}\n      \
             application_credential_id: no\n      application_credential_secret: x\n    region_name: RegionOne\n"
        );
        self.refused(
            "an unknown application credential is Unauthorized",
            "Unauthorized",
            refused(&entry.replace("_id: no", "_id: nope"))?.identity().await,
        );
        let elsewhere = refused(&clouds_yaml.replace("RegionOne", "RegionTwo"))?;
        self.refused("a region that the catalog lacks is Config", "Config", elsewhere.flavors().await);
        Ok(())
    }
}
