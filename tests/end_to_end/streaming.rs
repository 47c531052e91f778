//! True streaming, and waits that are bounded.

use std::time::Duration;

use futures_util::StreamExt as _;
use host_test::EventStream;
use host_test::types::{ContentBlockDelta, StreamEvent};

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

/// Not to wait at all is a bound too, with which a reply is read to its end.
#[tokio::test]
async fn calls_that_do_not_wait_lose_nothing() {
    let fake = fake().await;
    let mut events = open(&fake, "slow").await;
    let mut all = String::new();
    let reading = async {
        while let Some(batch) = events.next_batch(Some(Duration::ZERO)).await.expect("nothing failed") {
            all.extend(batch.iter().filter_map(text));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    soon(reading).await;
    assert_eq!(all, "You said: a slow reply. Every word of this is a frame of its own: ☃, 東京, 🦀.");
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
