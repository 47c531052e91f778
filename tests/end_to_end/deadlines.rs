//! How long to wait for what.

use std::time::Duration;

use host_test::{Connection, ConverseRequest, Deadlines, Error, EventStream, types};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::support::{connection, fake, host, question, read, soon};

/// In milliseconds.
const SHORT: Option<u32> = Some(100);

/// Waits in vain.
async fn misses(connection: &Connection, request: &ConverseRequest, deadline: types::Deadline, name: &str) {
    let mut events = host().stream_converse(connection, request).await.expect("the request is well formed");
    let (_, end) = read(&mut events).await;
    let error = end.expect_err("the deadline passes");
    let Error::Converse(types::Error::Timeout(error)) = error else { panic!("{name}: {error}") };
    assert_eq!(error.deadline, deadline);
    let begun = matches!(deadline, types::Deadline::Idle | types::Deadline::Total);
    assert_eq!((error.reply_begun, error.request_id.is_some()), (begun, begun), "{name}");
    assert_eq!(events.attempts()[0].failure.as_deref(), Some(name));
}

#[tokio::test]
async fn each_is_an_error_of_its_own() {
    use types::Deadline;

    let fake = fake().await;
    let none = Deadlines::default();
    for (scenario, deadlines, deadline, name) in [
        ("fault-hang", Deadlines { response_head: SHORT, ..none }, Deadline::ResponseHead, "response-head"),
        ("fault-stall", Deadlines { idle: SHORT, ..none }, Deadline::Idle, "idle"),
        ("fault-stall", Deadlines { total: SHORT, ..none }, Deadline::Total, "total"),
        // More words than the time allows, each in time.
        ("slow", Deadlines { total: Some(450), idle: Some(400), ..none }, Deadline::Total, "total"),
    ] {
        let connection = Connection { deadlines, ..connection(&fake) };
        misses(&connection, &question(&format!("fake.{scenario}")), deadline, name).await;
    }
}

/// A server that takes the connection and nothing else.
#[tokio::test]
async fn for_sending() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    let connection = Connection {
        endpoint_url: Some(format!("http://{address}")),
        deadlines: Deadlines { write: SHORT, ..Deadlines::default() },
        ..connection(&fake().await)
    };
    let request = ConverseRequest::new("m").user("x".repeat(32 << 20));
    misses(&connection, &request, types::Deadline::Write, "write").await;
}

/// A server whose backlog is full; elsewhere the system does not ignore who comes then.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn for_connecting() {
    let socket = TcpSocket::new_v4().expect("there are sockets");
    socket.bind("127.0.0.1:0".parse().expect("it is an address")).expect("loopback has a free port");
    let listener = socket.listen(0).expect("it is bound");
    let address = listener.local_addr().expect("it is bound");
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await
    {
        waiting.push(stream.expect("there is room for it"));
    }
    let connection = Connection {
        endpoint_url: Some(format!("http://{address}")),
        deadlines: Deadlines { connect: SHORT, ..Deadlines::default() },
        ..connection(&fake().await)
    };
    misses(&connection, &question("m"), types::Deadline::Connect, "connect").await;
}

async fn stalled(deadlines: Deadlines) -> (host_test::fake::Fake, EventStream) {
    let fake = fake().await;
    let connection = Connection { deadlines, ..connection(&fake) };
    let request = question("fake.fault-stall");
    let events = host().stream_converse(&connection, &request).await.expect("the request is well formed");
    (fake, events)
}

/// Each call is short, but their waits add up.
#[tokio::test]
async fn the_idle_deadline_spans_bounded_waits() {
    let (_fake, mut events) = stalled(Deadlines { idle: Some(300), ..Deadlines::default() }).await;
    let error = loop {
        match soon(events.next_batch(Some(Duration::from_millis(20)))).await {
            Ok(batch) => assert!(batch.is_some(), "the reply does not end well"),
            Err(error) => break error,
        }
    };
    let Error::Converse(types::Error::Timeout(error)) = error else { panic!("{error}") };
    assert_eq!(error.deadline, types::Deadline::Idle);
}

/// A caller who takes his time misses nothing.
#[tokio::test]
async fn the_idle_deadline_counts_waits_only() {
    let (_fake, mut events) = stalled(Deadlines { idle: Some(500), ..Deadlines::default() }).await;
    while !soon(events.next_batch(Some(Duration::from_millis(50))))
        .await
        .expect("nothing failed")
        .expect("no end")
        .is_empty()
    {}
    tokio::time::sleep(Duration::from_millis(600)).await;
    let batch = soon(events.next_batch(Some(Duration::from_millis(1)))).await.expect("nothing failed");
    assert_eq!(batch, Some(Vec::new()));
}
