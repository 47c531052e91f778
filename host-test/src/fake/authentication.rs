//! Who is asking: AWS's checks of a signature or an API key, in AWS's words.
//!
//! The signature is not verified by code of this project: `aws-sigv4`, the signer of AWS's SDK for Rust, signs the
//! request again, and the two must agree.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::refusal::Refusal;
use super::{API_KEY, KEYS};

/// How far the date of a request may be off.
const TOLERANCE: Duration = Duration::from_mins(5);

pub(crate) fn check(
    head: &http::request::Parts,
    body: &[u8],
    region: &str,
    now: SystemTime,
) -> Result<(), Refusal> {
    let Some(authorization) = header(head, "authorization") else {
        return Err(Refusal::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token"));
    };
    if let Some(key) = authorization.strip_prefix("Bearer ") {
        if key == API_KEY {
            return Ok(());
        }
        let message = "Authentication failed: Please make sure your API Key is valid.";
        return Err(Refusal::new(403, "AccessDeniedException", message).with_capital_message());
    }
    check_signature(head, body, authorization, region, now)
}

fn check_signature(
    head: &http::request::Parts,
    body: &[u8],
    authorization: &str,
    region: &str,
    now: SystemTime,
) -> Result<(), Refusal> {
    let claimed = Claimed::parse(authorization)?;
    let unrecognized = || {
        let message = "The security token included in the request is invalid.";
        Refusal::new(403, "UnrecognizedClientException", message)
    };
    let keys =
        KEYS.iter().find(|keys| keys.access_key_id == claimed.access_key_id).ok_or_else(unrecognized)?;
    let token = header(head, "x-amz-security-token");
    if token != keys.session_token {
        return Err(unrecognized());
    }
    if claimed.region != region {
        return Err(invalid("Credential should be scoped to a valid region. "));
    }
    if claimed.service != "bedrock" {
        return Err(invalid("Credential should be scoped to correct service: 'bedrock'. "));
    }
    let Some((date, time)) = header(head, "x-amz-date").and_then(|date| Some((date, parse_date(date)?)))
    else {
        return Err(incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ));
    };
    if date.get(..8) != Some(claimed.day) {
        return Err(invalid(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{date}'.",
            claimed.day,
            date.get(..8).unwrap_or_default()
        )));
    }
    let clock = spell_date(now);
    let (earliest, latest) = (now - TOLERANCE, now + TOLERANCE);
    if time < earliest {
        let earliest = spell_date(earliest);
        return Err(invalid(format!(
            "Signature expired: {date} is now earlier than {earliest} ({clock} - 5 min.)"
        )));
    }
    if time > latest {
        let latest = spell_date(latest);
        return Err(invalid(format!(
            "Signature not yet current: {date} is still later than {latest} ({clock} + 5 min.)"
        )));
    }

    let identity =
        Credentials::new(keys.access_key_id, keys.secret_access_key, token.map(str::to_owned), None, "fake")
            .into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(claimed.service)
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .expect("all parameters are set")
        .into();
    let host = header(head, "host").unwrap_or_default();
    let url = format!("http://{host}{}", head.uri.path_and_query().map_or("/", |path| path.as_str()));
    // The signer adds these itself.
    let signed = claimed.signed_headers.split(';');
    let signed = signed.filter(|name| !matches!(*name, "x-amz-date" | "x-amz-security-token"));
    let headers: Vec<_> = signed.map(|name| (name, header(head, name).unwrap_or_default())).collect();
    let request =
        SignableRequest::new(head.method.as_str(), url, headers.into_iter(), SignableBody::Bytes(body))
            .map_err(|_| incomplete("The request cannot be signed."))?;
    let signature =
        sign(request, &parameters).map_err(|_| incomplete("The request cannot be signed."))?.into_parts().1;
    if signature == claimed.signature {
        return Ok(());
    }
    Err(invalid(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details.",
    ))
}

/// The parts of an `Authorization` header.
struct Claimed<'a> {
    access_key_id: &'a str,
    day: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Claimed<'a> {
    fn parse(authorization: &'a str) -> Result<Self, Refusal> {
        let parameters = authorization
            .strip_prefix("AWS4-HMAC-SHA256 ")
            .ok_or_else(|| incomplete("Unsupported AWS 'algorithm' in the Authorization header."))?;
        let parameter = |name: &str| {
            parameters
                .split(',')
                .find_map(|parameter| parameter.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or_else(|| incomplete(format!("Authorization header requires '{name}' parameter.")))
        };
        let credential = parameter("Credential")?;
        let mut scope = credential.split('/');
        let mut part = || scope.next().unwrap_or_default();
        let claimed = Self {
            access_key_id: part(),
            day: part(),
            region: part(),
            service: part(),
            signed_headers: parameter("SignedHeaders")?,
            signature: parameter("Signature")?,
        };
        if part() != "aws4_request" || scope.next().is_some() {
            return Err(incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
            )));
        }
        Ok(claimed)
    }
}

fn header<'a>(head: &'a http::request::Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name)?.to_str().ok()
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(403, "InvalidSignatureException", message)
}

fn incomplete(message: impl Into<String>) -> Refusal {
    Refusal::new(403, "IncompleteSignatureException", message)
}

/// From `20150830T123600Z`.
fn parse_date(date: &str) -> Option<SystemTime> {
    let [year, month, day, hour, minute, second] =
        [0..4, 4..6, 6..8, 9..11, 11..13, 13..15].map(|range| date.get(range).unwrap_or_default());
    let extended = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    let seconds = DateTime::from_str(&extended, Format::DateTime).ok()?.secs();
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))?;
    (spell_date(time) == date).then_some(time)
}

/// To `Sun, 30 Aug 2015 12:36:00 GMT`.
pub(crate) fn http_date(time: SystemTime) -> String {
    DateTime::from(time).fmt(Format::HttpDate).unwrap_or_default()
}

/// To `20150830T123600Z`.
fn spell_date(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let extended = DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap_or_default();
    extended.replace(['-', ':'], "")
}
