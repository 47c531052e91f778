//! Secrets appear in nothing that anybody sees but the endpoint.

use std::io;
use std::sync::{Arc, Mutex};

use host_test::{Connection, Credentials, Host};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{connection, fake, host, question, read};

const SECRET: &str = "marked/secret+access/key";
const TOKEN: &str = "marked-session-token/with+signs==";
const BEARER: &str = "marked-bearer-token";

/// All that is logged, at any level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn credentials() -> [Credentials; 2] {
    let keys = Credentials::AccessKeys {
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: SECRET.into(),
        session_token: Some(TOKEN.into()),
    };
    [keys, Credentials::BearerToken(BEARER.into())]
}

/// Everything that a call shows: its error in both forms, its attempts, the connection, and what `finish` says.
async fn shown(host: &Host, connection: &Connection, model: &str) -> String {
    let connection = Connection { keep_reply: Some(1 << 20), ..connection.clone() };
    let mut text = format!("{connection:?}");
    match host.stream_converse(&connection, &question(model)).await {
        Err(error) => text += &format!("{error} {error:?}"),
        Ok(mut events) => {
            let (received, end) = read(&mut events).await;
            text += &format!("{received:?} {:?} {:?}", events.attempts(), events.request_id());
            if let Err(error) = end {
                text += &format!("{error} {error:?}");
            }
            text += &format!("{:?}", events.finish().await);
        }
    }
    text
}

#[track_caller]
fn assert_clean(text: &str, name: &str) {
    for secret in [SECRET, TOKEN, BEARER, "marked"] {
        assert!(!text.contains(secret), "{name} shows a secret: {text}");
    }
}

#[tokio::test]
async fn are_in_no_error_and_no_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::trace!("the log works");

    let fake = fake().await;
    for credentials in credentials() {
        let connection = Connection { credentials, ..connection(&fake) };
        for scenario in ["text", "fault-close", "error-access-denied", "fault-html"] {
            // All are refused, with or without a scenario of their own.
            assert_clean(&shown(host(), &connection, &format!("fake.{scenario}")).await, scenario);
        }
        for (name, change) in [
            ("region", Connection { region: Some("x@evil:443/#".into()), ..connection.clone() }),
            (
                "endpoint",
                Connection { endpoint_url: Some("http://127.0.0.1:1".into()), ..connection.clone() },
            ),
            ("plaintext", Connection { endpoint_url: Some("http://h.example".into()), ..connection.clone() }),
            (
                "tls",
                Connection {
                    endpoint_url: Some(fake.url().replace("http:", "https:")),
                    ..connection.clone()
                },
            ),
        ] {
            assert_clean(&shown(host(), &change, "m").await, name);
        }
    }
    let log = String::from_utf8_lossy(&log.0.lock().expect("nobody panics")).into_owned();
    assert!(log.contains("the log works"));
    assert_clean(&log, "the log");
}

/// A gateway that quotes what it got: as a message, as text that is cut off, as JSON of its own, in a header.
#[tokio::test]
async fn are_masked_where_an_endpoint_quotes_them() {
    for (name, head, quoted) in [
        ("message", "HTTP/1.1 403 No\r\ncontent-type: application/json", r#"{"message":"no: @"}"#),
        (
            "members",
            "HTTP/1.1 403 No\r\ncontent-type: application/json",
            r#"{"you":{"sent":["@"]},"message":"m"}"#,
        ),
        ("code", "HTTP/1.1 403 No\r\ncontent-type: application/json", r#"{"code":"@","message":"m"}"#),
        ("text", "HTTP/1.1 503 No\r\ncontent-type: text/plain", "upstream refused @"),
        ("header", "HTTP/1.1 403 No\r\nx-amzn-requestid: @", "{}"),
        ("errortype", "HTTP/1.1 403 No\r\nx-amzn-errortype: @", "{}"),
        ("status 200", "HTTP/1.1 200 OK\r\ncontent-type: @", "@"),
    ] {
        for credentials in credentials() {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
            let url = format!("http://{}", listener.local_addr().expect("it is bound"));
            let server = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.expect("somebody comes");
                let mut request = vec![0; 16_384];
                let length = stream.read(&mut request).await.expect("there is a request");
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let header = |name: &str| {
                    let line = request.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_default().to_owned()
                };
                let sent = format!("{} {}", header("authorization: "), header("x-amz-security-token: "));
                let (head, body) = (head.replace('@', &sent), quoted.replace('@', &sent));
                let answer = format!("{head}\r\nconnection: close\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await.expect("it listens");
                let signature =
                    sent.split_once("Signature=").map(|(_, rest)| rest.chars().take(64).collect());
                signature.unwrap_or_else(|| "no signature".to_owned())
            });
            let connection = Connection {
                endpoint_url: Some(url),
                credentials,
                max_attempts: Some(1),
                ..Connection::default()
            };
            let text = shown(host(), &connection, "m").await;
            let signature = server.await.expect("it answers");
            assert_clean(&text, name);
            assert!(!text.contains(&signature), "{name} shows the signature: {text}");
            assert!(text.contains("***"), "{name}: {text}");
        }
    }
}
