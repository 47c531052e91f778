//! What the real Bedrock sent and accepted.

use host_test::{Connection, Operation, json};
use serde_json::{Map, Value};

use crate::support::{
    connection, exchanges, fake, host, lines, post, question, read, recorded_streams, recordings,
};

/// Each recorded reply, in each cutting, must be what AWS's SDK for JavaScript reads in it, and all that is in it.
#[tokio::test]
async fn replies_are_read_as_aws_reads_them() {
    let (Some(folder), Some(streams)) = (recordings(), recorded_streams()) else { return };
    let fake = fake().await;
    let mut equal = 0;
    for (name, bytes) in streams {
        let wanted = lines(&folder.join(format!("golden/awsjs/{name}.jsonl")));
        let all = payloads(&bytes);
        for size in [bytes.len(), 1, 7, 1_000] {
            fake.replay(&name, bytes.chunks(size).map(<[u8]>::to_vec).collect());
            let request = question(&format!("replay.{name}"));
            let mut events = host().stream_converse(&connection(&fake), &request).await.expect("it is sent");
            let (read, end) = read(&mut events).await;
            end.unwrap_or_else(|error| panic!("{name} in pieces of {size}: {error}"));
            assert_eq!(with_their_unknown_members(&read), all, "{name} in pieces of {size}");
            let known: Vec<_> = read.into_iter().map(as_the_sdk_has_it).collect();
            assert_eq!(known, wanted, "{name} in pieces of {size}");
        }
        equal += 1;
    }
    println!(
        "{equal} recorded replies are read as AWS's SDK for JavaScript reads them, in four cuttings each, and nothing \
         in them is lost"
    );
    assert_eq!(equal, 42);
}

/// All that the frames of a stream hold, but for the padding; frames are cut by AWS's own crate.
fn payloads(mut stream: &[u8]) -> Vec<Value> {
    let mut payloads = Vec::new();
    while !stream.is_empty() {
        let message = aws_smithy_eventstream::frame::read_message_from(&mut stream).expect("it is a frame");
        let header = message.headers().iter().find(|header| header.name().as_str() == ":event-type");
        let name = header.and_then(|header| header.value().as_string().ok()).expect("it is an event");
        let mut payload: Value = serde_json::from_slice(message.payload()).expect("the payload is JSON");
        payload.as_object_mut().expect("it is an object").remove("p");
        payloads.push(serde_json::json!({name.as_str(): payload}));
    }
    payloads
}

/// The events, with what the component has no place for put back where it was.
fn with_their_unknown_members(events: &[Value]) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for event in events {
        let (path, value) = event.as_object().and_then(|it| it.iter().next()).expect("an event has a name");
        match path.rsplit_once('.') {
            None => all.push(event.clone()),
            Some((place, member)) => {
                let place = format!("/{}", place.replace(['.', '['], "/").replace(']', ""));
                let object = all.last_mut().and_then(|event| event.pointer_mut(&place));
                let object = object.and_then(Value::as_object_mut).expect("it belongs to the event before");
                object.insert(member.to_owned(), value.clone());
            }
        }
    }
    all
}

/// AWS's SDK knows only what is in its model, and JavaScript has one number for `1` and `1.0`.
fn as_the_sdk_has_it(mut event: Value) -> Value {
    if let Some(usage) = event.pointer_mut("/metadata/usage").and_then(Value::as_object_mut) {
        for name in ["serverToolUsage", "cacheReadInputTokenCount", "cacheWriteInputTokenCount"] {
            usage.remove(name);
        }
    }
    with_plain_numbers(event)
}

fn with_plain_numbers(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(with_plain_numbers).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, with_plain_numbers(value))).collect()
        }
        Value::Number(number) => {
            let text = number.to_string();
            text.strip_suffix(".0").unwrap_or(&text).parse().map_or(Value::Null, Value::Number)
        }
        other => other,
    }
}

/// Whatever the real Bedrock accepted, the component sends as it was and the fake accepts.
#[tokio::test]
async fn requests_that_aws_accepted_are_accepted() {
    let Some(exchanges) = exchanges() else { return };
    let fake = fake().await;
    let mut accepted = 0;
    for exchange in exchanges {
        let path = exchange["path"].as_str().expect("an exchange has a path");
        let (_, operation) = path.rsplit_once('/').expect("a path has segments");
        if exchange["status"] != 200 || !operation.starts_with("converse") {
            continue;
        }
        let request = &exchange["request"];
        let (status, answer) = post(&fake, path, request).await;
        assert_eq!(status, 200, "{}: {answer}", exchange["id"]);

        let operation = if operation == "converse" { Operation::Converse } else { Operation::ConverseStream };
        let connection = Connection { operation, ..connection(&fake) };
        let typed = json::request("fake.text", request).unwrap_or_else(|error| panic!("{error}: {request}"));
        let mut events = host().stream_converse(&connection, &typed).await.expect("it can be sent");
        read(&mut events).await.1.unwrap_or_else(|error| panic!("{}: {error}", exchange["id"]));
        let sent = fake.requests().pop().expect("it was sent").body;
        let sent: Value = serde_json::from_slice(&sent).expect("the body is JSON");
        let wanted = with_plain_numbers(without_what_is_empty(request));
        assert_eq!(with_plain_numbers(sent), wanted, "{}", exchange["id"]);
        accepted += 1;
    }
    println!("{accepted} requests that AWS accepted are sent as they were and accepted");
    assert_eq!(accepted, 66);
    assert!(fake.requests().iter().all(|request| request.refused.is_none()));
}

/// An optional list that is empty is left out.
fn without_what_is_empty(request: &Value) -> Value {
    let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    let members = request.as_object().expect("a request is an object").iter();
    let kept: Map<_, _> = members
        .filter(|(_, value)| !is_empty(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    kept.into()
}
