//! Reads a request's body, up to a limit.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

use crate::answer::Refusal;
use crate::contract::Code;

/// A body whose declared length is too large is refused without being read.
pub fn check(body: &Incoming, limit: usize) -> Result<(), Refusal> {
    if body.size_hint().lower() > limit as u64 { Err(too_large(limit)) } else { Ok(()) }
}

pub async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, Refusal> {
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(limit).min(limit);
    // Most bodies come in one piece, which needs no copy.
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| Refusal::new(Code::BadRequest, format!("the body can't be read: {error}")))?;
        // Trailers are not passed on.
        let Ok(piece) = frame.into_data() else { continue };
        if first.len() + whole.len() + piece.len() > limit {
            return Err(too_large(limit));
        }
        if first.is_empty() && whole.is_empty() {
            first = piece;
            continue;
        }
        if whole.is_empty() {
            whole.reserve(declared.max(first.len() + piece.len()));
            whole.extend_from_slice(&std::mem::take(&mut first));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(Code::PayloadTooLarge, format!("the body is larger than {limit} bytes"))
}
