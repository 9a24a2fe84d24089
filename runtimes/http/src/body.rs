//! Reads a request's body, up to a limit.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Incoming};

use crate::answer::Refusal;
use crate::contract::Code;

/// A body on its way in.
pub struct Arriving {
    body: Incoming,
    limit: usize,
    declared: usize,
    /// Most bodies come in one piece, which needs no copy.
    first: Bytes,
    all: BytesMut,
}

impl Arriving {
    /// Refuses a body whose declared length is too large, without reading it.
    pub fn new(body: Incoming, limit: usize) -> Result<Self, Refusal> {
        let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if declared > limit {
            return Err(too_large(limit));
        }
        Ok(Self { body, limit, declared, first: Bytes::new(), all: BytesMut::new() })
    }

    fn add(&mut self, data: Bytes) {
        if self.first.is_empty() && self.all.is_empty() {
            self.first = data;
            return;
        }
        if self.all.is_empty() {
            self.all.reserve(self.declared.max(self.first.len() + data.len()));
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.all.extend_from_slice(&data);
    }
}

impl Future for Arriving {
    /// The whole body, unless it turns out to be too large, or can't be read.
    type Output = Result<Bytes, Refusal>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        while let Some(frame) = ready!(Pin::new(&mut this.body).poll_frame(context)) {
            match frame {
                // Trailers are not passed on.
                Ok(frame) => {
                    if let Ok(data) = frame.into_data() {
                        if this.first.len() + this.all.len() + data.len() > this.limit {
                            return Poll::Ready(Err(too_large(this.limit)));
                        }
                        this.add(data);
                    }
                }
                Err(error) => {
                    let message = format!("the body can't be read: {error}");
                    return Poll::Ready(Err(Refusal::new(Code::BadRequest, message)));
                }
            }
        }
        let first = std::mem::take(&mut this.first);
        Poll::Ready(Ok(if this.all.is_empty() { first } else { std::mem::take(&mut this.all).freeze() }))
    }
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(Code::PayloadTooLarge, format!("the body is larger than {limit} bytes"))
}
