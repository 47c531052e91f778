//! True streaming, and waits that are bounded.

use std::time::Duration;

use futures_util::StreamExt as _;
use host_test::types::{ContentBlockDelta, StreamEvent};
use host_test::{Deadlines, EventStream, types};

use crate::support::{connection, fake, host, question, read, soon};

const MOMENT: Duration = Duration::from_millis(50);

async fn open(fake: &host_test::fake::Fake, scenario: &str) -> EventStream {
    let request = question(&format!("fake.{scenario}"));
    host().stream_converse(&connection(fake), &request).await.expect("the request is well formed")
}

fn text(event: &StreamEvent) -> Option<&str> {
    match event {
        StreamEvent::ContentBlockDelta(delta) => match &delta.delta {
            Some(ContentBlockDelta::Text(text)) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// The server holds everything back behind the first delta until the client has it.
#[tokio::test]
async fn the_first_delta_arrives_while_the_server_holds_the_rest() {
    let fake = fake().await;
    let mut events = open(&fake, "gated").await;
    let mut first = None;
    while first.is_none() {
        let event = soon(events.next()).await.expect("the reply goes on").expect("nothing failed");
        first = text(&event).map(str::to_owned);
    }
    assert_eq!(first.as_deref(), Some("You "));
    fake.open_gate();
    let (rest, end) = read(&mut events).await;
    end.expect("the reply is whole");
    assert_eq!(rest.len(), 20);
}

/// Nothing is lost between calls that give up, wherever the reply stands.
#[tokio::test]
async fn a_bounded_wait_loses_nothing() {
    let fake = fake().await;
    let mut events = open(&fake, "slow").await;
    let mut empty = 0;
    let mut all = String::new();
    while let Some(batch) =
        soon(events.next_batch(Some(Duration::from_millis(5)))).await.expect("nothing failed")
    {
        empty += usize::from(batch.is_empty());
        all.extend(batch.iter().filter_map(text));
    }
    assert_eq!(all, "You said: a slow reply. Every word of this is a frame of its own: ☃, 東京, 🦀.");
    assert!(empty > 10, "the waits were bounded: {empty}");
}

#[tokio::test]
async fn a_bounded_wait_returns_while_the_model_thinks() {
    let fake = fake().await;
    for scenario in ["fault-hang", "fault-stall"] {
        let mut events = open(&fake, scenario).await;
        let mut batches = Vec::new();
        for _ in 0..6 {
            batches
                .push(soon(events.next_batch(Some(MOMENT))).await.expect("nothing failed").expect("no end"));
        }
        assert!(batches.last().is_some_and(Vec::is_empty), "{scenario}");
        // Not at all is a bound too.
        let now = soon(events.next_batch(Some(Duration::ZERO))).await.expect("nothing failed");
        assert_eq!(now, Some(Vec::new()), "{scenario}");
    }
}

/// A call that is abandoned goes on when it is asked again.
#[tokio::test]
async fn an_abandoned_call_is_taken_up_again() {
    let fake = fake().await;
    let mut events = open(&fake, "gated").await;
    let mut seen = Vec::new();
    while tokio::time::timeout(MOMENT, async { seen.push(events.next().await) }).await.is_ok() {}
    assert_eq!(seen.len(), 2);
    fake.open_gate();
    let (rest, end) = read(&mut events).await;
    end.expect("the reply is whole");
    assert_eq!(rest.len(), 20);
}

#[tokio::test]
async fn each_deadline_is_an_error_of_its_own() {
    let fake = fake().await;
    let short = Some(100);
    for (scenario, deadlines, deadline) in [
        (
            "fault-hang",
            Deadlines { response_head: short, ..Deadlines::default() },
            types::Deadline::ResponseHead,
        ),
        ("fault-stall", Deadlines { idle: short, ..Deadlines::default() }, types::Deadline::Idle),
        ("fault-hang", Deadlines { total: short, ..Deadlines::default() }, types::Deadline::Total),
        ("fault-stall", Deadlines { total: short, ..Deadlines::default() }, types::Deadline::Total),
        // More words than the time allows, each in time.
        (
            "slow",
            Deadlines { total: Some(450), idle: Some(400), ..Deadlines::default() },
            types::Deadline::Total,
        ),
    ] {
        let mut connection = connection(&fake);
        connection.deadlines = deadlines;
        let request = question(&format!("fake.{scenario}"));
        let mut events =
            host().stream_converse(&connection, &request).await.expect("the request is well formed");
        let (_, end) = read(&mut events).await;
        let error = end.expect_err("the deadline passes");
        assert!(
            matches!(&error, host_test::Error::Converse(types::Error::Timeout(missed)) if *missed == deadline),
            "{scenario} {deadlines:?}: {error}"
        );
        assert_eq!(events.attempts()[0].failure.as_deref(), Some("timeout"));
    }
}

/// Deadlines count the waiting of all calls, however short each of them is.
#[tokio::test]
async fn the_idle_deadline_spans_bounded_waits() {
    let fake = fake().await;
    let mut connection = connection(&fake);
    connection.deadlines.idle = Some(300);
    let request = question("fake.fault-stall");
    let mut events = host().stream_converse(&connection, &request).await.expect("the request is well formed");
    let error = loop {
        match soon(events.next_batch(Some(Duration::from_millis(20)))).await {
            Ok(batch) => assert!(batch.is_some(), "the reply does not end well"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, host_test::Error::Converse(types::Error::Timeout(types::Deadline::Idle))));
}
