//! The actions resize, confirmResize and revertResize.
use serde_json::Value;

use super::{Answer, Call, actions, error::NovaError, servers};
use crate::{
    http::Response,
    state::{
        Cloud,
        quota::{Usage, exceeded},
        server::VmState,
    },
};

pub(super) fn resize(cloud: &mut Cloud, call: &Call<'_>, id: &str, value: &Value) -> Answer {
    let id = servers::find_unlocked(cloud, call, id)?;
    let wanted = value["flavorRef"].as_str().unwrap_or_default();
    let flavor = cloud.compute.flavor(wanted).cloned();
    let flavor = flavor.ok_or_else(|| NovaError::bad_request(format!("Flavor {wanted} could not be found.")))?;
    let (quota, used) = (cloud.compute.quota(&call.project), cloud.compute.usage(&call.project));
    let Some(server) = cloud.compute.get_mut(id) else { return Err(NovaError::no_server(&id.to_string())) };
    actions::check_state(server, "resize", &[VmState::Active, VmState::Stopped])?;
    if server.spec.flavor.id == flavor.id {
        return Err(NovaError::bad_request("When resizing, instances must change flavor!"));
    }
    let size = |spec: &crate::config::FlavorSpec| Usage::of(1, spec.vcpus, spec.memory_mib);
    let growth = size(&flavor.spec).minus(size(&server.spec.flavor.spec));
    if let Some(text) = exceeded(quota, used, growth) {
        return Err(NovaError::forbidden(text));
    }
    server.begin("resize", call.request_id, &call.caller.user, call.now);
    cloud.begin_resize(id, flavor, call.now);
    Ok(Response::empty(202))
}

pub(super) fn confirm(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let id = servers::find_unlocked(cloud, call, id)?;
    let Some(server) = cloud.compute.get_mut(id) else { return Err(NovaError::no_server(&id.to_string())) };
    actions::check_state(server, "confirmResize", &[VmState::Resized])?;
    server.begin("confirmResize", call.request_id, &call.caller.user, call.now);
    cloud.confirm_resize(id, call.now);
    Ok(Response::empty(204))
}

pub(super) fn revert(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let id = servers::find_unlocked(cloud, call, id)?;
    let Some(server) = cloud.compute.get_mut(id) else { return Err(NovaError::no_server(&id.to_string())) };
    actions::check_state(server, "revertResize", &[VmState::Resized])?;
    server.begin("revertResize", call.request_id, &call.caller.user, call.now);
    cloud.revert_resize(id, call.now);
    Ok(Response::empty(202))
}
