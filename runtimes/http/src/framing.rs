//! Refuses heads that two readers may read differently and that hyper takes: a line that ends without CR, and a length
//! together with a transfer encoding. hyper itself refuses the rest of clause 11.5.
//!
//! It follows the bytes on their way to hyper just closely enough to know where a head begins. What it refuses it spoils,
//! by a NUL in place of the line's end, which hyper answers with 400 before any request is made of it.

use memchr::memchr;

use crate::contract::HEADER_BYTES;

/// Where the next byte belongs.
#[derive(Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Head,
    Body(u64),
    ChunkSize(u64),
    ChunkExtension(u64),
    Chunk(u64),
    ChunkEnd,
    Trailer {
        empty: bool,
    },
    /// What follows a refusal is not read any more.
    Spoilt,
}

#[derive(Debug, Default)]
pub struct Framing {
    place: Place,
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    lines: usize,
    length: Option<u64>,
    chunked: bool,
}

impl Framing {
    /// Whether a head has begun and not ended.
    #[inline]
    pub fn is_inside_head(&self) -> bool {
        self.place == Place::Head && (self.lines > 0 || !self.line.is_empty())
    }

    /// Looks at bytes that have just arrived, and spoils what is to be refused.
    pub fn inspect(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while at < bytes.len() {
            at += match self.place {
                Place::Head => self.head(&mut bytes[at..]),
                Place::Body(left) => {
                    let taken = skip(left, &bytes[at..]);
                    self.place =
                        if left > taken as u64 { Place::Body(left - taken as u64) } else { Place::Head };
                    taken
                }
                Place::Chunk(left) => {
                    let taken = skip(left, &bytes[at..]);
                    self.place =
                        if left > taken as u64 { Place::Chunk(left - taken as u64) } else { Place::ChunkEnd };
                    taken
                }
                Place::Spoilt => return,
                _ => {
                    self.between_chunks(bytes[at]);
                    1
                }
            };
        }
    }

    /// Takes one line of a head, or as much of it as is there.
    fn head(&mut self, bytes: &mut [u8]) -> usize {
        let Some(end) = memchr(b'\n', bytes) else {
            // hyper answers 431 to a longer one.
            if self.line.len() <= 2 * HEADER_BYTES {
                self.line.extend_from_slice(bytes);
            }
            return bytes.len();
        };
        let begun = !self.line.is_empty();
        self.line.extend_from_slice(if begun { &bytes[..end] } else { &[] });
        let line = if begun { &self.line[..] } else { &bytes[..end] };
        let acceptable = match line.split_last() {
            Some((b'\r', [])) => {
                if self.lines > 0 {
                    self.place = self.place_of_body();
                }
                true
            }
            Some((b'\r', line)) => {
                self.lines += 1;
                note(line, &mut self.length, &mut self.chunked)
            }
            _ => false,
        };
        self.line.clear();
        if self.place != Place::Head {
            (self.lines, self.length, self.chunked) = (0, None, false);
        }
        if !acceptable {
            bytes[end] = 0;
            self.place = Place::Spoilt;
        } else if self.place == Place::Body(0) {
            self.place = Place::Head;
        }
        end + 1
    }

    fn place_of_body(&self) -> Place {
        if self.chunked { Place::ChunkSize(0) } else { Place::Body(self.length.unwrap_or(0)) }
    }

    /// hyper reads these too, and strictly: here only their ends matter.
    fn between_chunks(&mut self, byte: u8) {
        self.place = match (&self.place, byte) {
            (Place::ChunkSize(0) | Place::ChunkExtension(0), b'\n') => Place::Trailer { empty: true },
            (Place::ChunkSize(size) | Place::ChunkExtension(size), b'\n') => Place::Chunk(*size),
            (Place::ChunkSize(size), _) => match char::from(byte).to_digit(16) {
                Some(digit) => Place::ChunkSize(size.saturating_mul(16).saturating_add(u64::from(digit))),
                None => Place::ChunkExtension(*size),
            },
            (Place::ChunkExtension(size), _) => Place::ChunkExtension(*size),
            (Place::ChunkEnd, b'\n') => Place::ChunkSize(0),
            (Place::Trailer { empty: true }, b'\n') => Place::Head,
            (Place::Trailer { .. }, b'\n') => Place::Trailer { empty: true },
            (Place::Trailer { empty }, _) => Place::Trailer { empty: *empty && byte == b'\r' },
            _ => Place::ChunkEnd,
        };
    }
}

fn skip(left: u64, bytes: &[u8]) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len())
}

/// Notes what a header line says of the body; false where it contradicts an earlier one.
fn note(line: &[u8], length: &mut Option<u64>, chunked: &mut bool) -> bool {
    const LENGTH: &[u8] = b"content-length:";
    const ENCODING: &[u8] = b"transfer-encoding:";
    // Most lines are neither.
    match line.first() {
        Some(b'c' | b'C') if starts_with(line, LENGTH) => {
            let digits = line[LENGTH.len()..].trim_ascii();
            // hyper refuses what is no number.
            *length = Some(std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).unwrap_or(0));
        }
        Some(b't' | b'T') if starts_with(line, ENCODING) => *chunked = true,
        _ => return true,
    }
    !(*chunked && length.is_some())
}

#[inline]
fn starts_with(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the bytes pass unspoilt, in one piece and byte by byte.
    fn passes(text: &str) -> bool {
        let mut whole = text.as_bytes().to_vec();
        let mut framing = Framing::default();
        framing.inspect(&mut whole);
        let mut pieces = text.as_bytes().to_vec();
        let mut bytewise = Framing::default();
        for byte in &mut pieces {
            bytewise.inspect(std::slice::from_mut(byte));
        }
        assert_eq!(whole, pieces, "{text:?}");
        assert_eq!(framing.place, bytewise.place, "{text:?}");
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
        let mut framing = Framing::default();
        assert!(!framing.is_inside_head());
        framing.inspect(&mut b"GET / HT".to_vec());
        assert!(framing.is_inside_head());
        framing.inspect(&mut b"TP/1.1\r\nhost: x\r\n".to_vec());
        assert!(framing.is_inside_head());
        framing.inspect(&mut b"\r\n".to_vec());
        assert!(!framing.is_inside_head());
    }
}
