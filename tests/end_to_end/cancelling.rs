//! Dropping is cancelling: the server sees the connection close.

use std::time::Duration;

use futures_util::StreamExt as _;

use crate::support::{connection, fake, host, question, soon};

#[tokio::test]
async fn dropped_between_calls() {
    let fake = fake().await;
    let request = question("fake.gated");
    let mut events = host().stream_converse(&connection(&fake), &request).await.expect("it is sent");
    soon(events.next()).await.expect("the reply begins").expect("nothing failed");
    drop(events);
    soon(fake.abandoned(1)).await;
}

#[tokio::test]
async fn dropped_while_a_call_waits() {
    let fake = fake().await;
    let request = question("fake.gated");
    let mut events = host().stream_converse(&connection(&fake), &request).await.expect("it is sent");
    let reading = async { while events.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_millis(100), reading).await.expect_err("the gate is closed");
    drop(events);
    soon(fake.abandoned(1)).await;
    // The host has lost nothing by it.
    let mut events =
        host().stream_converse(&connection(&fake), &question("fake.text")).await.expect("it is sent");
    soon(events.next()).await.expect("the reply begins").expect("nothing failed");
}

#[tokio::test]
async fn dropped_before_the_response() {
    let fake = fake().await;
    let request = question("fake.fault-hang");
    let mut events = host().stream_converse(&connection(&fake), &request).await.expect("it is sent");
    let waiting = events.next_batch(Some(Duration::from_millis(100)));
    assert_eq!(soon(waiting).await.expect("nothing failed"), Some(Vec::new()));
    drop(events);
    soon(fake.abandoned(1)).await;
}

/// A reply that was read to its end is no abandoned one.
#[tokio::test]
async fn read_to_the_end() {
    let fake = fake().await;
    let mut events =
        host().stream_converse(&connection(&fake), &question("fake.text")).await.expect("it is sent");
    while soon(events.next()).await.is_some() {}
    drop(events);
    tokio::time::timeout(Duration::from_millis(100), fake.abandoned(1))
        .await
        .expect_err("none was abandoned");
}
