//! Judged by AWS's own encoder and decoder: the `aws-smithy-eventstream` crate.

use aws_smithy_eventstream::frame::{read_message_from, write_message_to};
use aws_smithy_types::DateTime;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bedrock_eventstream::{Decoder, Error, Value};
use proptest::prelude::*;

/// More than any message here has.
const LIMIT: u32 = 1 << 20;

/// A frame that owns what it has.
#[derive(Debug, PartialEq)]
struct Owned {
    headers: Vec<(String, HeaderValue)>,
    payload: Vec<u8>,
}

fn owned(message: &Message) -> Owned {
    let headers = message.headers().iter();
    Owned {
        headers: headers.map(|header| (header.name().as_str().to_owned(), header.value().clone())).collect(),
        payload: message.payload().to_vec(),
    }
}

fn aws_value(value: Value<'_>) -> HeaderValue {
    match value {
        Value::Bool(value) => HeaderValue::Bool(value),
        Value::Byte(value) => HeaderValue::Byte(value),
        Value::Short(value) => HeaderValue::Int16(value),
        Value::Integer(value) => HeaderValue::Int32(value),
        Value::Long(value) => HeaderValue::Int64(value),
        Value::Bytes(value) => HeaderValue::ByteArray(value.to_vec().into()),
        Value::String(value) => HeaderValue::String(value.to_owned().into()),
        Value::Timestamp(millis) => HeaderValue::Timestamp(DateTime::from_millis(millis)),
        Value::Uuid(value) => HeaderValue::Uuid(u128::from_be_bytes(value)),
    }
}

/// All frames of a stream that arrives in `pieces`, and how it ended.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Owned>, Result<(), Error>) {
    let mut decoder = Decoder::new(LIMIT);
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.push(piece.to_vec());
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(Owned {
                    headers: frame
                        .headers
                        .iter()
                        .map(|(name, value)| (name.to_owned(), aws_value(value)))
                        .collect(),
                    payload: frame.payload.to_vec(),
                }),
                Ok(None) => break,
                Err(error) => {
                    // An error is final, whatever is done next.
                    decoder.push(vec![0; 16]);
                    assert_eq!(decoder.next_frame().err(), Some(error));
                    assert_eq!(decoder.finish(), Err(error));
                    return (frames, Err(error));
                }
            }
        }
    }
    let end = decoder.finish();
    (frames, end)
}

fn encode(messages: &[Message]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        write_message_to(message, &mut bytes).expect("the message can be written");
    }
    bytes
}

fn header_value() -> impl Strategy<Value = HeaderValue> {
    // What a millisecond timestamp can hold and AWS's type can write again.
    let timestamp = (-9_000_000_000_000_i64..9_000_000_000_000).prop_map(DateTime::from_millis);
    prop_oneof![
        any::<bool>().prop_map(HeaderValue::Bool),
        any::<i8>().prop_map(HeaderValue::Byte),
        any::<i16>().prop_map(HeaderValue::Int16),
        any::<i32>().prop_map(HeaderValue::Int32),
        any::<i64>().prop_map(HeaderValue::Int64),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| HeaderValue::ByteArray(bytes.into())),
        "\\PC{0,20}".prop_map(|text| HeaderValue::String(text.into())),
        timestamp.prop_map(HeaderValue::Timestamp),
        any::<u128>().prop_map(HeaderValue::Uuid),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    let header = ("\\PC{1,12}|:[a-z-]{1,20}", header_value());
    let payload = proptest::collection::vec(any::<u8>(), 0..300);
    (proptest::collection::vec(header, 0..6), payload).prop_map(|(headers, payload)| {
        let headers = headers.into_iter().map(|(name, value)| Header::new(name, value)).collect();
        Message::new_from_parts(headers, payload)
    })
}

/// Three messages such as Bedrock's, the last one with every type of header.
fn sample() -> Vec<Message> {
    let event = |name: &'static str, payload: &'static str| {
        Message::new(payload)
            .add_header(Header::new(":event-type", HeaderValue::String(name.into())))
            .add_header(Header::new(":content-type", HeaderValue::String("application/json".into())))
            .add_header(Header::new(":message-type", HeaderValue::String("event".into())))
    };
    let every_type = Message::new(&b"{}"[..])
        .add_header(Header::new("t", HeaderValue::Bool(true)))
        .add_header(Header::new("f", HeaderValue::Bool(false)))
        .add_header(Header::new("b", HeaderValue::Byte(-1)))
        .add_header(Header::new("s", HeaderValue::Int16(-2)))
        .add_header(Header::new("i", HeaderValue::Int32(-3)))
        .add_header(Header::new("l", HeaderValue::Int64(-4)))
        .add_header(Header::new("a", HeaderValue::ByteArray(vec![1, 2].into())))
        .add_header(Header::new("z", HeaderValue::String("é".into())))
        .add_header(Header::new("d", HeaderValue::Timestamp(DateTime::from_millis(5))))
        .add_header(Header::new("u", HeaderValue::Uuid(6)));
    vec![
        event("messageStart", r#"{"role":"assistant"}"#),
        event("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"Hi"},"p":"abc"}"#),
        every_type,
    ]
}

#[test]
fn every_cut() {
    let messages = sample();
    let bytes = encode(&messages);
    let wanted: Vec<_> = messages.iter().map(owned).collect();
    assert_eq!(decode([bytes.as_slice()]), (wanted, Ok(())));
    for size in 1..bytes.len() {
        assert_eq!(decode(bytes.chunks(size)), decode([bytes.as_slice()]), "pieces of {size}");
    }
    for first in 0..bytes.len() {
        let (one, rest) = bytes.split_at(first);
        for second in 0..rest.len() {
            let (two, three) = rest.split_at(second);
            assert_eq!(decode([one, two, three]), decode([bytes.as_slice()]), "cut at {first} and {second}");
        }
    }
}

#[test]
fn every_truncation() {
    let messages = sample();
    let bytes = encode(&messages);
    let mut ends = vec![0];
    for count in 1..=messages.len() {
        ends.push(encode(&messages[..count]).len());
    }
    for length in 0..bytes.len() {
        let (frames, end) = decode([&bytes[..length]]);
        let whole = ends.iter().rposition(|&end| end <= length).expect("0 is an end");
        assert_eq!(frames, messages[..whole].iter().map(owned).collect::<Vec<_>>());
        match length - ends[whole] {
            0 => assert_eq!(end, Ok(())),
            received => assert_eq!(
                end.expect_err("the stream is cut off").to_string(),
                format!(
                    "event stream frame at byte {}: the stream ended after {received} bytes of it",
                    ends[whole]
                )
            ),
        }
    }
}

/// Whatever single bit is damaged, the frame it is in is not delivered, and AWS's decoder agrees.
#[test]
fn every_flipped_bit() {
    let messages = sample();
    let bytes = encode(&messages);
    let mut begin = 0;
    for (position, message) in messages.iter().enumerate() {
        let length = encode(std::slice::from_ref(message)).len();
        for bit in begin * 8..(begin + length) * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            for size in [1, damaged.len()] {
                let (frames, end) = decode(damaged.chunks(size));
                assert_eq!(frames, messages[..position].iter().map(owned).collect::<Vec<_>>(), "bit {bit}");
                let error = end.expect_err("the damage is found");
                assert_eq!(error.frame_offset, begin as u64, "bit {bit}");
            }
            assert!(read_message_from(&damaged[begin..]).is_err(), "bit {bit}: AWS's decoder takes it");
        }
        begin += length;
    }
}

#[test]
fn a_damaged_prelude_is_found_before_the_announced_length_arrives() {
    let mut bytes = encode(&sample());
    bytes[0] = 0xFF;
    let (frames, end) = decode([&bytes[..12]]);
    assert_eq!(frames, []);
    assert_eq!(
        end.expect_err("the checksum is wrong").to_string(),
        "event stream frame at byte 0: prelude checksum is 0x96d5fade, should be 0xb09efc38"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reads_what_aws_writes(
        messages in proptest::collection::vec(message(), 0..5),
        sizes in proptest::collection::vec(1..80_usize, 1..8),
    ) {
        let bytes = encode(&messages);
        let mut rest = bytes.as_slice();
        let mut pieces = Vec::new();
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at(rest.len().min(*size));
            pieces.push(piece);
            rest = after;
        }
        prop_assert_eq!(decode(pieces), (messages.iter().map(owned).collect(), Ok(())));
    }

    /// With checksums made good after the damage, so that it reaches the layers behind them.
    #[test]
    fn judges_damage_as_aws_does(
        message in message(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encode(&[message]);
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let repaired = repair(bytes);
        let by_aws = read_message_from(repaired.as_slice());
        let (frames, end) = decode([repaired.as_slice()]);
        match by_aws {
            // The specification wants at least one byte of name; AWS's decoder does not look.
            Ok(message) if message.headers().iter().all(|header| !header.name().as_bytes().is_empty()) => {
                prop_assert_eq!(frames.first(), Some(&owned(&message)));
            }
            _ => prop_assert!(frames.is_empty() && end.is_err(), "{:?} {:?}", frames, end),
        }
    }
}

/// Gives the frame its right checksums.
fn repair(mut bytes: Vec<u8>) -> Vec<u8> {
    let prelude = crc(&bytes[..8]).to_be_bytes();
    bytes[8..12].copy_from_slice(&prelude);
    let announced = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    if (16..=bytes.len()).contains(&announced) {
        let message = crc(&bytes[..announced - 4]).to_be_bytes();
        bytes[announced - 4..announced].copy_from_slice(&message);
    }
    bytes
}

/// CRC-32 as RFC 1952 defines it, a bit at a time.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    })
}
