//! One request: who may ask, what is asked, what is answered.

use std::convert::Infallible;
use std::rc::Rc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, HeaderMap};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use serde_json::json;

use crate::answer::{self, Outgoing, Refusal};
use crate::authorise::is_secret;
use crate::body;
use crate::connection::{Phase, Progress};
use crate::contract::{Code, HEALTH, HOP_BY_HOP, READY, RESERVED_PREFIX};
use crate::invocation::Invocation;
use crate::job::{Ended, Task};
use crate::pool::NOT_LOADED;
use crate::server::Server;
use crate::steering::{Steering, Wanted};

/// A refusal, and the invocation id where there is one already.
type Refused = (Refusal, Option<String>);

pub async fn answer(
    server: Rc<Server>,
    progress: Rc<Progress>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    progress.enter(if body.is_end_stream() { Phase::Running } else { Phase::Body });
    let answered = match begin(&server, &head, &body) {
        Ok(Begun::Probed(outgoing)) => Ok(outgoing),
        Ok(Begun::Invocation(id, wanted)) => invoke(&server, &progress, id, wanted, head, body).await,
        Err(refused) => Err(refused),
    };
    let mut outgoing = answered.unwrap_or_else(|(refusal, id)| {
        let outgoing = answer::refused(&refusal, id.as_deref());
        // What was not read can't be told from the next request.
        if progress.phase() == Phase::Body { outgoing.closing() } else { outgoing }
    });
    if server.is_draining() {
        outgoing = outgoing.closing();
    }
    progress.enter(Phase::Answering);
    Ok(outgoing.into_hyper())
}

enum Begun {
    Probed(Outgoing),
    Invocation(String, Wanted),
}

/// All that can be said before the body is read.
fn begin(server: &Server, head: &Parts, body: &Incoming) -> Result<Begun, Refused> {
    let steering = Steering::of(&head.headers);
    let path = head.uri.path();
    if steering.too_large() {
        let refusal = Refusal::new(Code::HeadersTooLarge, "the headers are larger than the runtime takes");
        return Err((refusal, None));
    }
    if head.method == Method::GET || head.method == Method::HEAD {
        if path == HEALTH {
            return Ok(Begun::Probed(Outgoing::json(200, Bytes::from_static(br#"{"status":"ok"}"#))));
        }
        if path == READY {
            available(server).map_err(|refusal| (refusal, None))?;
            return Ok(Begun::Probed(Outgoing::json(200, Bytes::from_static(br#"{"status":"ready"}"#))));
        }
    }
    if !steering.secret.is_some_and(|given| is_secret(given.as_bytes(), &server.settings.secret)) {
        let refusal = Refusal::new(Code::Unauthorized, "the header x-runtime-secret is missing or wrong");
        return Err((refusal, None));
    }
    let id = steering.invocation_id(&server.ids).map_err(|refusal| (refusal, None))?;
    let check = || {
        let wanted = steering.wanted(server.settings.timeout)?;
        if !wanted.raw {
            steering.check_envelope(&head.method, path)?;
        }
        available(server)?;
        body::check(body, server.settings.max_body)?;
        Ok(wanted)
    };
    match check() {
        Ok(wanted) => Ok(Begun::Invocation(id, wanted)),
        Err(refusal) => Err((refusal, Some(id))),
    }
}

/// Whether an invocation would be taken now.
fn available(server: &Server) -> Result<(), Refusal> {
    if server.is_draining() {
        return Err(Refusal::new(Code::ShuttingDown, "the server is shutting down"));
    }
    if !server.pool.is_loaded() {
        return Err(Refusal::new(Code::FunctionNotLoaded, NOT_LOADED));
    }
    if server.is_full() { Err(overloaded()) } else { Ok(()) }
}

fn overloaded() -> Refusal {
    Refusal::new(Code::Overloaded, "as many invocations are in flight as the runtime takes")
}

/// Reads the body and runs the function.
async fn invoke(
    server: &Rc<Server>,
    progress: &Progress,
    id: String,
    wanted: Wanted,
    head: Parts,
    body: Incoming,
) -> Result<Outgoing, Refused> {
    let body = match body::read(body, server.settings.max_body).await {
        Ok(body) => body,
        Err(refusal) => return Err((refusal, Some(id))),
    };
    progress.enter(Phase::Running);
    let Some(slot) = server.slot() else { return Err((overloaded(), Some(id))) };
    let head = if wanted.raw { describe(&head) } else { Vec::new() };
    let invocation = Rc::new(Invocation::new(id, wanted.trace, wanted.enveloped));
    let task = Task {
        invocation: Rc::clone(&invocation),
        timeout: wanted.timeout,
        raw: wanted.raw,
        head: &head,
        body,
    };
    let ended = server.pool.run(task, slot);
    drop(head);
    let given = match ended.await.unwrap_or(Ended::Died) {
        Ended::Answered(answer) => answer::given(answer, &invocation.id)
            .ok_or_else(|| Refusal::new(Code::InvalidResponse, "the function's answer can't be sent")),
        Ended::Refused(code, message) => Err(refusal(server, code, message)),
        Ended::Cut(Code::Timeout) => Err(Refusal::new(Code::Timeout, "the function did not end in time")),
        Ended::Cut(code) => Err(Refusal::new(code, "the server is shutting down")),
        Ended::Died => Err(Refusal::new(Code::FunctionError, "the function ended its process")),
    };
    Ok(respond(&invocation, wanted.enveloped, given))
}

/// Only in development an exception is the caller's to see.
fn refusal(server: &Server, code: Code, message: String) -> Refusal {
    match code {
        Code::FunctionError if server.settings.development => {
            Refusal::new(code, format!("the function failed: {message}"))
        }
        Code::FunctionError => Refusal::new(code, "the function failed; its log says why"),
        _ => Refusal::new(code, message),
    }
}

/// What came of the function, as an answer.
fn respond(invocation: &Invocation, enveloped: bool, given: Result<Outgoing, Refusal>) -> Outgoing {
    let (outgoing, refusal) = match given {
        Ok(outgoing) => (outgoing, None),
        Err(refusal) => (answer::refused(&refusal, Some(&invocation.id)), Some(refusal)),
    };
    // A body that is refused has not reached the function.
    let refused = refusal
        .as_ref()
        .is_some_and(|refusal| matches!(refusal.code, Code::InvalidJson | Code::InvalidEnvelope));
    if !enveloped || refused {
        return outgoing;
    }
    let (logs, truncated) = invocation.take_lines();
    let result = answer::Enveloped {
        invocation: &invocation.id,
        error: refusal.as_ref(),
        logs: &logs,
        truncated,
        duration: invocation.started.elapsed(),
    };
    answer::enveloped(&outgoing, &result)
}

/// Raw mode's request, less what steers the runtime and what concerns one connection.
fn describe(head: &Parts) -> Vec<u8> {
    let named: Vec<String> = head
        .headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let hidden = |name: &str| {
        name.starts_with(RESERVED_PREFIX)
            || HOP_BY_HOP.contains(&name)
            || named.iter().any(|other| other == name)
    };
    json!({
        "method": head.method.as_str(),
        "path": head.uri.path(),
        "query": head.uri.query().unwrap_or_default(),
        "headers": pairs(&head.headers, hidden),
    })
    .to_string()
    .into_bytes()
}

fn pairs(headers: &HeaderMap, hidden: impl Fn(&str) -> bool) -> Vec<(&str, String)> {
    headers
        .iter()
        .filter(|(name, _)| !hidden(name.as_str()))
        .map(|(name, value)| (name.as_str(), text(value.as_bytes())))
        .collect()
}

/// UTF-8 where it is that, and otherwise Latin-1, of which every byte is a character.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}
