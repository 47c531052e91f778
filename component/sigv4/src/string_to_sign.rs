//! Step 2: what is signed.

use alloc::string::String;

use crate::canonical_request::CanonicalRequest;
use crate::crypto::sha256;
use crate::encode::push_hex;
use crate::{Scope, Timestamp};

/// The name of the algorithm, in the string to sign and in the header.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The last part of every scope, and the last step of every signing key.
pub(crate) const TERMINATION: &str = "aws4_request";

pub(crate) fn string_to_sign(canonical: &CanonicalRequest, scope: &Scope<'_>, time: Timestamp) -> String {
    let mut text = String::from(ALGORITHM);
    text.push('\n');
    text.push_str(time.date_time());
    text.push('\n');
    push_scope(&mut text, scope, time);
    text.push('\n');
    push_hex(&mut text, &sha256(canonical.text.as_bytes()));
    text
}

/// Appends the credential scope: day, region, service, termination.
pub(crate) fn push_scope(out: &mut String, scope: &Scope<'_>, time: Timestamp) {
    for part in [time.date(), scope.region, scope.service] {
        out.push_str(part);
        out.push('/');
    }
    out.push_str(TERMINATION);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn aws_example() {
        let added = [("x-amz-date", String::from("20150830T123600Z"))];
        let canonical = CanonicalRequest::new(&example::REQUEST, &added);
        assert_eq!(
            string_to_sign(&canonical, &example::SCOPE, example::time()),
            "AWS4-HMAC-SHA256\n\
             20150830T123600Z\n\
             20150830/us-east-1/iam/aws4_request\n\
             f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
        );
    }
}
