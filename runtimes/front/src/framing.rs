//! Refuses heads that two readers may read differently and that hyper takes: a line that ends without CR, and a length
//! together with a transfer encoding. hyper itself refuses the rest of clause 11.5.
//!
//! It counts bytes on their way to hyper, just closely enough to know where the next head begins. What is to be refused gets
//! a NUL in place of its line's end, which hyper answers with 400 before there is a request.

use crate::contract::HEADER_BYTES;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    /// So many bytes of a body are to come.
    Body(u64),
    /// A chunk's size so far, and whether only its extension is still to come.
    Size(u64, bool),
    Chunk(u64),
    /// The line end after a chunk.
    ChunkEnd,
    /// Whether the trailer's line has something in it.
    Trailer(bool),
    Refused,
}

pub struct Framing {
    part: Part,
    /// What is there of a line whose end is not.
    begun: Vec<u8>,
    lines: usize,
    length: Option<u64>,
    chunked: bool,
}

impl Framing {
    pub fn new() -> Self {
        Self { part: Part::Head, begun: Vec::new(), lines: 0, length: None, chunked: false }
    }

    /// Whether a head has begun and not ended.
    pub fn inside_head(&self) -> bool {
        self.part == Part::Head && (self.lines > 0 || !self.begun.is_empty())
    }

    /// Follows bytes that have arrived, and spoils what is to be refused.
    pub fn follow(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let used = match self.part {
                Part::Refused => return,
                Part::Head => self.head(bytes),
                Part::Body(left) => {
                    let used = least(left, bytes.len());
                    self.part = match left - used as u64 {
                        0 => Part::Head,
                        left => Part::Body(left),
                    };
                    used
                }
                Part::Chunk(left) => {
                    let used = least(left, bytes.len());
                    self.part = match left - used as u64 {
                        0 => Part::ChunkEnd,
                        left => Part::Chunk(left),
                    };
                    used
                }
                Part::Size(..) | Part::ChunkEnd | Part::Trailer(_) => {
                    self.part = between(self.part, bytes[0]);
                    1
                }
            };
            bytes = &mut bytes[used..];
        }
    }

    /// Takes a line of the head, or what there is of one.
    fn head(&mut self, bytes: &mut [u8]) -> usize {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            // hyper refuses longer ones.
            if self.begun.len() <= 2 * HEADER_BYTES {
                self.begun.extend_from_slice(bytes);
            }
            return bytes.len();
        };
        let begun = std::mem::take(&mut self.begun);
        let joined = [&begun[..], &bytes[..end]];
        let line = if begun.is_empty() { &bytes[..end] } else { &joined.concat() };
        let accepted = match line.strip_suffix(b"\r") {
            None => false,
            // Line breaks before a request line are passed over.
            Some([]) if self.lines == 0 => true,
            Some([]) => {
                self.part = if self.chunked { Part::Size(0, false) } else { body(self.length) };
                (self.lines, self.length, self.chunked) = (0, None, false);
                true
            }
            Some(line) => {
                self.lines += 1;
                self.note(line);
                !(self.chunked && self.length.is_some())
            }
        };
        if !accepted {
            bytes[end] = 0;
            self.part = Part::Refused;
        }
        end + 1
    }

    fn note(&mut self, line: &[u8]) {
        let value = |name: &[u8]| {
            let start = line.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name));
            start.map(|_| line[name.len()..].trim_ascii())
        };
        match line[0] {
            b'c' | b'C' => {
                if let Some(digits) = value(b"content-length:") {
                    // hyper refuses what is no number.
                    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
                    self.length = Some(number.unwrap_or(0));
                }
            }
            b't' | b'T' if value(b"transfer-encoding:").is_some() => self.chunked = true,
            _ => {}
        }
    }
}

fn body(length: Option<u64>) -> Part {
    match length {
        None | Some(0) => Part::Head,
        Some(length) => Part::Body(length),
    }
}

fn least(left: u64, there: usize) -> usize {
    usize::try_from(left).map_or(there, |left| left.min(there))
}

/// What follows a byte around a chunk. hyper reads these strictly; here only their ends matter.
fn between(part: Part, byte: u8) -> Part {
    match (part, byte) {
        (Part::Size(0, _), b'\n') => Part::Trailer(false),
        (Part::Size(size, _), b'\n') => Part::Chunk(size),
        (Part::Size(size, false), _) => match char::from(byte).to_digit(16) {
            Some(digit) => Part::Size(size.saturating_mul(16).saturating_add(digit.into()), false),
            None => Part::Size(size, true),
        },
        (Part::ChunkEnd, b'\n') => Part::Size(0, false),
        (Part::Trailer(false), b'\n') => Part::Head,
        (Part::Trailer(true), b'\n') => Part::Trailer(false),
        (Part::Trailer(some), _) => Part::Trailer(some || byte != b'\r'),
        (part, _) => part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the bytes pass unspoilt, in one piece and one by one.
    fn passes(text: &str) -> bool {
        let (mut whole, mut single) = (text.as_bytes().to_vec(), text.as_bytes().to_vec());
        let (mut at_once, mut bytewise) = (Framing::new(), Framing::new());
        at_once.follow(&mut whole);
        for byte in &mut single {
            bytewise.follow(std::slice::from_mut(byte));
        }
        assert_eq!((&whole, at_once.part), (&single, bytewise.part), "{text:?}");
        whole == text.as_bytes()
    }

    #[test]
    fn honest_requests_pass() {
        for text in [
            "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
            "\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\na\nbGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3;a=b\r\na\nb\r\nA\r\n0123\n56789\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: y\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        ] {
            assert!(passes(text), "{text:?}");
        }
    }

    #[test]
    fn ambiguous_heads_are_spoilt() {
        for text in [
            "GET / HTTP/1.1\nhost: x\n\n",
            "GET / HTTP/1.1\r\nhost: x\n\r\n",
            "\nGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nContent-Length: 3\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}GET / HTTP/1.1\n\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET / HTTP/1.1\n\n",
        ] {
            assert!(!passes(text), "{text:?}");
        }
    }

    #[test]
    fn it_knows_when_it_is_inside_a_head() {
        let mut framing = Framing::new();
        for (text, inside) in
            [("", false), ("GET / HT", true), ("TP/1.1\r\nhost: x\r\n", true), ("\r\n", false)]
        {
            framing.follow(&mut text.as_bytes().to_vec());
            assert_eq!(framing.inside_head(), inside, "{text:?}");
        }
    }
}
