//! What a function answers with.

use bytes::Bytes;
use serde::Serialize;

use crate::{Error, exact};

/// Takes one answer. Status and headers are given before it: `res.status(201).header("x-a", "b").send("made")`.
#[derive(Debug, Default)]
pub struct Response {
    status: Option<u16>,
    headers: Vec<(String, String)>,
    given: Option<Result<Answer, String>>,
}

/// An answer that HTTP can carry.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// As the function wrote them, in order, several of one name as several.
    pub headers: Vec<(String, String)>,
    /// The content type that holds unless the headers name one.
    pub default_type: &'static str,
    pub body: Bytes,
}

/// Text or bytes.
#[derive(Debug)]
pub enum Body {
    Text(Bytes),
    Bytes(Bytes),
}

impl Response {
    /// The status of the answer that follows; 200 unless it is given.
    pub fn status(&mut self, status: u16) -> &mut Self {
        self.status = Some(status);
        self
    }

    /// Adds a header to the answer that follows; the same name again is a second line.
    pub fn header(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Answers with text or bytes. A second answer, or one that HTTP can't carry, is an error.
    pub fn send(&mut self, body: impl Into<Body>) -> Result<(), Error> {
        let (default_type, body) = match body.into() {
            Body::Text(text) => ("text/plain; charset=utf-8", text),
            Body::Bytes(bytes) => ("application/octet-stream", bytes),
        };
        self.answer(default_type, Ok(body))
    }

    /// Answers with a value as JSON. A second answer, or a value that JSON can't hold, is an error.
    pub fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let body = match self.given {
            None => exact::to_vec(value).map(Bytes::from).map_err(|error| error.to_string()),
            Some(_) => Ok(Bytes::new()),
        };
        self.answer("application/json", body)
    }

    /// The first answer, or why it is none that can be sent; None where there was none at all.
    pub fn into_given(self) -> Option<Result<Answer, String>> {
        self.given
    }

    fn answer(&mut self, default_type: &'static str, body: Result<Bytes, String>) -> Result<(), Error> {
        let status = self.status.take().unwrap_or(200);
        let headers = std::mem::take(&mut self.headers);
        if self.given.is_some() {
            return Err(Error::new("the response was already given: a function answers once"));
        }
        let given =
            checked(status, &headers).and(body).map(|body| Answer { status, headers, default_type, body });
        let outcome = given.as_ref().map(|_| ()).map_err(Error::new);
        self.given = Some(given);
        outcome
    }
}

fn checked(status: u16, headers: &[(String, String)]) -> Result<(), String> {
    if !(200..=599).contains(&status) {
        return Err(format!("the status {status} is outside 200 to 599"));
    }
    for (name, value) in headers {
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(format!("{name:?} is no header name"));
        }
        if value.bytes().any(|byte| (byte < b' ' && byte != b'\t') || byte == 0x7f) {
            return Err(format!("the header {name} holds a control character"));
        }
    }
    Ok(())
}

/// RFC 9110 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        Self::Text(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<&String> for Body {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<&[u8]> for Body {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(Bytes::copy_from_slice(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_counts_and_the_second_is_an_error() {
        let mut res = Response::default();
        assert!(res.status(202).send("first").is_ok());
        assert!(res.status(203).header("x-late", "1").send("second").is_err());
        let answer = res.into_given().expect("there is one").expect("it is valid");
        assert_eq!((answer.status, answer.body.as_ref(), answer.headers.len()), (202, &b"first"[..], 0));
    }

    #[test]
    fn what_http_can_not_carry_is_refused() {
        for (status, name, value) in [
            (199, "x", ""),
            (600, "x", ""),
            (200, "", ""),
            (200, "x a", ""),
            (200, "x", "1\r\ny: 2"),
            (200, "x", "\0"),
        ] {
            let mut res = Response::default();
            assert!(res.status(status).header(name, value).send("x").is_err(), "{status} {name:?} {value:?}");
            assert!(matches!(res.into_given(), Some(Err(_))));
        }
    }

    #[test]
    fn json_is_compact_and_holds_no_nan() {
        let mut res = Response::default();
        assert!(res.json(&serde_json::json!({"z": [1, "é"], "a": null})).is_ok());
        let answer = res.into_given().expect("there is one").expect("it is valid");
        assert_eq!(answer.body.as_ref(), r#"{"z":[1,"é"],"a":null}"#.as_bytes());
        assert!(Response::default().json(&[1.0, f64::NAN]).is_err());
    }
}
