//! The frames of runtimes/FRAMES.md: `length`, `kind`, `number`, bytes.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use slipway_http::answer::{Answer, Refusal};
use slipway_http::contract::Code;

use crate::logs::Level;

pub const START: usize = 9;
/// What a frame has beyond this comes behind it, so that it need not be copied.
pub const PACKET_BYTES: usize = 3000;

/// The function may have written to the socket itself.
const LARGEST: usize = 1 << 30;

/// What the function's processes say.
#[derive(Debug)]
pub enum Frame {
    Ready,
    Failed(String),
    /// The loader's answer to a fork: the new worker's process id.
    Forked(i32),
    Answer(Answer),
    Refuse(Refusal),
    Log(Level, String),
    Trace(String),
    Pong,
    /// Its invocation has printed something that has not been read, and is answered next.
    Printed,
}

/// An invocation as a worker takes it, but for the body, which comes after it.
pub struct Invoke<'a> {
    pub number: u32,
    pub raw: bool,
    /// Milliseconds since 1970.
    pub deadline: f64,
    pub id: &'a str,
    /// Raw mode's JSON; else empty.
    pub head: &'a [u8],
}

impl Invoke<'_> {
    /// The frame up to a body of `body` bytes, with room for it where the whole is no larger than `most`.
    pub fn begin(&self, body: usize, most: usize) -> Vec<u8> {
        let rest = 1 + 8 + 1 + self.id.len() + 4 + self.head.len();
        let room = if START + rest + body <= most { body } else { 0 };
        let mut frame = Vec::with_capacity(START + rest + room);
        frame.put_u32(u32::try_from(rest + body).expect("the settings keep bodies smaller"));
        frame.put_u8(1);
        frame.put_u32(self.number);
        frame.put_u8(self.raw.into());
        frame.put_f64(self.deadline);
        frame.put_u8(u8::try_from(self.id.len()).expect("an id is short"));
        frame.put_slice(self.id.as_bytes());
        frame.put_u32(u32::try_from(self.head.len()).expect("a head is short"));
        frame.put_slice(self.head);
        frame
    }
}

/// Has an invocation that is overdue abandoned.
pub fn cancel(number: u32) -> [u8; START] {
    let mut frame = [0, 0, 0, 0, 2, 0, 0, 0, 0];
    frame[5..].copy_from_slice(&number.to_be_bytes());
    frame
}

/// Asks for a sign of life.
pub const PING: [u8; START] = [0, 0, 0, 0, 3, 0, 0, 0, 0];

/// Is answered like a ping, with what else there is to say, but before anything behind it begins.
pub const MARK: [u8; START] = [0, 0, 0, 0, 3, 0, 0, 0, 1];

/// The number of a pong that answers a ping and not a mark.
pub const LIFE: u32 = 0;
/// The number of the frame with which a process says that it is ready, where it takes marks.
pub const TAKES_MARKS: u32 = 1;

/// Lets a worker go on that has printed something, now that it is read.
pub const GO_ON: [u8; START] = [0, 0, 0, 0, 6, 0, 0, 0, 0];

/// Has the loader fork; the message carries five descriptors.
pub fn fork() -> [u8; START] {
    [0, 0, 0, 0, 5, 0, 0, 0, 0]
}

/// The number in a frame's beginning.
pub fn number(start: &[u8; START]) -> u32 {
    (&start[5..]).get_u32()
}

/// Takes a whole frame off the front, with its number; `Err` where it is none of the known ones.
pub fn take(buffer: &mut BytesMut) -> Result<Option<(u32, Frame)>, String> {
    let Some(mut start) = buffer.get(..START) else { return Ok(None) };
    let length = start.get_u32() as usize;
    let (kind, number) = (start.get_u8(), start.get_u32());
    if length > LARGEST {
        return Err(format!("a frame of {length} bytes is none"));
    }
    if buffer.len() < START + length {
        buffer.reserve(START + length - buffer.len());
        return Ok(None);
    }
    buffer.advance(START);
    let bytes = buffer.split_to(length).freeze();
    let frame = read(kind, bytes).ok_or_else(|| format!("a frame of kind {kind} can't be read"))?;
    Ok(Some((number, frame)))
}

fn read(kind: u8, mut bytes: Bytes) -> Option<Frame> {
    Some(match kind {
        16 => Frame::Ready,
        17 => Frame::Failed(text(&bytes)),
        18 => {
            let (status, usual_type) = (bytes.try_get_u16().ok()?, usual_type(bytes.try_get_u8().ok()?));
            let length = bytes.try_get_u32().ok()? as usize;
            if length > bytes.len() {
                return None;
            }
            let head = bytes.split_to(length);
            match headers(&head) {
                Some(headers) => Frame::Answer(Answer { status, headers, usual_type, body: bytes }),
                // The function is to blame, and no other of its invocations.
                None => {
                    Frame::Refuse(Refusal::new(Code::InvalidResponse, "the answer's headers can't be sent"))
                }
            }
        }
        19 => {
            let length = usize::from(bytes.try_get_u8().ok()?);
            if length > bytes.len() {
                return None;
            }
            Frame::Refuse(Refusal::new(Code::named(&bytes.split_to(length))?, text(&bytes)))
        }
        20 => {
            let level = if bytes.try_get_u8().ok()? == 0 { Level::Info } else { Level::Error };
            Frame::Log(level, text(&bytes))
        }
        21 => Frame::Pong,
        22 => Frame::Trace(text(&bytes)),
        24 => Frame::Printed,
        23 => Frame::Forked(bytes.try_get_i32().ok()?),
        _ => return None,
    })
}

/// The content type of a kind of answer. Of some there is only what the headers say.
fn usual_type(kind: u8) -> Option<&'static str> {
    match kind {
        1 => Some("text/plain; charset=utf-8"),
        2 => Some("application/octet-stream"),
        3 => Some("application/json"),
        _ => None,
    }
}

/// The pairs of an answer's head.
fn headers(head: &[u8]) -> Option<Vec<(String, String)>> {
    if head.is_empty() {
        return Some(Vec::new());
    }
    let read = |text: &[u8]| serde_json::from_slice(text).ok();
    read(head).or_else(|| read(&without_lone_surrogates(head)))
}

/// JSON can spell half of a surrogate pair, of which there is no UTF-8: each becomes a replacement character.
fn without_lone_surrogates(json: &[u8]) -> Vec<u8> {
    let mut whole = json.to_vec();
    let mut at = 0;
    while let Some(found) = whole[at..].iter().position(|byte| *byte == b'\\') {
        let start = at + found;
        let half = |at: usize, pair: [&[u8]; 4]| {
            let escape = whole.get(at..at + 6).unwrap_or_default().to_ascii_lowercase();
            pair.iter().any(|begin| escape.starts_with(begin))
        };
        at = start + 2;
        let first = half(start, [b"\\ud8", b"\\ud9", b"\\uda", b"\\udb"]);
        let second = |at| half(at, [b"\\udc", b"\\udd", b"\\ude", b"\\udf"]);
        if first && second(start + 6) {
            at = start + 12;
        } else if first || second(start) {
            whole[start + 2..start + 6].copy_from_slice(b"fffd");
        }
    }
    whole
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, bytes: &[u8]) -> BytesMut {
        let mut frame = BytesMut::new();
        frame.put_u32(u32::try_from(bytes.len()).expect("short"));
        frame.put_u8(kind);
        frame.put_u32(7);
        frame.put_slice(bytes);
        frame
    }

    #[test]
    fn a_frame_is_taken_when_it_is_whole() {
        let whole = frame(20, b"\x01late");
        let mut buffer = BytesMut::new();
        for byte in &whole[..whole.len() - 1] {
            buffer.put_u8(*byte);
            assert!(take(&mut buffer).expect("known").is_none());
        }
        buffer.put_u8(b'e');
        let taken = take(&mut buffer).expect("known").expect("whole");
        assert!(matches!(taken, (7, Frame::Log(Level::Error, message)) if message == "late"));
        assert!(buffer.is_empty());
    }

    #[test]
    fn an_answer_has_its_headers_and_its_body() {
        let mut bytes = vec![0, 201, 3, 0, 0, 0, 13];
        bytes.extend_from_slice(b"[[\"x-a\",\"1\"]]{}");
        let Ok(Some((_, Frame::Answer(answer)))) = take(&mut frame(18, &bytes)) else { panic!("an answer") };
        assert_eq!((answer.status, &answer.body[..]), (201, &b"{}"[..]));
        assert_eq!(answer.usual_type, Some("application/json"));
        assert_eq!(answer.headers, [(String::from("x-a"), String::from("1"))]);
    }

    #[test]
    fn headers_that_cannot_be_sent_are_no_broken_frame() {
        for (head, sent) in [
            (r#"[["x-a","a\ud800"]]"#, Some("a\u{fffd}")),
            (r#"[["x-a","\uDC00\ud83d\ude00\\ud800"]]"#, Some("\u{fffd}\u{1f600}\\ud800")),
            (r#"[["x-a",5]]"#, None),
            (r#"[["x-a"#, None),
            (r#"[["x-a","\ud8"]]"#, None),
        ] {
            let mut bytes = vec![0, 200, 1];
            bytes.put_u32(u32::try_from(head.len()).expect("short"));
            bytes.extend_from_slice(head.as_bytes());
            match take(&mut frame(18, &bytes)).expect("known").expect("whole").1 {
                Frame::Answer(answer) => assert_eq!(answer.headers[0].1, sent.expect("none"), "{head}"),
                Frame::Refuse(refusal) => {
                    assert_eq!((sent, refusal.code), (None, Code::InvalidResponse), "{head}");
                }
                other => panic!("{head} is {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_frame_is_an_error() {
        for (kind, bytes) in [(99, &b""[..]), (18, b"\0\xc8\x01\0\0\0\x09"), (19, b"\x05nope!")] {
            assert!(take(&mut frame(kind, bytes)).is_err(), "{kind}");
        }
        assert!(take(&mut BytesMut::from(&[255; 9][..])).is_err());
    }
}
