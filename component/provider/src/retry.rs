//! Whether to try again, when, and with what time.

use crate::bindings::types::{Error, ServiceError};
use crate::http_date;
use crate::service_error::RetryAfter;

/// How often to try in all, unless the caller says.
pub(crate) const DEFAULT_ATTEMPTS: u32 = 3;

/// The bound of the first backoff, which doubles with each; in milliseconds.
const BASE: u32 = 1_000;
/// The bound of all; and a longer wait that is asked for is the caller's to decide on.
const MAX: u32 = 20_000;
/// How much more than the backoff Bedrock can ask for with `x-amz-retry-after`.
const MAX_ASKED: u32 = 5_000;

/// How far AWS's clock must be off to be the reason of a refusal. (It takes five minutes.)
const SKEW: u64 = 4 * 60 * 1_000;

/// How long to wait before the next attempt, in milliseconds; `None` if there is to be none. `failed` counts the
/// attempts so far, and `random` is any number: the rules are those of AWS's SDKs, "full jitter" among them.
///
/// `before_head` says that no response had come. What was refused by one of our own deadlines is not tried again.
pub(crate) fn pause(
    error: &Error,
    asked: RetryAfter,
    before_head: bool,
    failed: u32,
    random: u64,
) -> Option<u32> {
    let transient = match error {
        Error::Service(error) => error.retryable,
        Error::Network(error) => before_head && is_transient(&error.code),
        _ => false,
    };
    if !transient {
        return None;
    }
    let bound = BASE.checked_shl(failed.saturating_sub(1)).unwrap_or(MAX).min(MAX);
    let backoff = u32::try_from(random % (u64::from(bound) + 1)).unwrap_or(bound);
    match asked {
        RetryAfter::Nothing => Some(backoff),
        RetryAfter::Amazon(wait) => Some(wait.clamp(backoff, backoff + MAX_ASKED)),
        RetryAfter::Standard(wait) => (wait <= MAX).then(|| wait.max(backoff)),
    }
}

/// Whether the next attempt to connect may find a better network, or another host behind the name.
fn is_transient(code: &str) -> bool {
    matches!(
        code,
        "DNS-timeout"
            | "DNS-error"
            | "destination-not-found"
            | "destination-unavailable"
            | "destination-IP-unroutable"
            | "connection-refused"
            | "connection-terminated"
            | "connection-limit-reached"
            | "HTTP-response-incomplete"
            | "HTTP-protocol-error"
            | "internal-error"
    )
}

/// What to add to our clock, in milliseconds, if AWS refused a request because of its date; `None` if that is not
/// why.
///
/// `ours` is our wall clock and `offset` what was added to it, in milliseconds; `date` is the response's `Date`, if
/// it was not held back on the way.
pub(crate) fn clock_offset(error: &ServiceError, date: Option<&str>, ours: u64, offset: i64) -> Option<i64> {
    let may_be_the_date = matches!(
        error.code.as_str(),
        "AuthFailure"
            | "InvalidSignatureException"
            | "RequestExpired"
            | "RequestTimeTooSkewed"
            | "SignatureDoesNotMatch"
    );
    if !may_be_the_date {
        return None;
    }
    let theirs = date.and_then(http_date::parse).or_else(|| http_date::in_parentheses(&error.message))?;
    let theirs = theirs.saturating_mul(1_000);
    let is_off = theirs.abs_diff(ours.saturating_add_signed(offset)) > SKEW;
    is_off.then(|| theirs.wrapping_sub(ours).cast_signed())
}

/// A number that looks random, of one that is different each time.
pub(crate) fn scatter(number: u64) -> u64 {
    // SplitMix64.
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::types::{Deadline, NetworkError, TimeoutError};
    use crate::service_error::{Head, from_exception, from_response};

    fn service(status: u16, code: &'static str, message: &str) -> ServiceError {
        let head = Head { status, error_type: Some(code), ..Head::default() };
        from_response(&head, format!(r#"{{"message":"{message}"}}"#).as_bytes()).0
    }

    fn network(code: &str) -> Error {
        let (code, message) = (code.into(), String::new());
        Error::Network(NetworkError { code, message, reply_begun: false, request_id: None })
    }

    #[test]
    fn what_is_tried_again() {
        for (status, code, again) in [
            (429, "ThrottlingException", true),
            (429, "ModelNotReadyException", true),
            (400, "ThrottlingException", true),
            (400, "RequestTimeout", true),
            (400, "RequestTimeoutException", true),
            (400, "SlowDown", true),
            (500, "InternalServerException", true),
            (502, "", true),
            (503, "ServiceUnavailableException", true),
            (504, "", true),
            (408, "ModelTimeoutException", false),
            (424, "ModelErrorException", false),
            (400, "ValidationException", false),
            (403, "AccessDeniedException", false),
            (403, "ExpiredTokenException", false),
            (404, "ResourceNotFoundException", false),
            (307, "", false),
        ] {
            let error = Error::Service(service(status, code, ""));
            assert_eq!(pause(&error, RetryAfter::Nothing, false, 1, 0).is_some(), again, "{status} {code}");
        }
        for (exception, again) in [
            ("throttlingException", true),
            ("serviceUnavailableException", true),
            ("internalServerException", true),
            ("modelStreamErrorException", false),
            ("validationException", false),
        ] {
            let error = Error::Service(from_exception(exception, b"{}"));
            assert_eq!(pause(&error, RetryAfter::Nothing, false, 1, 0).is_some(), again, "{exception}");
        }
        for (code, before_head, again) in [
            ("connection-refused", true, true),
            ("connection-terminated", true, true),
            ("connection-terminated", false, false),
            ("HTTP-request-denied", true, false),
            ("TLS-certificate-error", true, false),
            ("destination-IP-prohibited", true, false),
        ] {
            let pause = pause(&network(code), RetryAfter::Nothing, before_head, 1, 0);
            assert_eq!(pause.is_some(), again, "{code}");
        }
        let deadline = Deadline::Connect;
        let timeout = Error::Timeout(TimeoutError { deadline, reply_begun: false, request_id: None });
        assert_eq!(pause(&timeout, RetryAfter::Nothing, true, 1, 0), None);
    }

    #[test]
    fn how_long_is_waited() {
        let error = Error::Service(service(429, "ThrottlingException", ""));
        for (asked, failed, random, wait) in [
            (RetryAfter::Nothing, 1, 0, Some(0)),
            (RetryAfter::Nothing, 1, 1_000, Some(1_000)),
            (RetryAfter::Nothing, 1, 1_001, Some(0)),
            (RetryAfter::Nothing, 2, 2_000, Some(2_000)),
            (RetryAfter::Nothing, 6, 20_000, Some(20_000)),
            (RetryAfter::Nothing, 6, 20_001, Some(0)),
            (RetryAfter::Nothing, u32::MAX, 20_000, Some(20_000)),
            (RetryAfter::Amazon(0), 1, 700, Some(700)),
            (RetryAfter::Amazon(1_200), 1, 700, Some(1_200)),
            (RetryAfter::Amazon(60_000), 1, 700, Some(5_700)),
            (RetryAfter::Standard(0), 1, 700, Some(700)),
            (RetryAfter::Standard(20_000), 1, 700, Some(20_000)),
            (RetryAfter::Standard(21_000), 1, 700, None),
        ] {
            assert_eq!(pause(&error, asked, false, failed, random), wait, "{asked:?} {failed} {random}");
        }
    }

    #[test]
    fn jitter_is_spread() {
        let mut buckets = [0; 10];
        for number in 0..10_000 {
            buckets[usize::try_from(scatter(number) % 10).expect("it is below 10")] += 1;
        }
        assert!(buckets.iter().all(|count| (900..1_100).contains(count)), "{buckets:?}");
    }

    #[test]
    fn clocks() {
        const DATE: &str = "Sun, 30 Aug 2015 12:36:00 GMT";
        const THEIRS: u64 = 1_440_938_160_000;
        const MINUTE: u64 = 60_000;
        let expired = "Signature expired: x is now earlier than y (20150830T123600Z - 5 min.)";
        let invalid = "InvalidSignatureException";
        for (code, message, date, ours, offset, wanted) in [
            (invalid, "", Some(DATE), THEIRS - 10 * MINUTE, 0, Some(600_000)),
            (invalid, "", Some(DATE), THEIRS + 10 * MINUTE, 0, Some(-600_000)),
            ("SignatureDoesNotMatch", expired, None, THEIRS - 10 * MINUTE, 0, Some(600_000)),
            // The secret is wrong, not the clock.
            (invalid, "", Some(DATE), THEIRS - 3 * MINUTE, 0, None),
            (invalid, "", None, THEIRS - 10 * MINUTE, 0, None),
            (invalid, "", Some("yesterday"), THEIRS - 10 * MINUTE, 0, None),
            // The offset that was given is wrong, not our clock.
            (invalid, "", Some(DATE), THEIRS, 600_000, Some(0)),
            (invalid, "", Some(DATE), THEIRS - 10 * MINUTE, 600_000, None),
            ("RequestTimeTooSkewed", "", Some(DATE), 0, 0, Some(1_440_938_160_000)),
            ("RequestExpired", "", Some(DATE), u64::MAX, 0, Some(1_440_938_160_001)),
            ("AuthFailure", "", Some(DATE), THEIRS, i64::MIN, Some(0)),
            ("AccessDeniedException", "", Some(DATE), THEIRS - 10 * MINUTE, 0, None),
        ] {
            let error = service(403, code, message);
            assert_eq!(clock_offset(&error, date, ours, offset), wanted, "{code} {message} {ours} {offset}");
        }
    }
}
