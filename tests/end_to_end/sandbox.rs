//! The host's limits, and that they hold for one stream alone.

use std::time::Duration;

use host_test::{COMPONENT, ConverseRequest, Error, Host, Limit, Limits};

use crate::support::{connection, fake, host, question, read};

#[tokio::test]
async fn a_streaming_instance_is_small() {
    let fake = fake().await;
    let mut events =
        host().stream_converse(&connection(&fake), &question("fake.text")).await.expect("it is sent");
    read(&mut events).await.1.expect("the reply is whole");
    println!("linear memory of a streaming instance: {} bytes", events.memory());
    assert!(events.memory() <= 320 * 1024, "{}", events.memory());
}

/// A reply costs no memory by its length.
#[tokio::test]
async fn memory_does_not_grow_with_the_reply() {
    let fake = fake().await;
    let frames = recorded_reply(20_000);
    let bytes: usize = frames.iter().map(Vec::len).sum();
    fake.replay("long", frames.chunks(500).map(<[Vec<u8>]>::concat).collect());
    let mut events =
        host().stream_converse(&connection(&fake), &question("replay.long")).await.expect("it is sent");
    let (received, end) = read(&mut events).await;
    end.expect("the reply is whole");
    assert_eq!(received.len(), 20_002);
    assert!(events.memory() <= 512 * 1024, "{} bytes for a reply of {bytes}", events.memory());
}

#[tokio::test]
async fn the_memory_limit_ends_one_stream() {
    let fake = fake().await;
    let limits = Limits { memory: 4 << 20, ..Limits::default() };
    let host = host().limited(limits);
    let request = ConverseRequest::new("fake.text").user("x".repeat(8 << 20));
    let error = host.stream_converse(&connection(&fake), &request).await.err().expect("it does not fit");
    assert!(matches!(error, Error::Limit(Limit::Memory)), "{error}");
    assert!(fake.requests().is_empty());

    let mut events =
        host.stream_converse(&connection(&fake), &question("fake.text")).await.expect("this one fits");
    read(&mut events).await.1.expect("the reply is whole");
}

#[tokio::test]
async fn the_time_limit_ends_one_stream() {
    let fake = fake().await;
    let limits = Limits { cpu: Duration::from_millis(5), ..Limits::default() };
    let host = host().limited(limits);
    // Hashing this takes the component longer than that on any machine.
    let request = ConverseRequest::new("fake.text").user("x".repeat(48 << 20));
    let error = host.stream_converse(&connection(&fake), &request).await.err().expect("it takes too long");
    assert!(matches!(error, Error::Limit(Limit::Cpu)), "{error}");
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn a_full_host_says_so() {
    let fake = fake().await;
    let host = Host::with(COMPONENT, 2, Limits::default()).expect("the component runs here");
    let open = || async { host.stream_converse(&connection(&fake), &question("fake.gated")).await };
    let first = open().await.expect("there is room");
    let _second = open().await.expect("there is room");
    let third = open().await.err().expect("there is no room");
    assert!(matches!(third, Error::Limit(Limit::Streams)), "{third}");
    drop(first);
    open().await.expect("there is room again");
}

/// Streams run side by side, each in an instance of its own.
#[tokio::test]
async fn many_streams_at_once() {
    let fake = fake().await;
    let connection = connection(&fake);
    let streams = (0..50).map(|number| {
        let (scenario, ends_well) = [("text", true), ("fault-checksum", false)][number % 2];
        let request = question(&format!("fake.{scenario}"));
        let connection = &connection;
        async move {
            let mut events = host().stream_converse(connection, &request).await.expect("it is sent");
            assert_eq!(read(&mut events).await.1.is_ok(), ends_well);
        }
    });
    futures_util::future::join_all(streams).await;
    assert_eq!(fake.requests().len(), 50);
}

/// A reply of `count` deltas, each in a frame.
fn recorded_reply(count: usize) -> Vec<Vec<u8>> {
    let frame = |name: &str, payload: &str| host_test::fake::frame(name, payload);
    let mut frames = vec![frame("messageStart", r#"{"role":"assistant"}"#)];
    let delta =
        r#"{"contentBlockIndex":0,"delta":{"text":"some words of a long reply"},"p":"abcdefghijklmnopqrst"}"#;
    frames.extend((0..count).map(|_| frame("contentBlockDelta", delta)));
    frames.push(frame("messageStop", r#"{"stopReason":"end_turn"}"#));
    frames
}
