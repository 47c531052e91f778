//! Where and how to call Bedrock, as an embedder writes it.

use std::fmt;

use bedrock_endpoint::{Endpoint, Wanted, resolve};

use crate::bindings::{converse, credentials};

pub use crate::bindings::converse::{Deadlines, Operation};

/// Where and how to call Bedrock: the WIT's `connection`, with defaults. `Debug` shows no secret.
#[derive(Clone, Default)]
pub struct Connection {
    /// How the reply is to come.
    pub operation: Operation,
    /// The AWS Region, when the caller names one on purpose.
    pub region: Option<String>,
    /// The AWS Region of the surroundings.
    pub default_region: Option<String>,
    /// The endpoint; `None` is AWS's own for the region.
    pub endpoint_url: Option<String>,
    /// Who is asking.
    pub credentials: Credentials,
    /// Calls AWS's FIPS 140 endpoint.
    pub use_fips: bool,
    /// Calls AWS's endpoint that has IPv6 besides IPv4.
    pub use_dual_stack: bool,
    /// Lets a bearer token travel over plain `http`.
    pub allow_plaintext: bool,
    /// Further headers, by name and value; `Debug` shows the names.
    pub headers: Vec<(String, String)>,
    /// How long to wait.
    pub deadlines: Deadlines,
    /// How often to try in all.
    pub max_attempts: Option<u32>,
    /// The largest frame of the reply that is accepted, in bytes.
    pub max_frame_bytes: Option<u32>,
    /// Keeps the reply, up to this many bytes.
    pub keep_reply: Option<u32>,
    /// Added to the wall clock when a request is dated, in milliseconds.
    pub clock_offset: i64,
}

/// How a request is authenticated. `Debug` shows no secret.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Not at all.
    #[default]
    Unsigned,
    /// An Amazon Bedrock API key.
    BearerToken(String),
    /// AWS Signature Version 4.
    AccessKeys {
        /// `AWS_ACCESS_KEY_ID`.
        access_key_id: String,
        /// `AWS_SECRET_ACCESS_KEY`.
        secret_access_key: String,
        /// `AWS_SESSION_TOKEN`.
        session_token: Option<String>,
    },
}

impl Connection {
    /// Where a request for `model_id` will go; `None` if the component will refuse it.
    pub(crate) fn endpoint(&self, model_id: &str) -> Option<Endpoint> {
        resolve(&Wanted {
            region: self.region.as_deref(),
            default_region: self.default_region.as_deref(),
            endpoint_url: self.endpoint_url.as_deref(),
            use_fips: self.use_fips,
            use_dual_stack: self.use_dual_stack,
            model_id,
        })
        .ok()
    }

    pub(crate) fn to_wit(&self) -> converse::Connection {
        let Self { region, default_region, endpoint_url, .. } = self.clone();
        let header =
            |(name, value): &(String, String)| converse::Header { name: name.clone(), value: value.clone() };
        converse::Connection {
            operation: self.operation,
            region,
            default_region,
            endpoint_url,
            credentials: self.credentials.to_wit(),
            use_fips: self.use_fips,
            use_dual_stack: self.use_dual_stack,
            allow_plaintext: self.allow_plaintext,
            headers: self.headers.iter().map(header).collect(),
            deadlines: self.deadlines,
            max_attempts: self.max_attempts,
            max_frame_bytes: self.max_frame_bytes,
            keep_reply: self.keep_reply,
            clock_offset: self.clock_offset,
        }
    }
}

impl Credentials {
    fn to_wit(&self) -> credentials::Credentials {
        match self.clone() {
            Self::Unsigned => credentials::Credentials::Unsigned,
            Self::BearerToken(token) => credentials::Credentials::BearerToken(token),
            Self::AccessKeys { access_key_id, secret_access_key, session_token } => {
                credentials::Credentials::AccessKeys(credentials::AccessKeys {
                    access_key_id,
                    secret_access_key,
                    session_token,
                })
            }
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Connection")
            .field("operation", &self.operation)
            .field("region", &self.region)
            .field("default_region", &self.default_region)
            .field("endpoint_url", &self.endpoint_url)
            .field("credentials", &self.credentials)
            .field("use_fips", &self.use_fips)
            .field("use_dual_stack", &self.use_dual_stack)
            .field("allow_plaintext", &self.allow_plaintext)
            .field("headers", &headers)
            .field("deadlines", &self.deadlines)
            .field("max_attempts", &self.max_attempts)
            .field("max_frame_bytes", &self.max_frame_bytes)
            .field("keep_reply", &self.keep_reply)
            .field("clock_offset", &self.clock_offset)
            .finish()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => f.write_str("Unsigned"),
            Self::BearerToken(_) => f.write_str("BearerToken(..)"),
            Self::AccessKeys { access_key_id, .. } => {
                f.debug_struct("AccessKeys").field("access_key_id", access_key_id).finish_non_exhaustive()
            }
        }
    }
}

impl Default for Operation {
    fn default() -> Self {
        Self::ConverseStream
    }
}

#[expect(clippy::derivable_impls, reason = "the type is generated")]
impl Default for Deadlines {
    fn default() -> Self {
        Self { connect: None, write: None, response_head: None, idle: None, total: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let connection = Connection {
            credentials: Credentials::AccessKeys {
                access_key_id: "AKID".into(),
                secret_access_key: "marked-secret".into(),
                session_token: Some("marked-token".into()),
            },
            headers: vec![("x-api-key".into(), "marked-key".into())],
            ..Connection::default()
        };
        let text = format!("{connection:?} {:?}", Credentials::BearerToken("marked-bearer".into()));
        assert!(text.contains("AKID") && text.contains("x-api-key") && !text.contains("marked"), "{text}");
    }
}
