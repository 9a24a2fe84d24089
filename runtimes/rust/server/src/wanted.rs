//! What the HTTP headers ask of the runtime itself.

use std::time::Duration;

use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap};

use crate::answer::Refusal;
use crate::contract::{
    Code, HEADER_BYTES, HEADER_LINES, INVOCATION, INVOCATION_ID_BYTES, MODE, RESULT, TIMEOUT,
};
use crate::server::Server;
use crate::{raw, settings};

/// What the headers ask of the runtime.
pub struct Wanted {
    pub is_raw: bool,
    pub timeout: Duration,
    pub in_envelope: bool,
}

pub fn is_too_large(headers: &HeaderMap) -> bool {
    // A line is its name, a colon, a space, its value, and CR LF.
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    bytes > HEADER_BYTES || headers.len() > HEADER_LINES
}

pub fn invocation_id(server: &Server, headers: &HeaderMap) -> Result<String, Refusal> {
    let Some(given) = headers.get(INVOCATION) else { return Ok(server.next_id()) };
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let bytes = given.as_bytes();
    if bytes.is_empty() || bytes.len() > INVOCATION_ID_BYTES || !bytes.iter().all(allowed) {
        let message = format!(
            "{INVOCATION} must be 1 to {INVOCATION_ID_BYTES} letters, digits, dots, underscores or dashes"
        );
        return Err(Refusal::new(Code::InvalidHeader, message));
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

pub fn wanted(server: &Server, headers: &HeaderMap) -> Result<Wanted, Refusal> {
    let invalid = |message: String| Refusal::new(Code::InvalidHeader, message);
    let of_two = |name: &str, usual: &str, other: &str| match headers.get(name).map(|value| value.as_bytes())
    {
        None => Ok(false),
        Some(value) if value == usual.as_bytes() => Ok(false),
        Some(value) if value == other.as_bytes() => Ok(true),
        Some(_) => Err(invalid(format!("{name} must be {usual} or {other}"))),
    };
    let timeout = match headers.get(TIMEOUT) {
        None => server.settings.timeout,
        Some(value) => {
            let seconds = value.to_str().ok().and_then(settings::decimal);
            let seconds = seconds
                .ok_or_else(|| invalid(format!("{TIMEOUT} must be a positive decimal number of seconds")))?;
            // Longer than the launch allows is as long as it allows.
            Duration::try_from_secs_f64(seconds)
                .map_or(server.settings.timeout, |wanted| wanted.min(server.settings.timeout))
        }
    };
    Ok(Wanted {
        is_raw: of_two(MODE, "envelope", "raw")?,
        timeout,
        in_envelope: of_two(RESULT, "plain", "envelope")?,
    })
}

pub fn check_envelope(method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Refusal> {
    if path != "/" {
        return Err(Refusal::new(
            Code::NotFound,
            "an envelope is posted to /; other paths need x-runtime-mode: raw",
        ));
    }
    if method != Method::POST {
        return Err(Refusal::new(
            Code::MethodNotAllowed,
            "an envelope is posted; other methods need x-runtime-mode: raw",
        ));
    }
    let media = headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let plain = media == b"application/json";
    if plain || std::str::from_utf8(media).is_ok_and(|media| raw::media_type(media) == "application/json") {
        Ok(())
    } else {
        Err(Refusal::new(Code::UnsupportedMediaType, "the content type of an envelope is application/json"))
    }
}

/// The trace id of a valid W3C traceparent.
pub fn trace(header: Option<&str>) -> Option<String> {
    let mut parts = header?.split('-');
    let mut part = |length: usize| {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        parts.next().filter(|part| part.len() == length && part.bytes().all(hex))
    };
    let (version, trace, parent) = (part(2)?, part(32)?, part(16)?);
    part(2)?;
    // Later versions may have more parts, this one has not.
    let whole = version != "00" || parts.next().is_none();
    let zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    (whole && version != "ff" && !zero(trace) && !zero(parent)).then(|| trace.to_owned())
}

#[cfg(test)]
mod tests {
    use super::trace;

    #[test]
    fn only_a_valid_traceparent_has_a_trace() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let of = |text: String| trace(Some(&text));
        assert_eq!(of(format!("00-{id}-00f067aa0ba902b7-01")).as_deref(), Some(id));
        assert_eq!(of(format!("01-{id}-00f067aa0ba902b7-01-more")).as_deref(), Some(id));
        for text in [
            String::from("nonsense"),
            format!("00-{id}-00f067aa0ba902b7"),
            format!("00-{id}-00f067aa0ba902b7-01-more"),
            format!("ff-{id}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{id}-{}-01", "0".repeat(16)),
            format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()),
        ] {
            assert_eq!(of(text.clone()), None, "{text}");
        }
    }
}
