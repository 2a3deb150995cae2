//! Histograms out of a metrics text: quantiles as the bounds of their buckets.

/// One histogram without labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Upper bound and count up to it, in order; the last bound is infinite.
    buckets: Vec<(f64, f64)>,
    /// Sum of all values.
    pub sum: f64,
}

impl Histogram {
    /// Reads the histogram of this name; empty if it is not there.
    pub fn read(text: &str, name: &str) -> Self {
        let mut histogram = Self::default();
        for line in text.lines().filter_map(|line| line.strip_prefix(name)) {
            if let Some((bound, count)) = line.strip_prefix("_bucket{le=\"").and_then(|rest| rest.split_once("\"} ")) {
                let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap_or(f64::INFINITY) };
                let count = count.split(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0.0);
                histogram.buckets.push((bound, count));
            } else if let Some(sum) = line.strip_prefix("_sum ") {
                histogram.sum = sum.parse().unwrap_or(0.0);
            }
        }
        histogram
    }

    /// What was counted since `before`.
    pub fn since(&self, before: &Self) -> Self {
        let old = |bound: f64| before.buckets.iter().find(|(other, _)| *other == bound).map_or(0.0, |(_, count)| *count);
        let buckets = self.buckets.iter().map(|(bound, count)| (*bound, count - old(*bound))).collect();
        Self { buckets, sum: self.sum - before.sum }
    }

    /// How many values there are.
    pub fn count(&self) -> f64 {
        self.buckets.last().map_or(0.0, |(_, count)| *count)
    }

    /// The bound that this share of the values does not exceed.
    pub fn quantile(&self, share: f64) -> f64 {
        let wanted = self.count() * share;
        self.buckets.iter().find(|(_, count)| *count >= wanted).map_or(f64::INFINITY, |(bound, _)| *bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a_sum 3.5\na_count 4\na_bucket{le=\"0.5\"} 2\na_bucket{le=\"1.2\"} 3\na_bucket{le=\"+Inf\"} 4\nab_sum 1\n";

    #[test]
    fn a_quantile_is_the_bound_of_its_bucket() {
        let histogram = Histogram::read(TEXT, "a");
        assert_eq!((histogram.count(), histogram.sum), (4.0, 3.5));
        assert_eq!([0.5, 0.75, 0.99].map(|share| histogram.quantile(share)), [0.5, 1.2, f64::INFINITY]);
        assert_eq!(histogram.since(&histogram).count(), 0.0);
    }
}
