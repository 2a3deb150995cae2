//! Ports, volume and floating IP: looked for by the host's mark before they are asked for, and recorded at once.

use std::sync::Arc;
use std::time::Duration;

use gantry_cloud::{AddressPair, Cloud, Error, FixedIp, FloatingIpSpec, Mark, PortSpec, VolumeSpec};
use gantry_crds::{HostPort, HostRootVolume, HostStatus, META_ON_DELETE, META_POOL, OnDelete};
use gantry_plan::host::{self, Failure, Part, Write, may_create_part};

use super::context::{Context, key_of};
use super::record;
use super::steps::{self, Outcome, RETRY, send_before, trouble};
use crate::kube::objects::HostObject;
use crate::kube::store::Entry;

/// A part that exists.
pub(super) struct Made {
    pub id: String,
    /// A floating IP's.
    pub address: Option<String>,
}

impl Made {
    fn plain(id: String) -> Self {
        Self { id, address: None }
    }
}

/// What a host's things bear.
pub(super) fn mark(ctx: &Context, host: &HostObject) -> Mark {
    Mark { host: Some(host.uid.clone()), cluster: ctx.cluster_uid.to_string() }
}

/// Name of the port of this index.
fn port_name(host: &HostObject, index: usize) -> String {
    format!("{}-{index}", host.name)
}

/// Looks for the part by mark; asks for it if it is not there and no earlier answer is open; records its id.
pub(super) async fn ensure(ctx: &Context, entry: &Arc<Entry<HostObject>>, client: &Arc<dyn Cloud>, part: Part) -> Outcome {
    let (host, what) = (&entry.value, part.kind().word());
    let begun = ctx.now();
    // Who has known the Host from its first moment and never asked for the part need not look for it.
    if !ctx.memories.get(&host.uid).is_first_asking(part) {
        match find(ctx, host, client, part).await {
            Ok(Some(made)) => return take(ctx, host, part, made).await,
            Ok(None) => {}
            Err(error) => return refused(ctx, host, &format!("the {what} cannot be looked for"), of_this_cloud(part, error)).await,
        }
    }
    let unclear = ctx.memories.get(&host.uid).unclear_part.filter(|(other, ..)| *other == part).map(|(_, at, answers)| (at, answers));
    if !may_create_part(unclear, begun) {
        return Outcome::Again(Duration::try_from(host::next_part_look()).unwrap_or(RETRY));
    }
    if !record::unchanged(ctx, entry).await || !ctx.may_act() {
        return Outcome::Next;
    }
    ctx.memories.update(&host.uid, |memory| memory.asked_for(part));
    match create(ctx, host, client, part).await {
        Ok(made) => take(ctx, host, part, made).await,
        Err(error) if is_unclear(&error) => {
            trouble(ctx, host, &format!("the answer to the creation of the {what} is not clear; it is looked for first"), &error);
            ctx.memories.update(&host.uid, |memory| memory.part_unclear(part, ctx.now()));
            Outcome::Again(RETRY)
        }
        Err(error) => refused(ctx, host, &format!("the {what} cannot be created"), of_this_cloud(part, error)).await,
    }
}

/// A cloud without Cinder is no fault of the cloud's: the pool asks for what it does not have.
fn of_this_cloud(part: Part, error: Error) -> Error {
    match (part, error) {
        (Part::Volume, Error::Config { message }) => Error::BadSpec { message, request_id: None },
        (_, error) => error,
    }
}

/// Of several the one with the smallest id: every process chooses the same. The others go with the host.
async fn find(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>, part: Part) -> Result<Option<Made>, Error> {
    let mine = Some(mark(ctx, host));
    let mut found = match part {
        Part::Port(index) => {
            let ports = client.ports_of(&mark(ctx, host)).await?.into_iter();
            let own = ports.filter(|port| port.mark() == mine && port.name == port_name(host, index));
            own.map(|port| Made::plain(port.id)).collect::<Vec<_>>()
        }
        Part::Volume => {
            let volumes = client.volumes_named(&host.name).await?.into_iter();
            volumes.filter(|volume| volume.mark() == mine).map(|volume| Made::plain(volume.id)).collect()
        }
        Part::FloatingIp => {
            let ips = client.floating_ips().await?.into_iter();
            ips.filter(|ip| ip.mark() == mine).map(|ip| Made { id: ip.id, address: Some(ip.address) }).collect()
        }
        Part::ServerGroup => vec![],
    };
    found.sort_by(|a, b| b.id.cmp(&a.id));
    Ok(found.pop())
}

async fn create(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>, part: Part) -> Result<Made, Error> {
    let (mark, until) = (mark(ctx, host), send_before(ctx));
    let missing = || Error::NotSent { message: format!("the Host's spec names no {}", part.kind().word()) };
    match part {
        Part::Port(index) => {
            let wanted = host.spec.ports.get(index).ok_or_else(missing)?;
            client.create_port(&port_spec(wanted, port_name(host, index), mark), until).await.map(|port| Made::plain(port.id))
        }
        Part::Volume => {
            let wanted = host.spec.root_volume.as_ref().ok_or_else(missing)?;
            client.create_volume(&volume_spec(host, wanted, mark), until).await.map(|volume| Made::plain(volume.id))
        }
        Part::FloatingIp => {
            let wanted = host.spec.floating_ip.as_ref().ok_or_else(missing)?;
            let port_id = host.status.port_ids.first().cloned().ok_or_else(missing)?;
            let spec = FloatingIpSpec { network_id: wanted.network_id.clone(), port_id, mark };
            client.create_floating_ip(&spec, until).await.map(|ip| Made { id: ip.id, address: Some(ip.address) })
        }
        Part::ServerGroup => Err(missing()),
    }
}

fn port_spec(wanted: &HostPort, name: String, mark: Mark) -> PortSpec {
    let fixed = wanted.fixed_ips.iter().map(|ip| FixedIp { subnet_id: ip.subnet_id.clone(), address: ip.address.clone() });
    let pairs = wanted.allowed_address_pairs.iter().map(|pair| AddressPair { address: pair.address.clone(), mac: pair.mac.clone() });
    PortSpec {
        name,
        network_id: wanted.network_id.clone(),
        fixed_ips: fixed.collect(),
        security_group_ids: wanted.security_group_ids.clone(),
        allowed_address_pairs: pairs.collect(),
        vnic_type: wanted.vnic_type.map(|kind| kind.as_str().to_owned()),
        port_security: wanted.port_security,
        qos_policy_id: wanted.qos_policy_id.clone(),
        mark,
    }
}

fn volume_spec(host: &HostObject, wanted: &HostRootVolume, mark: Mark) -> VolumeSpec {
    let on_delete = match wanted.on_delete {
        OnDelete::Delete => "Delete",
        OnDelete::Keep => "Keep",
    };
    let pool = format!("{}/{}", host.namespace, host.spec.pool_name);
    VolumeSpec {
        name: host.name.clone(),
        size_gib: wanted.size_gib,
        volume_type: wanted.volume_type.clone(),
        zone: wanted.zone.clone(),
        image_id: host.spec.image_id.clone(),
        metadata: [(META_POOL.to_owned(), pool), (META_ON_DELETE.to_owned(), on_delete.to_owned())].into(),
        mark,
    }
}

/// The id must be recorded: the part exists.
pub(super) async fn take(ctx: &Context, host: &HostObject, part: Part, made: Made) -> Outcome {
    tracing::info!(host = %key_of(host), kind = part.kind().word(), id = made.id, "part recorded");
    let beside = |status: &mut HostStatus| {
        if let Some(address) = &made.address {
            status.floating_address = Some(address.clone());
        }
    };
    record::surely(ctx, host, &[Write::Part(part, made.id.clone())], beside).await;
    ctx.memories.update(&host.uid, |memory| memory.unclear_part = None);
    Outcome::Next
}

/// Whether something may have been created all the same.
pub(super) fn is_unclear(error: &Error) -> bool {
    matches!(error, Error::Ambiguous { .. } | Error::Bug { .. })
}

/// What a refusal before the server leads to: what would be refused again fails the host, anything else is tried again.
pub(super) async fn refused(ctx: &Context, host: &HostObject, what: &str, error: Error) -> Outcome {
    match final_failure(&error) {
        Some(failure) => steps::fail(ctx, host, vec![Write::Failed(failure.clone())], &failure).await,
        None => {
            trouble(ctx, host, what, &error);
            Outcome::Again(RETRY)
        }
    }
}

/// The failure that an error is, if asking the same again is useless.
pub(super) fn final_failure(error: &Error) -> Option<Failure> {
    let lasting = matches!(error, Error::Quota { .. } | Error::NoHost { .. } | Error::BadSpec { .. } | Error::Forbidden { .. });
    lasting.then(|| Failure::new(error.category(), error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asking_again_cannot_mend_fails_the_host_and_nothing_else_does() {
        let (message, request_id) = ("m".to_owned(), None);
        let errors = [
            Error::Quota { resources: vec![], message: message.clone(), request_id: None },
            Error::BadSpec { message: message.clone(), request_id: None },
            Error::Forbidden { message: message.clone(), request_id: None },
            Error::Unauthorized { message: message.clone(), request_id: None },
            Error::Transient { message: message.clone(), request_id: None },
            Error::NotSent { message: message.clone() },
            Error::Conflict { message, request_id },
        ];
        let reasons = errors.map(|error| final_failure(&error).map(|failure| failure.reason));
        let words = |word: &str| Some(word.to_owned());
        assert_eq!(reasons, [words("QuotaExceeded"), words("BadSpec"), words("Forbidden"), None, None, None, None]);
    }
}
