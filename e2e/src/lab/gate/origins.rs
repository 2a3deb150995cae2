//! Where the OpenStack services are, and how their addresses become the gate's: a client follows the catalog and must not get past.

/// Origins (`http://host:port`) by the number that stands for them in the gate's paths.
#[derive(Debug, Default)]
pub struct Origins(Vec<String>);

impl Origins {
    /// The address of `url` through the gate at `own`; its origin is remembered. What is no URL stays as it is.
    pub fn through(&mut self, own: &str, url: &str) -> String {
        let Some((origin, path)) = split(url).filter(|(origin, _)| *origin != own) else { return url.to_owned() };
        let number = self.0.iter().position(|known| known == origin).unwrap_or_else(|| {
            self.0.push(origin.to_owned());
            self.0.len() - 1
        });
        format!("{own}/os/{number}{path}")
    }

    /// The service's address and path of a request for `/os/<number>/<path>`.
    #[must_use]
    pub fn target(&self, path: &str) -> Option<(String, String)> {
        let rest = path.strip_prefix("/os/")?;
        let (number, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let origin = self.0.get(number.parse::<usize>().ok()?)?;
        Some((origin.clone(), format!("/{rest}")))
    }

    /// An answer in which every `"url"` and `"href"` leads through the gate: catalogs, version documents, links to next pages.
    pub fn rewritten(&mut self, own: &str, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 256);
        let mut rest = text;
        while let Some(at) = rest.find("http") {
            let end = at + rest[at..].find(['"', ' ', '<', '\n']).unwrap_or(rest.len() - at);
            let before = rest[..at].trim_end();
            let is_link = before.ends_with('"') && ends_with_key(&before[..before.len() - 1]);
            out.push_str(&rest[..at]);
            out.push_str(&if is_link { self.through(own, &rest[at..end]) } else { rest[at..end].to_owned() });
            rest = &rest[end..];
        }
        out.push_str(rest);
        out
    }
}

/// Whether the text ends with the key of a link.
fn ends_with_key(text: &str) -> bool {
    let text = text.trim_end();
    text.strip_suffix(':').map(str::trim_end).is_some_and(|text| text.ends_with("\"url\"") || text.ends_with("\"href\""))
}

fn split(url: &str) -> Option<(&str, &str)> {
    let scheme = url.find("://").filter(|at| url[..*at].starts_with("http"))? + 3;
    let end = url[scheme..].find(['/', '?']).map_or(url.len(), |at| scheme + at);
    Some((&url[..end], &url[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "http://127.0.0.1:1";

    #[test]
    fn an_address_leads_through_the_gate_and_back() {
        let mut origins = Origins::default();
        assert_eq!(origins.through(OWN, "http://10.0.0.1:5000/identity/v3"), "http://127.0.0.1:1/os/0/identity/v3");
        assert_eq!(origins.through(OWN, "http://10.0.0.1:8774/v2.1"), "http://127.0.0.1:1/os/1/v2.1");
        assert_eq!(origins.target("/os/1/v2.1/servers"), Some(("http://10.0.0.1:8774".into(), "/v2.1/servers".into())));
        assert_eq!(origins.target("/os/2/x"), None);
        assert_eq!(origins.target("/api/v1/pods"), None);
        assert_eq!(origins.through(OWN, "http://127.0.0.1:1/os/0/identity"), "http://127.0.0.1:1/os/0/identity", "already through it");
    }

    #[test]
    fn links_of_an_answer_lead_through_the_gate_and_nothing_else_is_touched() {
        let mut origins = Origins::default();
        let text = r#"{"endpoints": [{"url": "http://10.0.0.1:8774/v2.1"}], "links": [{"rel": "self", "href":"http://10.0.0.1:8774/"}],
            "user_data": "http://10.0.0.1:9/x", "name": "http"}"#;
        let new = origins.rewritten(OWN, text);
        assert!(new.contains(r#""url": "http://127.0.0.1:1/os/0/v2.1""#), "{new}");
        assert!(new.contains(r#""href":"http://127.0.0.1:1/os/0/""#), "{new}");
        assert!(new.contains(r#""user_data": "http://10.0.0.1:9/x", "name": "http""#), "{new}");
    }
}
