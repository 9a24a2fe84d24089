//! What the HTTP headers ask of the runtime itself.

use std::borrow::Cow;
use std::time::Duration;

use hyper::Method;
use hyper::header::HeaderMap;

use crate::answer::Refusal;
use crate::authorise::is_secret;
use crate::contract::{
    Code, HEADER_BYTES, HEADER_LINES, INVOCATION, INVOCATION_ID_BYTES, MODE, RESULT, SECRET, TIMEOUT, TRACE,
};
use crate::settings;

/// The headers that steer the runtime, found in one pass; several of a name are one value, joined by commas.
#[derive(Default)]
pub struct Steering<'a> {
    bytes: usize,
    lines: usize,
    secret: Option<Cow<'a, [u8]>>,
    content_type: Option<&'a [u8]>,
    invocation: Option<Cow<'a, [u8]>>,
    mode: Option<Cow<'a, [u8]>>,
    result: Option<Cow<'a, [u8]>>,
    timeout: Option<Cow<'a, [u8]>>,
    trace: Option<Cow<'a, [u8]>>,
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
                "content-type" => {
                    found.content_type.get_or_insert(value.as_bytes());
                    continue;
                }
                TRACE => &mut found.trace,
                SECRET => &mut found.secret,
                INVOCATION => &mut found.invocation,
                MODE => &mut found.mode,
                RESULT => &mut found.result,
                TIMEOUT => &mut found.timeout,
                _ => continue,
            };
            match place {
                None => *place = Some(Cow::Borrowed(value.as_bytes())),
                Some(before) => before.to_mut().extend([b", ", value.as_bytes()].concat()),
            }
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
        if self.secret.as_ref().is_some_and(|given| is_secret(given, secret)) {
            return Ok(());
        }
        Err(Refusal::new(Code::Unauthorized, format!("the header {SECRET} is missing or wrong")))
    }

    /// The id that the caller names, or else a new one.
    pub fn invocation_id(&self, new: impl FnOnce() -> String) -> Result<String, Refusal> {
        let Some(bytes) = &self.invocation else { return Ok(new()) };
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
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
            is_raw: is_second(MODE, self.mode.as_deref(), "envelope", "raw")?,
            timeout: self.timeout(longest)?,
            in_envelope: is_second(RESULT, self.result.as_deref(), "plain", "envelope")?,
            trace: self.trace.as_deref().and_then(text).and_then(trace),
        })
    }

    fn timeout(&self, longest: Duration) -> Result<Duration, Refusal> {
        let Some(value) = self.timeout.as_deref() else { return Ok(longest) };
        let seconds = text(value).and_then(settings::decimal);
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
        let media = self.content_type.unwrap_or_default();
        let media = media.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        if media.eq_ignore_ascii_case(b"application/json") {
            return Ok(());
        }
        Err(Refusal::new(Code::UnsupportedMediaType, "the content type of an envelope is application/json"))
    }
}

/// Whether the header says the second of two words; no header is the first.
fn is_second(name: &str, value: Option<&[u8]>, first: &str, second: &str) -> Result<bool, Refusal> {
    match value {
        None => Ok(false),
        Some(value) if value == first.as_bytes() => Ok(false),
        Some(value) if value == second.as_bytes() => Ok(true),
        Some(_) => Err(invalid(format!("{name} must be {first} or {second}"))),
    }
}

fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
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
    use std::time::Duration;

    use hyper::header::HeaderMap;

    use super::{Steering, trace};
    use crate::contract::{INVOCATION, MODE, RESULT, SECRET, TIMEOUT};

    #[test]
    fn what_is_said_twice_is_one_value() {
        for (name, value) in
            [(MODE, "raw"), (RESULT, "envelope"), (TIMEOUT, "1"), (INVOCATION, "an-id"), (SECRET, "s")]
        {
            let mut headers = HeaderMap::new();
            headers.append(name, value.parse().unwrap());
            headers.append(name, value.parse().unwrap());
            let steering = Steering::of(&headers);
            let id = steering.invocation_id(|| String::from("new"));
            let wanted = steering.wanted(Duration::from_secs(30));
            assert_eq!(
                (name, id.is_err(), wanted.is_err()),
                (name, name == INVOCATION, [MODE, RESULT, TIMEOUT].contains(&name))
            );
            assert!(steering.check_secret(b"s").is_err());
            assert_eq!(steering.check_secret(b"s, s").is_ok(), name == SECRET);
        }
    }

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
