//! The catalogue of faults: what the caller gets, how many requests are on the wire, and that nothing hangs.

use std::time::{Duration, Instant};

use host_test::fake::frame;
use host_test::types::{self, Deadline, ProtocolErrorKind};
use host_test::{Connection, ConverseRequest, Deadlines, Error, Outcome};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{connection, fake, host, question, read};

/// How long each step may take, in milliseconds.
const DEADLINE: u32 = 500;
/// How much later the end may come on a busy machine.
const WATCHDOG: Duration = Duration::from_secs(5);

/// The end of a reply, in short.
fn verdict(end: Result<(), Error>) -> String {
    match end {
        Ok(()) => "complete".into(),
        Err(Error::Converse(error)) => match error {
            types::Error::InvalidRequest(error) => format!("invalid-request({})", error.path),
            types::Error::Network(error) => format!("network({})", error.code),
            types::Error::Timeout(error) => format!(
                "timeout({})",
                match error.deadline {
                    Deadline::Connect => "connect",
                    Deadline::Write => "write",
                    Deadline::ResponseHead => "response-head",
                    Deadline::Idle => "idle",
                    Deadline::Total => "total",
                }
            ),
            types::Error::Service(error) => format!("service({} {})", error.status, error.code),
            types::Error::Protocol(error) => format!(
                "protocol({})",
                match error.kind {
                    ProtocolErrorKind::ContentType => "content-type",
                    ProtocolErrorKind::Frame => "frame",
                    ProtocolErrorKind::Checksum => "checksum",
                    ProtocolErrorKind::TooLarge => "too-large",
                    ProtocolErrorKind::Json => "json",
                }
            ),
            types::Error::Incomplete(error) if error.inside_frame => "incomplete(inside a frame)".into(),
            types::Error::Incomplete(_) => "incomplete(between frames)".into(),
        },
        Err(error) => format!("{error}"),
    }
}

fn with_deadlines(connection: Connection) -> Connection {
    let deadline = Some(DEADLINE);
    let deadlines =
        Deadlines { response_head: deadline, idle: deadline, write: deadline, ..Deadlines::default() };
    Connection { deadlines, ..connection }
}

/// Events that come, and how it ends; `None` is text that is whole.
const FAKE: [(&str, Option<usize>, &str); 29] = [
    ("fault-close", Some(0), "network(connection-terminated)"),
    ("fault-break-head", Some(0), "network(internal-error)"),
    ("fault-break", Some(2), "network(internal-error)"),
    ("fault-break-frame", Some(2), "network(internal-error)"),
    ("fault-break-after-stop", None, "complete"),
    ("fault-hang", Some(0), "timeout(response-head)"),
    ("fault-stall-head", Some(0), "timeout(idle)"),
    ("fault-stall", Some(2), "timeout(idle)"),
    ("fault-stall-frame", Some(2), "timeout(idle)"),
    ("fault-stall-after-stop", None, "complete"),
    ("fault-checksum", Some(2), "protocol(checksum)"),
    ("fault-prelude", Some(2), "protocol(checksum)"),
    ("fault-length", Some(3), "protocol(checksum)"),
    ("fault-giant", Some(2), "protocol(too-large)"),
    ("fault-deep", Some(2), "protocol(json)"),
    ("fault-json", Some(2), "protocol(json)"),
    ("fault-cut", Some(2), "incomplete(inside a frame)"),
    ("fault-no-stop", Some(2), "incomplete(between frames)"),
    ("fault-drip", None, "complete"),
    ("fault-odd-chunks", None, "complete"),
    ("unknown", None, "complete"),
    ("stream-throttling", Some(0), "service(200 ThrottlingException)"),
    ("stream-model-error", Some(2), "service(200 ModelStreamErrorException)"),
    ("stream-error", Some(2), "service(200 InternalError)"),
    ("stream-after-stop", None, "complete"),
    ("fault-html", Some(0), "service(502 )"),
    ("fault-redirect", Some(0), "service(307 )"),
    ("fault-content-type", Some(0), "protocol(content-type)"),
    ("fault-unknown-operation", Some(0), "service(200 UnknownOperationException)"),
];

#[tokio::test]
async fn each_fault_has_its_verdict() {
    let fake = fake().await;
    let connection = with_deadlines(connection(&fake));
    let mut excess = Duration::ZERO;
    for (number, (scenario, count, wanted)) in FAKE.into_iter().enumerate() {
        let began = Instant::now();
        let request = question(&format!("fake.{scenario}"));
        let mut events = host().stream_converse(&connection, &request).await.expect("it can be sent");
        let ending =
            tokio::time::timeout(Duration::from_millis(DEADLINE.into()) + WATCHDOG, read(&mut events));
        let (received, end) = ending.await.unwrap_or_else(|_| panic!("{scenario} hangs"));
        if wanted.starts_with("timeout") {
            excess = excess.max(began.elapsed().saturating_sub(Duration::from_millis(DEADLINE.into())));
        }
        assert_eq!(verdict(end), wanted, "{scenario}");
        match count {
            Some(count) => assert_eq!(received.len(), count, "{scenario}"),
            None => assert!(received.len() > 5, "{scenario}"),
        }
        assert_eq!(fake.requests().len(), number + 1, "{scenario}");
    }
    println!("{} faults, each with its verdict; the latest deadline passed {excess:?} late", FAKE.len());
}

/// What a server that is none does with each connection, after it got a request.
async fn serve(answer: Vec<u8>, then: Then) -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            receive(&mut stream).await;
            // The client may have had enough.
            stream.write_all(&answer).await.ok();
            match then {
                Then::Close => {}
                Then::Repeat => while stream.write_all(&answer[answer.len() / 2..]).await.is_ok() {},
                Then::Stay => std::future::pending().await,
            }
        }
    });
    (url, server)
}

#[derive(Clone, Copy)]
enum Then {
    Close,
    /// Sends the second half of the answer for ever.
    Repeat,
    Stay,
}

async fn receive(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let is_whole = |request: &[u8]| {
        let text = String::from_utf8_lossy(request);
        text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            length.and_then(|length| length.parse().ok()).is_some_and(|length: usize| body.len() >= length)
        })
    };
    let mut buffer = [0; 4_096];
    while !is_whole(&request) {
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => request.extend_from_slice(&buffer[..count]),
            _ => return,
        }
    }
}

#[tokio::test]
async fn what_no_fake_can_do() {
    let stream = |head: &str| {
        let mut answer =
            format!("{head}\r\ncontent-type: application/vnd.amazon.eventstream\r\n\r\n").into_bytes();
        answer.extend(frame("messageStart", r#"{"role":"assistant"}"#));
        answer.extend(frame("messageStop", r#"{"stopReason":"end_turn"}"#));
        answer
    };
    let flood = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(100_000));
    let long = "x".repeat(200_000);
    let rows = [
        // The end of the connection is the end of the body.
        ("HTTP/1.0", stream("HTTP/1.0 200 OK"), Then::Close, "complete"),
        ("no end after the end", stream("HTTP/1.1 200 OK"), Then::Stay, "complete"),
        ("a flood of headers", flood.into_bytes(), Then::Stay, "network(HTTP-protocol-error)"),
        ("no HTTP", b"SSH-2.0-OpenSSH\r\n".to_vec(), Then::Stay, "network(HTTP-protocol-error)"),
        (
            "an error without end",
            format!("HTTP/1.1 503 No\r\ncontent-type: text/plain\r\n\r\n{long}").into_bytes(),
            Then::Repeat,
            "service(503 )",
        ),
        (
            "an error whose reason does not come",
            b"HTTP/1.1 429 No\r\nx-amzn-errortype: ThrottlingException\r\ncontent-length: 99\r\n\r\n{"
                .to_vec(),
            Then::Stay,
            "service(429 ThrottlingException)",
        ),
    ];
    for (name, answer, then, wanted) in rows {
        let (url, server) = serve(answer, then).await;
        let connection = with_deadlines(connection(&fake().await));
        let connection = Connection { endpoint_url: Some(url.clone()), ..connection };
        let mut events = host().stream_converse(&connection, &question("m")).await.expect("it can be sent");
        let ending =
            tokio::time::timeout(Duration::from_millis(DEADLINE.into()) + WATCHDOG, read(&mut events));
        let (_, end) = ending.await.unwrap_or_else(|_| panic!("{name} hangs"));
        assert_eq!(verdict(end), wanted, "{name}");
        server.abort();
    }
}

#[tokio::test]
async fn tls_that_the_server_does_not_speak() {
    let fake = fake().await;
    let endpoint_url = Some(fake.url().replace("http:", "https:"));
    let connection = Connection { endpoint_url, ..connection(&fake) };
    let mut events = host().stream_converse(&connection, &question("m")).await.expect("it can be sent");
    assert_eq!(verdict(read(&mut events).await.1), "network(TLS-protocol-error)");
}

/// A reply of 100 MB costs the component no more memory than one of 1 MB.
#[tokio::test]
async fn a_long_reply_costs_no_memory() {
    let fake = fake().await;
    let text = "some words of a long reply ".repeat(1_200);
    let delta = format!(r#"{{"contentBlockIndex":0,"delta":{{"text":"{text}"}}}}"#);
    let delta = frame("contentBlockDelta", &delta);
    let mut memory = Vec::new();
    for megabytes in [1, 100] {
        let mut frames = vec![frame("messageStart", r#"{"role":"assistant"}"#)];
        frames.extend(std::iter::repeat_n(delta.clone(), megabytes * 1_000_000 / delta.len() + 1));
        frames.push(frame("messageStop", r#"{"stopReason":"end_turn"}"#));
        let count = frames.len();
        fake.replay("long", frames);
        let mut events = host()
            .stream_converse(&connection(&fake), &question("replay.long"))
            .await
            .expect("it can be sent");
        let mut received = 0;
        while let Some(batch) = events.next_batch(None).await.expect("nothing fails") {
            received += batch.len();
        }
        assert_eq!(received, count);
        memory.push(events.memory());
    }
    println!("linear memory for a reply of 1 MB and of 100 MB: {memory:?} bytes");
    // A page or two, by how the network cuts it.
    assert!(memory[1] <= memory[0] + 2 * 65_536, "{memory:?}");
}

/// Many replies at once, each with a fault of its own.
#[tokio::test]
async fn two_hundred_faults_at_once() {
    let fake = fake().await;
    let connection = with_deadlines(connection(&fake));
    let mut random = fastrand::Rng::with_seed(5);
    let streams = (0..200).map(|_| {
        let (scenario, _, wanted) = FAKE[random.usize(..FAKE.len())];
        let (way, connection) = (random.usize(..3), &connection);
        async move {
            let request = ConverseRequest::new(format!("fake.{scenario}")).user("hello");
            let mut events = host().stream_converse(connection, &request).await.expect("it can be sent");
            match way {
                0 => drop(events.next_batch(Some(Duration::from_millis(5))).await),
                1 => {
                    let Outcome { verdict: end, .. } = events.finish().await.expect("the component finishes");
                    assert_eq!(verdict(end.map_err(Error::Converse)), wanted, "{scenario}");
                }
                _ => assert_eq!(verdict(read(&mut events).await.1), wanted, "{scenario}"),
            }
        }
    });
    let all = tokio::time::timeout(Duration::from_mins(1), futures_util::future::join_all(streams));
    all.await.expect("none hangs");
    // No instance was poisoned.
    let mut events =
        host().stream_converse(&connection, &question("fake.text")).await.expect("there is room");
    read(&mut events).await.1.expect("the reply is whole");
}
