//! What events say.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::str;

use serde::de::IgnoredAny;

use super::{Input, Members};
use crate::assembly::Assembly;
use crate::bindings::converse::{Operation, Reply};
use crate::bindings::types::{ContentBlock, ConverseRequest, Message, ReasoningContentBlock, StreamEvent};
use crate::event::{self, response};
use crate::json::Json;
use crate::request;

/// The events, and the members of each that are known.
const EVENTS: [(&str, &[&str]); 6] = [
    ("messageStart", &["role", "p"]),
    ("contentBlockStart", &["contentBlockIndex", "start", "p"]),
    ("contentBlockDelta", &["contentBlockIndex", "delta", "p"]),
    ("contentBlockStop", &["contentBlockIndex", "p"]),
    ("messageStop", &["stopReason", "additionalModelResponseFields", "p"]),
    ("metadata", &["usage", "metrics", "trace", "performanceConfig", "serviceTier", "p"]),
];

/// The members of a reply that is not streamed.
const RESPONSE: [&str; 8] = [
    "output",
    "stopReason",
    "additionalModelResponseFields",
    "usage",
    "metrics",
    "trace",
    "performanceConfig",
    "serviceTier",
];

/// How many characters of `{:?}` there may be for each byte that arrived: an empty citation is 3 bytes.
const MOST: usize = 128;

/// Decodes events, or whole replies, and puts them together: an event is refused only if it is no JSON object, nothing
/// that is unknown gets lost, nothing grows out of proportion, and what they come to can be sent back and is then the
/// same again. Tells whether an event was known and decoded.
///
/// The input is an event a line: its number, and its payload.
pub fn event_json(input: &[u8]) -> bool {
    let mut decoded = false;
    let mut assembly = Assembly::default();
    let mut strangers = Vec::new();
    for line in input.split(|byte| *byte == b'\n') {
        let mut line = Input(line);
        let number = line.choice(EVENTS.len() + 2);
        let payload = line.0;
        let mut events = Vec::new();
        match EVENTS.get(number) {
            Some((name, known)) => {
                decoded |= judge(payload, &event::decode(name, payload, &mut events), &events);
                keeps_unknown(name, known, payload, &events);
            }
            None if number == EVENTS.len() => {
                // It is refused, too, if it is no reply, or too many parts.
                if response::decode(payload, &mut events).is_ok() {
                    decoded = true;
                    keeps_unknown("metadata", &RESPONSE, payload, &events);
                } else {
                    events.clear();
                }
            }
            None => unknown(payload, &mut events),
        }
        let told = format!("{events:?}").len();
        assert!(told <= MOST * (payload.len() + 8), "{told} characters tell of {} bytes", payload.len());
        for event in events {
            assembly.add(&event);
            if let StreamEvent::Unknown(member) = event {
                strangers.push(member.value);
            }
        }
    }
    if let Some(reply) = assembly.finish() {
        let told = format!("{reply:?}");
        assert!(
            told.len() <= MOST * (input.len() + 8),
            "{} characters tell of {} bytes",
            told.len(),
            input.len()
        );
        for value in strangers {
            // As `{:?}` writes it, wherever it is.
            let value = format!("{value:?}");
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            assert!(told.contains(value.expect("it has its quotes")), "{value:?} got lost: {told}");
        }
        can_be_sent_back(&reply);
    }
    decoded
}

/// An event is decoded exactly if it is a JSON object; else nothing is told of it.
fn judge(payload: &[u8], result: &Result<(), String>, events: &[StreamEvent]) -> bool {
    let text = str::from_utf8(payload).ok();
    let is_object =
        text.is_some_and(|text| text.trim_ascii_start().starts_with('{') && Json::parse(text).is_ok());
    assert!(!is_object || serde_json::from_slice::<IgnoredAny>(payload).is_ok());
    assert_eq!(result.is_ok(), is_object, "{result:?}");
    assert_ne!(result.is_ok(), events.is_empty());
    is_object
}

/// Each unknown member of an event arrives: by its name and with its value to the letter, in order.
fn keeps_unknown(event: &str, known: &[&str], payload: &[u8], events: &[StreamEvent]) {
    let Some(members) = str::from_utf8(payload).ok().and_then(Members::of) else { return };
    let mut arrived = Vec::new();
    let together = |json: &str| {
        let members = Members::of(json).expect("it was written here").0;
        members.into_iter().map(|(name, value)| (name, String::from(value.get()))).collect::<Vec<_>>()
    };
    for event_or_member in events {
        match event_or_member {
            StreamEvent::Unknown(member) if member.name == event => arrived.extend(together(&member.value)),
            StreamEvent::Unknown(member) => {
                let name = member.name.strip_prefix(event).and_then(|rest| rest.strip_prefix('.'));
                arrived.extend(name.map(|name| (name.into(), member.value.clone())));
            }
            StreamEvent::Metadata(metadata) => {
                arrived.extend(metadata.extra.iter().flat_map(|extra| together(extra)));
            }
            _ => {}
        }
    }
    let mut arrived = arrived.iter();
    for (name, value) in members.0.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
        assert!(arrived.any(|arrived| arrived.0 == *name && arrived.1 == value.get()), "{name} got lost");
    }
}

/// An event of which nothing is known is never refused; one that is JSON arrives to the letter.
fn unknown(payload: &[u8], events: &mut Vec<StreamEvent>) {
    event::decode("heartbeat", payload, events).expect("any payload can be passed on");
    let [StreamEvent::Unknown(member)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(member.name, "heartbeat");
    serde_json::from_str::<IgnoredAny>(&member.value).expect("the value is JSON");
    let text = str::from_utf8(payload).ok();
    if let Some(text) = text.filter(|text| serde_json::from_str::<IgnoredAny>(text).is_ok()) {
        assert_eq!(member.value, text);
    } else if let Some(text) = text {
        assert_eq!(serde_json::from_str::<String>(&member.value).ok().as_deref(), Some(text));
    }
}

/// A message is history as it is, unless AWS left out what it demands.
fn can_be_sent_back(reply: &Reply) {
    let incomplete = |block: &ContentBlock| matches!(block, ContentBlock::IncompleteToolUse(_));
    // No stream has these, so that they go back as they came, whatever a reply that is not streamed makes of them.
    let foreign = |block: &ContentBlock| match block {
        ContentBlock::Unknown(member) => ["reasoningContent", "citationsContent"].contains(&&*member.name),
        ContentBlock::ReasoningContent(ReasoningContentBlock::Unknown(member)) => {
            member.name == "reasoningText"
        }
        // What cites nothing is text, the next time.
        ContentBlock::CitationsContent(block) => block.citations.is_empty(),
        _ => false,
    };
    match sent(&reply.message) {
        Ok(body) => {
            assert!(!reply.message.content.iter().any(incomplete));
            if reply.message.content.iter().any(foreign) {
                return;
            }
            let whole = format!(r#"{{"output":{{"message":{body}}},"stopReason":"end_turn"}}"#);
            let mut events = Vec::new();
            response::decode(whole.as_bytes(), &mut events).expect("it is an object");
            let mut assembly = Assembly::default();
            for event in &events {
                assembly.add(event);
            }
            let again = assembly.finish().expect("something came");
            assert_eq!(sent(&again.message).as_deref(), Ok(&*body));
        }
        Err(reason) if reason == "must not be empty" => {}
        Err(reason) => {
            assert_eq!(reason, "is incomplete: it broke off before it was a JSON object");
            assert!(reply.message.content.iter().any(incomplete));
        }
    }
}

/// A message as it is sent, or why it is not.
fn sent(message: &Message) -> Result<String, String> {
    let request = ConverseRequest { messages: Vec::from([message.clone()]), ..request::empty() };
    let body = request::body(&request, Operation::ConverseStream).map_err(|error| error.reason)?;
    let body = String::from_utf8(body).expect("JSON is UTF-8");
    serde_json::from_str::<IgnoredAny>(&body).expect("the body is JSON");
    let message = body.strip_prefix(r#"{"messages":["#).and_then(|rest| rest.strip_suffix("]}"));
    Ok(message.expect("there is one message").into())
}
