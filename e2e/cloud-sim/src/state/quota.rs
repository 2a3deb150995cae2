//! Nova's quota: what a project uses, and the sentence that says it is too much.
use crate::config::Quota;

/// What servers use of a project's quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) instances: i64,
    pub(crate) cores: i64,
    pub(crate) ram: i64,
}

impl Usage {
    pub(crate) fn of(servers: u32, vcpus: u32, memory_mib: u64) -> Self {
        let servers = i64::from(servers);
        let memory_mib = i64::try_from(memory_mib).unwrap_or(i64::MAX);
        Self { instances: servers, cores: servers * i64::from(vcpus), ram: servers.saturating_mul(memory_mib) }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { instances: self.instances + other.instances, cores: self.cores + other.cores, ram: self.ram + other.ram }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self { instances: self.instances - other.instances, cores: self.cores - other.cores, ram: self.ram - other.ram }
    }
}

/// Nova's sentence if the request goes over the quota.
pub(crate) fn exceeded(quota: Quota, used: Usage, asked: Usage) -> Option<String> {
    let rows = [
        ("cores", quota.cores, used.cores, asked.cores),
        ("instances", quota.instances, used.instances, asked.instances),
        ("ram", quota.ram, used.ram, asked.ram),
    ];
    let over: Vec<_> = rows.into_iter().filter(|(_, limit, used, asked)| *limit >= 0 && used + asked > *limit).collect();
    if over.is_empty() {
        return None;
    }
    let join = |column: fn(&(&str, i64, i64, i64)) -> String| over.iter().map(column).collect::<Vec<_>>().join(", ");
    let names = join(|row| row.0.to_owned());
    Some(format!(
        "Quota exceeded for {names}: Requested {}, but already used {} of {} {names}",
        join(|row| row.3.to_string()),
        join(|row| row.2.to_string()),
        join(|row| row.1.to_string()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_every_resource_that_is_over() {
        let quota = Quota { instances: 50, cores: 100, ram: 512_000, ..Quota::default() };
        let used = Usage { instances: 1, cores: 1, ram: 512 };
        assert_eq!(
            exceeded(quota, used, Usage::of(1, 9999, 9_999_999)).as_deref(),
            Some("Quota exceeded for cores, ram: Requested 9999, 9999999, but already used 1, 512 of 100, 512000 cores, ram")
        );
    }

    #[test]
    fn minus_one_is_no_limit_and_what_just_fits_fits() {
        let quota = Quota { instances: 2, cores: -1, ram: -1, ..Quota::default() };
        let used = Usage { instances: 1, cores: 1, ram: 512 };
        assert_eq!(exceeded(quota, used, Usage::of(1, 9999, 9_999_999)), None);
        assert!(exceeded(quota, used, Usage::of(2, 1, 1)).is_some_and(|text| text.contains("Requested 2")));
    }
}
