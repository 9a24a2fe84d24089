//! What goes out: a refusal of the runtime's, the function's answer, or either within the result envelope.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use hyper::{Response, StatusCode};
use serde_json::json;

use crate::contract::{Code, ERROR, HOP_BY_HOP, INVOCATION, RESERVED_PREFIX};
use crate::logs::Line;

/// One of the runtime's own errors.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub code: Code,
    pub message: String,
}

impl Refusal {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub fn not_loaded() -> Self {
        Self::new(Code::FunctionNotLoaded, "the function could not be loaded; the server's log says why")
    }

    pub fn overloaded() -> Self {
        Self::new(Code::Overloaded, "as many invocations are in flight as the runtime takes")
    }

    pub fn shutting_down() -> Self {
        Self::new(Code::ShuttingDown, "the server is shutting down")
    }

    pub fn timeout() -> Self {
        Self::new(Code::Timeout, "the function did not end in time")
    }

    /// Only in development an exception is the caller's to see.
    pub fn failed(why: &str, development: bool) -> Self {
        if development {
            return Self::new(Code::FunctionError, format!("the function failed: {why}"));
        }
        Self::new(Code::FunctionError, "the function failed; its log says why")
    }

    pub fn process_ended() -> Self {
        Self::new(Code::FunctionError, "the function ended its process")
    }

    fn object(&self, invocation: Option<&str>) -> serde_json::Value {
        json!({"code": self.code.name(), "message": self.message, "invocation": invocation})
    }
}

/// What a function answers.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// In order, several of one name as several.
    pub headers: Vec<(String, String)>,
    /// The content type unless the headers name one.
    pub usual_type: Option<&'static str>,
    pub body: Bytes,
}

/// What goes into the result envelope beside the answer.
pub struct Enveloped<'a> {
    pub invocation: &'a str,
    pub error: Option<&'a Refusal>,
    pub logs: &'a [Line],
    pub truncated: bool,
    pub duration: Duration,
}

pub struct Outgoing {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Content type, invocation, error or connection, and those that hyper adds.
const OWN_HEADERS: usize = 5;
const INVOCATION_NAME: HeaderName = HeaderName::from_static(INVOCATION);
const ERROR_NAME: HeaderName = HeaderName::from_static(ERROR);
const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub fn refused(refusal: &Refusal, invocation: Option<&str>) -> Outgoing {
    let body = json!({"error": refusal.object(invocation)}).to_string();
    let mut outgoing = Outgoing::json(refusal.code.status(), body.into());
    outgoing.headers.insert(ERROR_NAME, HeaderValue::from_static(refusal.code.name()));
    match refusal.code {
        Code::MethodNotAllowed => drop(outgoing.headers.insert(ALLOW, HeaderValue::from_static("POST"))),
        Code::Overloaded => drop(outgoing.headers.insert(RETRY_AFTER, HeaderValue::from_static("1"))),
        _ => {}
    }
    outgoing.identified(invocation)
}

/// The function's answer, less what is not the function's to say; None where HTTP can't carry it.
pub fn given(answer: Answer, invocation: &str) -> Option<Outgoing> {
    let status = StatusCode::from_u16(answer.status).ok()?;
    let mut headers = HeaderMap::with_capacity(answer.headers.len() + OWN_HEADERS);
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).ok()?;
        let value = HeaderValue::try_from(value).ok()?;
        let reserved = name.as_str().starts_with(RESERVED_PREFIX) || name == CONTENT_LENGTH;
        let again = name == CONTENT_TYPE && headers.contains_key(CONTENT_TYPE);
        if !reserved && !again && !HOP_BY_HOP.contains(&name.as_str()) {
            headers.append(name, value);
        }
    }
    if let Some(usual) = answer.usual_type
        && !headers.contains_key(CONTENT_TYPE)
    {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(usual));
    }
    let bodyless = matches!(answer.status, 204 | 304);
    let body = if bodyless { Bytes::new() } else { answer.body };
    Some(Outgoing { status, headers, body }.identified(Some(invocation)))
}

/// Wraps an answer into the result envelope.
pub fn enveloped(answer: &Outgoing, result: &Enveloped<'_>) -> Outgoing {
    let mut headers = serde_json::Map::new();
    // Those of the runtime belong to the HTTP answer around it.
    for (name, value) in answer.headers.iter().filter(|(name, _)| !name.as_str().starts_with(RESERVED_PREFIX))
    {
        if let serde_json::Value::Array(values) = headers.entry(name.as_str()).or_insert_with(|| json!([])) {
            values.push(String::from_utf8_lossy(value.as_bytes()).into());
        }
    }
    let (body, encoding) = match std::str::from_utf8(&answer.body) {
        Ok(text) => (text.to_owned(), "utf-8"),
        Err(_) => (STANDARD.encode(&answer.body), "base64"),
    };
    let document = json!({
        "status": answer.status.as_u16(),
        "headers": headers,
        "body": body,
        "encoding": encoding,
        "logs": result.logs,
        "truncated": result.truncated,
        "error": result.error.map(|refusal| refusal.object(Some(result.invocation))),
        "duration_ms": (result.duration.as_secs_f64() * 1e6).round() / 1e3,
    });
    Outgoing::json(StatusCode::OK, document.to_string().into()).identified(Some(result.invocation))
}

impl Outgoing {
    /// The answer to a caller who asks whether the server is alive.
    pub fn healthy() -> Self {
        Self::json(StatusCode::OK, Bytes::from_static(br#"{"status":"ok"}"#))
    }

    /// The answer to a caller who asks whether an invocation would be taken now.
    pub fn ready() -> Self {
        Self::json(StatusCode::OK, Bytes::from_static(br#"{"status":"ready"}"#))
    }

    fn json(status: StatusCode, body: Bytes) -> Self {
        let mut headers = HeaderMap::with_capacity(OWN_HEADERS);
        headers.insert(CONTENT_TYPE, JSON);
        Self { status, headers, body }
    }

    fn identified(mut self, invocation: Option<&str>) -> Self {
        if let Some(value) = invocation.and_then(|id| HeaderValue::from_str(id).ok()) {
            self.headers.insert(INVOCATION_NAME, value);
        }
        self
    }

    /// Has hyper end the connection after this answer.
    pub fn closing(mut self) -> Self {
        self.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        self
    }

    pub fn into_hyper(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Answer {
        let headers =
            headers.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect();
        Answer { status, headers, usual_type: Some("text/plain"), body: Bytes::from_static(b"x") }
    }

    fn names(outgoing: &Outgoing) -> Vec<&str> {
        outgoing.headers.keys().map(HeaderName::as_str).collect()
    }

    #[test]
    fn what_is_not_the_functions_to_say_is_dropped() {
        let headers = [
            ("X-Runtime-Error", "timeout"),
            ("Connection", "close"),
            ("Content-Length", "1"),
            ("x-kept", "1"),
        ];
        let outgoing = given(answer(200, &headers), "id").expect("HTTP can carry it");
        assert_eq!(names(&outgoing), ["x-kept", "content-type", INVOCATION]);
    }

    #[test]
    fn the_functions_own_type_goes_out_once_and_as_it_is() {
        let headers =
            [("Content-Type", "multipart/Mixed; boundary=AbC"), ("content-type", "application/json")];
        let outgoing = given(answer(200, &headers), "id").expect("HTTP can carry it");
        assert_eq!(names(&outgoing), ["content-type", INVOCATION]);
        assert_eq!(outgoing.headers["content-type"], "multipart/Mixed; boundary=AbC");
    }

    #[test]
    fn a_status_without_a_body_has_none() {
        for status in [204, 304] {
            assert!(given(answer(status, &[]), "id").is_some_and(|outgoing| outgoing.body.is_empty()));
        }
    }

    #[test]
    fn what_http_can_not_carry_is_no_answer() {
        for impossible in [answer(99, &[]), answer(200, &[("a b", "")]), answer(200, &[("x-a", "a\nb")])] {
            assert!(given(impossible, "id").is_none());
        }
    }

    #[test]
    fn bytes_travel_as_base64_in_the_result_envelope() {
        let outgoing = Outgoing {
            status: StatusCode::CREATED,
            headers: HeaderMap::new(),
            body: Bytes::from_static(&[0, 255]),
        };
        let result = Enveloped {
            invocation: "id",
            error: None,
            logs: &[],
            truncated: false,
            duration: Duration::ZERO,
        };
        let document: serde_json::Value =
            serde_json::from_slice(&enveloped(&outgoing, &result).body).expect("the envelope is JSON");
        assert_eq!(
            (&document["status"], &document["body"], &document["encoding"]),
            (&json!(201), &json!("AP8="), &json!("base64"))
        );
    }
}
