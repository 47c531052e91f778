//! The reply as it arrives: a small state machine over one exchange.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use bedrock_endpoint::Wanted;
use bedrock_eventstream::Decoder;

use crate::assembly::Assembly;
use crate::bindings::converse::{Attempt, Connection, Header, Operation, Outcome};
use crate::bindings::types::{
    ConverseRequest, Deadline, Error, IncompleteError, InvalidRequest, NetworkError, ProtocolError,
    ProtocolErrorKind, StreamEvent, TimeoutError,
};
use crate::event::response;
use crate::frame::{self, Seen};
use crate::secrets::Secrets;
use crate::transport::{
    self, Body, Chunk, Duration, Exchange, Failure, Instant, Progress, Refused, Response, Timer,
};
use crate::{head, request, service_error};

/// 24 MiB of payload, 128 KiB of headers, and their frame.
const DEFAULT_MAX_FRAME: u32 = 24 * 1024 * 1024 + 128 * 1024 + 16;
/// The smallest frame there is.
const MIN_MAX_FRAME: u32 = 16;
/// How much of a response that is no reply is read for its message.
const MAX_REFUSAL: usize = 64 * 1024;

const MILLISECOND: Duration = 1_000_000;
const SECOND: Duration = 1_000 * MILLISECOND;
const MINUTE: Duration = 60 * SECOND;

/// How long to wait for more of the reason of a refusal. The head has the most of it.
const REFUSAL_PATIENCE: Duration = 10 * SECOND;

/// A reply, from the moment its request was handed to the host.
pub(crate) struct Reply {
    state: State,
    timer: Timer,
    limits: Limits,
    /// How long calls have waited since the last progress.
    waited: Duration,
    operation: Operation,
    seen: Seen,
    max_frame: u32,
    kept: Option<Assembly>,
    /// How much more of the reply, in bytes, is kept.
    room: u32,
    /// The host and port of the endpoint, for errors.
    authority: String,
    secrets: Secrets,
    attempt: Attempt,
}

enum State {
    /// The request is being sent, or the head of the response awaited.
    Exchanging(Exchange),
    /// Frames arrive.
    Reading(Body, Decoder),
    /// A reply that is not streamed arrives.
    Collecting(Response, Vec<u8>),
    /// The response is no reply. Its body is read for the reason.
    Refusing(Response, Vec<u8>),
    /// Every call gives this answer.
    Ended(Result<(), Error>),
}

/// How long to wait; `None` is for ever.
struct Limits {
    write: Option<Duration>,
    response_head: Option<Duration>,
    idle: Option<Duration>,
    end: Option<Instant>,
}

/// What a step came to.
enum Step {
    /// There may be more to do.
    Moved,
    /// Nothing can be done without waiting.
    Blocked,
    /// The reply is complete.
    Complete,
}

impl Reply {
    /// Checks, signs and hands over the request.
    pub(crate) fn open(connection: &Connection, request: &ConverseRequest) -> Result<Self, Error> {
        let max_frame = connection.max_frame_bytes.unwrap_or(DEFAULT_MAX_FRAME);
        if max_frame < MIN_MAX_FRAME {
            return Err(invalid("connection.max-frame-bytes", "must be at least 16"));
        }
        if connection.max_attempts.is_some_and(|attempts| attempts != 1) {
            return Err(invalid(
                "connection.max-attempts",
                "is not supported by this version of the component",
            ));
        }
        let operation = connection.operation;
        let endpoint = bedrock_endpoint::resolve(&Wanted {
            region: connection.region.as_deref(),
            default_region: connection.default_region.as_deref(),
            endpoint_url: connection.endpoint_url.as_deref(),
            use_fips: connection.use_fips,
            use_dual_stack: connection.use_dual_stack,
            model_id: &request.model_id,
        })
        .map_err(|error| invalid(error.path, &error.reason))?;
        let mut path = endpoint.path_prefix.clone();
        path.push_str(&request::path(&request.model_id, operation).map_err(Error::InvalidRequest)?);
        let body = request::body(request, operation).map_err(Error::InvalidRequest)?;
        let time = transport::unix_time().saturating_add_signed(connection.clock_offset);
        let headers = head::headers(connection, &endpoint, &path, &body, time / 1_000)
            .map_err(Error::InvalidRequest)?;

        let deadlines = &connection.deadlines;
        let limits = Limits {
            write: duration(deadlines.write, Some(MINUTE)),
            response_head: duration(
                deadlines.response_head,
                Some(if operation == Operation::Converse { 60 * MINUTE } else { 15 * MINUTE }),
            ),
            idle: duration(deadlines.idle, Some(15 * MINUTE)),
            end: duration(deadlines.total, None).map(|total| transport::now().saturating_add(total)),
        };
        let connect = duration(deadlines.connect, Some(10 * SECOND));
        let exchange = Exchange::begin(&endpoint, &path, &headers, body, connect).map_err(|refused| {
            let failure = match refused {
                Refused::Failure(failure) => failure,
                Refused::Header(name) => {
                    let own = |header: &Header| header.name.eq_ignore_ascii_case(&name);
                    if let Some(index) = connection.headers.iter().position(own) {
                        let path = format!("connection.headers[{index}]");
                        return invalid(&path, "has a name that the host keeps to itself");
                    }
                    Failure { code: "HTTP-request-denied", detail: Some(format!("it does not take {name}")) }
                }
            };
            failed(&failure, Deadline::ResponseHead, &endpoint.authority)
        })?;
        Ok(Self {
            state: State::Exchanging(exchange),
            timer: Timer::default(),
            limits,
            waited: 0,
            operation,
            seen: Seen::default(),
            max_frame,
            kept: connection.keep_reply.map(|_| Assembly::default()),
            room: connection.keep_reply.unwrap_or_default(),
            authority: endpoint.authority,
            secrets: Secrets::of(&connection.credentials),
            attempt: Attempt {
                status: None,
                request_id: None,
                failure: None,
                backoff: 0,
                clock_offset: connection.clock_offset,
            },
        })
    }

    /// `event-stream.next`.
    pub(crate) fn next(&mut self, max_wait: Option<u32>) -> Result<Option<Vec<StreamEvent>>, Error> {
        let mut events = Vec::new();
        // Set when the call first has to wait; until then nobody asks what time it is.
        let mut give_up_at: Option<Option<Instant>> = None;
        let mut waiting_since: Option<Instant> = None;
        if let Some(end) = self.limits.end
            && end <= transport::now()
        {
            self.expire(Deadline::Total);
        }
        loop {
            if let State::Ended(end) = &self.state {
                return end.clone().map(|()| None);
            }
            let step = self.step(&mut events);
            let blocked = matches!(step, Ok(Step::Blocked));
            if !blocked {
                self.waited = 0;
                waiting_since = None;
            }
            match step {
                Ok(Step::Moved | Step::Blocked) => {}
                Ok(Step::Complete) => self.end(Ok(())),
                Err(error) => self.end(Err(error)),
            }
            if !events.is_empty() {
                self.keep(&events);
                return Ok(Some(events));
            }
            if !blocked {
                continue;
            }

            let now = transport::now();
            // Some hosts find out what is ready only when they are asked to wait: one must, before giving up.
            let waited = waiting_since.is_some();
            self.waited += now.saturating_sub(waiting_since.replace(now).unwrap_or(now));
            let give_up_at = *give_up_at.get_or_insert_with(|| {
                max_wait.map(|wait| now.saturating_add(u64::from(wait) * MILLISECOND))
            });
            let (deadline, at) = self.next_deadline(now);
            if at.is_some_and(|at| at <= now) {
                self.expire(deadline);
            } else if waited && give_up_at.is_some_and(|at| at <= now) {
                return Ok(Some(events));
            } else {
                self.wait(at.into_iter().chain(give_up_at).min(), now);
            }
        }
    }

    /// `event-stream.finish`.
    pub(crate) fn finish(mut self) -> Outcome {
        let verdict = loop {
            match self.next(None) {
                Ok(Some(_)) => {}
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        Outcome {
            reply: self.kept.take().and_then(Assembly::finish),
            verdict,
            request_id: self.request_id(),
            attempts: self.attempts(),
        }
    }

    pub(crate) fn request_id(&self) -> Option<String> {
        self.attempt.request_id.clone()
    }

    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        Vec::from([self.attempt.clone()])
    }

    /// Does what can be done without waiting.
    fn step(&mut self, events: &mut Vec<StreamEvent>) -> Result<Step, Error> {
        match &mut self.state {
            State::Exchanging(exchange) => match exchange.step() {
                Ok(Progress::Blocked) => Ok(Step::Blocked),
                Ok(Progress::Sent) => Ok(Step::Moved),
                Ok(Progress::Response(response)) => {
                    self.receive(response);
                    Ok(Step::Moved)
                }
                Err(failure) => Err(failed(&failure, Deadline::ResponseHead, &self.authority)),
            },
            State::Reading(body, decoder) => match body.read() {
                Ok(Chunk::Blocked) => Ok(send(body)),
                Ok(Chunk::Data(data)) => {
                    take_room(&mut self.kept, &mut self.room, data.len());
                    decoder.push(data);
                    frame::decode_all(decoder, &mut self.seen, events).map(|()| Step::Moved)
                }
                Ok(Chunk::End) if self.seen.stopped => Ok(Step::Complete),
                Ok(Chunk::End) => Err(Error::Incomplete(IncompleteError {
                    inside_frame: decoder.finish().is_err(),
                    reply_begun: false,
                    request_id: None,
                })),
                Err(failure) => Err(failed(&failure, Deadline::Idle, &self.authority)),
            },
            State::Collecting(response, so_far) => match response.body.read() {
                Ok(Chunk::Blocked) => Ok(send(&mut response.body)),
                Ok(Chunk::Data(data)) => {
                    take_room(&mut self.kept, &mut self.room, data.len());
                    so_far.extend_from_slice(&data);
                    if so_far.len() <= self.max_frame as usize {
                        return Ok(Step::Moved);
                    }
                    let message = format!("the response has more than {} bytes", self.max_frame);
                    Err(protocol(ProtocolErrorKind::TooLarge, message))
                }
                Ok(Chunk::End) if service_error::is_error(so_far) => {
                    Err(refusal(response, self.operation, so_far))
                }
                Ok(Chunk::End) => {
                    response::decode(so_far, events)
                        .map_err(|problem| protocol(ProtocolErrorKind::Json, problem))?;
                    self.seen = Seen { begun: true, stopped: true };
                    Ok(Step::Complete)
                }
                Err(failure) => Err(failed(&failure, Deadline::Idle, &self.authority)),
            },
            State::Refusing(response, so_far) => match response.body.read() {
                Ok(Chunk::Blocked) => Ok(send(&mut response.body)),
                Ok(Chunk::Data(data)) => {
                    let room = MAX_REFUSAL - so_far.len();
                    so_far.extend_from_slice(data.get(..room).unwrap_or(&data));
                    if data.len() < room {
                        Ok(Step::Moved)
                    } else {
                        Err(refusal(response, self.operation, so_far))
                    }
                }
                Ok(Chunk::End) | Err(_) => Err(refusal(response, self.operation, so_far)),
            },
            State::Ended(end) => end.clone().map(|()| Step::Complete),
        }
    }

    /// Takes the head of the response.
    fn receive(&mut self, response: Response) {
        self.attempt.status = Some(response.status);
        self.attempt.request_id = response.header("x-amzn-requestid");
        self.attempt.request_id.iter_mut().for_each(|id| self.secrets.mask(id));
        let is_reply = response.status == 200
            && response
                .header("content-type")
                .is_some_and(|kind| is_media_type(&kind, media_type(self.operation)));
        self.state = match self.operation {
            _ if !is_reply => State::Refusing(response, Vec::new()),
            Operation::ConverseStream => State::Reading(response.into_body(), Decoder::new(self.max_frame)),
            Operation::Converse => State::Collecting(response, Vec::new()),
        };
    }

    /// Keeps events for `finish`, if they are to be kept.
    fn keep(&mut self, events: &[StreamEvent]) {
        let Some(kept) = &mut self.kept else { return };
        for event in events {
            kept.add(event);
        }
        if kept.is_too_large() {
            self.kept = None;
        }
    }

    /// The deadline that is next, and when.
    fn next_deadline(&self, now: Instant) -> (Deadline, Option<Instant>) {
        let (deadline, patience) = match &self.state {
            State::Exchanging(exchange) if exchange.is_sending() => (Deadline::Write, self.limits.write),
            State::Exchanging(_) => (Deadline::ResponseHead, self.limits.response_head),
            State::Refusing(..) => {
                let idle = self.limits.idle.unwrap_or(REFUSAL_PATIENCE);
                (Deadline::Idle, Some(idle.min(REFUSAL_PATIENCE)))
            }
            State::Reading(..) | State::Collecting(..) | State::Ended(_) => {
                (Deadline::Idle, self.limits.idle)
            }
        };
        let at = patience.map(|patience| now.saturating_add(patience.saturating_sub(self.waited)));
        match self.limits.end {
            Some(end) if at.is_none_or(|at| end < at) => (Deadline::Total, Some(end)),
            _ => (deadline, at),
        }
    }

    fn wait(&mut self, until: Option<Instant>, now: Instant) {
        let timer = &mut self.timer;
        match &self.state {
            State::Exchanging(exchange) => transport::wait(exchange.pollables(), until, now, timer),
            State::Reading(body, _)
            | State::Collecting(Response { body, .. }, _)
            | State::Refusing(Response { body, .. }, _) => {
                transport::wait(body.pollables(), until, now, timer);
            }
            State::Ended(_) => {}
        }
    }

    /// Ends what did not come in time.
    fn expire(&mut self, deadline: Deadline) {
        self.end(Err(match &self.state {
            // What is missing is only more of the reason.
            State::Refusing(response, so_far) => refusal(response, self.operation, so_far),
            _ => Error::Timeout(TimeoutError { deadline, reply_begun: false, request_id: None }),
        }));
    }

    /// Gives up the exchange, which closes its connection, and keeps how it ended.
    fn end(&mut self, end: Result<(), Error>) {
        if matches!(self.state, State::Ended(_)) {
            return;
        }
        let end = if self.seen.stopped { Ok(()) } else { end };
        self.state = State::Ended(end.map_err(|mut error| {
            self.secrets.mask_error(&mut error);
            let (id, begun) = (self.attempt.request_id.clone(), self.seen.begun);
            let failure = match &mut error {
                Error::InvalidRequest(_) => "invalid-request",
                Error::Network(error) => {
                    (error.request_id, error.reply_begun) = (id, begun);
                    &error.code
                }
                Error::Timeout(error) => {
                    (error.request_id, error.reply_begun) = (id, begun);
                    name(error.deadline)
                }
                Error::Service(error) => {
                    (error.request_id, error.reply_begun) = (id, begun);
                    if error.code.is_empty() { "service" } else { &error.code }
                }
                Error::Protocol(error) => {
                    (error.request_id, error.reply_begun) = (id, begun);
                    "protocol"
                }
                Error::Incomplete(error) => {
                    (error.request_id, error.reply_begun) = (id, begun);
                    "incomplete"
                }
            };
            self.attempt.failure = Some(failure.to_string());
            error
        }));
    }
}

/// Goes on sending the request while the response leaves time for it.
fn send(body: &mut Body) -> Step {
    if body.send() { Step::Moved } else { Step::Blocked }
}

/// The error that a response is which is no reply; without its request id.
fn refusal(response: &Response, operation: Operation, body: &[u8]) -> Error {
    let content_type = response.header("content-type");
    if response.status == 200 && !service_error::is_error(body) {
        let found = content_type.as_deref().unwrap_or("of no type");
        let wanted = media_type(operation);
        return protocol(ProtocolErrorKind::ContentType, format!("the response is {found}, not {wanted}"));
    }
    let error_type = response.header("x-amzn-errortype");
    let [amz_retry_after, retry_after] =
        ["x-amz-retry-after", "retry-after"].map(|name| response.header(name));
    let head = service_error::Head {
        status: response.status,
        error_type: error_type.as_deref(),
        amz_retry_after: amz_retry_after.as_deref(),
        retry_after: retry_after.as_deref(),
        content_type: content_type.as_deref(),
    };
    Error::Service(service_error::from_response(&head, body))
}

/// The error that a failure of the exchange is. The host's own timers may be shorter than asked for: they are
/// taken for the deadline that was waited for.
fn failed(failure: &Failure, waited_for: Deadline, authority: &str) -> Error {
    let deadline = match failure.code {
        "connection-timeout" => Some(Deadline::Connect),
        "connection-write-timeout" => Some(Deadline::Write),
        "connection-read-timeout" | "HTTP-response-timeout" => Some(waited_for),
        _ => None,
    };
    if let Some(deadline) = deadline {
        return Error::Timeout(TimeoutError { deadline, reply_begun: false, request_id: None });
    }
    let mut message = if failure.code == "HTTP-request-denied" {
        format!("the host does not let the request go to {authority}")
    } else {
        format!("the connection to {authority} failed: {}", failure.code)
    };
    if let Some(detail) = &failure.detail {
        message.push_str(&format!(" ({detail})"));
    }
    let code = failure.code.to_string();
    Error::Network(NetworkError { code, message, reply_begun: false, request_id: None })
}

/// The name of the case, as the WIT has it.
fn name(deadline: Deadline) -> &'static str {
    match deadline {
        Deadline::Connect => "connect",
        Deadline::Write => "write",
        Deadline::ResponseHead => "response-head",
        Deadline::Idle => "idle",
        Deadline::Total => "total",
    }
}

/// What the reply to an operation is written in.
fn media_type(operation: Operation) -> &'static str {
    match operation {
        Operation::ConverseStream => "application/vnd.amazon.eventstream",
        Operation::Converse => "application/json",
    }
}

fn is_media_type(content_type: &str, wanted: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

/// Counts bytes of a reply that is kept; one that is too long is not kept at all.
fn take_room(kept: &mut Option<Assembly>, room: &mut u32, bytes: usize) {
    match u32::try_from(bytes).ok().and_then(|bytes| room.checked_sub(bytes)) {
        Some(rest) => *room = rest,
        None => *kept = None,
    }
}

/// Without the request id.
fn protocol(kind: ProtocolErrorKind, message: String) -> Error {
    Error::Protocol(ProtocolError { kind, message, reply_begun: false, request_id: None })
}

/// A deadline of the WIT: `none` is the default, 0 for ever.
fn duration(milliseconds: Option<u32>, default: Option<Duration>) -> Option<Duration> {
    match milliseconds {
        None => default,
        Some(0) => None,
        Some(milliseconds) => Some(u64::from(milliseconds) * MILLISECOND),
    }
}

fn invalid(path: &str, reason: &str) -> Error {
    Error::InvalidRequest(InvalidRequest { path: path.to_string(), reason: reason.to_string() })
}
