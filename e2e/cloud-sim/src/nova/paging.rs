//! Pages of a list: limit, marker and the link to the next page.
use super::{Call, error::NovaError};

/// What a request wants of a list.
pub(crate) struct Page<'a> {
    pub(crate) limit: usize,
    pub(crate) marker: Option<&'a str>,
}

/// Reads limit and marker; the limit is cut at Nova's `max_limit`.
pub(super) fn page<'a>(call: &'a Call<'_>, max_limit: usize) -> Result<Page<'a>, NovaError> {
    let limit = match call.request.param("limit") {
        None => max_limit,
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().unwrap_or(usize::MAX).min(max_limit),
        Some(text) => {
            return Err(NovaError::query("limit", text, &format!("'{text}' does not match '^[0-9]*$'")));
        }
    };
    Ok(Page { limit, marker: call.request.param("marker") })
}

/// The next page's address, if this one is full.
pub(super) fn next(call: &Call<'_>, base: &str, path: &str, page: &Page<'_>, items: usize, last: &str) -> Option<String> {
    if page.limit == 0 || items != page.limit {
        return None;
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in call.request.query.iter().filter(|(key, _)| key != "marker") {
        query.append_pair(key, value);
    }
    query.append_pair("marker", last);
    Some(format!("{base}/compute/v2.1/{path}?{}", query.finish()))
}
