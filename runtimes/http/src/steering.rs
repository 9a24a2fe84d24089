//! What the HTTP headers ask of the runtime itself.

use std::time::Duration;

use hyper::Method;
use hyper::header::{HeaderMap, HeaderValue};

use crate::answer::Refusal;
use crate::authorise::is_secret;
use crate::contract::{
    Code, HEADER_BYTES, HEADER_LINES, INVOCATION, INVOCATION_ID_BYTES, MODE, RESULT, SECRET, TIMEOUT, TRACE,
};
use crate::settings;

/// The headers that steer the runtime, found in one pass. Of several the first counts.
#[derive(Default)]
pub struct Steering<'a> {
    bytes: usize,
    lines: usize,
    secret: Option<&'a HeaderValue>,
    content_type: Option<&'a HeaderValue>,
    invocation: Option<&'a HeaderValue>,
    mode: Option<&'a HeaderValue>,
    result: Option<&'a HeaderValue>,
    timeout: Option<&'a HeaderValue>,
    trace: Option<&'a HeaderValue>,
}

/// What they ask for.
pub struct Wanted {
    pub is_raw: bool,
    pub in_envelope: bool,
    pub timeout: Duration,
    /// The trace that the invocation belongs to.
    pub trace: Option<String>,
}

impl<'a> Steering<'a> {
    pub fn of(headers: &'a HeaderMap) -> Self {
        let mut found = Self { lines: headers.len(), ..Self::default() };
        for (name, value) in headers {
            // A line is its name, a colon, a space, its value, and CR LF.
            found.bytes += name.as_str().len() + value.len() + 4;
            let place = match name.as_str() {
                "content-type" => &mut found.content_type,
                TRACE => &mut found.trace,
                SECRET => &mut found.secret,
                INVOCATION => &mut found.invocation,
                MODE => &mut found.mode,
                RESULT => &mut found.result,
                TIMEOUT => &mut found.timeout,
                _ => continue,
            };
            place.get_or_insert(value);
        }
        found
    }

    pub fn check_size(&self) -> Result<(), Refusal> {
        if self.bytes > HEADER_BYTES || self.lines > HEADER_LINES {
            return Err(Refusal::new(Code::HeadersTooLarge, "the headers are larger than the runtime takes"));
        }
        Ok(())
    }

    pub fn check_secret(&self, secret: &[u8]) -> Result<(), Refusal> {
        if self.secret.is_some_and(|given| is_secret(given.as_bytes(), secret)) {
            return Ok(());
        }
        Err(Refusal::new(Code::Unauthorized, format!("the header {SECRET} is missing or wrong")))
    }

    /// The id that the caller names, or else a new one.
    pub fn invocation_id(&self, new: impl FnOnce() -> String) -> Result<String, Refusal> {
        let Some(given) = self.invocation else { return Ok(new()) };
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
        let bytes = given.as_bytes();
        if bytes.is_empty() || bytes.len() > INVOCATION_ID_BYTES || !bytes.iter().all(allowed) {
            return Err(invalid(format!(
                "{INVOCATION} must be 1 to {INVOCATION_ID_BYTES} letters, digits, dots, underscores or dashes"
            )));
        }
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// `longest` is the timeout that the launch allows.
    pub fn wanted(&self, longest: Duration) -> Result<Wanted, Refusal> {
        Ok(Wanted {
            is_raw: is_second(MODE, self.mode, "envelope", "raw")?,
            timeout: self.timeout(longest)?,
            in_envelope: is_second(RESULT, self.result, "plain", "envelope")?,
            trace: self.trace.and_then(|value| value.to_str().ok()).and_then(trace),
        })
    }

    fn timeout(&self, longest: Duration) -> Result<Duration, Refusal> {
        let Some(value) = self.timeout else { return Ok(longest) };
        let seconds = value.to_str().ok().and_then(settings::decimal);
        let seconds = seconds
            .ok_or_else(|| invalid(format!("{TIMEOUT} must be a positive decimal number of seconds")))?;
        Ok(Duration::try_from_secs_f64(seconds).map_or(longest, |wanted| wanted.min(longest)))
    }

    /// Refuses what is no envelope by its address, method or type.
    pub fn check_envelope(&self, method: &Method, path: &str) -> Result<(), Refusal> {
        if path != "/" {
            let message = format!("an envelope is posted to /; other paths need {MODE}: raw");
            return Err(Refusal::new(Code::NotFound, message));
        }
        if method != Method::POST {
            let message = format!("an envelope is posted; other methods need {MODE}: raw");
            return Err(Refusal::new(Code::MethodNotAllowed, message));
        }
        let media = self.content_type.map_or(&b""[..], |value| value.as_bytes());
        let media = media.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        if media.eq_ignore_ascii_case(b"application/json") {
            return Ok(());
        }
        Err(Refusal::new(Code::UnsupportedMediaType, "the content type of an envelope is application/json"))
    }
}

/// Whether the header says the second of two words; no header is the first.
fn is_second(name: &str, value: Option<&HeaderValue>, first: &str, second: &str) -> Result<bool, Refusal> {
    match value.map(HeaderValue::as_bytes) {
        None => Ok(false),
        Some(value) if value == first.as_bytes() => Ok(false),
        Some(value) if value == second.as_bytes() => Ok(true),
        Some(_) => Err(invalid(format!("{name} must be {first} or {second}"))),
    }
}

fn invalid(message: String) -> Refusal {
    Refusal::new(Code::InvalidHeader, message)
}

/// The trace id of a valid W3C traceparent.
pub fn trace(header: &str) -> Option<String> {
    let mut parts = header.split('-');
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
        assert_eq!(trace(&format!("00-{id}-00f067aa0ba902b7-01")).as_deref(), Some(id));
        assert_eq!(trace(&format!("01-{id}-00f067aa0ba902b7-01-more")).as_deref(), Some(id));
        for text in [
            String::from("nonsense"),
            format!("00-{id}-00f067aa0ba902b7"),
            format!("00-{id}-00f067aa0ba902b7-01-more"),
            format!("ff-{id}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{id}-{}-01", "0".repeat(16)),
            format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()),
        ] {
            assert_eq!(trace(&text), None, "{text}");
        }
    }
}
