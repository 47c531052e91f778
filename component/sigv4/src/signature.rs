//! Steps 3 and 4: the signing key, the signature, and the header that carries it.

use alloc::string::String;

use crate::crypto::hmac_sha256;
use crate::encode::push_hex;
use crate::string_to_sign::{ALGORITHM, TERMINATION, push_scope};
use crate::{Scope, Timestamp};

/// The signature, in hexadecimal.
pub(crate) fn signature(string_to_sign: &str, secret: &str, scope: &Scope<'_>, time: Timestamp) -> String {
    let mut signature = String::with_capacity(64);
    push_hex(&mut signature, &hmac_sha256(&signing_key(secret, scope, time), string_to_sign.as_bytes()));
    signature
}

/// The value of the `Authorization` header.
pub(crate) fn authorization(
    access_key_id: &str,
    scope: &Scope<'_>,
    time: Timestamp,
    signed_headers: &str,
    signature: &str,
) -> String {
    let mut value = String::from(ALGORITHM);
    value.push_str(" Credential=");
    value.push_str(access_key_id);
    value.push('/');
    push_scope(&mut value, scope, time);
    value.push_str(", SignedHeaders=");
    value.push_str(signed_headers);
    value.push_str(", Signature=");
    value.push_str(signature);
    value
}

fn signing_key(secret: &str, scope: &Scope<'_>, time: Timestamp) -> [u8; 32] {
    let mut first = String::from("AWS4");
    first.push_str(secret);
    let mut key = hmac_sha256(first.as_bytes(), time.date().as_bytes());
    for part in [scope.region, scope.service, TERMINATION] {
        key = hmac_sha256(&key, part.as_bytes());
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn aws_example() {
        let secret = example::CREDENTIALS.secret_access_key;
        let mut key = String::new();
        push_hex(&mut key, &signing_key(secret, &example::SCOPE, example::time()));
        assert_eq!(key, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");

        let string_to_sign = "AWS4-HMAC-SHA256\n\
             20150830T123600Z\n\
             20150830/us-east-1/iam/aws4_request\n\
             f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        let signature = signature(string_to_sign, secret, &example::SCOPE, example::time());
        assert_eq!(signature, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }
}
