//! What is tried again, and what is not.

use std::time::{Duration, Instant};

use host_test::fake::{self, Fake};
use host_test::{Connection, Credentials, Deadlines, Error, Operation, types};

use crate::support::{connection, fake, host, keys, question, read, soon};

/// As often as the component thinks right.
fn trying(fake: &Fake) -> Connection {
    Connection { max_attempts: None, ..connection(fake) }
}

/// The failures of all attempts, and the end.
async fn attempts(connection: &Connection, model: &str) -> (Vec<types::Error>, Vec<host_test::Attempt>) {
    let mut events = host().stream_converse(connection, &question(model)).await.expect("it can be sent");
    let end = match read(&mut events).await.1 {
        Ok(()) => Vec::new(),
        Err(Error::Converse(error)) => vec![error],
        Err(error) => panic!("the sandbox failed: {error}"),
    };
    (end, events.attempts().to_vec())
}

/// (What fails, how often it is tried.)
#[tokio::test]
async fn what_may_succeed_is_tried_three_times() {
    let rows = [
        ("error-throttling-amz", 3),
        ("error-internal-server", 3),
        ("error-model-not-ready", 3),
        ("error-service-unavailable", 3),
        ("fault-html", 3),
        ("fault-close", 3),
        ("stream-throttling", 3),
        // More than the component waits for.
        ("error-throttling-long", 1),
        ("error-access-denied", 1),
        ("error-expired-token", 1),
        ("error-model", 1),
        ("error-model-timeout", 1),
        ("error-resource-not-found", 1),
        ("error-validation", 1),
        ("fault-redirect", 1),
        ("fault-content-type", 1),
        // Something of the reply was there already.
        ("stream-internal-server", 1),
        ("stream-model-error", 1),
        ("fault-break", 1),
        ("fault-break-head", 1),
    ];
    let rows = rows.map(|(scenario, count)| async move {
        let fake = fake().await;
        let (end, attempts) = attempts(&trying(&fake), &format!("fake.{scenario}")).await;
        assert_eq!(end.len(), 1, "{scenario}");
        assert_eq!(attempts.len(), count, "{scenario}");
        assert_eq!(fake.requests().len(), count, "{scenario}");
        assert!(attempts.iter().all(|attempt| attempt.failure.is_some()), "{scenario}");
        assert_eq!(attempts.last().map(|attempt| attempt.backoff), Some(0), "{scenario}");
        // Each is dated and signed by itself, and none is refused for it.
        assert!(fake.requests().iter().all(|request| {
            let code = request.refused.as_deref().unwrap_or_default();
            !code.contains("Signature")
        }));
    });
    futures_util::future::join_all(rows).await;
}

#[tokio::test]
async fn a_failure_that_passes_is_not_seen() {
    let rows = [
        ("flaky-1-error-throttling", 2, "ThrottlingException"),
        ("flaky-2-error-service-unavailable", 3, "ServiceUnavailableException"),
        ("flaky-1-stream-throttling", 2, "ThrottlingException"),
        ("flaky-1-fault-close", 2, "connection-terminated"),
        ("flaky-1-fault-html", 2, "service"),
    ];
    let rows = rows.map(|(scenario, count, failure)| async move {
        for operation in [Operation::ConverseStream, Operation::Converse] {
            if operation == Operation::Converse && scenario.contains("stream") {
                continue;
            }
            let fake = fake().await;
            let connection = Connection { operation, ..trying(&fake) };
            let (end, attempts) = attempts(&connection, &format!("fake.{scenario}")).await;
            assert_eq!(end, [], "{scenario}");
            assert_eq!(attempts.len(), count, "{scenario}");
            let (last, before) = attempts.split_last().expect("there are some");
            assert!(before.iter().all(|attempt| attempt.failure.as_deref() == Some(failure)), "{attempts:?}");
            assert_eq!((last.status, &last.failure), (Some(200), &None), "{scenario}");
            assert_eq!(fake.requests().len(), count, "{scenario}");
        }
    });
    futures_util::future::join_all(rows).await;
}

#[tokio::test]
async fn waits_that_are_asked_for_are_kept() {
    let fake = fake().await;
    for (scenario, least, most) in [
        // 1.5 seconds by Bedrock's own header, 2 by the standard one.
        ("flaky-1-error-throttling-amz", 1_500, 6_500),
        ("flaky-1-error-throttling", 2_000, 20_000),
    ] {
        let began = Instant::now();
        let (end, attempts) = attempts(&trying(&fake), &format!("fake.{scenario}")).await;
        assert_eq!(end, [], "{scenario}");
        let backoff = attempts[0].backoff;
        assert!((least..=most).contains(&backoff), "{scenario}: {backoff}");
        assert!(began.elapsed() >= Duration::from_millis(backoff.into()), "{scenario}");
    }
}

/// A wait between two attempts is a wait like any other: it is bounded, and can be given up.
#[tokio::test]
async fn the_caller_bounds_the_wait_between_attempts() {
    let fake = fake().await;
    let request = question("fake.flaky-1-error-throttling");
    let mut events = host().stream_converse(&trying(&fake), &request).await.expect("it can be sent");
    let began = Instant::now();
    let mut empty = 0;
    loop {
        let batch = soon(events.next_batch(Some(Duration::from_millis(100)))).await.expect("nothing failed");
        match batch {
            Some(batch) if batch.is_empty() => empty += 1,
            Some(_) => {}
            None => break,
        }
    }
    assert!(empty >= 5 && began.elapsed() >= Duration::from_secs(2), "{empty}");

    // The total deadline is not slept over: there is no second attempt, and no waiting for it.
    let deadlines = Deadlines { total: Some(1_000), ..Deadlines::default() };
    let connection = Connection { deadlines, ..trying(&fake) };
    let (end, attempts) = attempts(&connection, "fake.error-throttling").await;
    assert!(matches!(&end[..], [types::Error::Service(error)] if error.retry_after == Some(2_000)));
    assert_eq!(attempts.len(), 1);
}

#[tokio::test]
async fn a_clock_that_is_off_is_corrected_once() {
    for offset in [-3_600, 600] {
        let options = fake::Options { clock_offset: offset, ..fake::Options::default() };
        let fake = Fake::start(options).await.expect("loopback has a free port");
        let (end, attempts) = attempts(&trying(&fake), "fake.text").await;
        assert_eq!(end, [], "{offset}");
        assert_eq!(attempts.len(), 2, "{offset}");
        assert_eq!(attempts[0].failure.as_deref(), Some("InvalidSignatureException"));
        assert_eq!((attempts[0].clock_offset, attempts[0].backoff), (0, 0));
        let corrected = attempts[1].clock_offset;
        assert!((corrected - offset * 1_000).abs() < 5_000, "{corrected}");

        // What was learned is for the caller to keep.
        let connection = Connection { clock_offset: corrected, ..trying(&fake) };
        let (end, attempts) = self::attempts(&connection, "fake.text").await;
        assert_eq!((end, attempts.len()), (vec![], 1), "{offset}");
    }
    // It is not the clock.
    let fake = fake().await;
    let wrong = Credentials::AccessKeys {
        access_key_id: fake::KEYS[0].access_key_id.into(),
        secret_access_key: "wrong/secret/EXAMPLE".into(),
        session_token: None,
    };
    for credentials in [wrong, Credentials::BearerToken("wrong-token-EXAMPLE".into())] {
        let before = fake.requests().len();
        let (end, attempts) = attempts(&Connection { credentials, ..trying(&fake) }, "fake.text").await;
        assert_eq!((end.len(), attempts.len()), (1, 1));
        assert_eq!(fake.requests().len(), before + 1);
    }
    let given = Connection { credentials: keys(fake::KEYS[1]), ..trying(&fake) };
    assert_eq!(attempts(&given, "fake.text").await.0, []);
}
