//! The end of a reply, however it is asked for.

use std::time::Duration;

use host_test::fake::Fake;
use host_test::{Connection, Deadlines, Error, EventStream, types};

use crate::support::{connection, fake, host, question, soon};

async fn open(fake: &Fake, scenario: &str, deadlines: Deadlines) -> EventStream {
    let connection = Connection { deadlines, ..connection(fake) };
    let request = question(&format!("fake.{scenario}"));
    host().stream_converse(&connection, &request).await.expect("the request is well formed")
}

/// `None` once the reply is complete, and what else ended it.
async fn end(events: &mut EventStream) -> Result<(), types::Error> {
    loop {
        match soon(events.next_batch(None)).await {
            Ok(Some(batch)) => assert!(!batch.is_empty(), "it waits for ever"),
            Ok(None) => return Ok(()),
            Err(Error::Converse(error)) => return Err(error),
            Err(error) => panic!("the sandbox failed: {error}"),
        }
    }
}

/// Also when the time for the whole passes behind it.
#[tokio::test]
async fn is_the_same_whenever_it_is_asked_for() {
    let fake = fake().await;
    for scenario in ["text", "fault-break-after-stop", "error-throttling", "stream-model-error", "fault-cut"]
    {
        let deadlines = Deadlines { total: Some(3_000), ..Deadlines::default() };
        let mut events = open(&fake, scenario, deadlines).await;
        let first = end(&mut events).await;
        assert_eq!(first.is_ok(), ["text", "fault-break-after-stop"].contains(&scenario), "{scenario}");
        assert!(!matches!(first, Err(types::Error::Timeout(_))), "{scenario}");
        let attempts = events.attempts().to_vec();
        assert_eq!(end(&mut events).await, first, "{scenario}");
        if scenario == "text" || scenario == "fault-cut" {
            tokio::time::sleep(Duration::from_millis(3_100)).await;
        }
        assert_eq!(end(&mut events).await, first, "{scenario}");
        assert_eq!(events.attempts(), attempts, "{scenario}");
        let outcome = events.finish().await.expect("the component finishes");
        assert_eq!(outcome.verdict, first, "{scenario}");
    }
}

#[tokio::test]
async fn is_what_finish_tells() {
    type Expected = fn(&types::Error) -> bool;

    let fake = fake().await;
    let rows: [(&str, Option<Expected>); 5] = [
        ("text", None),
        ("fault-break-after-stop", None),
        ("error-access-denied", Some(|error| matches!(error, types::Error::Service(_)))),
        ("stream-validation", Some(|error| matches!(error, types::Error::Service(_)))),
        ("fault-cut", Some(|error| matches!(error, types::Error::Incomplete(_)))),
    ];
    for (scenario, expected) in rows {
        for read in [0, 1] {
            let mut events = open(&fake, scenario, Deadlines::default()).await;
            for _ in 0..read {
                // What this says, `finish` says again.
                drop(soon(events.next_batch(None)).await);
            }
            let outcome = soon(events.finish()).await.expect("the component finishes");
            match (&outcome.verdict, expected) {
                (Ok(()), None) => {}
                (Err(error), Some(expected)) if expected(error) => {}
                (verdict, _) => panic!("{scenario}: {verdict:?}"),
            }
            assert!(outcome.reply.is_none() && outcome.request_id.is_some(), "{scenario}");
            assert_eq!(outcome.attempts.len(), 1, "{scenario}");
            assert_eq!(outcome.attempts[0].request_id, outcome.request_id, "{scenario}");
        }
    }
}

/// A call that was left waiting comes back before the stream is finished.
#[tokio::test]
async fn may_be_asked_for_while_a_call_waits() {
    let fake = fake().await;
    let mut events = open(&fake, "gated", Deadlines::default()).await;
    let reading = async { while events.next_batch(None).await.is_ok() {} };
    tokio::time::timeout(Duration::from_millis(100), reading).await.expect_err("the gate is closed");
    fake.open_gate();
    let outcome = soon(events.finish()).await.expect("the component finishes");
    assert_eq!(outcome.verdict, Ok(()));
}
