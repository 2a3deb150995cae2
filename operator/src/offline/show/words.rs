//! Amounts, counts and lists in words.

use gantry_plan::quantity::Quantity;
use gantry_plan::resources::Resources;

/// Milli-CPU as Kubernetes writes it: `2`, `3800m`.
pub fn cpu(milli: i64) -> String {
    Quantity::from_milli(milli).to_string()
}

/// What a pod asks for, or a node offers: `2 cpu, 4Gi memory`.
pub fn amount(resources: &Resources) -> String {
    let bytes = |bytes: i64| Quantity::from_bytes(bytes).to_string();
    let mut all = Vec::new();
    let mut add = |amount: i64, text: String| {
        if amount != 0 {
            all.push(text);
        }
    };
    add(resources.cpu_milli, format!("{} cpu", cpu(resources.cpu_milli)));
    add(resources.memory_bytes, format!("{} memory", bytes(resources.memory_bytes)));
    add(resources.ephemeral_bytes, format!("{} ephemeral storage", bytes(resources.ephemeral_bytes)));
    resources.extended.iter().for_each(|(name, amount)| add(*amount, format!("{amount} {name}")));
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

/// `1 host`, `2 hosts`.
pub fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

/// Rows in columns as wide as they need to be; the last column ends where it ends.
pub fn columns(rows: &[Vec<String>]) -> String {
    let wide = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..wide).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let line = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
