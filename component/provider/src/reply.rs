//! The reply as it arrives: a small state machine over one exchange, or over a few that fail.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bedrock_eventstream::Decoder;

use crate::assembly::Assembly;
use crate::bindings::converse::{Attempt, Connection, Operation, Outcome};
use crate::bindings::types::{
    ConverseRequest, Deadline, Error, IncompleteError, ProtocolErrorKind, StreamEvent,
};
use crate::call::Call;
use crate::event::response;
use crate::failure::{self, Broken, media_type};
use crate::frame::{self, Seen};
use crate::retry;
use crate::secrets::Secrets;
use crate::service_error;
use crate::transport::{self, Body, Chunk, Duration, Exchange, Instant, Progress, Response, Timer};

/// 24 MiB of payload, 128 KiB of headers, and their frame.
const DEFAULT_MAX_FRAME: u32 = 24 * 1024 * 1024 + 128 * 1024 + 16;
/// The smallest frame there is.
const MIN_MAX_FRAME: u32 = 16;
/// How much of a response that is no reply is read for its message.
const MAX_REFUSAL: usize = 64 * 1024;

const MILLISECOND: Duration = 1_000_000;
const SECOND: Duration = 1_000 * MILLISECOND;
const MINUTE: Duration = 60 * SECOND;

/// How long to wait for what may as well not come: more of the reason of a refusal, of which the head has the most,
/// or what follows the end of a reply.
const PATIENCE: Duration = 10 * SECOND;

/// A reply, from the moment its request was handed to the host.
pub(crate) struct Reply {
    state: State,
    timer: Timer,
    limits: Limits,
    /// How long calls have waited since the last progress.
    waited: Duration,
    call: Call,
    secrets: Secrets,
    /// The last is the one under way.
    attempts: Vec<Attempt>,
    max_attempts: u32,
    /// What the next attempt adds to the host's wall clock, in milliseconds.
    clock_offset: i64,
    /// Whether that was corrected, which is done once.
    clock_corrected: bool,
    max_frame: u32,
    seen: Seen,
    kept: Option<Assembly>,
    /// How much more of the reply, in bytes, is kept.
    room: u32,
}

enum State {
    /// An attempt failed, and the next is to be made then.
    BackingOff(Instant),
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
    pub(crate) fn open(connection: Connection, request: &ConverseRequest) -> Result<Self, Error> {
        let max_frame = connection.max_frame_bytes.unwrap_or(DEFAULT_MAX_FRAME);
        if max_frame < MIN_MAX_FRAME {
            return Err(failure::invalid("connection.max-frame-bytes", "must be at least 16"));
        }
        let max_attempts = connection.max_attempts.unwrap_or(retry::DEFAULT_ATTEMPTS);
        if max_attempts == 0 {
            return Err(failure::invalid("connection.max-attempts", "must be at least 1"));
        }
        let deadlines = connection.deadlines;
        let until_head = if connection.operation == Operation::Converse { 60 * MINUTE } else { 15 * MINUTE };
        let limits = Limits {
            write: duration(deadlines.write, Some(MINUTE)),
            response_head: duration(deadlines.response_head, Some(until_head)),
            idle: duration(deadlines.idle, Some(15 * MINUTE)),
            end: duration(deadlines.total, None).map(|total| transport::now().saturating_add(total)),
        };
        let (clock_offset, keep_reply) = (connection.clock_offset, connection.keep_reply);
        let call = Call::new(connection, request, duration(deadlines.connect, Some(10 * SECOND)))?;
        let mut secrets = Secrets::of(call.credentials());
        let exchange = call.send(clock_offset, &mut secrets).map_err(|mut error| {
            secrets.mask_error(&mut error);
            error
        })?;
        Ok(Self {
            state: State::Exchanging(exchange),
            timer: Timer::default(),
            limits,
            waited: 0,
            call,
            secrets,
            attempts: Vec::from([attempt(clock_offset)]),
            max_attempts,
            clock_offset,
            clock_corrected: false,
            max_frame,
            seen: Seen::default(),
            kept: keep_reply.map(|_| Assembly::default()),
            room: keep_reply.unwrap_or_default(),
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
                Err(broken) => self.fail(broken),
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
        let request_id = self.request_id();
        Outcome {
            reply: self.kept.take().and_then(Assembly::finish),
            verdict,
            request_id,
            attempts: self.attempts,
        }
    }

    pub(crate) fn request_id(&self) -> Option<String> {
        self.attempts.last().and_then(|attempt| attempt.request_id.clone())
    }

    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        self.attempts.clone()
    }

    /// Does what can be done without waiting.
    fn step(&mut self, events: &mut Vec<StreamEvent>) -> Result<Step, Broken> {
        match &mut self.state {
            State::BackingOff(until) => {
                if transport::now() < *until {
                    return Ok(Step::Blocked);
                }
                self.send()?;
                Ok(Step::Moved)
            }
            State::Exchanging(exchange) => match exchange.step() {
                Ok(Progress::Blocked) => Ok(Step::Blocked),
                Ok(Progress::Sent) => Ok(Step::Moved),
                Ok(Progress::Response(response)) => {
                    self.receive(response);
                    Ok(Step::Moved)
                }
                Err(broken) => {
                    Err(failure::of_exchange(&broken, Deadline::ResponseHead, self.call.authority()).into())
                }
            },
            State::Reading(body, decoder) => match body.read() {
                Ok(Chunk::Blocked) => Ok(send(body)),
                Ok(Chunk::Data(data)) => {
                    take_room(&mut self.kept, &mut self.room, data.len());
                    decoder.push(data);
                    let begun = self.seen.begun;
                    frame::decode_all(decoder, &mut self.seen, events)?;
                    if self.seen.begun && !begun {
                        self.call.forget();
                    }
                    Ok(Step::Moved)
                }
                Ok(Chunk::End) if self.seen.stopped => Ok(Step::Complete),
                Ok(Chunk::End) => Err(Error::Incomplete(IncompleteError {
                    inside_frame: decoder.finish().is_err(),
                    reply_begun: false,
                    request_id: None,
                })
                .into()),
                Err(broken) => {
                    Err(failure::of_exchange(&broken, Deadline::Idle, self.call.authority()).into())
                }
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
                    Err(failure::protocol(ProtocolErrorKind::TooLarge, message).into())
                }
                Ok(Chunk::End) if service_error::is_error(so_far) => {
                    Err(failure::of_response(response, self.call.operation(), so_far))
                }
                Ok(Chunk::End) => {
                    response::decode(so_far, events)
                        .map_err(|problem| failure::protocol(ProtocolErrorKind::Json, problem))?;
                    self.seen = Seen { begun: true, stopped: true };
                    Ok(Step::Complete)
                }
                Err(broken) => {
                    Err(failure::of_exchange(&broken, Deadline::Idle, self.call.authority()).into())
                }
            },
            State::Refusing(response, so_far) => match response.body.read() {
                Ok(Chunk::Blocked) => Ok(send(&mut response.body)),
                Ok(Chunk::Data(data)) => {
                    let room = MAX_REFUSAL - so_far.len();
                    so_far.extend_from_slice(data.get(..room).unwrap_or(&data));
                    if data.len() < room {
                        return Ok(Step::Moved);
                    }
                    Err(failure::of_response(response, self.call.operation(), so_far))
                }
                Ok(Chunk::End) | Err(_) => Err(failure::of_response(response, self.call.operation(), so_far)),
            },
            State::Ended(end) => Ok(end.clone().map(|()| Step::Complete)?),
        }
    }

    /// Makes the next attempt.
    fn send(&mut self) -> Result<(), Error> {
        self.attempts.push(attempt(self.clock_offset));
        self.state = State::Exchanging(self.call.send(self.clock_offset, &mut self.secrets)?);
        Ok(())
    }

    /// Takes the head of the response.
    fn receive(&mut self, response: Response) {
        let mut request_id = response.header("x-amzn-requestid");
        if let Some(id) = &mut request_id {
            self.secrets.mask(id);
        }
        let attempt = self.attempt();
        attempt.status = Some(response.status);
        attempt.request_id = request_id;
        let operation = self.call.operation();
        let is_reply = response.status == 200
            && response
                .header("content-type")
                .is_some_and(|kind| is_media_type(&kind, media_type(operation)));
        self.state = match operation {
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

    /// The attempt that is under way.
    fn attempt(&mut self) -> &mut Attempt {
        self.attempts.last_mut().expect("the first is made at once")
    }

    /// The deadline that is next, and when. Of what is waited for on purpose it is no deadline.
    fn next_deadline(&self, now: Instant) -> (Deadline, Option<Instant>) {
        let patience = |patience: Option<Duration>| Some(patience.unwrap_or(PATIENCE).min(PATIENCE));
        let (deadline, patience) = match &self.state {
            State::Exchanging(exchange) if exchange.is_sending() => (Deadline::Write, self.limits.write),
            State::Exchanging(_) => (Deadline::ResponseHead, self.limits.response_head),
            State::Refusing(..) => (Deadline::Idle, patience(self.limits.idle)),
            State::Reading(..) if self.seen.stopped => (Deadline::Idle, patience(self.limits.idle)),
            State::Reading(..) | State::Collecting(..) => (Deadline::Idle, self.limits.idle),
            State::BackingOff(_) | State::Ended(_) => (Deadline::Total, None),
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
            State::BackingOff(over) => {
                let until = until.map_or(*over, |until| until.min(*over));
                transport::wait(core::iter::empty(), Some(until), now, timer);
            }
            State::Ended(_) => {}
        }
    }

    /// Ends what did not come in time.
    fn expire(&mut self, deadline: Deadline) {
        let broken = match &self.state {
            State::Ended(_) => return,
            // What is missing is only more of the reason.
            State::Refusing(response, so_far) => {
                failure::of_response(response, self.call.operation(), so_far)
            }
            _ => failure::timeout(deadline).into(),
        };
        self.fail(broken);
    }

    /// Gives up the exchange, which closes its connection, and decides whether there is to be another.
    fn fail(&mut self, broken: Broken) {
        if self.seen.stopped {
            return self.end(Ok(()));
        }
        let Broken { mut error, asked, date } = broken;
        let begun = self.seen.begun;
        let before_head = self.attempt().status.is_none();
        let failed = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        let corrected = self.corrected_clock(&error, date.as_deref());
        self.secrets.mask_error(&mut error);
        let request_id = self.request_id();
        let attempt = self.attempt();
        attempt.failure = Some(failure::complete(&mut error, request_id, begun));

        let now = transport::now();
        let pause = match corrected {
            Some(_) => Some(0),
            None => retry::pause(&error, asked, before_head, failed, retry::scatter(now)),
        };
        let over = pause.map(|pause| now.saturating_add(u64::from(pause) * MILLISECOND));
        let in_time = |over: &Instant| self.limits.end.is_none_or(|end| *over < end);
        match over.filter(in_time) {
            Some(over) if failed < self.max_attempts && !begun => {
                self.attempt().backoff = pause.unwrap_or_default();
                if let Some(clock_offset) = corrected {
                    (self.clock_offset, self.clock_corrected) = (clock_offset, true);
                }
                self.state = State::BackingOff(over);
            }
            _ => self.end(Err(error)),
        }
    }

    /// Keeps how it ended and gives up all else.
    fn end(&mut self, end: Result<(), Error>) {
        self.call.forget();
        self.state = State::Ended(end);
        self.timer = Timer::default();
    }

    /// What to add to the host's wall clock, if that is why the request was refused.
    fn corrected_clock(&self, error: &Error, date: Option<&str>) -> Option<i64> {
        let Error::Service(error) = error else { return None };
        if self.clock_corrected || !self.call.is_signed() {
            return None;
        }
        retry::clock_offset(error, date, transport::unix_time(), self.clock_offset)
    }
}

fn attempt(clock_offset: i64) -> Attempt {
    Attempt { status: None, request_id: None, failure: None, backoff: 0, clock_offset }
}

/// Goes on sending the request while the response leaves time for it.
fn send(body: &mut Body) -> Step {
    if body.send() { Step::Moved } else { Step::Blocked }
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

/// A deadline of the WIT: `none` is the default, 0 for ever.
fn duration(milliseconds: Option<u32>, default: Option<Duration>) -> Option<Duration> {
    match milliseconds {
        None => default,
        Some(0) => None,
        Some(milliseconds) => Some(u64::from(milliseconds) * MILLISECOND),
    }
}
