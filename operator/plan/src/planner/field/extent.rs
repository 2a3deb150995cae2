//! The domains over which pods are spread.

/// Domains of a realm.
#[derive(Clone, Debug, Default)]
pub(super) struct Extent {
    /// By domain, bins that count.
    pub bins: Vec<u32>,
    /// By domain, whether hosts could be bought there.
    pub hoped: Vec<bool>,
    /// Whether hosts could be bought that are domains of their own, with nobody there yet.
    pub anew: bool,
}

impl Extent {
    /// Those that count.
    pub fn domains(&self) -> impl Iterator<Item = usize> {
        let most = self.bins.len().max(self.hoped.len());
        let is = |domain: &usize| self.bins.get(*domain).is_some_and(|bins| *bins > 0) || self.hoped.get(*domain) == Some(&true);
        (0..most).filter(is)
    }
}
