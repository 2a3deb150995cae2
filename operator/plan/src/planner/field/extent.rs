//! The domains over which pods are spread.

/// Domains of a realm.
#[derive(Clone, Debug, Default)]
pub(super) struct Extent {
    /// By domain, bins that count.
    pub bins: Vec<u32>,
    /// By domain, whether hosts could be bought there.
    pub hoped: Vec<bool>,
}

impl Extent {
    /// Those that count.
    pub fn domains(&self) -> impl Iterator<Item = usize> {
        let most = self.bins.len().max(self.hoped.len());
        (0..most).filter(|domain| self.has(*domain))
    }

    /// Whether the domain is one of them.
    pub fn counts(&self, domain: u32) -> bool {
        self.has(domain as usize)
    }

    fn has(&self, domain: usize) -> bool {
        self.bins.get(domain).is_some_and(|bins| *bins > 0) || self.hoped.get(domain) == Some(&true)
    }
}
