//! Line charts as SVG that read on light and on dark pages.

use std::fmt::Write;

/// How an axis is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Linear,
    /// By powers of ten.
    Logarithmic,
}

/// An axis: what it shows, and the labelled values on it, the least and the greatest first and last.
#[derive(Clone, Debug)]
pub struct Axis {
    pub title: &'static str,
    pub scale: Scale,
    pub ticks: Vec<f64>,
}

/// A line with its name and points.
pub type Series = (String, Vec<(f64, f64)>);

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 52.0;
const BOTTOM: f64 = 50.0;
const COLOURS: [&str; 6] = ["#3b82f6", "#f97316", "#10b981", "#a855f7", "#ef4444", "#64748b"];
/// Text and lines change with the page.
pub const STYLE: &str = "<style>text{font:12px sans-serif;fill:#24292f}.title{font-size:14px;font-weight:600}.grid{stroke:#8b949e;stroke-opacity:.35}\
    .frame{stroke:#8b949e;fill:none}.idle{fill:#8b949e;fill-opacity:.22}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>";

/// A chart.
pub fn lines(title: &str, x: &Axis, y: &Axis, series: &[Series]) -> String {
    let mut svg = open(WIDTH, HEIGHT, title);
    for tick in &x.ticks {
        let at = LEFT + x.place(*tick) * (WIDTH - LEFT - RIGHT);
        let bottom = HEIGHT - BOTTOM;
        let _ = write!(svg, "<line class=\"grid\" x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{bottom}\"/>");
        let _ = write!(svg, "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>", bottom + 18.0, shown(*tick));
    }
    for tick in &y.ticks {
        let at = HEIGHT - BOTTOM - y.place(*tick) * (HEIGHT - TOP - BOTTOM);
        let _ = write!(svg, "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{}\" y2=\"{at:.1}\"/>", WIDTH - RIGHT);
        let _ = write!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>", LEFT - 8.0, at + 4.0, shown(*tick));
    }
    let middle = LEFT + (WIDTH - LEFT - RIGHT) / 2.0;
    let _ = write!(svg, "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>", HEIGHT - 12.0, x.title);
    let _ = write!(svg, "<text x=\"{LEFT}\" y=\"{}\" text-anchor=\"middle\">{}</text>", TOP - 8.0, y.title);
    for (at, series) in series.iter().enumerate() {
        svg.push_str(&line(series, COLOURS[at % COLOURS.len()], at, x, y));
    }
    svg.push_str("</svg>\n");
    svg
}

/// The head of a picture.
pub fn open(width: f64, height: f64, title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\
         <title>{title}</title>{STYLE}<text class=\"title\" x=\"10\" y=\"18\">{title}</text>"
    )
}

fn line(series: &Series, colour: &str, at: usize, x: &Axis, y: &Axis) -> String {
    let (name, points) = series;
    let place = |(px, py): &(f64, f64)| {
        let (right, up) = (LEFT + x.place(*px) * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y.place(*py) * (HEIGHT - TOP - BOTTOM));
        format!("{right:.1},{up:.1}")
    };
    let places: Vec<String> = points.iter().map(place).collect();
    let mut svg = format!("<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>", places.join(" "));
    for place in &places {
        let (right, up) = place.split_once(',').unwrap_or_default();
        let _ = write!(svg, "<circle cx=\"{right}\" cy=\"{up}\" r=\"3\" fill=\"{colour}\"/>");
    }
    let (left, top) = (WIDTH - RIGHT + 14.0, TOP + 16.0 * at as f64 + 10.0);
    let _ = write!(svg, "<rect x=\"{left}\" y=\"{}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>", top - 9.0);
    let _ = write!(svg, "<text x=\"{}\" y=\"{top}\">{name}</text>", left + 16.0);
    svg
}

impl Axis {
    /// From 0, the least labelled value, to 1, the greatest.
    fn place(&self, value: f64) -> f64 {
        let scaled = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic => value.max(f64::MIN_POSITIVE).log10(),
        };
        let (low, high) = (scaled(self.ticks[0]), scaled(self.ticks[self.ticks.len() - 1]));
        ((scaled(value) - low) / (high - low)).clamp(0.0, 1.0)
    }
}

fn shown(value: f64) -> String {
    match value {
        value if value >= 1_000_000.0 => format!("{}M", value / 1e6),
        value if value >= 1_000.0 => format!("{}k", value / 1e3),
        value => format!("{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithmic_axis_gives_each_power_of_ten_the_same_room() {
        let axis = Axis { title: "", scale: Scale::Logarithmic, ticks: vec![1.0, 10.0, 100.0] };
        assert_eq!([0.1, 1.0, 10.0, 100.0].map(|value| axis.place(value)), [0.0, 0.0, 0.5, 1.0]);
    }
}
