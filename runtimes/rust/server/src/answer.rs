//! From an outcome to the bytes of an answer: as hyper takes it, or whole where it is written past hyper.

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
use slipway::Answer;

use crate::contract::{Code, ERROR, HOP_BY_HOP, INVOCATION, RESERVED_PREFIX};

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

/// An answer in the making: its head as names and values, its body.
pub struct Outgoing {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// One line of an invocation's log in the result envelope.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub time: String,
    pub level: &'static str,
    pub message: String,
}

/// Content type, invocation, error or connection, and those that hyper adds.
const OWN_HEADERS: usize = 5;
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const INVOCATION_NAME: HeaderName = HeaderName::from_static(INVOCATION);
const ERROR_NAME: HeaderName = HeaderName::from_static(ERROR);

/// The plain answer to a refused request.
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
pub fn given(answer: Answer, invocation: &str) -> Outgoing {
    let mut headers = HeaderMap::with_capacity(answer.headers.len() + OWN_HEADERS);
    for (name, value) in answer.headers {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
            // `Response` took both, and with the same rules.
            continue;
        };
        let reserved = name.as_str().starts_with(RESERVED_PREFIX) || name == CONTENT_LENGTH;
        let again = name == CONTENT_TYPE && headers.contains_key(CONTENT_TYPE);
        if !reserved && !again && !HOP_BY_HOP.contains(&name.as_str()) {
            headers.append(name, value);
        }
    }
    if !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.default_type));
    }
    let bodyless = matches!(answer.status, 204 | 304);
    let body = if bodyless { Bytes::new() } else { answer.body };
    Outgoing { status: answer.status, headers, body }.identified(Some(invocation))
}

/// What goes into the result envelope beside the answer.
pub struct Result<'a> {
    pub invocation: &'a str,
    pub error: Option<&'a Refusal>,
    pub logs: Vec<Line>,
    pub truncated: bool,
    pub duration: Duration,
}

/// Wraps an answer into the result envelope.
pub fn enveloped(answer: &Outgoing, result: &Result<'_>) -> Outgoing {
    let mut headers = serde_json::Map::new();
    // Those of the runtime belong to the HTTP answer around it.
    let own = answer.headers.iter().filter(|(name, _)| !name.as_str().starts_with(RESERVED_PREFIX));
    for (name, value) in own {
        let values = headers.entry(name.as_str()).or_insert_with(|| json!([]));
        if let serde_json::Value::Array(values) = values {
            values.push(String::from_utf8_lossy(value.as_bytes()).into());
        }
    }
    let (body, encoding) = match std::str::from_utf8(&answer.body) {
        Ok(text) => (text.to_owned(), "utf-8"),
        Err(_) => (STANDARD.encode(&answer.body), "base64"),
    };
    let document = json!({
        "status": answer.status,
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
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = self.headers;
        response
    }

    /// The whole message, for a connection that is closed after it.
    pub fn into_bytes(self, to_head: bool) -> Vec<u8> {
        let reason = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        let mut bytes = format!("HTTP/1.1 {} {}\r\n", self.status, reason.unwrap_or_default()).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(
            format!("content-length: {}\r\nconnection: close\r\n\r\n", self.body.len()).as_bytes(),
        );
        if !to_head {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&str, &str)]) -> Answer {
        let headers =
            headers.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect();
        Answer {
            status: 200,
            headers,
            default_type: "text/plain; charset=utf-8",
            body: Bytes::from_static(b"x"),
        }
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
        assert_eq!(
            names(&given(answer(&headers), "id")),
            ["x-kept", "content-type", "x-runtime-invocation-id"]
        );
    }

    #[test]
    fn the_functions_own_type_goes_out_once_and_as_it_is() {
        let outgoing = given(answer(&[("Content-Type", "multipart/Mixed; boundary=AbC")]), "id");
        assert_eq!(names(&outgoing), ["content-type", "x-runtime-invocation-id"]);
        assert_eq!(outgoing.headers["content-type"], "multipart/Mixed; boundary=AbC");
    }

    #[test]
    fn bytes_travel_as_base64_in_the_result_envelope() {
        let outgoing =
            Outgoing { status: 201, headers: HeaderMap::new(), body: Bytes::from_static(&[0, 255]) };
        let result = Result {
            invocation: "id",
            error: None,
            logs: vec![],
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
