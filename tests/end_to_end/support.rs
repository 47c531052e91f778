//! What all tests need.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use bedrock_sigv4::{Request, Scope, Timestamp, sign};
use futures_util::StreamExt as _;
use host_test::fake::{self, Fake, KEYS};
use host_test::{Connection, ConverseRequest, Credentials, Error, EventStream, Host, json};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One host for all tests: the component is compiled once.
pub(crate) fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| Host::new().expect("the component runs here"))
}

pub(crate) async fn fake() -> Fake {
    Fake::start(fake::Options::default()).await.expect("loopback has a free port")
}

/// To the fake, with keys that it knows, and once: a failure is looked at when it comes.
pub(crate) fn connection(fake: &Fake) -> Connection {
    Connection {
        endpoint_url: Some(fake.url()),
        credentials: keys(fake::KEYS[0]),
        max_attempts: Some(1),
        ..Connection::default()
    }
}

pub(crate) fn keys(keys: fake::Keys) -> Credentials {
    Credentials::AccessKeys {
        access_key_id: keys.access_key_id.to_owned(),
        secret_access_key: keys.secret_access_key.to_owned(),
        session_token: keys.session_token.map(str::to_owned),
    }
}

/// A question to the model that is called `model`.
pub(crate) fn question(model: &str) -> ConverseRequest {
    ConverseRequest::new(model).user("hello")
}

/// All events of a reply as AWS writes them, and how it ended.
pub(crate) async fn read(events: &mut EventStream) -> (Vec<Value>, Result<(), Error>) {
    let mut all = Vec::new();
    while let Some(event) = soon(events.next()).await {
        match event {
            Ok(event) => all.push(json::event(&event)),
            Err(error) => return (all, Err(error)),
        }
    }
    (all, Ok(()))
}

/// Asks the fake for a scenario with a question and reads the whole reply.
pub(crate) async fn ask(fake: &Fake, scenario: &str) -> (Vec<Value>, Result<(), Error>) {
    let request = question(&format!("fake.{scenario}"));
    match host().stream_converse(&connection(fake), &request).await {
        Ok(mut events) => read(&mut events).await,
        Err(error) => (Vec::new(), Err(error)),
    }
}

/// What must come, and at once: a watchdog, not a measurement.
#[track_caller]
pub(crate) fn soon<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        tokio::time::timeout(Duration::from_mins(1), future)
            .await
            .unwrap_or_else(|_| panic!("nothing came within a minute: {caller}"))
    }
}

/// The folder of recordings, if there is one.
pub(crate) fn recordings() -> Option<PathBuf> {
    let folder = std::env::var_os("BEDROCK_RECORDINGS").map(PathBuf::from);
    if folder.is_none() {
        println!("SKIPPED: BEDROCK_RECORDINGS names no folder with recorded replies");
    }
    folder
}

/// Hand-made, and no valid streams.
const INVALID: [&str; 2] = ["032-", "033-"];

/// The recorded replies by name, as they came.
pub(crate) fn recorded_streams() -> Option<Vec<(String, Vec<u8>)>> {
    let mut streams: Vec<_> = fs::read_dir(recordings()?.join("streams"))
        .expect("the folder has streams")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "bin"))
        .map(|path| {
            let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
            (name, fs::read(&path).expect("it can be read"))
        })
        .filter(|(name, _)| !INVALID.iter().any(|invalid| name.starts_with(invalid)))
        .collect();
    streams.sort();
    Some(streams)
}

/// The recorded exchanges.
pub(crate) fn exchanges() -> Option<Vec<Value>> {
    Some(lines(&recordings()?.join("exchanges.jsonl")))
}

/// The values of a file with one on each line.
pub(crate) fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// Posts a body with a new signature over a connection of its own, and returns status and body.
pub(crate) async fn post(fake: &Fake, path: &str, body: &Value) -> (u16, String) {
    let body = body.to_string();
    let host = fake.url().replace("http://", "");
    let request = Request {
        method: "POST",
        path,
        query: &[],
        headers: &[("host", &host), ("content-type", "application/json")],
        body: body.as_bytes(),
    };
    let credentials = bedrock_sigv4::Credentials {
        access_key_id: KEYS[0].access_key_id,
        secret_access_key: KEYS[0].secret_access_key,
        session_token: None,
    };
    let scope = Scope { region: "us-east-1", service: "bedrock" };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
    let mut head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in sign(&request, &credentials, &scope, Timestamp::from_unix(now.as_secs())) {
        head += &format!("{name}: {value}\r\n");
    }
    let mut stream = TcpStream::connect(&host).await.expect("the fake listens");
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.expect("the fake reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the fake answers");
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("there is a status");
    (status, answer.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned()))
}
