//! A fake Amazon Bedrock: a real HTTP/1.1 server on loopback that checks what it is sent as the service does.
//!
//! A request is authenticated (its signature is computed anew by AWS's own signer), checked against AWS's service
//! model and against the rules that the service has beyond it, and answered by a script that the model id chooses:
//! see [`SCENARIOS`]. Any AWS SDK can be pointed at it.

mod authentication;
mod events;
mod model;
mod refusal;
mod reply;
mod rules;
mod script;

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use model::Model;
use refusal::Refusal;
use script::{Answer, Step};

pub use reply::stream;
pub use script::SCENARIOS;

/// A frame of `:message-type` `event` with this payload, encoded by AWS's own crate: for [`Fake::replay`].
pub fn frame(event_type: &str, payload: &str) -> Vec<u8> {
    events::event_text(event_type, payload.to_owned())
}

/// A frame of `:message-type` `exception` with this payload; the name begins with a small letter.
pub fn exception(exception_type: &str, payload: &serde_json::Value) -> Vec<u8> {
    events::exception(exception_type, payload)
}

/// The access keys that the fake knows: the long-term keys of AWS's documentation, and temporary ones.
pub const KEYS: [Keys; 2] = [
    Keys {
        access_key_id: "AKIDEXAMPLE",
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        session_token: None,
    },
    Keys {
        access_key_id: "ASIDEXAMPLE",
        secret_access_key: "temporary+secret/EXAMPLEKEY",
        session_token: Some("temporary+session/tokenEXAMPLE=="),
    },
];

/// The Amazon Bedrock API key that the fake knows.
pub const API_KEY: &str = "bedrock-api-key-EXAMPLE";

/// A pair of access keys.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// The access key id.
    pub access_key_id: &'static str,
    /// The secret.
    pub secret_access_key: &'static str,
    /// The session token that must come with them.
    pub session_token: Option<&'static str>,
}

/// How a fake behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port on loopback; 0 is any that is free.
    pub port: u16,
    /// The region that requests must be signed for.
    pub region: String,
    /// How long to pause between the events of a reply.
    pub pace: Duration,
    /// How far its clock is ahead, in seconds.
    pub clock_offset: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: 0, region: "us-east-1".into(), pace: Duration::ZERO, clock_offset: 0 }
    }
}

/// A request that reached the fake.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The path, as it was on the wire.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// AWS's code for the refusal, if it was refused.
    pub refused: Option<String>,
}

/// A running fake. Dropping it closes its port and all connections.
pub struct Fake {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    options: Options,
    model: Model,
    requests: Mutex<Vec<Recorded>>,
    /// How often each model was asked.
    asked: Mutex<HashMap<String, usize>>,
    replays: Mutex<HashMap<String, Vec<Vec<u8>>>>,
    gate: watch::Sender<bool>,
    abandoned: watch::Sender<usize>,
}

impl Shared {
    /// By the fake's clock.
    fn now(&self) -> SystemTime {
        let offset = Duration::from_secs(self.options.clock_offset.unsigned_abs());
        let now = SystemTime::now();
        if self.options.clock_offset < 0 { now - offset } else { now + offset }
    }
}

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// What may be called.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Operation {
    Converse,
    ConverseStream,
}

impl Fake {
    /// Starts a fake on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If the port is taken.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            options,
            model: Model::load(),
            requests: Mutex::default(),
            asked: Mutex::default(),
            replays: Mutex::default(),
            gate: watch::Sender::new(false),
            abandoned: watch::Sender::new(0),
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, server })
    }

    /// What to give a client as its endpoint.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far, in the order in which they were answered.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.shared.requests).clone()
    }

    /// Answers the model id `replay.` and `name` with `chunks`, each sent by itself.
    pub fn replay(&self, name: &str, chunks: Vec<Vec<u8>>) {
        lock(&self.shared.replays).insert(name.to_owned(), chunks);
    }

    /// Lets replies that wait at their gate go on, now and from now on.
    pub fn open_gate(&self) {
        self.shared.gate.send_replace(true);
    }

    /// Waits until `count` replies in all were abandoned: their client closed the connection before their end.
    pub async fn abandoned(&self, count: usize) {
        let mut abandoned = self.shared.abandoned.subscribe();
        // The sender is in `self`.
        let _ = abandoned.wait_for(|so_far| *so_far >= count).await;
    }

    /// Serves until the process ends.
    pub async fn serve_forever(mut self) {
        let _ = (&mut self.server).await;
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What is in it is whole between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => _ = connections.spawn(connection(stream, Arc::clone(&shared))),
                // Out of files, or the client is gone already: neither lasts.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Events are small, and must not wait for each other.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, Arc::clone(&shared)));
    // A connection that breaks is the client's to notice.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// An error here closes the connection without an answer.
async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let request_id = request_id(lock(&shared.requests).len());
    let checked = check(&head, &body, &shared);
    lock(&shared.requests).push(Recorded {
        path: head.uri.path().to_owned(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body,
        refused: match &checked {
            Ok(Answer::Refuse(refusal)) | Err(refusal) => Some(refusal.code.to_owned()),
            Ok(_) => None,
        },
    });
    let date = authentication::http_date(shared.now());
    let response = Response::builder().header("x-amzn-requestid", request_id).header("date", date);
    let response = match checked {
        Ok(Answer::Reply(steps)) => response
            .header("content-type", content_type(head.uri.path()))
            .body(StreamBody::new(play(steps, shared)).boxed_unsync()),
        Ok(Answer::Document { status, content_type, body }) => {
            response.status(status).header("content-type", content_type).body(full(body))
        }
        Ok(Answer::Close) => return Err(io::ErrorKind::ConnectionReset.into()),
        Ok(Answer::Hang) => {
            let _listened = Listened { shared, to_the_end: false };
            std::future::pending().await
        }
        Ok(Answer::Refuse(refusal)) | Err(refusal) => refusal.respond(response),
    };
    Ok(response.expect("the parts of the response are well formed"))
}

fn check(head: &http::request::Parts, body: &Bytes, shared: &Shared) -> Result<Answer, Refusal> {
    // AWS answers a call that it does not understand with status 200.
    let Some((operation, model_id)) = script::call(&head.method, head.uri.path()) else {
        return Ok(Answer::unknown_operation());
    };
    if !head.headers.contains_key("content-length") {
        return Err(Refusal::new(411, "MissingContentLengthException", "Length Required"));
    }
    authentication::check(head, body, &shared.options.region, shared.now())?;
    let request = shared.model.check(operation, &model_id, body)?;
    rules::check(&request)?;
    if let Some(name) = model_id.strip_prefix("replay.") {
        return script::replay(lock(&shared.replays).get(name));
    }
    let before = {
        let mut asked = lock(&shared.asked);
        let count = asked.entry(model_id.clone()).or_default();
        *count += 1;
        *count - 1
    };
    script::answer(operation, &model_id, &request, before, shared.options.pace)
}

/// Of a reply.
fn content_type(path: &str) -> &'static str {
    if path.ends_with("/converse") { "application/json" } else { "application/vnd.amazon.eventstream" }
}

/// Like AWS's, and the same for the same request of a run.
fn request_id(count: usize) -> String {
    format!("00000000-0000-4000-8000-{count:012}")
}

fn full(body: impl Into<Bytes>) -> Body {
    Full::new(body.into()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// Takes note if its client goes away before the end.
struct Listened {
    shared: Arc<Shared>,
    to_the_end: bool,
}

impl Drop for Listened {
    fn drop(&mut self) {
        if !self.to_the_end {
            self.shared.abandoned.send_modify(|count| *count += 1);
        }
    }
}

/// Plays a script.
fn play(
    steps: Vec<Step>,
    shared: Arc<Shared>,
) -> impl futures_core::Stream<Item = io::Result<Frame<Bytes>>> + Send {
    let listened = Listened { shared, to_the_end: false };
    stream::unfold((steps.into_iter(), listened), async |(mut steps, mut listened)| {
        loop {
            match steps.next() {
                Some(Step::Bytes(bytes)) => {
                    // Lets the server send what it has, before it gets this.
                    tokio::task::yield_now().await;
                    return Some((Ok(Frame::data(bytes.into())), (steps, listened)));
                }
                Some(Step::Pause(time)) => tokio::time::sleep(time).await,
                Some(Step::Gate) => {
                    let mut gate = listened.shared.gate.subscribe();
                    // The sender is in `listened`.
                    let _ = gate.wait_for(|open| *open).await;
                }
                Some(Step::Stall) => std::future::pending().await,
                Some(Step::Break) => {
                    listened.to_the_end = true;
                    return Some((Err(io::ErrorKind::ConnectionReset.into()), (steps, listened)));
                }
                None => {
                    listened.to_the_end = true;
                    return None;
                }
            }
        }
    })
}
