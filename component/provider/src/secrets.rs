//! What must not be told to anybody, whatever the endpoint quotes.

use alloc::string::String;
use alloc::vec::Vec;

use crate::bindings::credentials::Credentials;
use crate::bindings::types::Error;
use crate::json::{Json, unescape};
use crate::text::find;

/// What is shorter is no secret, and may be part of any word.
const MINIMUM: usize = 8;
const MASK: &str = "***";

/// The secrets of a call.
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    pub(crate) fn of(credentials: &Credentials) -> Self {
        let secrets = match credentials {
            Credentials::Unsigned => Vec::new(),
            Credentials::BearerToken(token) => Vec::from([token.clone()]),
            Credentials::AccessKeys(keys) => {
                core::iter::once(&keys.secret_access_key).chain(&keys.session_token).cloned().collect()
            }
        };
        Self(secrets.into_iter().filter(|secret| secret.len() >= MINIMUM).collect())
    }

    /// Adds the signature in an `authorization` header.
    pub(crate) fn learn(&mut self, authorization: &str) {
        self.0.extend(authorization.split_once("Signature=").map(|(_, signature)| signature.into()));
    }

    /// Masks them in all that an error says.
    pub(crate) fn mask_error(&self, error: &mut Error) {
        match error {
            Error::Service(error) => {
                self.mask(&mut error.code);
                // Its first letter may have been made a capital.
                let code = error.code.get(1..).unwrap_or_default();
                if self.0.iter().any(|secret| find(code, secret.get(1..).unwrap_or_default()).is_some()) {
                    error.code = MASK.into();
                }
                self.mask(&mut error.message);
                error.original_message.iter_mut().for_each(|message| self.mask(message));
                error.extra = error.extra.take().and_then(|extra| self.mask_json(extra));
            }
            Error::Network(error) => self.mask(&mut error.message),
            Error::Protocol(error) => self.mask(&mut error.message),
            Error::InvalidRequest(_) | Error::Timeout(_) | Error::Incomplete(_) => {}
        }
    }

    /// Puts stars in the place of each of them.
    pub(crate) fn mask(&self, text: &mut String) {
        for secret in &self.0 {
            let mut masked = String::new();
            let mut rest = text.as_str();
            while let Some(place) = find(rest, secret) {
                masked.push_str(rest.get(..place).unwrap_or_default());
                masked.push_str(MASK);
                rest = rest.get(place + secret.len()..).unwrap_or_default();
            }
            masked.push_str(rest);
            // What was cut off may have been cut off inside one.
            let begun = (MINIMUM..secret.len())
                .rev()
                .find(|length| secret.get(..*length).is_some_and(|begin| masked.ends_with(begin)));
            if let Some(length) = begun {
                masked.truncate(masked.len() - length);
                masked.push_str(MASK);
            }
            *text = masked;
        }
        // The stars may have completed one that has stars itself.
        if self.are_in(text) {
            *text = MASK.into();
        }
    }

    /// The same for JSON; `None` if one is written in another way, or was more than a part of a string.
    fn mask_json(&self, mut json: String) -> Option<String> {
        self.mask(&mut json);
        (!self.are_in(&unescape(&json)) && Json::parse(&json).is_ok()).then_some(json)
    }

    /// Whether one of them is in `text`.
    fn are_in(&self, text: &str) -> bool {
        self.0.iter().any(|secret| find(text, secret).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::credentials::AccessKeys;

    fn secrets(secret: &str, token: Option<&str>) -> Secrets {
        Secrets::of(&Credentials::AccessKeys(AccessKeys {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: secret.into(),
            session_token: token.map(Into::into),
        }))
    }

    #[test]
    fn texts() {
        let secrets = secrets("sec/ret*", Some("session*token"));
        for (text, masked) in [
            ("", ""),
            ("AKIDEXAMPLE sec/ret", "AKIDEXAMPLE sec/ret"),
            ("sec/ret*", "***"),
            ("é sec/ret*sec/ret*☃ session*token", "é ******☃ ***"),
            ("cut off: session*tok", "cut off: ***"),
            ("cut off: session", "cut off: session"),
        ] {
            let mut told = text.into();
            secrets.mask(&mut told);
            assert_eq!(told, masked);
        }
        // What is left of each and the stars would be the secret.
        for (secret, text) in [("sec***ret", "secsec***retret"), ("********", "************************")] {
            let mut told = text.into();
            self::secrets(secret, None).mask(&mut told);
            assert_eq!(told, "***");
        }
        let mut short = "a sec".into();
        self::secrets("sec", None).mask(&mut short);
        assert_eq!(short, "a sec");
    }

    #[test]
    fn codes() {
        let secrets = secrets("secret/key", None);
        let error = crate::service_error::from_exception("secret/key", b"{}");
        assert_eq!(error.code, "Secret/key");
        let mut error = Error::Service(error);
        secrets.mask_error(&mut error);
        assert!(matches!(error, Error::Service(error) if error.code == "***"));
    }

    #[test]
    fn signatures() {
        let mut secrets = secrets("sec/ret*", None);
        let signed =
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/x, SignedHeaders=host, Signature=0123456789abcdef";
        secrets.learn(signed);
        secrets.learn("Bearer x");
        let mut told = format!("you sent {signed}, did you?");
        secrets.mask(&mut told);
        let masked =
            "you sent AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/x, SignedHeaders=host, Signature=***, did you?";
        assert_eq!(told, masked);
    }

    #[test]
    fn json_in_any_spelling() {
        let secrets = secrets("sec/ret*", None);
        for (json, masked) in [
            (r#"{"a":"sec/ret"}"#, Some(r#"{"a":"sec/ret"}"#)),
            (r#"{"sec/ret*":"sec/ret*"}"#, Some(r#"{"***":"***"}"#)),
            (r#"{"a":"sec\/ret*"}"#, None),
            (r#"{"a":"sec\u002fret*"}"#, None),
        ] {
            assert_eq!(secrets.mask_json(json.into()).as_deref(), masked);
        }
        // What is left must be JSON.
        for (secret, json) in [("12345678", r#"{"a":12345678}"#), (r#""1","b":2"#, r#"{"a":"1","b":2}"#)] {
            assert_eq!(self::secrets(secret, None).mask_json(json.into()), None);
        }
    }
}
