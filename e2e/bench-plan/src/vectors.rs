//! Pure packing: bins over known optima on the published instances of vector bin packing.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use gantry_plan::effort::Effort;
use gantry_plan::pack::{Bits, Item, Kind, Problem, flaw, greedy, improve};

use crate::prices::Size;
use crate::report::{Report, heading};

const SAMPLE: &[u8] = include_bytes!("../data/vectorpack_sample.tar.gz");
const SAMPLE_KNOWN: &str = include_str!("../data/vectorpack_sample.csv");
/// A set's name and the most that the sum of bins over the sum of optima may be: what the best of 275 published heuristics reaches, for each
/// instance another.
const SETS: [(&str, f64); 2] = [("Panigrahy", 1.0145), ("Triplet", 1.157)];
/// What a bin costs.
const PRICE: usize = 1_000_000;
/// Largest instance that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// What is known of an instance.
#[derive(Clone, Copy, Debug)]
struct Known {
    optimum: usize,
    best_published: usize,
}

/// Sums over instances.
#[derive(Clone, Debug, Default)]
struct Sums {
    instances: usize,
    optima: usize,
    published: usize,
    first: usize,
    bins: usize,
    /// What is proved, and the optima that it is to be held against.
    proved: usize,
    proved_of: usize,
    /// Packings that do not hold, and proofs of what is not so.
    flaws: Vec<String>,
}

/// Prints the table and notes what was missed. All instances are read from `folder`; without it, and in the small size, a sample.
pub fn print(size: Size, folder: &Path, report: &mut Report) -> Result<()> {
    heading("Vector bin packing: sum of bins over sum of known optima");
    println!(
        "{:24} {:>9} {:>8} {:>8} {:>12} {:>8} {:>8} {:>8} {:>10}",
        "set", "instances", "optima", "bins", "first answer", "ratio", "target", "proved", "published"
    );
    for (set, most) in SETS {
        let all = folder.join("vectorpack-vbp").join(format!("{set}_instances.tar.gz"));
        let (name, sums, target) = if size == Size::Full && all.exists() {
            let known = read_known(&folder.join("vectorpack-vbp").join(format!("{set}_summary_known.csv")))?;
            (set.to_owned(), sums(&std::fs::read(&all)?, &known)?, most)
        } else {
            if size == Size::Full {
                println!("not run: all of {set}: {} is not there (name its folder with --data); a sample is", all.display());
            }
            let sums = sums(SAMPLE, &sample(set))?;
            let published = sums.published as f64 / sums.optima as f64;
            (format!("{set}, a sample"), sums, published)
        };
        row(&name, &sums, target, report);
    }
    Ok(())
}

fn row(name: &str, sums: &Sums, target: f64, report: &mut Report) {
    let over = |bins: usize| bins as f64 / sums.optima as f64;
    let ratio = over(sums.bins);
    sums.flaws.iter().for_each(|flaw| report.miss(flaw.as_str()));
    let mark = report.target(ratio <= target, || format!("{name}: {ratio:.4} of the optima, at most {target:.4}"));
    println!(
        "{name:24} {:>9} {:>8} {:>8} {:>12.4} {ratio:>8.4} {target:>8.4} {:>8.4} {:>10.4}{}",
        sums.instances,
        sums.optima,
        sums.bins,
        over(sums.first),
        sums.proved as f64 / sums.proved_of as f64,
        over(sums.published),
        mark.mark()
    );
}

fn sums(packed: &[u8], known: &HashMap<String, Known>) -> Result<Sums> {
    let mut sums = Sums::default();
    for entry in tar::Archive::new(GzDecoder::new(packed)).entries()? {
        let entry = entry?;
        let path = entry.path()?.into_owned();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let (Some(known), Some("vbp")) = (known.get(name), path.extension().and_then(|extension| extension.to_str())) else {
            continue;
        };
        let mut text = String::new();
        entry.take(MAX_BYTES).read_to_string(&mut text)?;
        let problem = parse(&text).with_context(|| format!("{name} is no instance"))?;
        add(&mut sums, name, &problem, *known)?;
    }
    Ok(sums)
}

fn add(sums: &mut Sums, name: &str, problem: &Problem, known: Known) -> Result<()> {
    let counts: Vec<usize> = problem.items.iter().map(|item| item.count).collect();
    let first = greedy(problem, &counts, &[]);
    sums.first += first.count();
    let improved = improve(problem, first, &mut Effort::default());
    let bins = improved.packing.count();
    sums.flaws.extend(flaw(problem, &improved.packing).map(|flaw| format!("{name}: the packing does not hold: {flaw}")));
    // A size below 0 counts as 0 here: what is packed so is a packing of the instance too, but what is proved is not proved of it.
    let proved = usize::try_from(improved.bound)?.div_ceil(PRICE);
    let (exact, optimum) = (problem.items.iter().flat_map(|item| &item.size).all(|size| *size >= 0), known.optimum);
    if exact {
        sums.proved += proved;
        sums.proved_of += optimum;
    }
    if exact && proved > optimum || bins < optimum {
        sums.flaws.push(format!("{name}: proved at least {proved} bins, packed into {bins}, and {optimum} is the optimum"));
    }
    sums.instances += 1;
    sums.bins += bins;
    sums.optima += optimum;
    sums.published += known.best_published;
    Ok(())
}

/// Dimensions; capacities; number of sizes; each with its amounts, then how many of it there are.
fn parse(text: &str) -> Result<Problem> {
    let mut figures = text.split_whitespace().map(str::parse::<i64>);
    let mut next = || figures.next().context("it ends too early")?.context("not a number");
    let dimensions = usize::try_from(next()?)?;
    let amounts = |next: &mut dyn FnMut() -> Result<i64>| (0..dimensions).map(|_| next()).collect::<Result<Vec<_>>>();
    let capacity = amounts(&mut next)?;
    let mut items = Vec::new();
    for _ in 0..next()? {
        let size = amounts(&mut next)?;
        items.push(Item { size, count: usize::try_from(next()?)?, ..Item::default() });
    }
    let kinds = vec![Kind { capacity, price: PRICE as i64, ..Kind::default() }];
    Ok(Problem { items, kinds, rows: vec![Bits::of([0])], ..Problem::default() })
}

/// `set,instance,optimum,best_published`
fn sample(set: &str) -> HashMap<String, Known> {
    let rows = SAMPLE_KNOWN.lines().skip(1).map(|row| row.split(',').collect::<Vec<_>>());
    rows.filter(|row| row[0] == set).filter_map(|row| known(row[1], row.get(2)?, row.get(3)?)).collect()
}

/// Tab separated: instance, lower bound, optimum, best of all heuristics, and more.
fn read_known(path: &Path) -> Result<HashMap<String, Known>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let rows = text.lines().skip(1).map(|row| row.split('\t').collect::<Vec<_>>());
    Ok(rows.filter_map(|row| known(row.first()?, row.get(2)?, row.get(3)?)).collect())
}

/// `None` where the optimum is not known.
fn known(name: &str, optimum: &str, best_published: &str) -> Option<(String, Known)> {
    Some((name.to_owned(), Known { optimum: optimum.parse().ok()?, best_published: best_published.parse().ok()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_dimensions_capacities_and_sizes_with_their_numbers() {
        let problem = parse("2\n10 20\n2\n3 4 1\n5 6 2\n").unwrap();
        let items: Vec<(Vec<i64>, usize)> = problem.items.into_iter().map(|item| (item.size, item.count)).collect();
        assert_eq!((problem.kinds[0].capacity.clone(), items), (vec![10, 20], vec![(vec![3, 4], 1), (vec![5, 6], 2)]));
    }

    #[test]
    fn the_sample_has_what_its_list_names() {
        let listed = SETS.map(|(set, _)| sample(set).len());
        let mut packed = tar::Archive::new(GzDecoder::new(SAMPLE));
        assert_eq!((listed, packed.entries().unwrap().count()), ([102, 24], 126));
    }
}
