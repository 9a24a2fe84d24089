//! One request: who may ask, what is asked, what is answered.

use std::convert::Infallible;
use std::rc::Rc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use serde_json::json;
use slipway_http::answer::{self, Outgoing, Refusal};
use slipway_http::body::Arriving;
use slipway_http::contract::{Code, HEALTH, READY};
use slipway_http::raw;
use slipway_http::steering::{Steering, Wanted};

use crate::connection::{Phase, Progress};
use crate::invocation::Invocation;
use crate::job::{Ended, Task};
use crate::server::Server;

/// A refusal, and the invocation id where there is one already.
type Refused = (Refusal, Option<String>);

pub async fn answer(
    server: Rc<Server>,
    progress: Rc<Progress>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    progress.enter(if body.is_end_stream() { Phase::Running } else { Phase::Body });
    let answered = match begin(&server, &head, body) {
        Ok(Begun::Probed(outgoing)) => Ok(outgoing),
        Ok(Begun::Invocation(id, wanted, body)) => invoke(&server, &progress, id, wanted, head, body).await,
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
    Invocation(String, Wanted, Arriving),
}

/// All that can be said before the body is read.
fn begin(server: &Server, head: &Parts, body: Incoming) -> Result<Begun, Refused> {
    let steering = Steering::of(&head.headers);
    let path = head.uri.path();
    steering.check_size().map_err(|refusal| (refusal, None))?;
    if head.method == Method::GET || head.method == Method::HEAD {
        if path == HEALTH {
            return Ok(Begun::Probed(Outgoing::healthy()));
        }
        if path == READY {
            available(server).map_err(|refusal| (refusal, None))?;
            return Ok(Begun::Probed(Outgoing::ready()));
        }
    }
    steering.check_secret(&server.settings.secret).map_err(|refusal| (refusal, None))?;
    let id = steering.invocation_id(|| server.ids.take()).map_err(|refusal| (refusal, None))?;
    let check = || {
        let wanted = steering.wanted(server.settings.timeout)?;
        if !wanted.is_raw {
            steering.check_envelope(&head.method, path)?;
        }
        available(server)?;
        Ok((wanted, Arriving::new(body, server.settings.max_body)?))
    };
    match check() {
        Ok((wanted, body)) => Ok(Begun::Invocation(id, wanted, body)),
        Err(refusal) => Err((refusal, Some(id))),
    }
}

/// Whether an invocation would be taken now.
fn available(server: &Server) -> Result<(), Refusal> {
    if server.is_draining() {
        return Err(Refusal::shutting_down());
    }
    if !server.pool.is_loaded() {
        return Err(Refusal::not_loaded());
    }
    if server.is_full() { Err(Refusal::overloaded()) } else { Ok(()) }
}

/// Reads the body and runs the function.
async fn invoke(
    server: &Rc<Server>,
    progress: &Progress,
    id: String,
    wanted: Wanted,
    head: Parts,
    body: Arriving,
) -> Result<Outgoing, Refused> {
    let body = match body.await {
        Ok(body) => body,
        Err(refusal) => return Err((refusal, Some(id))),
    };
    progress.enter(Phase::Running);
    let Some(slot) = server.slot() else { return Err((Refusal::overloaded(), Some(id))) };
    let head = if wanted.is_raw { describe(&head) } else { Vec::new() };
    let invocation = Rc::new(Invocation::new(id, wanted.trace, wanted.in_envelope));
    let task = Task {
        invocation: Rc::clone(&invocation),
        timeout: wanted.timeout,
        raw: wanted.is_raw,
        head: &head,
        body,
    };
    let ended = server.pool.run(task, slot);
    drop(head);
    let given = match ended.await.unwrap_or(Ended::Died) {
        Ended::Answered(answer) => answer::given(answer, &invocation.id)
            .ok_or_else(|| Refusal::new(Code::InvalidResponse, "the function's answer can't be sent")),
        Ended::Refused(Refusal { code: Code::FunctionError, message }) => {
            Err(Refusal::failed(&message, server.settings.development))
        }
        Ended::Refused(refusal) => Err(refusal),
        Ended::Cut(Code::Timeout) => Err(Refusal::timeout()),
        Ended::Cut(_) => Err(Refusal::shutting_down()),
        Ended::Died => Err(Refusal::process_ended()),
    };
    Ok(respond(&invocation, wanted.in_envelope, given))
}

/// What came of the function, as an answer.
fn respond(invocation: &Invocation, in_envelope: bool, given: Result<Outgoing, Refusal>) -> Outgoing {
    let (outgoing, refusal) = match given {
        Ok(outgoing) => (outgoing, None),
        Err(refusal) => (answer::refused(&refusal, Some(&invocation.id)), Some(refusal)),
    };
    // A body that is refused has not reached the function.
    let refused = refusal
        .as_ref()
        .is_some_and(|refusal| matches!(refusal.code, Code::InvalidJson | Code::InvalidEnvelope));
    if !in_envelope || refused {
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

/// Raw mode's request.
fn describe(head: &Parts) -> Vec<u8> {
    json!({
        "method": head.method.as_str(),
        "path": head.uri.path(),
        "query": head.uri.query().unwrap_or_default(),
        "headers": raw::headers(&head.headers).collect::<Vec<_>>(),
    })
    .to_string()
    .into_bytes()
}
