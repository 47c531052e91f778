//! What errors say, and must not.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::Input;
use crate::bindings::credentials::{AccessKeys, Credentials};
use crate::bindings::types::{Error, ServiceError};
use crate::secrets::Secrets;
use crate::service_error::{self, Head};

/// Reads errors of any form that quote secrets: once these are masked, they are nowhere, and what was JSON is JSON
/// still. Tells whether one was quoted.
///
/// The input is the secret, perhaps a second one, the status, what headers there are, and the body. In headers and body
/// `^` stands for the secret, `~` for the secret as JSON writes it, `` ` `` for the same in numbers, and `!` for the
/// second one.
pub fn error_body(input: &[u8]) -> bool {
    let mut input = Input(input);
    let quoted = Quoted { secret: secret(&input.text()), token: input.option(|input| secret(&input.text())) };
    let status = input.number();
    let mut header = || input.option(|input| quoted.text(input.bytes()));
    let [error_type, content_type, amz_retry_after, retry_after] = [header(), header(), header(), header()];
    let date = retry_after.as_deref();
    let body = quoted.bytes(input.0);

    let head = Head {
        status,
        error_type: error_type.as_deref(),
        amz_retry_after: amz_retry_after.as_deref(),
        retry_after: retry_after.as_deref(),
        date,
        content_type: content_type.as_deref(),
    };
    let (response, _) = service_error::from_response(&head, &body);
    assert_eq!(response.status, status);
    let (untyped, _) = service_error::from_response(&Head { error_type: None, ..head }, &body);
    assert!(!service_error::is_error(&body) || serde_json::from_slice::<IgnoredAny>(&body).is_ok());
    let code = error_type.unwrap_or_default();
    let exception = service_error::from_exception(&code, &body);
    let frame = service_error::from_error_frame(&code, &String::from_utf8_lossy(&body));
    assert_eq!((exception.status, frame.status), (200, 200));

    let secrets = quoted.secrets();
    let mut told = false;
    for error in [response, untyped, exception, frame] {
        told |= quoted.are_in(&error);
        let mut error = Error::Service(error);
        secrets.mask_error(&mut error);
        let Error::Service(error) = error else { panic!("it is another error now") };
        assert!(!quoted.are_in(&error), "{error:?}");
        let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
        assert!(error.extra.as_deref().is_none_or(is_json), "{error:?}");
    }
    told
}

/// A secret: as it must be to be sent, and so that nothing else can be mistaken for it.
fn secret(text: &str) -> String {
    let mut secret = String::from("S3CRET");
    secret.extend(text.chars().filter(char::is_ascii_graphic));
    while secret.len() < 8 {
        secret.push('*');
    }
    secret
}

/// The secrets of a call, and how they are quoted.
struct Quoted {
    secret: String,
    token: Option<String>,
}

impl Quoted {
    fn secrets(&self) -> Secrets {
        Secrets::of(&match &self.token {
            None => Credentials::BearerToken(self.secret.clone()),
            Some(token) => Credentials::AccessKeys(AccessKeys {
                access_key_id: "AKIDEXAMPLE".into(),
                secret_access_key: self.secret.clone(),
                session_token: Some(token.clone()),
            }),
        })
    }

    fn text(&self, text: &[u8]) -> String {
        String::from_utf8_lossy(&self.bytes(text)).into_owned()
    }

    fn bytes(&self, text: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for byte in text {
            match byte {
                b'^' => bytes.extend_from_slice(self.secret.as_bytes()),
                b'~' => {
                    let json = Value::from(self.secret.as_str()).to_string();
                    bytes.extend_from_slice(json.get(1..json.len() - 1).unwrap_or_default().as_bytes());
                }
                b'`' => {
                    for byte in self.secret.bytes() {
                        bytes.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                    }
                }
                b'!' => bytes.extend_from_slice(self.token.as_deref().unwrap_or_default().as_bytes()),
                byte => bytes.push(*byte),
            }
        }
        bytes
    }

    /// Whether an error tells one of them, in any of its texts or behind the escapes of its JSON.
    fn are_in(&self, error: &ServiceError) -> bool {
        let extra = error.extra.as_deref().map(serde_json::from_str::<Value>);
        let shown = format!("{error:?} {extra:?}");
        core::iter::once(&self.secret).chain(&self.token).any(|secret| {
            // As `{:?}` writes it.
            let secret = format!("{secret:?}");
            let secret = secret.strip_prefix('"').and_then(|secret| secret.strip_suffix('"'));
            shown.contains(secret.expect("it has its quotes"))
        })
    }
}
