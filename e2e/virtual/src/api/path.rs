//! What a request's path asks for.

use super::kinds::{Kind, Scope};
use super::status::Refusal;

/// A collection, an object or a part of one.
#[derive(Clone, Debug)]
pub struct Target {
    /// Kind.
    pub kind: &'static Kind,
    /// Namespace; empty for all of them, and for kinds that have none.
    pub namespace: String,
    /// Name; `None` for the collection.
    pub name: Option<String>,
    /// `status`, `approval`, `eviction` or none.
    pub subresource: Option<String>,
}

impl Target {
    /// Reads `/api/v1/...` and `/apis/group/version/...`.
    ///
    /// # Errors
    /// 404, as for a path that no kind has.
    pub fn read(path: &str) -> Result<Self, Refusal> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return Err(Refusal::no_such_path()),
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() && *rest != ["status"] => (*namespace, rest),
            _ => ("", rest),
        };
        let (plural, rest) = rest.split_first().ok_or_else(Refusal::no_such_path)?;
        let kind = Kind::of(plural).map_err(|_| Refusal::no_such_path())?;
        let fits = kind.group == group && kind.version == version && rest.len() <= 2;
        if !fits || (kind.scope == Scope::Cluster && !namespace.is_empty()) {
            return Err(Refusal::no_such_path());
        }
        let part = |n: usize| rest.get(n).map(|part| (*part).to_owned());
        Ok(Self { kind, namespace: namespace.to_owned(), name: part(0), subresource: part(1) })
    }

    /// The same for every object of the kind: `hosts`, `hosts/status`, `pods/eviction`.
    pub fn route(&self) -> String {
        match &self.subresource {
            Some(part) => format!("{}/{part}", self.kind.plural),
            None => self.kind.plural.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Option<(String, String, Option<String>)> {
        Target::read(path).ok().map(|target| (target.route(), target.namespace, target.name))
    }

    #[test]
    fn paths_name_kind_namespace_and_object() {
        let some = |route: &str, namespace: &str, name: Option<&str>| Some((route.into(), namespace.into(), name.map(Into::into)));
        assert_eq!(read("/api/v1/nodes/n1"), some("nodes", "", Some("n1")));
        assert_eq!(read("/api/v1/namespaces/kube-system"), some("namespaces", "", Some("kube-system")));
        assert_eq!(read("/api/v1/namespaces/a/pods/p/eviction"), some("pods/eviction", "a", Some("p")));
        assert_eq!(read("/apis/gantry.cloud/v1alpha1/hosts"), some("hosts", "", None));
        assert_eq!(read("/apis/gantry.cloud/v1alpha1/namespaces/a/hosts/h/status"), some("hosts/status", "a", Some("h")));
        assert_eq!(read("/apis/gantry.cloud/v1beta1/hosts"), None);
        assert_eq!(read("/api/v1/namespaces/a/nodes/n"), None);
        assert_eq!(read("/version"), None);
    }
}
