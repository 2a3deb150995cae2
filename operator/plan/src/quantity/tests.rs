//! What Kubernetes' own quantity tests say, and that nothing panics.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

fn nano(text: &str) -> i128 {
    Quantity::parse(text).unwrap().nano()
}

fn canonical(text: &str) -> String {
    Quantity::parse(text).unwrap().to_string()
}

#[test]
fn suffixes_scale() {
    let cases = [
        ("1n", 1),
        ("1u", 1_000),
        ("1m", 1_000_000),
        ("1", NANO),
        ("1k", 1_000 * NANO),
        ("1M", 1_000_000 * NANO),
        ("1Ki", 1_024 * NANO),
        ("1Mi", 1_048_576 * NANO),
        ("1Ei", (1i128 << 60) * NANO),
        ("1E", 1_000_000_000_000_000_000 * NANO),
        ("1E3", 1_000 * NANO),
        ("1e-3", 1_000_000),
        ("-1.5Gi", -1_610_612_736 * NANO),
        ("+.5", NANO / 2),
        ("1.", NANO),
        ("0.000000001Gi", 1_073_741_824),
    ];
    assert_eq!(cases.map(|(text, _)| nano(text)), cases.map(|(_, expected)| expected));
}

#[test]
fn what_is_finer_than_nano_is_rounded_up_and_what_is_too_large_is_capped() {
    let cap = MAX_UNITS * NANO;
    let cases = [("1e-20", 1), ("-1e-20", -1), ("9Ei", cap), ("1e400", cap), ("-1e400", -cap), ("0e400", 0)];
    assert_eq!(cases.map(|(text, _)| nano(text)), cases.map(|(_, expected)| expected));
}

#[test]
fn nonsense_is_rejected() {
    for text in [
        "",
        " ",
        ".",
        "-",
        "+",
        "1.1.M",
        "1+1.0M",
        "0.1mi",
        "0.1am",
        "aoeu",
        ".5i",
        "1i",
        "-3.01i",
        "-3.01e-",
        "1e",
        "1 Gi",
        "1GI",
        "١",
        "--1",
        "1e99999999999999999999",
        "NaN",
        "0x1",
    ] {
        assert!(Quantity::parse(text).is_err(), "{text}");
    }
}

#[test]
fn milli_and_value_round_away_from_zero() {
    let read = |text: &str| {
        let quantity = Quantity::parse(text).unwrap();
        (quantity.milli(), quantity.value())
    };
    assert_eq!(
        ["100m", "1.0001", "1n", "-1n", "1.5Gi", "9E"].map(read),
        [(100, 1), (1_001, 2), (1, 1), (-1, -1), (1_610_612_736_000, 1_610_612_736), (i64::MAX, 9_000_000_000_000_000_000),]
    );
}

#[test]
fn printing_is_canonical() {
    let cases = [
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("0.1", "100m"),
        ("1024Mi", "1Gi"),
        ("1536Mi", "1536Mi"),
        ("1Ki", "1Ki"),
        ("0.5Ki", "512"),
        ("1.5Ki", "1536"),
        ("100000", "100k"),
        ("1e3", "1e3"),
        ("12e2", "1200"),
        ("0Gi", "0"),
        ("-100m", "-100m"),
    ];
    assert_eq!(cases.map(|(text, _)| canonical(text)), cases.map(|(_, expected)| expected.to_owned()));
}

#[test]
fn prices_are_decimal_strings() {
    let cases = [("0.12", Ok(120_000)), ("4", Ok(4_000_000)), (".5", Ok(500_000)), ("1.0000000", Ok(1_000_000))];
    assert_eq!(cases.clone().map(|(text, _)| parse_price_micro(text)), cases.map(|(_, expected)| expected));
    for text in ["", ".", "-1", "1e3", "0.0000001", "99999999999999", "1,2"] {
        assert!(parse_price_micro(text).is_err(), "{text}");
    }
    assert_eq!([0, 120_000, 4_000_000, 1, -1_500_000].map(print_price_micro), ["0", "0.12", "4", "0.000001", "-1.5"].map(str::to_owned));
}

#[test]
fn durations_are_go_durations() {
    let seconds = |text: &str| parse_duration(text).map(|duration| duration.as_secs());
    let cases = [("90s", 90), ("5m", 300), ("1h30m", 5_400), ("1.5h", 5_400), ("0", 0), ("720h", 2_592_000)];
    assert_eq!(cases.map(|(text, _)| seconds(text)), cases.map(|(_, expected)| Ok(expected)));
    assert_eq!(parse_duration("1500ms"), Ok(SignedDuration::from_millis(1_500)));
    for text in ["", "5", "m", "-5m", "5 m", "1d", "1..5h", "99999999999h", "5m3"] {
        assert!(parse_duration(text).is_err(), "{text}");
    }
    assert_eq!(
        [0, 90, 5_400, 3_600].map(|s| print_duration(SignedDuration::from_secs(s))),
        ["0s", "1m30s", "1h30m", "1h"].map(str::to_owned)
    );
}

proptest! {
    #[test]
    fn reading_never_panics(text in "\\PC*") {
        let _ = (Quantity::parse(&text), parse_price_micro(&text), parse_duration(&text));
    }

    #[test]
    fn reading_almost_quantities_never_panics(text in "[-+]?[0-9]{0,40}\\.?[0-9]{0,40}[eEinumkMGTP]{0,2}[-+]?[0-9]{0,20}") {
        if let Ok(quantity) = Quantity::parse(&text) {
            let _ = (quantity.milli(), quantity.value(), quantity.to_string());
        }
    }

    #[test]
    fn what_is_printed_is_read_back(nano in -MAX_UNITS * NANO..=MAX_UNITS * NANO, format in 0..3usize) {
        let format = [Format::DecimalSi, Format::BinarySi, Format::DecimalExponent][format];
        let quantity = Quantity::from_nano(nano, format);
        prop_assert_eq!(Quantity::parse(&quantity.to_string()).unwrap().nano(), nano);
    }

    #[test]
    fn what_is_printed_is_stable(bytes: i64) {
        let text = canonical(&Quantity::from_bytes(bytes).to_string());
        prop_assert_eq!(canonical(&text), text);
    }

    #[test]
    fn prices_and_durations_are_read_back(price in 0..i64::MAX, seconds in 0..9_000_000_000i64) {
        prop_assert_eq!(parse_price_micro(&print_price_micro(price)), Ok(price));
        let duration = SignedDuration::from_secs(seconds);
        prop_assert_eq!(parse_duration(&print_duration(duration)), Ok(duration));
    }
}
