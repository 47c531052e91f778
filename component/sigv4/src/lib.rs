//! [AWS Signature Version 4][spec] in the `Authorization` header.
//!
//! In scope: signing a request whose body is at hand, with long-term or temporary keys, the way AWS's REST
//! services other than S3 want it (the path is normalized and percent-encoded once more).
//!
//! Out of scope: presigned URLs, chunked and event-stream signing, Signature Version 4a, S3. The clock: the
//! time is an argument.
//!
//! One module is one step of the specification.
//!
//! [spec]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

extern crate alloc;

mod canonical_request;
mod crypto;
mod encode;
mod signature;
mod string_to_sign;
#[cfg(test)]
mod suite;
mod timestamp;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use canonical_request::CanonicalRequest;
pub use encode::push_uri;
pub use timestamp::Timestamp;

/// AWS access keys.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The access key id; part of the signature's scope and not secret.
    pub access_key_id: &'a str,
    /// The secret access key.
    pub secret_access_key: &'a str,
    /// The session token that temporary keys come with.
    pub session_token: Option<&'a str>,
}

/// What a signature is good for, besides the day and the request itself.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The AWS Region, such as `eu-central-1`.
    pub region: &'a str,
    /// The service's signing name, such as `bedrock`.
    pub service: &'a str,
}

/// The request, as it goes on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The path as it is sent, percent-encoding included.
    pub path: &'a str,
    /// The query's names and values, decoded.
    pub query: &'a [(&'a str, &'a str)],
    /// The headers to sign; `host` must be among them. Names may be in any case, and may repeat.
    pub headers: &'a [(&'a str, &'a str)],
    /// The whole body.
    pub body: &'a [u8],
}

/// Signs `request` and returns the headers to add to it, `authorization` last.
///
/// They are `x-amz-date`, with temporary keys `x-amz-security-token`, and `authorization`; none of them may be
/// in `request.headers`.
pub fn sign(
    request: &Request<'_>,
    credentials: &Credentials<'_>,
    scope: &Scope<'_>,
    time: Timestamp,
) -> Vec<(&'static str, String)> {
    let mut added = Vec::with_capacity(3);
    added.push(("x-amz-date", String::from(time.date_time())));
    if let Some(token) = credentials.session_token {
        added.push(("x-amz-security-token", String::from(token)));
    }
    let canonical = CanonicalRequest::new(request, &added);
    let string_to_sign = string_to_sign::string_to_sign(&canonical, scope, time);
    let signature = signature::signature(&string_to_sign, credentials.secret_access_key, scope, time);
    let authorization = signature::authorization(
        credentials.access_key_id,
        scope,
        time,
        &canonical.signed_headers,
        &signature,
    );
    added.push(("authorization", authorization));
    added
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// The example of the [AWS documentation][example], which the modules follow step by step.
///
/// [example]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-examples.html
#[cfg(test)]
mod example {
    use super::{Credentials, Request, Scope, Timestamp};

    pub(crate) const CREDENTIALS: Credentials<'_> = Credentials {
        access_key_id: "AKIDEXAMPLE",
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        session_token: None,
    };
    pub(crate) const SCOPE: Scope<'_> = Scope { region: "us-east-1", service: "iam" };
    pub(crate) const REQUEST: Request<'_> = Request {
        method: "GET",
        path: "/",
        query: &[("Action", "ListUsers"), ("Version", "2010-05-08")],
        headers: &[
            ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("Host", "iam.amazonaws.com"),
        ],
        body: b"",
    };

    pub(crate) fn time() -> Timestamp {
        Timestamp::from_unix(1_440_938_160)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn signs_the_documented_example() {
        let added = sign(&example::REQUEST, &example::CREDENTIALS, &example::SCOPE, example::time());
        assert_eq!(
            added,
            [
                ("x-amz-date", String::from("20150830T123600Z")),
                (
                    "authorization",
                    String::from(
                        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
                         SignedHeaders=content-type;host;x-amz-date, \
                         Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
                    )
                ),
            ]
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let credentials = Credentials {
            access_key_id: "AKID",
            secret_access_key: "marked-secret",
            session_token: Some("marked-token"),
        };
        assert_eq!(format!("{credentials:?}"), r#"Credentials { access_key_id: "AKID", .. }"#);
    }
}
