//! One request: who may ask, what is asked, what is answered.

use std::fmt;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::{Method, Request, Response};
use slipway::{Env, Level, Logger, Sink};

use crate::answer::{self, Outgoing, Refusal};
use crate::authorise::is_secret;
use crate::contract::{Code, HEALTH, READY, TRACE};
use crate::envelope::{self, Envelope};
use crate::function::{Function, Outcome};
use crate::invocation::{Cut, Invocation};
use crate::run::{Ended, Run};
use crate::server::{Server, State};
use crate::slots::Taken;
use crate::table::{self, IN_ENVELOPE, Phase, TO_HEAD};
use crate::wanted::{Steering, trace};
use crate::{query, raw};

/// Ends the connection without an answer: it has been given past hyper.
#[derive(Debug)]
pub struct AnsweredElsewhere;

impl fmt::Display for AnsweredElsewhere {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the watch has answered")
    }
}

impl std::error::Error for AnsweredElsewhere {}

/// A refusal, and the invocation id where there is one already.
struct Refused(Refusal, Option<String>);

pub async fn answer(
    server: &'static Server,
    descriptor: RawFd,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, AnsweredElsewhere> {
    let entry = table::connection(descriptor);
    let outgoing = match respond(server, descriptor, request).await {
        Ok(outgoing) => outgoing?,
        Err(Refused(refusal, id)) => {
            let unread = entry.phase() == Phase::Body;
            let outgoing = answer::refused(&refusal, id.as_deref());
            if unread { outgoing.closing() } else { outgoing }
        }
    };
    entry.enter(Phase::Answering);
    let outgoing = if server.state() == State::Serving { outgoing } else { outgoing.closing() };
    Ok(outgoing.into_hyper())
}

async fn respond(
    server: &'static Server,
    descriptor: RawFd,
    request: Request<Incoming>,
) -> Result<Result<Outgoing, AnsweredElsewhere>, Refused> {
    let (head, body) = request.into_parts();
    let entry = table::connection(descriptor);
    // Until it is read: a refusal before that closes the connection.
    entry.enter(if body.is_end_stream() { Phase::Answering } else { Phase::Body });
    let refuse = |code, message: &str| Refused(Refusal::new(code, message), None);
    let steering = Steering::of(&head.headers);
    if steering.is_too_large() {
        return Err(refuse(Code::HeadersTooLarge, "the headers are larger than the runtime takes"));
    }
    if let Some(probe) = probed(server, &head.method, head.uri.path()) {
        return probe.map(Ok).map_err(|refusal| Refused(refusal, None));
    }
    if !steering.secret.is_some_and(|given| is_secret(given.as_bytes(), &server.settings.secret)) {
        return Err(refuse(Code::Unauthorized, "the header x-runtime-secret is missing or wrong"));
    }
    let id = steering.invocation_id(server).map_err(|refusal| Refused(refusal, None))?;
    let wanted = steering.wanted(server).map_err(|refusal| Refused(refusal, Some(id.clone())))?;
    let refused = |refusal| Refused(refusal, Some(id.clone()));
    if !wanted.is_raw {
        steering.check_envelope(&head.method, head.uri.path()).map_err(refused)?;
    }
    let function = available(server).map_err(refused)?;
    let body = read(body, server.settings.max_body).await.map_err(refused)?;
    entry.enter(Phase::Answering);

    let parts = if wanted.is_raw {
        let payload = raw::payload(&head.headers, &body).map_err(refused)?;
        Envelope {
            payload,
            headers: raw::headers(&head.headers),
            env: Vec::new(),
            method: Some(head.method.as_str().to_owned()),
            path: Some(head.uri.path().to_owned()),
            query: head.uri.query().map(str::to_owned),
        }
    } else {
        envelope::parse(&body).map_err(refused)?
    };
    let slot = server.slots.take().ok_or_else(|| refused(overloaded()))?;
    server.wake_watch();
    let flags = flag(head.method == Method::HEAD, TO_HEAD) | flag(wanted.in_envelope, IN_ENVELOPE);
    let trace = trace(steering.trace.and_then(|value| value.to_str().ok()))
        .or_else(|| trace(parts.headers.get(TRACE).map(String::as_str)));
    let invocation =
        Arc::new(Invocation::new(id.clone(), trace, descriptor, flags, wanted.in_envelope, slot.index));
    let body = wanted.is_raw.then_some(body);
    let request = function_request(server, parts, body, &invocation, wanted.timeout);
    entry.describe(&id, flags);
    entry.enter(Phase::Running);
    Ok(run(server, function, request, invocation, slot, wanted.timeout).await)
}

async fn run(
    server: &'static Server,
    function: Function,
    request: slipway::Request,
    invocation: Arc<Invocation>,
    slot: Taken,
    timeout: Duration,
) -> Result<Outgoing, AnsweredElsewhere> {
    slot.begin(&invocation, timeout);
    let ended = Run::new(function(request), Arc::clone(&invocation), slot).await;
    let outcome = match ended {
        Ended::AnsweredElsewhere => return Err(AnsweredElsewhere),
        Ended::Cut(why) => Err(cut_refusal(why)),
        Ended::Finished(outcome, response) => finished(server, &invocation, outcome, response.into_given()),
    };
    Ok(outgoing(&invocation, outcome))
}

/// What the function's end amounts to. An answer that was given counts, whatever came after it.
fn finished(
    server: &Server,
    invocation: &Invocation,
    outcome: Outcome,
    given: Option<Result<slipway::Answer, String>>,
) -> Result<slipway::Answer, Refusal> {
    let failure = match outcome {
        Outcome::Returned => None,
        Outcome::Panicked => Some(invocation.panic_message().unwrap_or_else(|| String::from("it panicked"))),
        Outcome::Failed(error) => {
            invocation.write(Level::Error, error.report());
            Some(error.to_string())
        }
    };
    match (given, failure) {
        (Some(Ok(answer)), _) => Ok(answer),
        (Some(Err(problem)), _) => Err(Refusal::new(
            Code::InvalidResponse,
            format!("the function's answer can't be sent: {problem}"),
        )),
        (None, Some(failure)) if server.settings.development => {
            Err(Refusal::new(Code::FunctionError, format!("the function failed: {failure}")))
        }
        (None, Some(_)) => Err(Refusal::new(Code::FunctionError, "the function failed; its log says why")),
        (None, None) => Err(Refusal::new(Code::NoResponse, "the function ended without an answer")),
    }
}

fn outgoing(invocation: &Invocation, outcome: Result<slipway::Answer, Refusal>) -> Outgoing {
    let (outgoing, refusal) = match outcome {
        Ok(answer) => (answer::given(answer, &invocation.id), None),
        Err(refusal) => (answer::refused(&refusal, Some(&invocation.id)), Some(refusal)),
    };
    if invocation.flags & IN_ENVELOPE == 0 {
        return outgoing;
    }
    let (logs, truncated) = invocation.lines();
    let result = answer::Result {
        invocation: &invocation.id,
        error: refusal.as_ref(),
        logs,
        truncated,
        duration: invocation.started.elapsed(),
    };
    answer::enveloped(&outgoing, &result)
}

fn cut_refusal(why: Cut) -> Refusal {
    match why {
        Cut::Timeout => Refusal::new(Code::Timeout, "the function did not end in time"),
        Cut::ShuttingDown => Refusal::new(Code::ShuttingDown, "the server is shutting down"),
    }
}

/// The answer for an invocation that does not yield, and whether it goes to a HEAD.
pub fn cut_answer(invocation: &Invocation, why: Cut) -> (Outgoing, bool) {
    (outgoing(invocation, Err(cut_refusal(why))), invocation.flags & TO_HEAD != 0)
}

fn flag(condition: bool, flag: u8) -> u8 {
    if condition { flag } else { 0 }
}

/// The probes, which need no secret.
fn probed(server: &Server, method: &Method, path: &str) -> Option<Result<Outgoing, Refusal>> {
    if method != Method::GET && method != Method::HEAD {
        return None;
    }
    match path {
        HEALTH => Some(Ok(Outgoing::plain(200, r#"{"status":"ok"}"#))),
        READY => Some(available(server).map(|_| Outgoing::plain(200, r#"{"status":"ready"}"#))),
        _ => None,
    }
}

/// The function, where an invocation would be taken now.
fn available(server: &Server) -> Result<Function, Refusal> {
    if server.state() == State::Draining {
        return Err(cut_refusal(Cut::ShuttingDown));
    }
    let function = server.function.ok_or_else(|| {
        Refusal::new(Code::FunctionNotLoaded, "the function could not be loaded; the server's log says why")
    })?;
    if server.slots.are_full() { Err(overloaded()) } else { Ok(function) }
}

fn overloaded() -> Refusal {
    Refusal::new(Code::Overloaded, "as many invocations are in flight as the runtime takes")
}

/// The whole body, unless it is too large: known from its declared length, or found while it comes.
async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::new(Code::PayloadTooLarge, format!("the body is larger than {limit} bytes"));
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > limit {
        return Err(too_large());
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| Refusal::new(Code::BadRequest, format!("the body can't be read: {error}")))?;
        // Trailers are not passed on.
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > limit {
            return Err(too_large());
        }
        // Most bodies come in one piece, which needs no copy.
        if first.is_empty() && rest.is_empty() {
            first = data;
            continue;
        }
        if rest.is_empty() {
            rest.reserve(declared.max(first.len() + data.len()));
            rest.extend_from_slice(&first);
            first = Bytes::new();
        }
        rest.extend_from_slice(&data);
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

fn function_request(
    server: &Server,
    parts: Envelope,
    body: Option<Bytes>,
    invocation: &Arc<Invocation>,
    timeout: Duration,
) -> slipway::Request {
    let sink: Arc<dyn Sink> = Arc::<Invocation>::clone(invocation);
    let mut request =
        slipway::Request::new(invocation.id.clone(), SystemTime::now() + timeout, Logger::new(sink));
    if let Some(method) = parts.method {
        request.method = method;
    }
    if let Some(path) = parts.path {
        request.path = path;
    }
    if let Some(text) = parts.query {
        request.query = query::parse(&text);
    }
    request.headers = parts.headers;
    request.env = Env::shared(server.settings.env);
    if !parts.env.is_empty() {
        request.env.extend(parts.env);
    }
    request.body = match (body, &parts.payload) {
        (Some(body), _) => body,
        (None, serde_json::Value::String(text)) => Bytes::copy_from_slice(text.as_bytes()),
        _ => Bytes::new(),
    };
    request.payload = parts.payload;
    request
}
