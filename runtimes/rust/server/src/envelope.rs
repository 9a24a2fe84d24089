//! From a body to the parts of an invocation.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use slipway::Headers;
use slipway_http::answer::Refusal;
use slipway_http::contract::Code;

/// The members of an envelope, with their defaults.
#[derive(Debug, Default)]
pub struct Envelope {
    pub payload: Value,
    pub headers: Headers,
    pub env: Vec<(String, String)>,
    pub method: Option<String>,
    pub path: Option<String>,
    pub query: Option<String>,
}

/// Members as they came; of two the last counts. Most envelopes have no others, and this is moved about.
#[derive(Default)]
struct Members {
    payload: Value,
    others: Option<Box<Others>>,
}

#[derive(Default)]
struct Others {
    headers: Option<Value>,
    env: Option<Value>,
    method: Option<Value>,
    path: Option<Value>,
    query: Option<Value>,
}

impl Members {
    fn others(&mut self) -> &mut Others {
        self.others.get_or_insert_default()
    }
}

pub fn parse(body: &[u8]) -> Result<Envelope, Refusal> {
    let mut deserializer = serde_json::Deserializer::from_str(text_of(body)?);
    let members = deserializer
        .deserialize_map(MembersVisitor)
        .and_then(|members| deserializer.end().map(|()| members))
        .map_err(|error| refusal(body, &error))?;
    let payload = members.payload;
    let Some(others) = members.others else { return Ok(Envelope { payload, ..Envelope::default() }) };
    Ok(Envelope {
        payload,
        headers: headers(others.headers)?,
        env: strings("env", others.env)?,
        method: text("method", others.method)?,
        path: text("path", others.path)?,
        query: text("query", others.query)?,
    })
}

/// A body as JSON, for raw mode.
pub fn parse_value(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_str(text_of(body)?).map_err(|error| invalid_json(&error))
}

/// Checked as a whole: the parser would not look into members that are ignored.
fn text_of(body: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(body).map_err(|error| invalid_json(&error))
}

fn refusal(body: &[u8], error: &serde_json::Error) -> Refusal {
    // An error of shape is found before the rest of the body was read.
    if !error.is_data() {
        return invalid_json(&error);
    }
    match parse_value(body) {
        Ok(_) => invalid("the envelope must be an object"),
        Err(refusal) => refusal,
    }
}

fn invalid_json(error: &dyn fmt::Display) -> Refusal {
    Refusal::new(Code::InvalidJson, format!("the body is not JSON in UTF-8: {error}"))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(Code::InvalidEnvelope, message)
}

fn text(name: &str, member: Option<Value>) -> Result<Option<String>, Refusal> {
    match member {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(format!("the envelope's {name} must be a string"))),
    }
}

fn strings(name: &str, member: Option<Value>) -> Result<Vec<(String, String)>, Refusal> {
    let wrong = || invalid(format!("the envelope's {name} must be an object of strings"));
    match member {
        None => Ok(Vec::new()),
        Some(Value::Object(members)) => members
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(text) => Ok((name, text)),
                _ => Err(wrong()),
            })
            .collect(),
        Some(_) => Err(wrong()),
    }
}

fn headers(member: Option<Value>) -> Result<Headers, Refusal> {
    let mut headers = Headers::new();
    for (name, value) in strings("headers", member)? {
        add_header(&mut headers, name.to_lowercase(), &value);
    }
    Ok(headers)
}

/// Joins several fields of one name as RFC 9110 5.3 and RFC 6265 5.4 say.
pub fn add_header(headers: &mut Headers, name: String, value: &str) {
    match headers.get_mut(&name) {
        Some(present) => {
            present.push_str(if name == "cookie" { "; " } else { ", " });
            present.push_str(value);
        }
        None => {
            headers.insert(name, value.to_owned());
        }
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key::<Name>()? {
            match name {
                Name::Payload => members.payload = map.next_value()?,
                Name::Headers => members.others().headers = Some(map.next_value()?),
                Name::Env => members.others().env = Some(map.next_value()?),
                Name::Method => members.others().method = Some(map.next_value()?),
                Name::Path => members.others().path = Some(map.next_value()?),
                Name::Query => members.others().query = Some(map.next_value()?),
                // Parsed whole: what isn't used must be JSON all the same.
                Name::Unknown => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(members)
    }
}

enum Name {
    Payload,
    Headers,
    Env,
    Method,
    Path,
    Query,
    Unknown,
}

impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Name, E> {
                Ok(match name {
                    "payload" => Name::Payload,
                    "headers" => Name::Headers,
                    "env" => Name::Env,
                    "method" => Name::Method,
                    "path" => Name::Path,
                    "query" => Name::Query,
                    _ => Name::Unknown,
                })
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &[u8]) -> Code {
        parse(body).expect_err("it must be refused").code
    }

    #[test]
    fn every_member_may_be_left_out() {
        let envelope = parse(b"{}").expect("an empty object is an envelope");
        assert!(envelope.payload.is_null() && envelope.headers.is_empty() && envelope.env.is_empty());
    }

    #[test]
    fn what_is_no_json_is_told_from_what_is_no_envelope() {
        for body in [
            &b""[..],
            b"{",
            b"{} {}",
            b"{\"payload\": NaN}",
            b"[1,",
            b"{\"later\": }",
            b"{\"a\":\"\xff\"}",
            b"\xef\xbb\xbf{}",
        ] {
            assert_eq!(code(body), Code::InvalidJson, "{}", String::from_utf8_lossy(body));
        }
        for body in [
            &b"[]"[..],
            b"null",
            b"1",
            b"{\"headers\": []}",
            b"{\"headers\": {\"a\": 1}}",
            b"{\"env\": {\"A\": null}}",
            b"{\"method\": 5}",
            b"{\"path\": null}",
            b"{\"query\": []}",
        ] {
            assert_eq!(code(body), Code::InvalidEnvelope, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn a_body_nested_beyond_reason_is_refused_and_not_followed() {
        let nested = format!("{{\"payload\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(code(nested.as_bytes()), Code::InvalidJson);
    }

    #[test]
    fn of_duplicates_the_last_counts() {
        let envelope = parse(br#"{"payload":1,"payload":{"a":1,"a":2}}"#).expect("duplicates are JSON");
        assert_eq!(envelope.payload, serde_json::json!({"a": 2}));
    }

    #[test]
    fn names_of_headers_are_lower_case_and_joined() {
        let envelope =
            parse(br#"{"headers":{"X-A":"1","x-a":"2","Cookie":"a=1","cookie":"b=2"}}"#).expect("valid");
        assert_eq!(envelope.headers["x-a"], "1, 2");
        assert_eq!(envelope.headers["cookie"], "a=1; b=2");
    }
}
