//! Each way in which a reply can fail, and what the caller gets.

use host_test::fake::frame;
use host_test::types::{self, ProtocolErrorKind, ServiceErrorKind};
use host_test::{Connection, ConverseRequest, Credentials, Deadlines, Error};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{ask, connection, fake, host, question, read};

fn service(end: Result<(), Error>) -> types::ServiceError {
    match end {
        Err(Error::Converse(types::Error::Service(error))) => error,
        other => panic!("no service error: {other:?}"),
    }
}

#[tokio::test]
async fn errors_instead_of_a_reply() {
    use ServiceErrorKind as Kind;
    let fake = fake().await;
    for (scenario, status, code, kind, retryable) in [
        ("error-access-denied", 403, "AccessDeniedException", Kind::AccessDenied, false),
        ("error-expired-token", 403, "ExpiredTokenException", Kind::Other, false),
        ("error-internal-server", 500, "InternalServerException", Kind::InternalServer, true),
        ("error-model", 424, "ModelErrorException", Kind::ModelError, false),
        ("error-model-not-ready", 429, "ModelNotReadyException", Kind::ModelNotReady, true),
        ("error-model-timeout", 408, "ModelTimeoutException", Kind::ModelTimeout, false),
        ("error-resource-not-found", 404, "ResourceNotFoundException", Kind::ResourceNotFound, false),
        ("error-service-unavailable", 503, "ServiceUnavailableException", Kind::ServiceUnavailable, true),
        ("error-throttling", 429, "ThrottlingException", Kind::Throttling, true),
        ("error-validation", 400, "ValidationException", Kind::Validation, false),
        ("no-such-scenario", 400, "ValidationException", Kind::Validation, false),
        ("fault-html", 502, "", Kind::Other, true),
        ("fault-redirect", 307, "", Kind::Other, false),
        ("fault-unknown-operation", 200, "UnknownOperationException", Kind::Other, false),
    ] {
        let (events, end) = ask(&fake, scenario).await;
        let error = service(end);
        assert!(events.is_empty() && !error.reply_begun, "{scenario}");
        assert_eq!(
            (error.status, error.code.as_str(), error.kind, error.retryable),
            (status, code, kind, retryable),
            "{scenario}"
        );
        assert!(!error.message.is_empty() && error.request_id.is_some(), "{scenario}: {error:?}");
        assert_eq!(error.retry_after, (scenario == "error-throttling").then_some(2_000), "{scenario}");
        assert_eq!(error.original_status, (scenario == "error-model").then_some(500), "{scenario}");
    }
    // Nothing was sent twice.
    assert_eq!(fake.requests().len(), 14);
}

/// The events that came before an error are delivered before it.
fn assert_begun(events: &[Value], scenario: &str) {
    let text: Vec<_> =
        events.iter().filter_map(|event| event["contentBlockDelta"]["delta"]["text"].as_str()).collect();
    assert_eq!((events.len(), text), (2, vec!["It begins"]), "{scenario}");
}

#[tokio::test]
async fn errors_inside_a_reply() {
    use ServiceErrorKind as Kind;
    let fake = fake().await;
    for (scenario, code, kind, message) in [
        ("internal-server", "InternalServerException", Kind::InternalServer, "The server had an error."),
        (
            "model-error",
            "ModelStreamErrorException",
            Kind::ModelStreamError,
            "The model produced an error while streaming.",
        ),
        (
            "service-unavailable",
            "ServiceUnavailableException",
            Kind::ServiceUnavailable,
            "The service is unavailable.",
        ),
        ("validation", "ValidationException", Kind::Validation, "The input is too long."),
        ("error", "InternalError", Kind::Other, "An internal server error occurred."),
    ] {
        let (events, end) = ask(&fake, &format!("stream-{scenario}")).await;
        assert_begun(&events, scenario);
        let error = service(end);
        assert_eq!(
            (error.status, error.code.as_str(), error.kind, error.message.as_str(), error.reply_begun),
            (200, code, kind, message, true),
            "{scenario}"
        );
        assert!(error.request_id.is_some(), "{scenario}");
    }
    let (events, end) = ask(&fake, "stream-throttling").await;
    let error = service(end);
    assert!(events.is_empty() && !error.reply_begun && error.retryable);
}

#[tokio::test]
async fn damaged_replies() {
    let fake = fake().await;
    for (scenario, kind) in [
        ("fault-checksum", ProtocolErrorKind::Checksum),
        ("fault-prelude", ProtocolErrorKind::Checksum),
        ("fault-json", ProtocolErrorKind::Json),
    ] {
        let (events, end) = ask(&fake, scenario).await;
        assert_begun(&events, scenario);
        let Err(Error::Converse(types::Error::Protocol(error))) = end else {
            panic!("{scenario}: no protocol error: {end:?}")
        };
        assert_eq!((error.kind, error.reply_begun), (kind, true), "{scenario}");
        assert!(error.request_id.is_some(), "{scenario}");
    }
    let (events, end) = ask(&fake, "fault-content-type").await;
    let Err(Error::Converse(types::Error::Protocol(error))) = end else {
        panic!("no protocol error: {end:?}")
    };
    assert_eq!((events.len(), error.kind, error.reply_begun), (0, ProtocolErrorKind::ContentType, false));
    assert_eq!(error.message, "the response is text/plain, not application/vnd.amazon.eventstream");
}

#[tokio::test]
async fn truncated_replies() {
    let fake = fake().await;
    for (scenario, inside_frame) in [("fault-cut", true), ("fault-no-stop", false)] {
        let (events, end) = ask(&fake, scenario).await;
        assert_begun(&events, scenario);
        let Err(Error::Converse(types::Error::Incomplete(error))) = end else {
            panic!("{scenario}: not incomplete: {end:?}")
        };
        assert_eq!(error.inside_frame, inside_frame, "{scenario}");
        assert!(error.request_id.is_some() && error.reply_begun, "{scenario}");
    }
}

#[tokio::test]
async fn broken_connections() {
    let fake = fake().await;
    let network = |end| match end {
        Err(Error::Converse(types::Error::Network(error))) => error,
        other => panic!("no network error: {other:?}"),
    };
    let (events, end) = ask(&fake, "fault-break").await;
    assert_begun(&events, "fault-break");
    let error = network(end);
    assert!(error.reply_begun && error.request_id.is_some());
    // wasmtime has no code for what breaks a body.
    assert!(error.message.ends_with("failed: internal-error (connection terminated)"), "{}", error.message);
    let (events, end) = ask(&fake, "fault-close").await;
    let error = network(end);
    assert!(events.is_empty() && !error.reply_begun);
    assert_eq!(error.code, "connection-terminated");

    // Whatever happens behind messageStop, the reply is whole.
    let (events, end) = ask(&fake, "fault-break-after-stop").await;
    end.expect("the reply is whole");
    assert_eq!(events.last().expect("there are events")["messageStop"]["stopReason"], "end_turn");

    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = nobody.local_addr().expect("it is bound");
    drop(nobody);
    let connection = Connection { endpoint_url: Some(format!("http://{address}")), ..connection(&fake) };
    let mut events = host().stream_converse(&connection, &question("m")).await.expect("it is handed over");
    let error = network(read(&mut events).await.1);
    assert_eq!(error.code, "connection-refused");
    assert_eq!(error.message, format!("the connection to {address} failed: connection-refused"));
    assert_eq!(error.request_id, None);
}

/// Serves one client, and keeps the connection open.
async fn serve<F>(script: impl FnOnce(TcpStream) -> F + Send + 'static) -> Connection
where
    F: Future<Output = TcpStream> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client comes");
        let _open = script(stream).await;
        std::future::pending::<()>().await;
    });
    Connection { endpoint_url: Some(format!("http://{address}")), ..connection(&fake().await) }
}

/// A server may refuse a request without reading all of it.
#[tokio::test]
async fn an_answer_before_the_request_is_sent() {
    let connection = serve(async |mut stream| {
        let mut head = [0; 64];
        stream.read_exact(&mut head).await.expect("it says something");
        let body = r#"{"message":"Input is too long."}"#;
        let response = format!(
            "HTTP/1.1 400 Bad Request\r\nx-amzn-errortype: ValidationException\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(response.as_bytes()).await.expect("it listens");
        // What it sends on is never read; it must not wait for that.
        stream
    })
    .await;
    let request = ConverseRequest::new("m").user("x".repeat(32 << 20));
    let mut events = host().stream_converse(&connection, &request).await.expect("it is handed over");
    let error = service(read(&mut events).await.1);
    assert_eq!((error.status, error.message.as_str()), (400, "Input is too long."));
}

/// It may also begin to answer and read on.
#[tokio::test]
async fn a_reply_that_begins_before_the_request_is_sent() {
    let connection = serve(async |mut stream| {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("it says something"));
        }
        let head = String::from_utf8(head).expect("it is text");
        let (_, length) = head.split_once("content-length: ").expect("the length is known");
        let length = length.split_once("\r\n").and_then(|(length, _)| length.parse().ok());
        let start = frame("messageStart", r#"{"role":"assistant"}"#);
        let stop = frame("messageStop", r#"{"stopReason":"end_turn"}"#);
        let response = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ncontent-length: {}\r\n\r\n",
            start.len() + stop.len()
        );
        stream.write_all(response.as_bytes()).await.expect("it listens");
        stream.write_all(&start).await.expect("it listens");
        let mut body = vec![0; length.expect("the length is a number")];
        stream.read_exact(&mut body).await.expect("all of the request comes");
        stream.write_all(&stop).await.expect("it listens");
        stream
    })
    .await;
    let request = ConverseRequest::new("m").user("x".repeat(32 << 20));
    let mut events = host().stream_converse(&connection, &request).await.expect("it is handed over");
    let (events, end) = read(&mut events).await;
    end.expect("the reply is whole");
    assert_eq!(events.len(), 2);
}

/// The head of a refusal has most of it: the rest is not waited for as long as for a model.
#[tokio::test]
async fn a_refusal_whose_reason_does_not_come() {
    let none = Deadlines::default();
    for deadlines in [Deadlines { idle: Some(100), ..none }, Deadlines { total: Some(300), ..none }] {
        let connection = serve(async |mut stream| {
            let mut head = [0; 64];
            stream.read_exact(&mut head).await.expect("it says something");
            let response = "HTTP/1.1 429 Too Many Requests\r\nx-amzn-errortype: ThrottlingException\r\n\
                            x-amzn-requestid: r-1\r\ncontent-length: 100\r\n\r\n{\"mess";
            stream.write_all(response.as_bytes()).await.expect("it listens");
            stream
        })
        .await;
        let connection = Connection { deadlines, ..connection };
        let mut events = host().stream_converse(&connection, &question("m")).await.expect("it is sent");
        let error = service(read(&mut events).await.1);
        assert_eq!((error.kind, error.retryable), (ServiceErrorKind::Throttling, true));
        assert_eq!(error.request_id.as_deref(), Some("r-1"));
        assert_eq!(error.message, "The answer, HTTP status 429, has no message.");
    }
}

/// What the component refuses, nobody sees.
#[tokio::test]
async fn refused_before_anything_is_sent() {
    type Change = fn(&mut Connection, &mut ConverseRequest);

    let fake = fake().await;
    let good = || (connection(&fake), question("fake.text"));
    let rows: [(&str, Change); 13] = [
        ("modelId", |_, request| request.model_id = String::new()),
        ("modelId", |_, request| request.model_id = "a\r\nb".into()),
        ("connection.region", |connection, _| connection.region = Some("x@evil:443/#".into())),
        ("connection.endpoint-url", |connection, _| connection.endpoint_url = Some("ftp://x".into())),
        ("connection.headers[0]", |connection, _| connection.headers = vec![("Host".into(), "evil".into())]),
        // The host's own.
        ("connection.headers[1]", |connection, _| {
            connection.headers = vec![("x".into(), "y".into()), ("Upgrade".into(), "h2c".into())];
        }),
        // Not the end of the instance, as too many headers would be.
        ("connection.headers", |connection, _| {
            connection.headers = vec![("x".into(), "y".repeat(200_000))];
        }),
        ("connection.headers", |connection, _| connection.headers = vec![("x".into(), String::new()); 5_000]),
        ("connection.credentials.bearer-token", |connection, _| {
            connection.credentials = Credentials::BearerToken("x".repeat(200_000));
        }),
        ("connection.endpoint-url", |connection, _| {
            connection.endpoint_url = Some(format!("http://127.0.0.1/{}", "x".repeat(200_000)));
        }),
        ("connection.max-attempts", |connection, _| connection.max_attempts = Some(0)),
        ("connection.max-frame-bytes", |connection, _| connection.max_frame_bytes = Some(15)),
        ("additionalModelRequestFields", |_, request| {
            request.additional_model_request_fields = Some("{".into());
        }),
    ];
    for (path, change) in rows {
        let (mut connection, mut request) = good();
        change(&mut connection, &mut request);
        match host().stream_converse(&connection, &request).await.err() {
            Some(Error::Converse(types::Error::InvalidRequest(error))) => assert_eq!(error.path, path),
            other => panic!("{path}: {other:?}"),
        }
    }
    assert!(fake.requests().is_empty());
}
