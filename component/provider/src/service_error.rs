//! Errors that Amazon Bedrock reports, in each of AWS's encodings.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::str;

use crate::bindings::types::{ServiceError, ServiceErrorKind};
use crate::json::{Json, Object};
use crate::{http_date, text};

/// How much of an answer in plain text is taken for its message, in bytes.
const MAX_TEXT: usize = 1024;

/// What the head of the response says about the error.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Head<'a> {
    pub(crate) status: u16,
    /// `x-amzn-errortype`.
    pub(crate) error_type: Option<&'a str>,
    /// `x-amz-retry-after`, in milliseconds.
    pub(crate) amz_retry_after: Option<&'a str>,
    /// `retry-after`, in seconds, or a date.
    pub(crate) retry_after: Option<&'a str>,
    /// `date`: what a `retry_after` that is a date counts from.
    pub(crate) date: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
}

/// The wait that a response asks for, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum RetryAfter {
    #[default]
    Nothing,
    /// By `x-amz-retry-after`.
    Amazon(u32),
    /// By `retry-after`.
    Standard(u32),
}

/// An error that came instead of a reply, and the wait it asks for. The request id is for the caller to fill in.
pub(crate) fn from_response(head: &Head<'_>, body: &[u8]) -> (ServiceError, RetryAfter) {
    let document = Document::read(body);
    let code = head
        .error_type
        .map(|code| shape_name(code).to_owned())
        .filter(|code| !code.is_empty())
        .or(document.code)
        .unwrap_or_default();
    let message = document.message.unwrap_or_else(|| match head.content_type {
        _ if (300..400).contains(&head.status) => {
            format!("The endpoint answered with a redirect, HTTP status {}; it is not followed.", head.status)
        }
        Some(kind) if is_plain_text(kind) && !body.is_empty() => {
            let text = body.get(..MAX_TEXT).unwrap_or(body);
            format!("The answer, HTTP status {}, is: {}", head.status, String::from_utf8_lossy(text).trim())
        }
        Some(kind) if !body.is_empty() => {
            format!("The answer, HTTP status {}, is {kind} and has no message.", head.status)
        }
        _ => format!("The answer, HTTP status {}, has no message.", head.status),
    });
    let kind = if code.is_empty() { kind_of_status(head.status) } else { kind_of_code(&code) };
    let asked = retry_after(head);
    let error = ServiceError {
        retryable: is_retryable(&code, kind, head.status),
        retry_after: match asked {
            RetryAfter::Nothing => None,
            RetryAfter::Amazon(wait) | RetryAfter::Standard(wait) => Some(wait),
        },
        hint: hint(&code, kind, &message).map(ToOwned::to_owned),
        code,
        kind,
        message,
        status: head.status,
        request_id: None,
        reply_begun: false,
        original_status: document.original_status,
        original_message: document.original_message,
        extra: document.extra,
    };
    (error, asked)
}

/// What gateways in front of Bedrock answer in.
fn is_plain_text(content_type: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/plain")
}

/// Whether a response of status 200 that is no event stream reports an error: a call that AWS did not
/// understand is answered `{"Output":{"__type":"…#UnknownOperationException"},…}`, and gateways have words of their
/// own. A reply has `output`.
pub(crate) fn is_error(body: &[u8]) -> bool {
    let object = str::from_utf8(body).ok().and_then(|text| Json::parse(text).ok()).and_then(Json::object);
    object.is_some_and(|object| {
        let tells = |name| matches!(name, "__type" | "code" | "Output" | "message" | "Message");
        object.names().any(tells) && !object.names().any(|name| name == "output")
    })
}

/// A modeled error inside a reply: a frame of `:message-type` `exception`.
pub(crate) fn from_exception(exception_type: &str, payload: &[u8]) -> ServiceError {
    let mut characters = exception_type.chars();
    let code: String =
        characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect();
    let document = Document::read(payload);
    ServiceError {
        original_status: document.original_status,
        original_message: document.original_message,
        extra: document.extra,
        ..in_band(code, document.message.unwrap_or_default())
    }
}

/// Any other error inside a reply: a frame of `:message-type` `error`.
pub(crate) fn from_error_frame(code: &str, message: &str) -> ServiceError {
    in_band(shape_name(code).to_owned(), message.to_owned())
}

/// The request id and whether the reply had begun are for the caller to fill in.
fn in_band(code: String, message: String) -> ServiceError {
    let kind = kind_of_code(&code);
    ServiceError {
        retryable: is_retryable(&code, kind, status_of_kind(kind)),
        retry_after: None,
        hint: hint(&code, kind, &message).map(ToOwned::to_owned),
        code,
        kind,
        message,
        status: 200,
        request_id: None,
        reply_begun: false,
        original_status: None,
        original_message: None,
        extra: None,
    }
}

/// What the body of an error has.
#[derive(Default)]
struct Document {
    code: Option<String>,
    message: Option<String>,
    original_status: Option<u16>,
    original_message: Option<String>,
    /// The other members.
    extra: Option<String>,
}

impl Document {
    fn read(body: &[u8]) -> Self {
        let object = str::from_utf8(body).ok().and_then(|text| Json::parse(text).ok()).and_then(Json::object);
        let Some(mut object) = object else { return Self::default() };
        let text = |object: &mut Object<'_>, name: &str| {
            object.take(name, |value| Some(value.string()?.into_owned())).filter(|text| !text.is_empty())
        };
        let code = text(&mut object, "__type")
            .or_else(|| text(&mut object, "code"))
            .or_else(|| object.take("Output", |output| text(&mut output.object()?, "__type")));
        Self {
            code: code.map(|code| shape_name(&code).to_owned()).filter(|code| !code.is_empty()),
            message: text(&mut object, "message").or_else(|| text(&mut object, "Message")),
            original_status: object.take("originalStatusCode", Json::number),
            original_message: text(&mut object, "originalMessage"),
            extra: object.into_rest(),
        }
    }
}

/// The shape's name in `namespace#Name:http://…`, the most that AWS writes.
fn shape_name(code: &str) -> &str {
    let name = code.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default().trim()
}

fn kind_of_code(code: &str) -> ServiceErrorKind {
    match code {
        "AccessDeniedException" => ServiceErrorKind::AccessDenied,
        "InternalServerException" => ServiceErrorKind::InternalServer,
        "ModelErrorException" => ServiceErrorKind::ModelError,
        "ModelNotReadyException" => ServiceErrorKind::ModelNotReady,
        "ModelStreamErrorException" => ServiceErrorKind::ModelStreamError,
        "ModelTimeoutException" => ServiceErrorKind::ModelTimeout,
        "ResourceNotFoundException" => ServiceErrorKind::ResourceNotFound,
        "ServiceUnavailableException" => ServiceErrorKind::ServiceUnavailable,
        "ThrottlingException" => ServiceErrorKind::Throttling,
        "ValidationException" => ServiceErrorKind::Validation,
        _ => ServiceErrorKind::Other,
    }
}

/// The statuses that AWS's model gives to its exceptions; two of them share 424 and two 429.
fn kind_of_status(status: u16) -> ServiceErrorKind {
    match status {
        400 => ServiceErrorKind::Validation,
        403 => ServiceErrorKind::AccessDenied,
        404 => ServiceErrorKind::ResourceNotFound,
        408 => ServiceErrorKind::ModelTimeout,
        424 => ServiceErrorKind::ModelError,
        429 => ServiceErrorKind::Throttling,
        500 => ServiceErrorKind::InternalServer,
        503 => ServiceErrorKind::ServiceUnavailable,
        _ => ServiceErrorKind::Other,
    }
}

fn status_of_kind(kind: ServiceErrorKind) -> u16 {
    match kind {
        ServiceErrorKind::AccessDenied => 403,
        ServiceErrorKind::InternalServer => 500,
        ServiceErrorKind::ModelError | ServiceErrorKind::ModelStreamError => 424,
        ServiceErrorKind::ModelNotReady | ServiceErrorKind::Throttling => 429,
        ServiceErrorKind::ModelTimeout => 408,
        ServiceErrorKind::ResourceNotFound => 404,
        ServiceErrorKind::ServiceUnavailable => 503,
        ServiceErrorKind::Validation | ServiceErrorKind::Other => 400,
    }
}

/// The rules of AWS's SDKs: transient statuses and the codes that mean throttling, whatever the status.
fn is_retryable(code: &str, kind: ServiceErrorKind, status: u16) -> bool {
    const RETRYABLE_CODES: [&str; 15] = [
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "TooManyRequestsException",
        "TransactionInProgressException",
    ];
    match kind {
        ServiceErrorKind::InternalServer
        | ServiceErrorKind::ModelNotReady
        | ServiceErrorKind::ServiceUnavailable
        | ServiceErrorKind::Throttling => true,
        ServiceErrorKind::Other => {
            matches!(status, 429 | 500 | 502 | 503 | 504) || RETRYABLE_CODES.contains(&code)
        }
        _ => false,
    }
}

fn retry_after(head: &Head<'_>) -> RetryAfter {
    let number = |text: &str| text.trim().parse::<u32>().ok();
    if let Some(wait) = head.amz_retry_after.and_then(number) {
        return RetryAfter::Amazon(wait);
    }
    let seconds = head.retry_after.and_then(|text| {
        number(text).or_else(|| {
            let seconds = http_date::parse(text)?.saturating_sub(http_date::parse(head.date?)?);
            u32::try_from(seconds).ok()
        })
    });
    seconds.map_or(RetryAfter::Nothing, |seconds| RetryAfter::Standard(seconds.saturating_mul(1_000)))
}

/// What users of Bedrock meet most, and what helps.
fn hint(code: &str, kind: ServiceErrorKind, message: &str) -> Option<&'static str> {
    let says = |words| text::find(message, words).is_some();
    Some(match (kind, code) {
        // AWS writes a typographic apostrophe here: isn’t.
        (ServiceErrorKind::Validation, _) if says("on-demand throughput isn") => {
            "Call the model through an inference profile: put its region group before the id, as in eu.amazon.nova-lite-v1:0."
        }
        (ServiceErrorKind::Validation, _) if says("model identifier is invalid") => {
            "Check the id, and that the model or inference profile exists in the region of the call."
        }
        (ServiceErrorKind::AccessDenied, _) if says("model with the specified model ID") => {
            "Request access to the model in the Amazon Bedrock console, in the region of the call."
        }
        (ServiceErrorKind::AccessDenied, _) if says("is not authorized to perform") => {
            "Allow bedrock:InvokeModelWithResponseStream for the model, and for the models behind its inference profile."
        }
        (_, "ExpiredTokenException") => "Renew the temporary credentials.",
        (_, "UnrecognizedClientException") => {
            "Check the access key id, and that the session token belongs to it."
        }
        (_, "InvalidSignatureException") if says("Signature expired") || says("not yet current") => {
            "Set the clock of the host, or connection.clock-offset."
        }
        (_, "InvalidSignatureException") if says("scoped to a valid region") => {
            "Sign for the region of the endpoint: set connection.region."
        }
        (_, "InvalidSignatureException") => "Check the secret access key.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, error_type: Option<&'static str>) -> Head<'static> {
        Head { status, error_type, content_type: Some("text/html"), ..Head::default() }
    }

    #[test]
    fn the_code_is_found_in_each_encoding() {
        let header = "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/";
        for (error_type, body, code) in [
            (Some(header), r#"{"message":"m"}"#, "ValidationException"),
            (Some("aws.x#Foo:http://y"), r#"{"message":"m"}"#, "Foo"),
            (
                None,
                r#"{"__type":"com.amazon.coral.service#UnknownOperationException","Message":"m"}"#,
                "UnknownOperationException",
            ),
            (None, r#"{"code":"Bar:http://y","message":"m"}"#, "Bar"),
            (None, r#"{"Output":{"__type":"a#Baz"},"Version":"1.0","message":"m"}"#, "Baz"),
            (None, r#"{"message":"m"}"#, ""),
            (Some(""), r#"{"__type":"","code":"C","message":"m"}"#, "C"),
        ] {
            let (error, _) = from_response(&head(400, error_type), body.as_bytes());
            assert_eq!((error.code.as_str(), error.message.as_str()), (code, "m"), "{body}");
            assert!(!error.reply_begun);
        }
    }

    #[test]
    fn a_body_that_is_not_awss_is_described() {
        let message = |status, body: &str| from_response(&head(status, None), body.as_bytes()).0.message;
        assert_eq!(message(502, "<html>"), "The answer, HTTP status 502, is text/html and has no message.");
        assert_eq!(message(502, ""), "The answer, HTTP status 502, has no message.");
        let plain = Head { content_type: Some("text/plain; charset=utf-8"), ..head(503, None) };
        assert_eq!(
            from_response(&plain, b" no healthy upstream\n").0.message,
            "The answer, HTTP status 503, is: no healthy upstream"
        );
        assert_eq!(
            message(307, ""),
            "The endpoint answered with a redirect, HTTP status 307; it is not followed."
        );
    }

    #[test]
    fn kinds_and_retries() {
        use ServiceErrorKind as Kind;
        for (status, code, kind, retryable) in [
            (403, "AccessDeniedException", Kind::AccessDenied, false),
            (500, "InternalServerException", Kind::InternalServer, true),
            (424, "ModelErrorException", Kind::ModelError, false),
            (429, "ModelNotReadyException", Kind::ModelNotReady, true),
            (408, "ModelTimeoutException", Kind::ModelTimeout, false),
            (404, "ResourceNotFoundException", Kind::ResourceNotFound, false),
            (503, "ServiceUnavailableException", Kind::ServiceUnavailable, true),
            (429, "ThrottlingException", Kind::Throttling, true),
            (400, "ValidationException", Kind::Validation, false),
            (403, "ExpiredTokenException", Kind::Other, false),
            (400, "RequestTimeout", Kind::Other, true),
            (503, "SomethingNew", Kind::Other, true),
            (502, "", Kind::Other, true),
            (429, "", Kind::Throttling, true),
            (403, "", Kind::AccessDenied, false),
        ] {
            let (error, _) = from_response(&head(status, Some(code)), b"{}");
            assert_eq!((error.kind, error.retryable), (kind, retryable), "{status} {code}");
        }
    }

    #[test]
    fn errors_inside_a_reply() {
        let body = br#"{"message":"m","originalStatusCode":503,"originalMessage":"o"}"#;
        let error = from_exception("modelStreamErrorException", body);
        assert_eq!(
            (error.code.as_str(), error.kind),
            ("ModelStreamErrorException", ServiceErrorKind::ModelStreamError)
        );
        assert_eq!((error.status, error.retryable), (200, false));
        assert_eq!((error.original_status, error.original_message.as_deref()), (Some(503), Some("o")));

        assert_eq!(error.extra, None);

        let error =
            from_exception("modelStreamErrorException", br#"{"message":"m","resourceName":"r","n":1e0}"#);
        assert_eq!(error.extra.as_deref(), Some(r#"{"resourceName":"r","n":1e0}"#));

        let error = from_exception("throttlingException", b"not JSON");
        assert_eq!(
            (error.code.as_str(), error.message.as_str(), error.retryable),
            ("ThrottlingException", "", true)
        );

        let error = from_error_frame("InternalError", "An internal server error occurred.");
        assert_eq!((error.code.as_str(), error.kind), ("InternalError", ServiceErrorKind::Other));
        assert_eq!(error.message, "An internal server error occurred.");
        assert_eq!(from_exception("", b"").code, "");
    }

    #[test]
    fn waits_that_aws_asks_for() {
        use RetryAfter::{Amazon, Nothing, Standard};

        let date = Some("Sun, 22 Nov 2026 00:00:00 GMT");
        for (amz_retry_after, retry_after, wait) in [
            (Some("1500"), Some("9"), Amazon(1_500)),
            (None, Some(" 9"), Standard(9_000)),
            (Some("soon"), Some("4294967295"), Standard(u32::MAX)),
            (None, Some("Sun, 22 Nov 2026 00:01:00 GMT"), Standard(60_000)),
            (None, Some("Sat, 21 Nov 2026 00:01:00 GMT"), Standard(0)),
            (None, Some("tomorrow"), Nothing),
            (None, None, Nothing),
        ] {
            let head = Head { amz_retry_after, retry_after, date, ..Head::default() };
            assert_eq!(super::retry_after(&head), wait, "{amz_retry_after:?} {retry_after:?}");
        }
        let undated = Head { retry_after: Some("Sun, 22 Nov 2026 00:01:00 GMT"), ..Head::default() };
        assert_eq!(super::retry_after(&undated), Nothing);
    }

    #[test]
    fn an_answer_of_status_200_may_be_an_error() {
        assert!(is_error(
            br#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#
        ));
        assert!(!is_error(br#"{"hello":"world"}"#));
        assert!(!is_error(br#"{"output":{},"code":"new"}"#));
        assert!(is_error(br#"{"message":"Too many requests"}"#));
        assert!(!is_error(b"<html>"));
    }
}
