//! Bytes in, frames out.

use alloc::vec::Vec;

use crate::crc32::Crc32;
use crate::headers::Headers;
use crate::reader::Reader;
use crate::{Error, ErrorKind};

/// The two lengths and their checksum.
const PRELUDE: usize = 12;
/// A frame without headers and payload: the prelude and the checksum of the whole.
const MINIMUM: u32 = 16;

/// A message, as it came.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// Its headers.
    pub headers: Headers<'a>,
    /// Its payload.
    pub payload: &'a [u8],
}

/// An incremental decoder. It holds at most one frame that is not yet complete, besides what was pushed last.
pub struct Decoder {
    /// The stream from some frame's first byte on, but for `taken` bytes that were already returned.
    buffer: Vec<u8>,
    /// `0 <= taken <= buffer.len()`; a frame begins here.
    taken: usize,
    /// How much of the stream came before `buffer`.
    offset: u64,
    max_frame: u32,
    failed: Option<Error>,
    crc: Crc32,
}

impl Decoder {
    /// A decoder that accepts frames of up to `max_frame` bytes in all.
    ///
    /// The specification forbids a client to enforce the sizes it sets for servers, so the limit is the caller's.
    pub fn new(max_frame: u32) -> Self {
        Self { buffer: Vec::new(), taken: 0, offset: 0, max_frame, failed: None, crc: Crc32::new() }
    }

    /// Takes the next bytes of the stream. They are not copied if all before them was returned, and not kept if the
    /// decoder has failed.
    pub fn push(&mut self, bytes: Vec<u8>) {
        if self.failed.is_some() {
            return;
        }
        self.offset += self.taken as u64;
        if self.taken == self.buffer.len() {
            self.buffer = bytes;
        } else {
            self.buffer.drain(..self.taken);
            self.buffer.extend_from_slice(&bytes);
        }
        self.taken = 0;
    }

    /// The next frame, or `None` if more bytes must be pushed first.
    ///
    /// # Errors
    ///
    /// If the bytes are no frame. Every further call then returns the same error.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let begin = self.taken;
        let rest = self.buffer.get(begin..).unwrap_or_default();
        match read_frame(rest, self.max_frame, &self.crc) {
            Ok(None) => Ok(None),
            Ok(Some((frame, length))) => {
                self.taken += length;
                Ok(Some(frame))
            }
            Err(kind) => {
                let error = Error { kind, frame_offset: self.offset + begin as u64 };
                self.failed = Some(error);
                Err(error)
            }
        }
    }

    /// To be called when the stream has ended and `next_frame` has returned `None`.
    ///
    /// # Errors
    ///
    /// If it ended inside a frame.
    pub fn finish(&self) -> Result<(), Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        match self.buffer.len() - self.taken {
            0 => Ok(()),
            received => Err(Error {
                kind: ErrorKind::Truncated { received },
                frame_offset: self.offset + self.taken as u64,
            }),
        }
    }
}

/// The frame at the beginning of `bytes` and its length, if all of it is there.
fn read_frame<'a>(
    bytes: &'a [u8],
    max_frame: u32,
    crc: &Crc32,
) -> Result<Option<(Frame<'a>, usize)>, ErrorKind> {
    let Some(prelude) = Reader::new(bytes).array::<PRELUDE>() else { return Ok(None) };
    let (total, headers_length) = read_prelude(&prelude, crc)?;
    if total > max_frame {
        return Err(ErrorKind::TooLarge { total, limit: max_frame });
    }
    let length = total as usize;
    let Some(frame) = bytes.get(..length) else { return Ok(None) };
    let parts = frame.split_last_chunk::<4>().and_then(|(message, checksum)| {
        let (_, body) = message.split_at_checked(PRELUDE)?;
        let (headers, payload) = body.split_at_checked(headers_length as usize)?;
        Some((message, u32::from_be_bytes(*checksum), headers, payload))
    });
    let (message, received, headers, payload) = parts.expect("read_prelude checked the lengths");
    let computed = crc.hash(message);
    if received != computed {
        return Err(ErrorKind::MessageChecksum { received, computed });
    }
    Ok(Some((Frame { headers: Headers::new(headers)?, payload }, length)))
}

/// The length of the frame and that of its headers, which has room in it.
fn read_prelude(prelude: &[u8; PRELUDE], crc: &Crc32) -> Result<(u32, u32), ErrorKind> {
    let mut reader = Reader::new(prelude);
    let mut number = || reader.u32().expect("the prelude has three numbers");
    let (total, headers, received) = (number(), number(), number());
    let computed = crc.hash(prelude.split_at(8).0);
    if received != computed {
        return Err(ErrorKind::PreludeChecksum { received, computed });
    }
    if total.checked_sub(MINIMUM).is_none_or(|room| headers > room) {
        return Err(ErrorKind::Lengths { total, headers });
    }
    Ok((total, headers))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn nothing_is_kept_behind_an_error() {
        let mut decoder = Decoder::new(100);
        decoder.push(vec![1; 50]);
        let error = decoder.next_frame().err();
        assert!(error.is_some());
        decoder.push(vec![2; 1_000]);
        assert_eq!(decoder.buffer.len(), 50);
        assert_eq!((decoder.next_frame().err(), decoder.finish().err()), (error, error));
    }
}
