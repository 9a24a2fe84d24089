//! Steps that answer.

use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::{Value, json};
use slipway::Error;

use crate::Invocation;
use crate::arguments::Step;

pub fn send(step: &Step<'_>, invocation: &mut Invocation<'_>) -> Result<(), Error> {
    head(step, invocation)?;
    match step.bytes("base64")? {
        Some(bytes) => invocation.res.send(bytes),
        None => invocation.res.send(step.text("text")?),
    }
}

pub fn json(step: &Step<'_>, invocation: &mut Invocation<'_>) -> Result<(), Error> {
    head(step, invocation)?;
    match step.optional_text("special")? {
        None => invocation.res.json(step.get("value").unwrap_or(&Value::Null)),
        Some("nan") => invocation.res.json(&f64::NAN),
        // There are neither cycles nor functions in serde's model: what fails to serialize is the nearest.
        Some("cycle" | "function") => invocation.res.json(&Unserializable),
        Some(_) => Err(step.unknown()),
    }
}

struct Unserializable;

impl Serialize for Unserializable {
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("JSON can't hold this"))
    }
}

fn head(step: &Step<'_>, invocation: &mut Invocation<'_>) -> Result<(), Error> {
    if let Some(status) = step.optional_number("status")? {
        // A status that is too large for the type is as wrong as it was.
        invocation.res.status(status as u16);
    }
    for (name, value) in step.object("headers")?.into_iter().flatten() {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values {
            invocation.res.header(name, value.as_str().ok_or_else(|| step.unknown())?);
        }
    }
    Ok(())
}

pub fn report(invocation: &mut Invocation<'_>) -> Result<(), Error> {
    let req = &invocation.req;
    let deadline = req.deadline.duration_since(UNIX_EPOCH)?.as_secs_f64() * 1000.0;
    let report = json!({
        "request": {
            "method": req.method,
            "path": req.path,
            "query": req.query,
            "headers": req.headers,
            "payload": req.payload,
            "env": *req.env,
            "body": STANDARD.encode(&req.body),
            "id": req.id,
            "deadline": deadline,
        },
        "seen": invocation.seen,
    });
    invocation.res.json(&report)
}

pub fn echo(invocation: &mut Invocation<'_>) -> Result<(), Error> {
    let Invocation { req, res, .. } = invocation;
    if req.payload.get("steps").is_some() {
        return res.json(req.payload.get("value").unwrap_or(&Value::Null));
    }
    if let Some(media) = req.headers.get("content-type") {
        res.header("content-type", media);
    }
    res.send(req.body.clone())
}

pub fn again(step: &Step<'_>, invocation: &mut Invocation<'_>) -> Result<(), Error> {
    let outcome = if send(step, invocation).is_err() { "raised" } else { "accepted" };
    invocation.seen.insert(String::from("again"), outcome.into());
    Ok(())
}
