//! One request: who may ask, what is asked, what is answered.
//!
//! The future is written by hand: as an async function it would be several times as large, and is moved about for each
//! request.

use std::fmt;
use std::future::Future;
use std::os::fd::RawFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use slipway::{Env, Logger, Sink};
use slipway_http::answer::{self, Outgoing, Refusal};
use slipway_http::body::Arriving;
use slipway_http::contract::{HEALTH, READY, TRACE};
use slipway_http::steering::{Steering, Wanted, trace};

use crate::envelope::{self, Envelope};
use crate::function::Function;
use crate::invocation::Invocation;
use crate::outcome;
use crate::run::Run;
use crate::server::{Server, State};
use crate::table::{self, IN_ENVELOPE, Phase, TO_HEAD};
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

/// An answer in the making.
pub struct Answering {
    server: &'static Server,
    entry: &'static table::Connection,
    stage: Stage,
}

enum Stage {
    /// Answered at once.
    Known(Option<Outgoing>),
    Reading(Reading),
    Running(Run),
}

/// A request that may be invoked as soon as its body is there.
struct Reading {
    descriptor: RawFd,
    function: Function,
    is_head: bool,
    /// In raw mode. Small, as this is moved about.
    head: Option<Box<Parts>>,
    body: Arriving,
    id: String,
    wanted: Wanted,
}

pub fn answer(server: &'static Server, descriptor: RawFd, request: Request<Incoming>) -> Answering {
    let entry = table::connection(descriptor);
    // Until it is read: a refusal before that closes the connection.
    entry.enter(if request.body().is_end_stream() { Phase::Answering } else { Phase::Body });
    let stage = match begin(server, descriptor, request) {
        Ok(stage) => stage,
        Err(refused) => Stage::Known(Some(refused.outgoing(entry))),
    };
    Answering { server, entry, stage }
}

/// All that can be said before the body is read.
fn begin(server: &'static Server, descriptor: RawFd, request: Request<Incoming>) -> Result<Stage, Refused> {
    let (head, body) = request.into_parts();
    let steering = Steering::of(&head.headers);
    steering.check_size().map_err(|refusal| Refused(refusal, None))?;
    if let Some(probe) = probed(server, &head.method, head.uri.path()) {
        return probe.map(|outgoing| Stage::Known(Some(outgoing))).map_err(|refusal| Refused(refusal, None));
    }
    steering.check_secret(&server.settings.secret).map_err(|refusal| Refused(refusal, None))?;
    let id = steering.invocation_id(|| server.next_id()).map_err(|refusal| Refused(refusal, None))?;
    let ready = || {
        let wanted = steering.wanted(server.settings.timeout)?;
        if !wanted.is_raw {
            steering.check_envelope(&head.method, head.uri.path())?;
        }
        Ok((wanted, available(server)?))
    };
    let (wanted, function) = match ready() {
        Ok(found) => found,
        Err(refusal) => return Err(Refused(refusal, Some(id))),
    };
    match Arriving::new(body, server.settings.max_body) {
        Ok(body) => {
            let is_head = head.method == Method::HEAD;
            let head = wanted.is_raw.then(|| Box::new(head));
            Ok(Stage::Reading(Reading { descriptor, function, is_head, head, body, id, wanted }))
        }
        Err(refusal) => Err(Refused(refusal, Some(id))),
    }
}

impl Future for Answering {
    type Output = Result<Response<Full<Bytes>>, AnsweredElsewhere>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            let outgoing = match &mut this.stage {
                Stage::Known(outgoing) => outgoing.take(),
                Stage::Reading(reading) => {
                    let invoked = match ready!(Pin::new(&mut reading.body).poll(context)) {
                        Ok(body) => {
                            this.entry.enter(Phase::Answering);
                            reading.invoke(this.server, this.entry, body)
                        }
                        Err(refusal) => Err(refusal),
                    };
                    match invoked {
                        Ok(run) => {
                            this.stage = Stage::Running(run);
                            continue;
                        }
                        Err(refusal) => {
                            Some(Refused(refusal, Some(std::mem::take(&mut reading.id))).outgoing(this.entry))
                        }
                    }
                }
                Stage::Running(run) => {
                    let ended = ready!(Pin::new(&mut *run).poll(context));
                    outcome::answer(this.server, run.invocation(), ended)
                }
            };
            // Gives the slot back, too.
            this.stage = Stage::Known(None);
            this.entry.enter(Phase::Answering);
            let serving = this.server.state() == State::Serving;
            let outgoing = outgoing.map(|outgoing| if serving { outgoing } else { outgoing.closing() });
            return Poll::Ready(outgoing.map(Outgoing::into_hyper).ok_or(AnsweredElsewhere));
        }
    }
}

impl Refused {
    fn outgoing(self, entry: &table::Connection) -> Outgoing {
        let outgoing = answer::refused(&self.0, self.1.as_deref());
        // What was not read can't be told from the next request.
        if entry.phase() == Phase::Body { outgoing.closing() } else { outgoing }
    }
}

impl Reading {
    fn invoke(
        &mut self,
        server: &'static Server,
        entry: &table::Connection,
        body: Bytes,
    ) -> Result<Run, Refusal> {
        let parts = match &self.head {
            Some(head) => Envelope {
                payload: raw::payload(&head.headers, &body)?,
                headers: raw::headers(&head.headers),
                env: Vec::new(),
                method: Some(head.method.as_str().to_owned()),
                path: Some(head.uri.path().to_owned()),
                query: head.uri.query().map(str::to_owned),
            },
            None => envelope::parse(&body)?,
        };
        let slot = server.slots.take().ok_or_else(Refusal::overloaded)?;
        server.wake_watch();
        let flags = flag(self.is_head, TO_HEAD) | flag(self.wanted.in_envelope, IN_ENVELOPE);
        let named = self.wanted.trace.take();
        let trace = named.or_else(|| trace(parts.headers.get(TRACE)?));
        let id = std::mem::take(&mut self.id);
        let invocation =
            Invocation::new(id, trace, self.descriptor, flags, self.wanted.in_envelope, slot.index);
        let invocation = Arc::new(invocation);
        entry.describe(&invocation.id, flags);
        entry.enter(Phase::Running);
        slot.begin(&invocation, self.wanted.timeout);
        let body = self.wanted.is_raw.then_some(body);
        let request =
            function_request(server, parts, body, &invocation, SystemTime::now() + self.wanted.timeout);
        Ok(Run::start(self.function, request, invocation, slot))
    }
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
        HEALTH => Some(Ok(Outgoing::healthy())),
        READY => Some(available(server).map(|_| Outgoing::ready())),
        _ => None,
    }
}

/// The function, where an invocation would be taken now.
fn available(server: &Server) -> Result<Function, Refusal> {
    if server.state() == State::Draining {
        return Err(Refusal::shutting_down());
    }
    let function = server.function.ok_or_else(Refusal::not_loaded)?;
    if server.slots.are_full() { Err(Refusal::overloaded()) } else { Ok(function) }
}

fn function_request(
    server: &Server,
    parts: Envelope,
    body: Option<Bytes>,
    invocation: &Arc<Invocation>,
    deadline: SystemTime,
) -> slipway::Request {
    let sink: Arc<dyn Sink> = Arc::<Invocation>::clone(invocation);
    let mut request = slipway::Request::new(invocation.id.clone(), deadline, Logger::new(sink));
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
    request.env = Env::shared(server.environment);
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
