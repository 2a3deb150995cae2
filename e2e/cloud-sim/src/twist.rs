//! True answers that arrive wrong: cut in the middle, or with a next link that leads nowhere new.
use serde_json::Value;

use crate::{
    faults::Twist,
    http::{Request, Response},
};

/// The answer as it arrives.
pub(crate) fn twist(mut answer: Response, twist: Twist, request: &Request, base: &str) -> Response {
    match twist {
        Twist::None => {}
        Twist::Cut(share) => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a length")]
            let kept = (answer.body.len() as f64 * share) as usize;
            answer.body.truncate(kept);
        }
        Twist::SamePage => {
            if let Some(body) = serde_json::from_slice(&answer.body).ok().and_then(|body| same_page(body, request, base)) {
                answer.body = serde_json::to_vec(&body).unwrap_or_default().into();
            }
        }
    }
    answer
}

/// The page with its next link, if it has one, pointing at itself.
fn same_page(mut body: Value, request: &Request, base: &str) -> Option<Value> {
    let mut links = body.as_object_mut()?.iter_mut().filter(|(key, _)| key.ends_with("_links"));
    let links = links.find_map(|(_, links)| links.as_array_mut())?;
    let next = links.iter_mut().find(|link| link["rel"] == "next")?;
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.query).finish();
    next["href"] = format!("{base}{}?{query}", request.path).into();
    Some(body)
}
