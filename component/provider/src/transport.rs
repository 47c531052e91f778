//! One HTTP exchange over `wasi:http`, a step at a time.
//!
//! Nothing here blocks but [`wait`]. The only module that names `wasi:http`, `wasi:io` and `wasi:clocks`.

use alloc::rc::Rc;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use bedrock_endpoint::Endpoint;
use wasi::clocks::{monotonic_clock, wall_clock};
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, HeaderError, IncomingBody, IncomingResponse, Method,
    OutgoingBody, OutgoingRequest, RequestOptions, Scheme, http_error_code,
};
use wasi::io::poll::{self, Pollable};
use wasi::io::streams::{InputStream, OutputStream, StreamError};

/// How much is asked for at a time.
const READ_SIZE: u64 = 64 * 1024;
/// The most that is handed over in one write. A host that allows more gets it in the next one.
const WRITE_SIZE: usize = 1024 * 1024;

/// Nanoseconds on the host's monotonic clock, from some instant on.
pub(crate) type Instant = u64;
/// Nanoseconds.
pub(crate) type Duration = u64;

/// Why an exchange failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The name of the case of `wasi:http/types.error-code`.
    pub(crate) code: &'static str,
    pub(crate) detail: Option<String>,
}

/// Why an exchange cannot be begun.
pub(crate) enum Refused {
    /// The host does not let this header be set.
    Header(String),
    Failure(Failure),
}

pub(crate) fn now() -> Instant {
    monotonic_clock::now()
}

/// Milliseconds since 1970-01-01T00:00:00Z, by the host's wall clock.
pub(crate) fn unix_time() -> u64 {
    let now = wall_clock::now();
    now.seconds.saturating_mul(1_000).saturating_add(u64::from(now.nanoseconds / 1_000_000))
}

/// A request on its way, and the response to it.
// Fields are dropped in this order, and a child must go before its parent.
pub(crate) struct Exchange {
    upload: Upload,
    response_ready: Pollable,
    response: FutureIncomingResponse,
}

/// How far an exchange has come in one step.
pub(crate) enum Progress {
    /// Nothing can be done until a pollable is ready.
    Blocked,
    /// Some of the body went out.
    Sent,
    Response(Response),
}

/// The head of a response, and the way to its body.
// Fields are dropped in this order, and a child must go before its parent.
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Fields,
    pub(crate) body: Body,
}

/// A response body.
// Fields are dropped in this order, and a child must go before its parent.
pub(crate) struct Body {
    ready: Pollable,
    stream: InputStream,
    _parent: IncomingBody,
    _grandparent: IncomingResponse,
    /// What the server did not wait for. It may want it still; and given up, it would break the connection.
    upload: Upload,
}

/// What a read finds.
pub(crate) enum Chunk {
    /// Nothing yet.
    Blocked,
    Data(Vec<u8>),
    End,
}

/// The body of a request; `None` once it is sent, or nobody takes it.
struct Upload(Option<Sending>);

// Fields are dropped in this order, and a child must go before its parent.
struct Sending {
    ready: Pollable,
    stream: OutputStream,
    body: OutgoingBody,
    bytes: Rc<Vec<u8>>,
    sent: usize,
}

impl Exchange {
    /// Hands a `POST` request to the host, which is asked to give up connecting after `connect`.
    pub(crate) fn begin(
        endpoint: &Endpoint,
        path: &str,
        headers: &[(String, String)],
        body: Rc<Vec<u8>>,
        connect: Option<Duration>,
    ) -> Result<Self, Refused> {
        let request = OutgoingRequest::new(fields(headers)?);
        let scheme = if endpoint.tls { Scheme::Https } else { Scheme::Http };
        request
            .set_method(&Method::Post)
            .and_then(|()| request.set_scheme(Some(&scheme)))
            .and_then(|()| request.set_authority(Some(&endpoint.authority)))
            .and_then(|()| request.set_path_with_query(Some(path)))
            .map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
        let outgoing = request.body().map_err(|()| Failure::internal("the request has no body"))?;
        let stream =
            outgoing.write().map_err(|()| Failure::internal("the request body cannot be written"))?;
        // The request must be under way before its body is written: hosts hold back only so much of it.
        let response = outgoing_handler::handle(request, Some(options(connect)))?;
        let sending = Sending { ready: stream.subscribe(), stream, body: outgoing, bytes: body, sent: 0 };
        Ok(Self { upload: Upload(Some(sending)), response_ready: response.subscribe(), response })
    }

    /// Does what can be done at once. Not to be called again once it gave the response or failed.
    pub(crate) fn step(&mut self) -> Result<Progress, Failure> {
        // The response comes first: a server may answer without waiting for all of the body.
        if let Some(response) = self.response.get() {
            let response = response.map_err(|()| Failure::internal("the response was taken before"))??;
            let upload = core::mem::replace(&mut self.upload, Upload(None));
            return Ok(Progress::Response(Response::new(response, upload)?));
        }
        Ok(if self.upload.step() { Progress::Sent } else { Progress::Blocked })
    }

    /// Whether some of the body was not taken yet.
    pub(crate) fn is_sending(&self) -> bool {
        self.upload.0.is_some()
    }

    /// What to wait for when blocked.
    pub(crate) fn pollables(&self) -> impl Iterator<Item = &Pollable> {
        core::iter::once(&self.response_ready).chain(self.upload.pollable())
    }
}

impl Response {
    fn new(response: IncomingResponse, upload: Upload) -> Result<Self, Failure> {
        let status = response.status();
        let headers = response.headers();
        let body = response.consume().map_err(|()| Failure::internal("the response has no body"))?;
        let stream = body.stream().map_err(|()| Failure::internal("the response body cannot be read"))?;
        let body = Body { ready: stream.subscribe(), stream, _parent: body, _grandparent: response, upload };
        Ok(Self { status, headers, body })
    }

    /// The first value of a header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        String::from_utf8(self.headers.get(name).into_iter().next()?).ok()
    }

    pub(crate) fn into_body(self) -> Body {
        self.body
    }
}

impl Body {
    /// Takes what has arrived.
    pub(crate) fn read(&self) -> Result<Chunk, Failure> {
        match self.stream.read(READ_SIZE) {
            Ok(data) if data.is_empty() => Ok(Chunk::Blocked),
            Ok(data) => Ok(Chunk::Data(data)),
            Err(StreamError::Closed) => Ok(Chunk::End),
            Err(StreamError::LastOperationFailed(error)) => match http_error_code(&error) {
                Some(code) => Err(code.into()),
                // Not every host knows its own errors again.
                None => Err(Failure::internal(&error.to_debug_string())),
            },
        }
    }

    /// Goes on sending the request, and tells whether anything came of it.
    pub(crate) fn send(&mut self) -> bool {
        self.upload.step()
    }

    /// What to wait for when blocked.
    pub(crate) fn pollables(&self) -> impl Iterator<Item = &Pollable> {
        core::iter::once(&self.ready).chain(self.upload.pollable())
    }
}

impl Upload {
    /// Writes as much as is permitted, and tells whether anything came of it.
    fn step(&mut self) -> bool {
        let Some(mut sending) = self.0.take() else { return false };
        let before = sending.sent;
        if sending.write().is_err() {
            // The response has the reason.
            return true;
        }
        if sending.sent == sending.bytes.len() {
            let Sending { ready, stream, body, .. } = sending;
            drop(ready);
            drop(stream);
            // Here too.
            let _ = OutgoingBody::finish(body, None);
            return true;
        }
        let moved = sending.sent > before;
        self.0 = Some(sending);
        moved
    }

    fn pollable(&self) -> Option<&Pollable> {
        self.0.as_ref().map(|sending| &sending.ready)
    }
}

impl Sending {
    fn write(&mut self) -> Result<(), StreamError> {
        let permitted = usize::try_from(self.stream.check_write()?).unwrap_or(usize::MAX);
        let rest = self.bytes.get(self.sent..).unwrap_or_default();
        let chunk = rest.get(..permitted.min(WRITE_SIZE)).unwrap_or(rest);
        if !chunk.is_empty() {
            self.stream.write(chunk)?;
        }
        self.sent += chunk.len();
        Ok(())
    }
}

/// A timer that is made anew only when it must be: one that goes off too early is cheaper than a new one for each
/// read.
#[derive(Default)]
pub(crate) struct Timer {
    armed: Option<(Instant, Pollable)>,
}

impl Timer {
    /// Something that is ready at `time`, or earlier but later than `now`.
    fn at(&mut self, time: Instant, now: Instant) -> &Pollable {
        if self.armed.as_ref().is_some_and(|(armed, _)| *armed <= now || *armed > time) {
            self.armed = None;
        }
        let arm = || (time, monotonic_clock::subscribe_instant(time));
        &self.armed.get_or_insert_with(arm).1
    }
}

/// Waits until one of `pollables` is ready, or until about `time`.
///
/// Has a use even if `time` is past: some hosts find out only now what is ready.
pub(crate) fn wait<'a>(
    pollables: impl Iterator<Item = &'a Pollable>,
    time: Option<Instant>,
    now: Instant,
    timer: &'a mut Timer,
) {
    let mut all: Vec<&Pollable> = pollables.collect();
    if let Some(time) = time {
        all.push(timer.at(time, now));
    }
    poll::poll(&all);
}

fn fields(headers: &[(String, String)]) -> Result<Fields, Refused> {
    let fields = Fields::new();
    for (name, value) in headers {
        match fields.append(name, value.as_bytes()) {
            Ok(()) => {}
            // Hosts that keep it to themselves set it.
            Err(HeaderError::Forbidden) if name == "content-length" => {}
            Err(_) => return Err(Refused::Header(name.clone())),
        }
    }
    Ok(fields)
}

/// Asks the host for patience: all deadlines but the first are the component's own, and the host's would count
/// other things (sending the request, or the time in which nobody reads). A host that cannot is not an error.
fn options(connect: Option<Duration>) -> RequestOptions {
    /// For ever: no clock can take much more.
    const YEAR: Duration = 365 * 24 * 3_600 * 1_000_000_000;

    let options = RequestOptions::new();
    let _ = options.set_connect_timeout(Some(connect.unwrap_or(YEAR)));
    let _ = options.set_first_byte_timeout(Some(YEAR));
    let _ = options.set_between_bytes_timeout(Some(YEAR));
    options
}

impl Failure {
    fn internal(detail: &str) -> Self {
        Self { code: "internal-error", detail: Some(detail.to_string()) }
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<ErrorCode> for Refused {
    fn from(code: ErrorCode) -> Self {
        Self::Failure(code.into())
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        let mut detail = None;
        let code = match code {
            ErrorCode::DnsTimeout => "DNS-timeout",
            ErrorCode::DnsError(payload) => {
                detail = payload.rcode;
                "DNS-error"
            }
            ErrorCode::DestinationNotFound => "destination-not-found",
            ErrorCode::DestinationUnavailable => "destination-unavailable",
            ErrorCode::DestinationIpProhibited => "destination-IP-prohibited",
            ErrorCode::DestinationIpUnroutable => "destination-IP-unroutable",
            ErrorCode::ConnectionRefused => "connection-refused",
            ErrorCode::ConnectionTerminated => "connection-terminated",
            ErrorCode::ConnectionTimeout => "connection-timeout",
            ErrorCode::ConnectionReadTimeout => "connection-read-timeout",
            ErrorCode::ConnectionWriteTimeout => "connection-write-timeout",
            ErrorCode::ConnectionLimitReached => "connection-limit-reached",
            ErrorCode::TlsProtocolError => "TLS-protocol-error",
            ErrorCode::TlsCertificateError => "TLS-certificate-error",
            ErrorCode::TlsAlertReceived(payload) => {
                detail = payload.alert_message;
                "TLS-alert-received"
            }
            ErrorCode::HttpRequestDenied => "HTTP-request-denied",
            ErrorCode::HttpRequestLengthRequired => "HTTP-request-length-required",
            ErrorCode::HttpRequestBodySize(_) => "HTTP-request-body-size",
            ErrorCode::HttpRequestMethodInvalid => "HTTP-request-method-invalid",
            ErrorCode::HttpRequestUriInvalid => "HTTP-request-URI-invalid",
            ErrorCode::HttpRequestUriTooLong => "HTTP-request-URI-too-long",
            ErrorCode::HttpRequestHeaderSectionSize(_) => "HTTP-request-header-section-size",
            ErrorCode::HttpRequestHeaderSize(_) => "HTTP-request-header-size",
            ErrorCode::HttpRequestTrailerSectionSize(_) => "HTTP-request-trailer-section-size",
            ErrorCode::HttpRequestTrailerSize(_) => "HTTP-request-trailer-size",
            ErrorCode::HttpResponseIncomplete => "HTTP-response-incomplete",
            ErrorCode::HttpResponseHeaderSectionSize(_) => "HTTP-response-header-section-size",
            ErrorCode::HttpResponseHeaderSize(_) => "HTTP-response-header-size",
            ErrorCode::HttpResponseBodySize(_) => "HTTP-response-body-size",
            ErrorCode::HttpResponseTrailerSectionSize(_) => "HTTP-response-trailer-section-size",
            ErrorCode::HttpResponseTrailerSize(_) => "HTTP-response-trailer-size",
            ErrorCode::HttpResponseTransferCoding(coding) => {
                detail = coding;
                "HTTP-response-transfer-coding"
            }
            ErrorCode::HttpResponseContentCoding(coding) => {
                detail = coding;
                "HTTP-response-content-coding"
            }
            ErrorCode::HttpResponseTimeout => "HTTP-response-timeout",
            ErrorCode::HttpUpgradeFailed => "HTTP-upgrade-failed",
            ErrorCode::HttpProtocolError => "HTTP-protocol-error",
            ErrorCode::LoopDetected => "loop-detected",
            ErrorCode::ConfigurationError => "configuration-error",
            ErrorCode::InternalError(text) => {
                detail = text;
                "internal-error"
            }
        };
        Self { code, detail }
    }
}
