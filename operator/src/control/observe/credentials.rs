//! From the Secret to a client: read again and again, so that a rotation needs no restart, and tried before it replaces one that works.

use std::sync::Arc;

use gantry_cloud::{Cloud, CloudConfig, Error, Identity, Pacing, SecretFiles};
use gantry_crds::{Credentials, OpenStackCloudSpec, Pacing as PacingSpec};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;

use super::super::cloud_state::{Area, CloudState, Problem};
use super::super::context::Context;
use super::told;
use super::turn::Turn;
use crate::kube::objects::CloudObject;

/// The Secret is read this often; it is not watched, so that the operator need not be allowed to list Secrets.
const SECRET_EVERY: SignedDuration = SignedDuration::from_secs(15);
/// The Secret of a cloud in trouble is read this often: a corrected one is to be seen soon.
const TROUBLED_EVERY: SignedDuration = SignedDuration::from_secs(3);

/// What a client is made from: the Secret's version, and what of the spec it depends on.
type Source = (String, Credentials, PacingSpec);

/// The memory of log-ins.
#[derive(Debug, Default)]
pub(super) struct Login {
    looked_at: Option<Timestamp>,
    /// What the client in use was made from.
    used: Option<Source>,
    /// What was tried last and refused, why, and when it may be tried again.
    refused: Option<(Source, Problem)>,
    retry: Turn,
}

/// What a look at the Secret came to.
pub(super) enum Look {
    /// It is too early for one.
    NotDue,
    /// The client in use is made of it.
    AsBefore,
    /// There is a new client.
    Renewed(Box<Renewed>),
}

/// A client that was accepted for the right project.
pub(super) struct Renewed {
    client: Arc<dyn Cloud>,
    identity: Identity,
}

impl Renewed {
    /// Replaces the client; what was known of another project or region is forgotten.
    pub(super) fn install(self, state: &mut CloudState) {
        let same = state.identity.as_deref() == Some(&self.identity);
        let mut next = if same { state.clone() } else { CloudState::default() };
        Arc::make_mut(&mut next.troubles).remove(&Area::Credentials);
        (next.client, next.identity, next.nova) = (Some(self.client), Some(Arc::new(self.identity)), None);
        *state = next;
    }
}

impl Login {
    /// A new client if the Secret or the spec changed, or if there is none yet.
    ///
    /// # Errors
    /// Why there is none, or why the one in use was not replaced.
    pub(super) async fn renew(&mut self, ctx: &Context, object: &CloudObject, state: &CloudState, hosts: usize) -> Result<Look, Problem> {
        let (spec, now) = (&object.spec, ctx.now());
        let same_spec =
            self.used.as_ref().is_some_and(|(_, credentials, pacing)| *credentials == spec.credentials && *pacing == spec.pacing);
        if self.due_in(state, now) > SignedDuration::ZERO && (same_spec || self.refused.is_some()) {
            return Ok(Look::NotDue);
        }
        self.looked_at = Some(now);
        let secret = secret(ctx, &object.namespace, &spec.credentials.secret_name).await?;
        let version = secret.metadata.resource_version.clone().unwrap_or_default();
        let source = (version, spec.credentials.clone(), spec.pacing.clone());
        if self.used.as_ref() == Some(&source) {
            self.refused = None;
            return Ok(Look::AsBefore);
        }
        if let Some((refused, problem)) = &self.refused
            && *refused == source
            && !self.retry.is_due(SignedDuration::ZERO, now)
        {
            return Err(problem.clone());
        }
        self.attempt(ctx, object, &secret, source, hosts).await.map(|renewed| Look::Renewed(Box::new(renewed)))
    }

    /// One log-in with these credentials.
    async fn attempt(
        &mut self,
        ctx: &Context,
        object: &CloudObject,
        secret: &Secret,
        source: Source,
        hosts: usize,
    ) -> Result<Renewed, Problem> {
        if self.refused.as_ref().is_none_or(|(refused, _)| *refused != source) {
            self.retry = Turn::default();
        }
        let tried = async {
            let client = client(ctx, object, secret)?;
            let identity = client.identity().await?;
            same_project(object, &identity, hosts)?;
            Ok(Renewed { client, identity })
        };
        match tried.await {
            Ok(renewed) => {
                tracing::info!(
                    cloud = object.name,
                    namespace = object.namespace,
                    secret = source.1.secret_name,
                    version = source.0,
                    "logged in"
                );
                (self.used, self.refused, self.retry) = (Some(source), None, Turn::default());
                Ok(renewed)
            }
            Err(error) => {
                let problem = told(&error);
                self.retry.failed(ctx.now());
                self.refused = Some((source, problem.clone()));
                Err(problem)
            }
        }
    }

    /// How long the Secret need not be looked at.
    pub(super) fn due_in(&self, state: &CloudState, now: Timestamp) -> SignedDuration {
        let troubled = state.nova.is_some() || state.troubles.contains_key(&Area::Credentials);
        let every = if troubled { TROUBLED_EVERY } else { SECRET_EVERY };
        self.looked_at.map_or(SignedDuration::ZERO, |at| (at + every).duration_since(now))
    }
}

async fn secret(ctx: &Context, namespace: &str, name: &str) -> Result<Secret, Problem> {
    let api: Api<Secret> = Api::namespaced(ctx.client.clone(), namespace);
    let found = api.get_opt(name).await.map_err(|error| Problem {
        reason: "SecretUnreadable".into(),
        message: format!("Secret {name} cannot be read: {error}; does the operator's role allow get on Secrets in namespace {namespace}?"),
    })?;
    found.ok_or_else(|| Problem {
        reason: "SecretMissing".into(),
        message: format!("Secret {name} does not exist in namespace {namespace}; create it with the key clouds.yaml"),
    })
}

fn client(ctx: &Context, object: &CloudObject, secret: &Secret) -> Result<Arc<dyn Cloud>, Error> {
    let spec: &OpenStackCloudSpec = &object.spec;
    let text = |key: &str| secret.data.as_ref().and_then(|data| data.get(key)).map(|bytes| String::from_utf8_lossy(&bytes.0).into_owned());
    let yaml = text("clouds.yaml").ok_or_else(|| Error::Config {
        message: format!("Secret {} has no key clouds.yaml; it holds the file of that name", spec.credentials.secret_name),
    })?;
    let (cacert, cert, key) = (text("cacert"), text("cert"), text("key"));
    let files = SecretFiles { cacert: cacert.as_deref(), cert: cert.as_deref(), key: key.as_deref() };
    let config = CloudConfig::from_clouds_yaml(&yaml, &spec.credentials.cloud, files)?;
    let requests_per_second = u32::try_from(spec.pacing.requests_per_second).unwrap_or(1);
    let pacing = Pacing { requests_per_second, ..Pacing::default() };
    (ctx.connect)(config, pacing, ctx.metrics.cloud_hook(&format!("{}/{}", object.namespace, object.name)))
}

/// A 404 of another project or region would prove our servers gone: while hosts exist both must stay the same.
fn same_project(object: &CloudObject, identity: &Identity, hosts: usize) -> Result<(), Error> {
    let known = (object.status.project_id.as_ref(), object.status.region.as_ref());
    let (project, region) = (known.0.unwrap_or(&identity.project_id), known.1.unwrap_or(&identity.region));
    if hosts == 0 || (*project == identity.project_id && *region == identity.region) {
        return Ok(());
    }
    Err(Error::Config {
        message: format!(
            "the credentials are of project {} in region {:?}, and {hosts} hosts were created in project {project} in region {region:?}: give \
             credentials of those, or delete the pools first",
            identity.project_id, identity.region
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(project: &str, region: &str) -> Identity {
        Identity { project_id: project.into(), region: region.into() }
    }

    fn cloud(project: Option<&str>, region: Option<&str>) -> CloudObject {
        let object = gantry_crds::OpenStackCloud::new(
            "main",
            serde_json::from_value(serde_json::json!({"credentials": {"secretName": "s"}})).unwrap(),
        );
        let mut object = CloudObject::from(object);
        (object.status.project_id, object.status.region) = (project.map(str::to_owned), region.map(str::to_owned));
        object
    }

    #[test]
    fn another_project_or_region_is_refused_while_hosts_exist() {
        let known = cloud(Some("p"), Some("r"));
        let refused = |identity: Identity, hosts: usize| same_project(&known, &identity, hosts).err().map(|error| error.to_string());
        assert_eq!(refused(identity("p", "r"), 3), None);
        assert_eq!(refused(identity("q", "r"), 0), None, "nothing can be lost");
        assert!(refused(identity("q", "r"), 3).is_some_and(|why| why.contains("3 hosts were created in project p")));
        assert!(refused(identity("p", "s"), 3).is_some_and(|why| why.contains("delete the pools first")));
        assert!(same_project(&cloud(None, None), &identity("q", "s"), 3).is_ok(), "no project was ever seen");
    }

    #[test]
    fn a_new_token_of_the_same_project_keeps_what_is_known_and_another_project_does_not() {
        let known =
            CloudState { identity: Some(Arc::new(identity("p", "r"))), zones: Arc::new(vec!["az1".into()]), ..CloudState::default() };
        let config =
            "clouds: {c: {auth: {auth_url: 'http://cloud.invalid/v3', application_credential_id: i, application_credential_secret: s}}}";
        let client = || -> Arc<dyn Cloud> {
            let config = CloudConfig::from_clouds_yaml(config, "c", SecretFiles::default()).unwrap();
            Arc::new(gantry_cloud::OpenStack::connect(config, Pacing::default(), gantry_cloud::no_hook()).unwrap())
        };
        let zones_after = |identity: Identity| {
            let mut state = known.clone();
            state.nova = Some(Problem { reason: "Unauthorized".into(), message: "m".into() });
            Renewed { client: client(), identity }.install(&mut state);
            (state.zones.len(), state.nova, state.client.is_some())
        };
        assert_eq!(zones_after(identity("p", "r")), (1, None, true));
        assert_eq!(zones_after(identity("q", "r")), (0, None, true));
    }

    #[test]
    fn a_cloud_in_trouble_has_its_secret_read_more_often() {
        let (at, now) = (Timestamp::from_second(100).unwrap(), Timestamp::from_second(101).unwrap());
        let login = Login { looked_at: Some(at), ..Login::default() };
        let troubled = CloudState { nova: Some(Problem { reason: "Unauthorized".into(), message: "m".into() }), ..CloudState::default() };
        assert_eq!((login.due_in(&CloudState::default(), now).as_secs(), login.due_in(&troubled, now).as_secs()), (14, 2));
        assert_eq!(Login::default().due_in(&troubled, now), SignedDuration::ZERO);
    }
}
