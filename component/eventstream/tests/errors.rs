//! The text of each error, for frames built by hand from the specification.

use bedrock_eventstream::Decoder;

/// A frame with right checksums and these lengths.
fn frame(total: u32, headers_length: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = [total.to_be_bytes(), headers_length.to_be_bytes()].concat();
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend(body);
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

/// A frame that has these headers and no payload.
fn headers(block: &[u8]) -> Vec<u8> {
    let length = u32::try_from(block.len()).expect("the block is small");
    frame(16 + length, length, block)
}

#[track_caller]
fn rejects(bytes: Vec<u8>, text: &str) {
    let mut decoder = Decoder::new(100);
    decoder.push(headers(b""));
    assert!(decoder.next_frame().is_ok_and(|frame| frame.is_some()));
    decoder.push(bytes);
    let error = decoder.next_frame().err().expect("the frame is rejected");
    assert_eq!(error.to_string(), format!("event stream frame at byte 16: {text}"));
}

#[test]
fn lengths() {
    rejects(frame(15, 0, b""), "length 15 has no room for 0 bytes of headers");
    rejects(frame(0, 0, b""), "length 0 has no room for 0 bytes of headers");
    rejects(frame(20, 5, b"1234"), "length 20 has no room for 5 bytes of headers");
    rejects(frame(20, u32::MAX, b"1234"), "length 20 has no room for 4294967295 bytes of headers");
    rejects(frame(101, 0, b""), "length 101 is over the limit of 100");
    // Known from the prelude alone: nothing waits for four gigabytes.
    rejects(frame(u32::MAX, 0, b"")[..12].to_vec(), "length 4294967295 is over the limit of 100");
}

#[test]
fn checksums() {
    let mut bytes = frame(18, 0, b"{}");
    bytes[13] = b'!';
    rejects(bytes, "message checksum is 0x2f9261fa, should be 0x4d4f7c25");
}

#[test]
fn header_blocks() {
    rejects(headers(b"\x01"), "a header is cut off");
    rejects(headers(b"\x01a"), "a header is cut off");
    rejects(headers(b"\x02a\x00"), "a header is cut off");
    rejects(headers(b"\x01a\x07\x00"), "a header is cut off");
    rejects(headers(b"\x01a\x07\x00\x02x"), "a header is cut off");
    rejects(headers(b"\x01a\x09123456789012345"), "a header is cut off");
    rejects(headers(b"\x00\x00"), "a header has no name");
    rejects(headers(b"\x01\xFF\x00"), "a header's name is not UTF-8");
    rejects(headers(b"\x01a\x0A"), "a header has the unknown type 10");
    rejects(headers(b"\x01a\x07\x00\x01\xFF"), "a header's value is not UTF-8");
}

#[test]
fn the_first_of_two_headers_of_one_name_counts() {
    let mut decoder = Decoder::new(100);
    decoder.push(headers(b"\x01a\x07\x00\x01x\x01a\x07\x00\x01y"));
    let frame = decoder.next_frame().expect("it is well formed").expect("it is complete");
    assert_eq!(frame.headers.str("a"), Some("x"));
    assert_eq!(frame.headers.iter().count(), 2);
    assert_eq!(frame.headers.str("b"), None);
}
