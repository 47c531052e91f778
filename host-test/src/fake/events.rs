//! The events of a reply as frames, encoded by AWS's own crate.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use serde_json::{Value, json};

/// What Bedrock pads the payload of an event with, so that its length does not give away the length of the text:
/// the beginning of this, cut at random.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// A frame of `:message-type` `event`.
pub(crate) fn event(name: &str, mut payload: Value) -> Vec<u8> {
    // No randomness: the same reply is always the same bytes.
    let length = 2 + payload.to_string().len() * 7 % (PADDING.len() - 2);
    if let Some(members) = payload.as_object_mut() {
        members.insert("p".to_owned(), PADDING[..length].into());
    }
    event_text(name, payload.to_string())
}

/// A frame of `:message-type` `event` with this payload as it is.
pub(crate) fn event_text(name: &str, payload: String) -> Vec<u8> {
    let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    encode(&headers, payload.into_bytes())
}

/// A frame of `:message-type` `exception`; `name` begins with a small letter.
pub(crate) fn exception(name: &str, payload: &Value) -> Vec<u8> {
    let headers =
        [(":exception-type", name), (":content-type", "application/json"), (":message-type", "exception")];
    encode(&headers, payload.to_string().into_bytes())
}

/// A frame of `:message-type` `error`.
pub(crate) fn error(code: &str, message: &str) -> Vec<u8> {
    encode(&[(":message-type", "error"), (":error-code", code), (":error-message", message)], Vec::new())
}

pub(crate) fn message_start() -> Vec<u8> {
    event("messageStart", json!({"role": "assistant"}))
}

pub(crate) fn block_start(index: usize, start: &Value) -> Vec<u8> {
    event("contentBlockStart", json!({"contentBlockIndex": index, "start": start}))
}

pub(crate) fn block_delta(index: usize, delta: &Value) -> Vec<u8> {
    event("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta}))
}

pub(crate) fn block_stop(index: usize) -> Vec<u8> {
    event("contentBlockStop", json!({"contentBlockIndex": index}))
}

fn encode(headers: &[(&str, &str)], payload: Vec<u8>) -> Vec<u8> {
    let header = |(name, value): &(&str, &str)| {
        Header::new((*name).to_owned(), HeaderValue::String((*value).to_owned().into()))
    };
    let message = Message::new_from_parts(headers.iter().map(header).collect(), payload);
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).expect("the frame is small and its headers are short");
    bytes
}
