//! Which label keys and values Kubernetes takes: a requirement with any other cannot be parsed and matches nothing.

/// Longest label value, and longest name in a label key.
const MAX_NAME_BYTES: usize = 63;
/// Longest prefix of a label key.
const MAX_PREFIX_BYTES: usize = 253;

/// Whether this can be a label's value.
pub(super) fn is_value(text: &str) -> bool {
    text.is_empty() || is_name(text)
}

/// Whether this can be a label's key: a name, with or without a DNS prefix.
pub(super) fn is_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_prefix(prefix) && is_name(name),
        None => is_name(text),
    }
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    bytes.len() <= MAX_NAME_BYTES && first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() && bytes.iter().all(inner)
}

fn is_prefix(text: &str) -> bool {
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let part = |part: &str| {
        let bytes = part.as_bytes();
        let ends = bytes.first().copied().is_some_and(lower) && bytes.last().copied().is_some_and(lower);
        ends && bytes.iter().all(|byte| lower(*byte) || *byte == b'-')
    };
    text.len() <= MAX_PREFIX_BYTES && text.split('.').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_short_and_begin_and_end_with_a_letter_or_digit() {
        let long = "x".repeat(64);
        let cases = [
            ("", true),
            ("a", true),
            ("a-b_c.D", true),
            ("-5", false),
            ("+5", false),
            ("a b", false),
            ("a-", false),
            (long.as_str(), false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_value(text), expected, "{text:?}");
        }
    }

    #[test]
    fn keys_are_names_with_or_without_a_dns_prefix() {
        let cases = [
            ("disk", true),
            ("kubernetes.io/hostname", true),
            ("", false),
            ("a/b/c", false),
            ("/name", false),
            ("example.com/", false),
            ("Example.com/name", false),
            ("a..b/name", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_key(text), expected, "{text:?}");
        }
    }
}
