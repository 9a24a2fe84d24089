//! A query as the function sees it.

use slipway::Query;

/// Percent-decoded, `+` as space; a percent sign that encodes nothing stays, bytes that are no UTF-8 are replaced.
pub fn parse(text: &str) -> Query {
    let mut query = Query::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        query.entry(decode(name)).or_default().push(decode(value));
    }
    query
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let encoded = (bytes[at] == b'%').then(|| hex(bytes.get(at + 1..at + 3)?)).flatten();
        decoded.push(match (encoded, bytes[at]) {
            (Some(byte), _) => byte,
            (None, b'+') => b' ',
            (None, byte) => byte,
        });
        at += if encoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |index: usize| char::from(digits[index]).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_once_and_in_order() {
        let query = parse("a=1&b=x%20y&a=2&c&d=p+q&%C3%A9=%E2%82%AC&e=1=2&&f=%2525");
        assert_eq!(query["a"], ["1", "2"]);
        assert_eq!(query["b"], ["x y"]);
        assert_eq!(query["c"], [""]);
        assert_eq!(query["d"], ["p q"]);
        assert_eq!(query["é"], ["€"]);
        assert_eq!(query["e"], ["1=2"]);
        assert_eq!(query["f"], ["%25"]);
        assert_eq!(query.len(), 7);
    }

    #[test]
    fn what_encodes_nothing_stays() {
        let query = parse("a=100%&b=%zz&c=%4&d=%ff");
        assert_eq!((&query["a"][0][..], &query["b"][0][..], &query["c"][0][..]), ("100%", "%zz", "%4"));
        assert_eq!(query["d"], ["\u{fffd}"]);
    }
}
