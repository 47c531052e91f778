//! The reply as it arrives: a small state machine over one exchange.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use bedrock_eventstream::Decoder;

use crate::bindings::converse::{Attempt, Connection};
use crate::bindings::types::{
    ConverseRequest, Deadline, Error, IncompleteError, InvalidRequest, NetworkError, ProtocolError,
    ProtocolErrorKind, StreamEvent,
};
use crate::endpoint::{self, Wanted};
use crate::frame::{self, Seen};
use crate::transport::{
    self, Body, Chunk, Duration, Exchange, Failure, Instant, Patience, Progress, Response, Timer,
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

/// A reply, from the moment its request was handed to the host.
pub(crate) struct Reply {
    state: State,
    timer: Timer,
    limits: Limits,
    /// How long calls have waited since the last progress.
    waited: Duration,
    seen: Seen,
    max_frame: u32,
    /// The host and port of the endpoint, for errors.
    authority: String,
    attempt: Attempt,
}

enum State {
    /// The request is being sent, or the head of the response awaited.
    Exchanging(Exchange),
    /// Frames arrive.
    Reading(Body, Decoder),
    /// The response is no reply. Its body is read for the reason.
    Refused(Response, Vec<u8>),
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
        for (path, set) in [
            ("connection.max-attempts", connection.max_attempts.is_some_and(|attempts| attempts != 1)),
            ("connection.keep-reply", connection.keep_reply.is_some()),
        ] {
            if set {
                return Err(invalid(path, "is not supported by this version of the component"));
            }
        }
        let endpoint = endpoint::resolve(&Wanted {
            region: connection.region.as_deref(),
            default_region: connection.default_region.as_deref(),
            endpoint_url: connection.endpoint_url.as_deref(),
            use_fips: connection.use_fips,
            use_dual_stack: connection.use_dual_stack,
            model_id: &request.model_id,
        })
        .map_err(|error| invalid(error.path, &error.reason))?;
        let mut path = endpoint.path_prefix.clone();
        path.push_str(&request::path(&request.model_id).map_err(Error::InvalidRequest)?);
        let body = request::body(request).map_err(Error::InvalidRequest)?;
        let time = transport::unix_time().saturating_add_signed(connection.clock_offset);
        let headers = head::headers(connection, &endpoint, &path, &body, time / 1_000)
            .map_err(Error::InvalidRequest)?;

        let deadlines = &connection.deadlines;
        let limits = Limits {
            write: duration(deadlines.write, Some(MINUTE)),
            response_head: duration(deadlines.response_head, Some(15 * MINUTE)),
            idle: duration(deadlines.idle, Some(15 * MINUTE)),
            end: duration(deadlines.total, None).map(|total| transport::now().saturating_add(total)),
        };
        let patience = Patience {
            connect: duration(deadlines.connect, Some(10 * SECOND)),
            first_byte: limits.response_head,
            between_bytes: limits.idle,
        };
        let exchange = Exchange::begin(&endpoint, &path, &headers, body, &patience)
            .map_err(|failure| failed(&failure, Deadline::ResponseHead, &endpoint.authority, false))?;
        Ok(Self {
            state: State::Exchanging(exchange),
            timer: Timer::default(),
            limits,
            waited: 0,
            seen: Seen::default(),
            max_frame,
            authority: endpoint.authority,
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
        if self.limits.end.is_some_and(|end| end <= transport::now()) {
            self.end(Err(Error::Timeout(Deadline::Total)));
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
                return Ok(Some(events));
            }
            if !blocked {
                continue;
            }

            let now = transport::now();
            self.waited += now.saturating_sub(waiting_since.replace(now).unwrap_or(now));
            let give_up_at = *give_up_at.get_or_insert_with(|| {
                max_wait.map(|wait| now.saturating_add(u64::from(wait) * MILLISECOND))
            });
            let (deadline, at) = self.next_deadline(now);
            if at.is_some_and(|at| at <= now) {
                self.end(Err(Error::Timeout(deadline)));
            } else if give_up_at.is_some_and(|at| at <= now) {
                return Ok(Some(events));
            } else {
                self.wait(at.into_iter().chain(give_up_at).min(), now);
            }
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
                Err(failure) => Err(failed(&failure, Deadline::ResponseHead, &self.authority, false)),
            },
            State::Reading(body, decoder) => match body.read() {
                Ok(Chunk::Blocked) => Ok(Step::Blocked),
                Ok(Chunk::Data(data)) => {
                    decoder.push(data);
                    frame::decode_all(decoder, &mut self.seen, events).map(|()| Step::Moved)
                }
                Ok(Chunk::End) if self.seen.stopped => Ok(Step::Complete),
                Ok(Chunk::End) => Err(Error::Incomplete(IncompleteError {
                    inside_frame: decoder.finish().is_err(),
                    request_id: None,
                })),
                Err(failure) => Err(failed(&failure, Deadline::Idle, &self.authority, self.seen.begun)),
            },
            State::Refused(response, so_far) => match response.body.read() {
                Ok(Chunk::Blocked) => Ok(Step::Blocked),
                Ok(Chunk::Data(data)) if so_far.len() + data.len() < MAX_REFUSAL => {
                    so_far.extend_from_slice(&data);
                    Ok(Step::Moved)
                }
                Ok(Chunk::Data(_) | Chunk::End) | Err(_) => Err(refusal(response, so_far)),
            },
            State::Ended(end) => end.clone().map(|()| Step::Complete),
        }
    }

    /// Takes the head of the response.
    fn receive(&mut self, response: Response) {
        self.attempt.status = Some(response.status);
        self.attempt.request_id = response.header("x-amzn-requestid");
        let is_reply =
            response.status == 200 && response.header("content-type").as_deref().is_some_and(is_event_stream);
        self.state = if is_reply {
            State::Reading(response.into_body(), Decoder::new(self.max_frame))
        } else {
            State::Refused(response, Vec::new())
        };
    }

    /// The deadline that is next, and when.
    fn next_deadline(&self, now: Instant) -> (Deadline, Option<Instant>) {
        let (deadline, patience) = match &self.state {
            State::Exchanging(exchange) if exchange.is_sending() => (Deadline::Write, self.limits.write),
            State::Exchanging(_) => (Deadline::ResponseHead, self.limits.response_head),
            _ => (Deadline::Idle, self.limits.idle),
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
            State::Reading(body, _) | State::Refused(Response { body, .. }, _) => {
                transport::wait(core::iter::once(body.pollable()), until, now, timer);
            }
            State::Ended(_) => {}
        }
    }

    /// Gives up the exchange, which closes its connection, and keeps how it ended.
    fn end(&mut self, end: Result<(), Error>) {
        let end = if self.seen.stopped { Ok(()) } else { end };
        self.state = State::Ended(end.map_err(|mut error| {
            let id = self.attempt.request_id.clone();
            let failure = match &mut error {
                Error::InvalidRequest(_) => "invalid-request",
                Error::Network(error) => error.code.as_str(),
                Error::Timeout(_) => "timeout",
                Error::Service(error) => {
                    error.request_id = id;
                    &error.code
                }
                Error::Protocol(error) => {
                    error.request_id = id;
                    "protocol"
                }
                Error::Incomplete(error) => {
                    error.request_id = id;
                    "incomplete"
                }
            };
            self.attempt.failure = Some(failure.to_string());
            error
        }));
    }
}

/// The error that a response is which is no reply; without its request id.
fn refusal(response: &Response, body: &[u8]) -> Error {
    let content_type = response.header("content-type");
    if response.status == 200 && !service_error::is_error(body) {
        let content_type = content_type.as_deref().unwrap_or("of no type");
        return Error::Protocol(ProtocolError {
            kind: ProtocolErrorKind::ContentType,
            message: format!("the response is {content_type}, not application/vnd.amazon.eventstream"),
            reply_begun: false,
            request_id: None,
        });
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
fn failed(failure: &Failure, waited_for: Deadline, authority: &str, reply_begun: bool) -> Error {
    match failure.code {
        "connection-timeout" => return Error::Timeout(Deadline::Connect),
        "connection-write-timeout" => return Error::Timeout(Deadline::Write),
        "connection-read-timeout" | "HTTP-response-timeout" => return Error::Timeout(waited_for),
        _ => {}
    }
    let mut message = if failure.code == "HTTP-request-denied" {
        format!("the host does not let requests go to {authority}")
    } else {
        format!("the connection to {authority} failed: {}", failure.code)
    };
    if let Some(detail) = &failure.detail {
        message.push_str(&format!(" ({detail})"));
    }
    Error::Network(NetworkError { code: failure.code.to_string(), message, reply_begun })
}

fn is_event_stream(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/vnd.amazon.eventstream")
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
