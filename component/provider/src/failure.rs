//! The errors of the contract, from what happened.

use alloc::format;
use alloc::string::{String, ToString as _};

use crate::bindings::converse::Operation;
use crate::bindings::types::{
    Deadline, Error, InvalidRequest, NetworkError, ProtocolError, ProtocolErrorKind, TimeoutError,
};
use crate::service_error::{self, RetryAfter};
use crate::transport::{Failure, Response};

/// An error, and what matters to trying again.
pub(crate) struct Broken {
    /// Without the request id, and whether the reply had begun.
    pub(crate) error: Error,
    pub(crate) asked: RetryAfter,
    /// The response's `Date`, unless somebody held it back.
    pub(crate) date: Option<String>,
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self { error, asked: RetryAfter::Nothing, date: None }
    }
}

/// What the reply to an operation is written in.
pub(crate) fn media_type(operation: Operation) -> &'static str {
    match operation {
        Operation::ConverseStream => "application/vnd.amazon.eventstream",
        Operation::Converse => "application/json",
    }
}

/// Of a response that is no reply to `operation`.
pub(crate) fn of_response(response: &Response, operation: Operation, body: &[u8]) -> Broken {
    let content_type = response.header("content-type");
    if response.status == 200 && !service_error::is_error(body) {
        let found = content_type.as_deref().unwrap_or("of no type");
        let wanted = media_type(operation);
        let message = format!("the response is {found}, not {wanted}");
        return protocol(ProtocolErrorKind::ContentType, message).into();
    }
    let [error_type, amz_retry_after, retry_after, date, age] =
        ["x-amzn-errortype", "x-amz-retry-after", "retry-after", "date", "age"]
            .map(|name| response.header(name));
    let head = service_error::Head {
        status: response.status,
        error_type: error_type.as_deref(),
        amz_retry_after: amz_retry_after.as_deref(),
        retry_after: retry_after.as_deref(),
        date: date.as_deref(),
        content_type: content_type.as_deref(),
    };
    let (error, asked) = service_error::from_response(&head, body);
    Broken { error: Error::Service(error), asked, date: date.filter(|_| age.is_none()) }
}

/// Of an exchange. The host's own timers may be shorter than asked for: they are taken for the deadline that was
/// waited for.
pub(crate) fn of_exchange(failure: &Failure, waited_for: Deadline, authority: &str) -> Error {
    let deadline = match failure.code {
        "connection-timeout" => Some(Deadline::Connect),
        "connection-write-timeout" => Some(Deadline::Write),
        "connection-read-timeout" | "HTTP-response-timeout" => Some(waited_for),
        _ => None,
    };
    if let Some(deadline) = deadline {
        return timeout(deadline);
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

pub(crate) fn timeout(deadline: Deadline) -> Error {
    Error::Timeout(TimeoutError { deadline, reply_begun: false, request_id: None })
}

pub(crate) fn protocol(kind: ProtocolErrorKind, message: String) -> Error {
    Error::Protocol(ProtocolError { kind, message, reply_begun: false, request_id: None })
}

pub(crate) fn invalid(path: &str, reason: &str) -> Error {
    Error::InvalidRequest(InvalidRequest { path: path.to_string(), reason: reason.to_string() })
}

/// Fills in what only the course of the exchange tells, and names the error as `attempt.failure` has it.
pub(crate) fn complete(error: &mut Error, request_id: Option<String>, reply_begun: bool) -> String {
    match error {
        Error::InvalidRequest(_) => "invalid-request",
        Error::Network(error) => {
            (error.request_id, error.reply_begun) = (request_id, reply_begun);
            &error.code
        }
        Error::Timeout(error) => {
            (error.request_id, error.reply_begun) = (request_id, reply_begun);
            match error.deadline {
                Deadline::Connect => "connect",
                Deadline::Write => "write",
                Deadline::ResponseHead => "response-head",
                Deadline::Idle => "idle",
                Deadline::Total => "total",
            }
        }
        Error::Service(error) => {
            (error.request_id, error.reply_begun) = (request_id, reply_begun);
            if error.code.is_empty() { "service" } else { &error.code }
        }
        Error::Protocol(error) => {
            (error.request_id, error.reply_begun) = (request_id, reply_begun);
            "protocol"
        }
        Error::Incomplete(error) => {
            (error.request_id, error.reply_begun) = (request_id, reply_begun);
            "incomplete"
        }
    }
    .to_string()
}
