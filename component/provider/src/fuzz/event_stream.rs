//! Bytes in pieces of any size.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use bedrock_eventstream::{Decoder, Error as FrameError, ErrorKind, Value};

use super::Input;
use crate::bindings::types::{Error, StreamEvent};
use crate::frame::{self, Seen};

/// Decodes a stream in one piece and in many: frames, events and the end are the same, and the decoder holds no more
/// than it must. Tells whether the stream ended well.
///
/// The input is how large frames may be, whether checksums are to be mended, the lengths of the pieces, and the
/// stream.
pub fn event_stream(input: &[u8]) -> bool {
    let mut input = Input(input);
    let max_frame = [16, 100, 1_000, 1 << 20].get(input.choice(4)).copied().unwrap_or_default();
    let mended = input.flag();
    let lengths: Vec<_> = input.bytes().iter().map(|byte| usize::from(byte.wrapping_sub(b'0'))).collect();
    let mut stream = input.0.to_vec();
    if mended {
        mend(&mut stream);
    }
    let pieces = cut(&stream, &lengths);

    let (frames, end) = frames(&[&stream], max_frame);
    assert_eq!(self::frames(&pieces, max_frame), (frames, end));
    let (events, seen, error) = events(&[&stream], max_frame);
    let ended_well = end.is_ok() && error.is_none();
    assert_eq!(self::events(&pieces, max_frame), (events, seen, error));
    ended_well
}

/// Gives frames the checksums that they should have, as far as their lengths can be followed.
fn mend(mut stream: &mut [u8]) {
    fn put(checksum: u32, to: &mut [u8]) {
        to.copy_from_slice(&checksum.to_be_bytes());
    }

    while let Some(length) = stream.first_chunk().map(|length| u32::from_be_bytes(*length)) {
        if let Some(([lengths @ .., _, _, _, _], _)) = stream.split_first_chunk_mut::<12>() {
            let checksum = crc32fast::hash(lengths);
            put(checksum, stream.get_mut(8..12).unwrap_or_default());
        }
        let Some((frame, rest)) = stream.split_at_mut_checked(length as usize) else { return };
        let Some((message, checksum)) = frame.split_last_chunk_mut::<4>() else { return };
        put(crc32fast::hash(message), checksum);
        stream = rest;
    }
}

/// The stream in pieces of these lengths, which are repeated.
fn cut<'a>(mut stream: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    if lengths.iter().any(|length| *length > 0) {
        for length in lengths.iter().cycle() {
            let Some((piece, rest)) = stream.split_at_checked(*length) else { break };
            pieces.push(piece);
            stream = rest;
        }
    }
    pieces.push(stream);
    pieces
}

type Frame = (Vec<(String, String)>, Vec<u8>);

/// All frames, and how the stream ended.
fn frames(pieces: &[&[u8]], max_frame: u32) -> (Vec<Frame>, Result<(), FrameError>) {
    let mut decoder = Decoder::new(max_frame);
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.push(piece.to_vec());
        // What is held right now is what would be missing.
        let held = match decoder.finish() {
            Err(FrameError { kind: ErrorKind::Truncated { received }, .. }) => received,
            _ => 0,
        };
        assert!(held <= max_frame as usize + piece.len(), "{held} bytes are held");
        while let Ok(Some(frame)) = decoder.next_frame() {
            let headers = frame.headers.iter().map(|(name, value)| {
                assert_eq!(
                    frame.headers.str(name).is_some(),
                    matches!(frame.headers.get(name), Some(Value::String(_)))
                );
                (name.to_owned(), alloc::format!("{value:?}"))
            });
            frames.push((headers.collect(), frame.payload.to_vec()));
        }
    }
    (frames, decoder.finish())
}

/// All events, and the error that was among them.
fn events(pieces: &[&[u8]], max_frame: u32) -> (Vec<StreamEvent>, Seen, Option<Error>) {
    let mut decoder = Decoder::new(max_frame);
    let (mut events, mut seen) = (Vec::new(), Seen::default());
    for piece in pieces {
        decoder.push(piece.to_vec());
        if let Err(error) = frame::decode_all(&mut decoder, &mut seen, &mut events) {
            return (events, seen, Some(error));
        }
    }
    (events, seen, None)
}
