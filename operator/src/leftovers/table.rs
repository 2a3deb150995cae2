//! What was found, as people read it.

use std::collections::BTreeMap;
use std::fmt::Write;

use gantry_plan::sweep::{Kind, Thing};

/// One line for each thing, columns aligned.
pub(super) fn table(things: &[Thing]) -> String {
    if things.is_empty() {
        return "nothing bears this cluster's UID\n".into();
    }
    let head = ["KIND", "ID", "NAME", "HOST", "CREATED", "NOTE"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(things.iter().map(row)).collect();
    let widths: Vec<usize> = (0..6).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}

fn row(thing: &Thing) -> [String; 6] {
    let note = match (thing.kept, &thing.used_by, thing.members) {
        (true, ..) => "kept on purpose".to_owned(),
        (_, Some(user), _) => format!("used by {user}"),
        (_, _, members) if members > 0 => format!("{members} members"),
        _ => String::new(),
    };
    let created = thing.created.map(|at| at.to_string()).unwrap_or_default();
    [thing.kind.to_string(), thing.id.clone(), thing.name.clone(), thing.host.clone().unwrap_or_default(), created, note]
}

/// `2 servers, 1 port`, or `nothing`.
pub(super) fn count(things: &[&Thing]) -> String {
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    things.iter().for_each(|thing| *counts.entry(thing.kind).or_default() += 1);
    let words = counts.iter().map(|(kind, n)| format!("{n} {kind}{}", if *n == 1 { "" } else { "s" }));
    if counts.is_empty() { "nothing".into() } else { words.collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(kind: Kind, id: &str) -> Thing {
        let (id, name) = (id.to_owned(), format!("general-{id}"));
        Thing { kind, id, name, cluster: "c".into(), host: None, created: None, used_by: None, kept: false, members: 0 }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_notes_say_why_something_stays() {
        let things = [
            Thing { host: Some("uid-1".into()), ..thing(Kind::Server, "s1") },
            Thing { used_by: Some("s1".into()), ..thing(Kind::Port, "p1") },
            Thing { kept: true, ..thing(Kind::Volume, "v1") },
            Thing { members: 2, ..thing(Kind::ServerGroup, "g1") },
        ];
        let expected = "\
KIND          ID  NAME        HOST   CREATED  NOTE
server        s1  general-s1  uid-1
port          p1  general-p1                  used by s1
volume        v1  general-v1                  kept on purpose
server group  g1  general-g1                  2 members
";
        assert_eq!(table(&things), expected);
        assert_eq!(table(&[]), "nothing bears this cluster's UID\n");
    }

    #[test]
    fn counts_are_words() {
        let things = [thing(Kind::Port, "a"), thing(Kind::Server, "b"), thing(Kind::Port, "c")];
        assert_eq!(count(&things.iter().collect::<Vec<_>>()), "1 server, 2 ports");
        assert_eq!(count(&[]), "nothing");
    }
}
