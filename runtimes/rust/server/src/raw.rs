//! Raw mode: the HTTP request is the function's request.

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use slipway::Headers;
use slipway_http::answer::Refusal;

use crate::envelope::{add_header, parse_value};

/// The caller's headers that are the function's, several of one name joined.
pub fn headers(received: &HeaderMap) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in slipway_http::raw::headers(received) {
        add_header(&mut headers, name.to_owned(), &value);
    }
    headers
}

/// What the body says, by its type.
pub fn payload(received: &HeaderMap, body: &Bytes) -> Result<Value, Refusal> {
    let media =
        received.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(media_type).unwrap_or_default();
    if media == "application/json" || media.ends_with("+json") {
        return if body.is_empty() { Ok(Value::Null) } else { parse_value(body) };
    }
    if media.starts_with("text/") {
        return Ok(Value::String(String::from_utf8_lossy(body).into_owned()));
    }
    Ok(Value::Null)
}

/// A content type without its parameters, in lower case.
fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    fn map(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let mut headers = HeaderMap::new();
        for (name, value) in lines.iter().map(line) {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn headers_of_one_name_are_joined() {
        let received = map(&[
            ("x-runtime-secret", "s"),
            ("x-many", "one"),
            ("x-many", "two"),
            ("cookie", "a=1"),
            ("cookie", "b=2"),
        ]);
        let headers = headers(&received);
        let seen: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(seen, [("cookie", "a=1; b=2"), ("x-many", "one, two")]);
    }

    #[test]
    fn a_payload_is_what_the_type_says() {
        let of = |media, body: &'static str| {
            payload(&map(&[("content-type", media)]), &Bytes::from_static(body.as_bytes()))
        };
        assert_eq!(of("Application/LD+JSON; a=b", "[1]").expect("valid"), serde_json::json!([1]));
        assert_eq!(of("application/json", "").expect("valid"), Value::Null);
        assert_eq!(of("text/csv", "a;é").expect("valid"), serde_json::json!("a;é"));
        assert_eq!(of("image/png", "x").expect("valid"), Value::Null);
        assert!(of("application/json", "{").is_err());
    }
}
