//! Answers that are written past hyper.

use slipway_http::answer::Outgoing;

/// The whole message, for a connection that is closed after it.
pub fn message(outgoing: &Outgoing, to_head: bool) -> Vec<u8> {
    let reason = outgoing.status.canonical_reason().unwrap_or_default();
    let mut bytes = format!("HTTP/1.1 {} {reason}\r\n", outgoing.status.as_str()).into_bytes();
    for (name, value) in &outgoing.headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(
        format!("content-length: {}\r\nconnection: close\r\n\r\n", outgoing.body.len()).as_bytes(),
    );
    if !to_head {
        bytes.extend_from_slice(&outgoing.body);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use slipway_http::answer::{Refusal, refused};

    use super::*;

    #[test]
    fn a_head_gets_no_body_and_is_told_its_length() {
        let outgoing = refused(&Refusal::timeout(), Some("id"));
        let (whole, head) = (message(&outgoing, false), message(&outgoing, true));
        assert!(whole.starts_with(b"HTTP/1.1 504 Gateway Timeout\r\ncontent-type: application/json\r\n"));
        assert_eq!(whole, [&head[..], &outgoing.body].concat());
        let length = format!("\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", outgoing.body.len());
        assert!(head.ends_with(length.as_bytes()));
    }
}
