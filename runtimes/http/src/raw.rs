//! Raw mode: the HTTP request is the function's request.

use hyper::header::{CONNECTION, HeaderMap};

use crate::contract::{HOP_BY_HOP, RESERVED_PREFIX};

/// The caller's header lines, less what steers the runtime and what concerns one connection.
pub fn headers(received: &HeaderMap) -> impl Iterator<Item = (&str, String)> {
    let named: Vec<String> = received
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    received.iter().map(|(name, value)| (name.as_str(), value)).filter_map(move |(name, value)| {
        let hidden = name.starts_with(RESERVED_PREFIX)
            || HOP_BY_HOP.contains(&name)
            || named.iter().any(|listed| listed == name);
        (!hidden).then(|| (name, text(value.as_bytes())))
    })
}

/// UTF-8 where it is that, and otherwise Latin-1, of which every byte is a character.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_the_functions_own_headers_pass() {
        let mut received = HeaderMap::new();
        for (name, value) in [
            ("x-runtime-secret", &b"s"[..]),
            ("connection", b"x-private, keep-alive"),
            ("x-private", b"1"),
            ("te", b"trailers"),
            ("x-many", b"one"),
            ("x-many", "zwölf".as_bytes()),
            ("x-latin", b"zw\xf6lf"),
        ] {
            received
                .append(HeaderName::from_static(name), HeaderValue::from_bytes(value).expect("it is valid"));
        }
        let seen: Vec<_> = headers(&received).collect();
        let line = |name, value: &str| (name, value.to_owned());
        assert_eq!(seen, [line("x-many", "one"), line("x-many", "zwölf"), line("x-latin", "zwölf")]);
    }
}
