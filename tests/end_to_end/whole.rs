//! The whole reply: from the operation that is not streamed, and put together by `finish`.

use std::time::Duration;

use host_test::fake::{self, Fake};
use host_test::types::{
    ContentBlock, Role, Tool, ToolConfiguration, ToolResultBlock, ToolResultContentBlock, ToolSpecification,
};
use host_test::{Connection, ConverseRequest, Deadlines, Error, Operation, Outcome, json, types};
use serde_json::Value;

use crate::support::{connection, exchanges, fake, host, question, read, recorded_streams, soon};

/// Scenarios that the fake has as a whole.
const WHOLE: [&str; 8] =
    ["text", "tool-use", "reasoning", "citations", "image", "server-tool", "guardrail", "cached"];

fn keeping(fake: &Fake, operation: Operation) -> Connection {
    Connection { operation, keep_reply: Some(1 << 20), ..connection(fake) }
}

async fn finish(connection: &Connection, request: &ConverseRequest) -> Outcome {
    let events = host().stream_converse(connection, request).await.expect("it can be sent");
    soon(events.finish()).await.expect("the component finishes")
}

/// The reply as the next turn's history: its calls answered, and one more question asked.
fn next_turn(reply: &host_test::Reply) -> ConverseRequest {
    let mut answers = Vec::new();
    let answered = |id: &str| {
        reply
            .message
            .content
            .iter()
            .any(|block| matches!(block, ContentBlock::ToolResult(result) if result.tool_use_id == id))
    };
    for block in &reply.message.content {
        if let ContentBlock::ToolUse(call) = block
            && !answered(&call.tool_use_id)
        {
            answers.push(ContentBlock::ToolResult(ToolResultBlock {
                tool_use_id: call.tool_use_id.clone(),
                content: vec![ToolResultContentBlock::Text("done".into())],
                status: None,
                type_: None,
                extra: None,
            }));
        }
    }
    answers.push(ContentBlock::Text("And then?".into()));
    // The fake of tomorrow takes members that today's model does not know: what came is sent back.
    let mut request = question("newer.fake.text");
    request.messages.push(reply.message.clone());
    let mut request = request.message(Role::User, answers);
    request.tool_config = Some(ToolConfiguration {
        tools: vec![Tool::ToolSpec(ToolSpecification {
            name: "t".into(),
            description: None,
            input_schema: "{}".into(),
            strict: None,
        })],
        tool_choice: None,
    });
    request
}

/// Sends a reply back as history, which must be accepted, and looks at it on the wire.
async fn send_back(fake: &Fake, name: &str, reply: &host_test::Reply) {
    let before = fake.requests().len();
    let outcome = finish(&connection(fake), &next_turn(reply)).await;
    assert_eq!(outcome.verdict, Ok(()), "{name}");
    let body: Value = serde_json::from_slice(&fake.requests()[before].body).expect("the body is JSON");
    assert_eq!(body["messages"][1], json::message(&reply.message), "{name}");
}

/// Cuts texts at random, sometimes with an empty piece in between.
fn random_cuts(random: &mut fastrand::Rng) -> impl FnMut(&str) -> Vec<String> {
    |text| {
        let mut pieces = vec![String::new()];
        for character in text.chars() {
            if random.u8(..) < 60 {
                pieces.push(String::new());
            }
            pieces.last_mut().expect("there is one").push(character);
        }
        pieces
    }
}

/// A reply that is not streamed; the same cut into random deltas, framed and finished; and sent back.
async fn comes_whole(fake: &Fake, name: &str, whole: &Value, random: &mut fastrand::Rng) {
    fake.replay("whole", vec![whole.to_string().into_bytes()]);
    let outcome = finish(&keeping(fake, Operation::Converse), &question("replay.whole")).await;
    assert_eq!(outcome.verdict, Ok(()), "{name}");
    let reply = outcome.reply.expect("it is kept");
    assert_eq!(json::reply(&reply), *whole, "{name}");
    assert_eq!(reply.unknown, [], "{name}");
    for _ in 0..5 {
        let frames = fake::stream(whole, random_cuts(random)).concat();
        let size = random.usize(1..=frames.len());
        fake.replay("cut", frames.chunks(size).map(<[u8]>::to_vec).collect());
        let outcome = finish(&keeping(fake, Operation::ConverseStream), &question("replay.cut")).await;
        assert_eq!(outcome.verdict, Ok(()), "{name}");
        assert_eq!(outcome.reply.as_ref(), Some(&reply), "{name}");
    }
    send_back(fake, name, &reply).await;
}

#[tokio::test]
async fn replies_of_the_fake_come_whole() {
    let fake = fake().await;
    let mut random = fastrand::Rng::with_seed(3);
    for scenario in WHOLE {
        let request = question(&format!("fake.{scenario}"));
        let streamed = finish(&keeping(&fake, Operation::ConverseStream), &request).await;
        let outcome = finish(&keeping(&fake, Operation::Converse), &request).await;
        assert_eq!(outcome.verdict, Ok(()), "{scenario}");
        let reply = outcome.reply.expect("it is kept");
        assert_eq!(streamed.reply.as_ref(), Some(&reply), "{scenario}");
        comes_whole(&fake, scenario, &json::reply(&reply), &mut random).await;
    }
    let paths: Vec<_> = fake.requests()[..2].iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/model/fake.text/converse-stream", "/model/fake.text/converse"]);
}

#[tokio::test]
async fn recorded_replies_come_whole() {
    let Some(exchanges) = exchanges() else { return };
    let fake = fake().await;
    let mut random = fastrand::Rng::with_seed(4);
    let mut equal = 0;
    for exchange in exchanges {
        let is_whole = exchange["path"].as_str().is_some_and(|path| path.ends_with("/converse"));
        if !is_whole || exchange["status"] != 200 {
            continue;
        }
        let name = exchange["id"].as_str().expect("it has an id");
        comes_whole(&fake, name, &exchange["response"], &mut random).await;
        equal += 1;
    }
    println!("{equal} recorded replies that were not streamed are the same when cut, framed and finished");
    assert_eq!(equal, 33);
}

#[tokio::test]
async fn recorded_streams_are_accepted_as_history() {
    let Some(streams) = recorded_streams() else { return };
    let fake = fake().await;
    let mut accepted = 0;
    for (name, bytes) in streams {
        fake.replay("stream", vec![bytes]);
        let outcome = finish(&keeping(&fake, Operation::ConverseStream), &question("replay.stream")).await;
        assert_eq!(outcome.verdict, Ok(()), "{name}");
        let reply = outcome.reply.expect("it is kept");
        if reply.message.content.is_empty() {
            continue;
        }
        send_back(&fake, &name, &reply).await;
        accepted += 1;
    }
    println!("{accepted} recorded streams, finished, are accepted as history");
    assert!(accepted >= 40, "{accepted}");
}

/// Whatever was read before, and whatever `next` returns of it.
#[tokio::test]
async fn finish_has_what_was_read_before() {
    let fake = fake().await;
    for operation in [Operation::ConverseStream, Operation::Converse] {
        let all = finish(&keeping(&fake, operation), &question("fake.tool-use")).await.reply;
        for batches in 1..5 {
            let mut events = host()
                .stream_converse(&keeping(&fake, operation), &question("fake.tool-use"))
                .await
                .expect("it can be sent");
            for _ in 0..batches {
                soon(events.next_batch(None)).await.expect("nothing fails");
            }
            let outcome = events.finish().await.expect("the component finishes");
            assert_eq!(outcome.reply, all, "{batches}");
        }
    }
    // What a stream would have had, in one batch.
    let connection = keeping(&fake, Operation::Converse);
    let mut events =
        host().stream_converse(&connection, &question("fake.tool-use")).await.expect("it can be sent");
    let batch = soon(events.next_batch(None)).await.expect("nothing fails").expect("it goes on");
    let names: Vec<_> = batch
        .iter()
        .map(|event| {
            json::event(event).as_object().and_then(|it| it.keys().next().cloned()).expect("it has a name")
        })
        .collect();
    let (start, delta, stop) = ("contentBlockStart", "contentBlockDelta", "contentBlockStop");
    assert_eq!(
        names,
        ["messageStart", delta, stop, start, delta, stop, start, delta, stop, "messageStop", "metadata"]
    );
    assert!(soon(events.next_batch(None)).await.expect("it ended well").is_none());
}

#[tokio::test]
async fn only_what_is_asked_for_is_kept() {
    let fake = fake().await;
    for operation in [Operation::ConverseStream, Operation::Converse] {
        for (keep_reply, kept) in [(None, false), (Some(0), false), (Some(200), false), (Some(100_000), true)]
        {
            let connection = Connection { keep_reply, ..keeping(&fake, operation) };
            let outcome = finish(&connection, &question("fake.text")).await;
            assert_eq!(outcome.verdict, Ok(()));
            assert_eq!(outcome.reply.is_some(), kept, "{keep_reply:?}");
        }
    }
}

#[tokio::test]
async fn a_broken_reply_is_kept_as_far_as_it_came() {
    let fake = fake().await;
    for scenario in ["fault-cut", "fault-checksum", "fault-no-stop", "fault-break", "stream-model-error"] {
        let request = question(&format!("fake.{scenario}"));
        let outcome = finish(&keeping(&fake, Operation::ConverseStream), &request).await;
        outcome.verdict.expect_err("it is broken");
        let reply = outcome.reply.expect("some of it came");
        assert_eq!(reply.message.content, [ContentBlock::Text("It begins".into())], "{scenario}");
        assert_eq!(reply.stop_reason, None, "{scenario}");
    }
    let outcome =
        finish(&keeping(&fake, Operation::ConverseStream), &question("fake.error-throttling")).await;
    outcome.verdict.expect_err("it is refused");
    assert_eq!(outcome.reply, None);
}

#[tokio::test]
async fn a_call_that_broke_off_cannot_be_sent_back() {
    let fake = fake().await;
    let outcome = finish(&keeping(&fake, Operation::ConverseStream), &question("fake.max-tokens")).await;
    assert_eq!(outcome.verdict, Ok(()));
    let reply = outcome.reply.expect("it is kept");
    assert!(matches!(
        &reply.message.content[..],
        [ContentBlock::IncompleteToolUse(call)] if call.input == "{\"city\": \"Par" && call.name == "weather"
    ));
    let sent = host().stream_converse(&connection(&fake), &next_turn(&reply)).await;
    let Some(Error::Converse(types::Error::InvalidRequest(error))) = sent.err() else {
        panic!("it is not refused")
    };
    assert_eq!(error.path, "messages[1].content[0].toolUse.input");
    assert_eq!(fake.requests().len(), 1);
}

/// The operation that is not streamed fails as clearly as the other.
#[tokio::test]
async fn failures_without_a_stream() {
    type Expected = fn(&types::Error) -> bool;

    let service = |code: &'static str| move |error: &types::Error| matches!(error, types::Error::Service(error) if error.code == code);
    let fake = fake().await;
    let rows: [(&str, Expected); 9] = [
        (
            "fault-cut",
            |error| matches!(error, types::Error::Protocol(error) if error.kind == types::ProtocolErrorKind::Json),
        ),
        ("fault-content-type", |error| {
            matches!(error, types::Error::Protocol(error)
                if error.kind == types::ProtocolErrorKind::ContentType
                    && error.message == "the response is text/plain, not application/json")
        }),
        ("fault-break", |error| matches!(error, types::Error::Network(_))),
        (
            "fault-stall",
            |error| matches!(error, types::Error::Timeout(error) if error.deadline == types::Deadline::Idle),
        ),
        (
            "fault-hang",
            |error| matches!(error, types::Error::Timeout(error) if error.deadline == types::Deadline::ResponseHead),
        ),
        ("fault-close", |error| matches!(error, types::Error::Network(_))),
        ("fault-html", |error| matches!(error, types::Error::Service(error) if error.status == 502)),
        ("fault-redirect", |error| matches!(error, types::Error::Service(error) if error.status == 307)),
        (
            "error-throttling",
            |error| matches!(error, types::Error::Service(error) if error.kind == types::ServiceErrorKind::Throttling),
        ),
    ];
    let deadlines = Deadlines { response_head: Some(500), idle: Some(500), ..Deadlines::default() };
    let connection = Connection { deadlines, ..keeping(&fake, Operation::Converse) };
    for (scenario, expected) in rows {
        let outcome = finish(&connection, &question(&format!("fake.{scenario}"))).await;
        let error = outcome.verdict.expect_err("it fails");
        assert!(expected(&error), "{scenario}: {error:?}");
        assert_eq!(outcome.reply, None, "{scenario}");
    }
    let outcome = finish(&connection, &question("fake.fault-unknown-operation")).await;
    assert!(outcome.verdict.is_err_and(|error| service("UnknownOperationException")(&error)));
    let small = Connection { max_frame_bytes: Some(100), ..connection };
    let outcome = finish(&small, &question("fake.text")).await;
    assert!(matches!(
        outcome.verdict,
        Err(types::Error::Protocol(error)) if error.kind == types::ProtocolErrorKind::TooLarge
    ));
}

/// A wait without a stream can be bounded too, and loses nothing.
#[tokio::test]
async fn waits_without_a_stream_are_bounded() {
    let fake = fake().await;
    let connection = connection(&fake);
    let connection = Connection { operation: Operation::Converse, ..connection };
    let mut events =
        host().stream_converse(&connection, &question("fake.fault-stall")).await.expect("it can be sent");
    let waited = soon(events.next_batch(Some(Duration::from_millis(50)))).await.expect("nothing failed");
    assert_eq!(waited, Some(Vec::new()));
    drop(events);
    soon(fake.abandoned(1)).await;
    let mut events =
        host().stream_converse(&connection, &question("fake.text")).await.expect("it can be sent");
    read(&mut events).await.1.expect("the reply is whole");
}
