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
use serde::Serialize;
use serde_json::json;

use crate::contract::{Code, ERROR, HOP_BY_HOP, INVOCATION, RESERVED_PREFIX};
use crate::frames::Answer;

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

    fn object(&self, invocation: Option<&str>) -> serde_json::Value {
        json!({"code": self.code.name(), "message": self.message, "invocation": invocation})
    }
}

/// One line of an invocation's log in the result envelope.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub time: String,
    pub level: &'static str,
    pub message: String,
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
const OWN_HEADERS: usize = 6;
const INVOCATION_NAME: HeaderName = HeaderName::from_static(INVOCATION);
const ERROR_NAME: HeaderName = HeaderName::from_static(ERROR);
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

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

/// The function's answer, less what is not the function's to say.
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
    if !headers.contains_key(CONTENT_TYPE) {
        let usual = match answer.kind {
            1 => Some(TEXT),
            2 => Some(BYTES),
            3 => Some(JSON),
            _ => None,
        };
        usual.map(|usual| headers.insert(CONTENT_TYPE, usual));
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
    Outgoing::json(200, document.to_string().into()).identified(Some(result.invocation))
}

impl Outgoing {
    pub fn json(status: u16, body: Bytes) -> Self {
        let mut headers = HeaderMap::with_capacity(OWN_HEADERS);
        headers.insert(CONTENT_TYPE, JSON);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
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

    fn names(headers: &[(&str, &str)]) -> Vec<String> {
        let headers =
            headers.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect();
        let answer = Answer { status: 200, kind: 1, headers, body: Bytes::from_static(b"x") };
        given(answer, "id").expect("valid").headers.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_not_the_functions_to_say_is_dropped() {
        let headers = [
            ("X-Runtime-Error", "timeout"),
            ("Connection", "close"),
            ("Content-Length", "1"),
            ("x-kept", "1"),
        ];
        assert_eq!(names(&headers), ["x-kept", "content-type", INVOCATION]);
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
        assert_eq!((&document["body"], &document["encoding"]), (&json!("AP8="), &json!("base64")));
    }
}
