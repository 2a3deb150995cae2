//! What can go wrong with the API server: answers lost, refused or late, watches cut or behind, lists empty or old.

use std::collections::BTreeMap;
use std::time::Duration;

use super::status::Refusal;

/// What a rule does to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// It is refused; nothing is applied.
    Refuse(Refusal),
    /// The connection breaks before it is applied.
    Break,
    /// It is applied and the connection breaks before the answer.
    LoseAnswer,
    /// No answer ever; the client gives up.
    Hang,
    /// A list shows nothing, though it is answered with 200.
    Empty,
    /// A list is as it was at this version.
    AsOf(u64),
}

/// A rule: the first that matches decides.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `GET`, `LIST`, `WATCH`, `POST`, `PUT`, `PATCH`, `DELETE`, or `WRITE` for the last four; empty for any.
    pub verb: &'static str,
    /// Route such as `hosts/status`; empty for any but leases.
    pub route: &'static str,
    /// What happens.
    pub effect: Effect,
    /// So many requests are hit; `None` for all until the rule is cleared.
    pub count: Option<u32>,
    /// Each n-th request that matches is hit; 1 for every one.
    pub each: u32,
    seen: u32,
}

impl Rule {
    /// Every request of this verb and route, until cleared.
    pub fn all(verb: &'static str, route: &'static str, effect: Effect) -> Self {
        Self { verb, route, effect, count: None, each: 1, seen: 0 }
    }

    /// So many of them.
    pub fn times(self, count: u32) -> Self {
        Self { count: Some(count), ..self }
    }

    /// One in so many.
    pub fn one_in(self, each: u32) -> Self {
        Self { each: each.max(1), ..self }
    }
}

/// All that is wrong now.
#[derive(Debug, Default)]
pub struct Chaos {
    rules: Vec<Rule>,
    /// How late the watches of a kind show what happened.
    pub watch_delay: BTreeMap<&'static str, Duration>,
    /// Watches that were opened before this number ends are cut.
    pub watch_epoch: u64,
}

impl Chaos {
    /// Adds a rule.
    pub fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// Everything is well again; late watches catch up.
    pub fn clear(&mut self) {
        self.rules.clear();
        self.watch_delay.clear();
    }

    /// What happens to this request.
    pub fn effect(&mut self, verb: &str, route: &str) -> Option<Effect> {
        let is_write = matches!(verb, "POST" | "PUT" | "PATCH" | "DELETE");
        for rule in &mut self.rules {
            let verb_fits = rule.verb.is_empty() || rule.verb == verb || (rule.verb == "WRITE" && is_write);
            let route_fits = if rule.route.is_empty() { route != "leases" } else { rule.route == route };
            if !verb_fits || !route_fits || rule.count == Some(0) {
                continue;
            }
            rule.seen += 1;
            if rule.seen % rule.each == 0 {
                rule.count = rule.count.map(|left| left - 1);
                return Some(rule.effect.clone());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_hits_so_many_and_leases_only_by_name() {
        let mut chaos = Chaos::default();
        chaos.add(Rule::all("WRITE", "", Effect::Break).times(2));
        let hits = ["POST", "GET", "PUT", "DELETE"].map(|verb| chaos.effect(verb, "hosts").is_some());
        assert_eq!(hits, [true, false, true, false]);
        chaos.add(Rule::all("", "", Effect::Hang).one_in(2));
        assert_eq!(["leases", "pods", "pods"].map(|route| chaos.effect("GET", route)), [None, None, Some(Effect::Hang)]);
    }
}
