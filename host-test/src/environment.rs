//! Credentials and region from environment variables, in Clawdbot's order.

use std::fmt;

use crate::Credentials;

/// Credentials, and where they came from.
#[derive(Clone, Debug)]
pub struct Found {
    /// The credentials.
    pub credentials: Credentials,
    /// Their source, in Clawdbot's words, such as `env: AWS_BEARER_TOKEN_BEDROCK`.
    pub source: &'static str,
}

/// No credentials in the environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NotFound {
    /// Each source in the order in which it was looked at, and why it did not serve.
    pub tried: Vec<(&'static str, &'static str)>,
}

/// The credentials that the environment holds: a Bedrock API key, else access keys. `variable` looks up a
/// variable; values are trimmed, and blank counts as unset.
///
/// # Errors
///
/// If there are none. Profiles and AWS's default chain need files and the network, and are not looked at.
pub fn credentials(variable: impl Fn(&str) -> Option<String>) -> Result<Found, NotFound> {
    const BEARER: &str = "env: AWS_BEARER_TOKEN_BEDROCK";
    const KEYS: &str = "env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY";
    const PROFILE: &str = "env: AWS_PROFILE";
    const CHAIN: &str = "aws-sdk default chain";

    let variable = |name| trimmed(variable(name));
    if let Some(token) = variable("AWS_BEARER_TOKEN_BEDROCK") {
        return Ok(Found { credentials: Credentials::BearerToken(token), source: BEARER });
    }
    let keys = match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        (Some(access_key_id), Some(secret_access_key)) => {
            let session_token = variable("AWS_SESSION_TOKEN");
            let credentials = Credentials::AccessKeys { access_key_id, secret_access_key, session_token };
            return Ok(Found { credentials, source: KEYS });
        }
        (Some(_), None) => "AWS_SECRET_ACCESS_KEY is not set",
        (None, Some(_)) => "AWS_ACCESS_KEY_ID is not set",
        (None, None) => "not set",
    };
    let unsupported = "not supported by this version";
    let profile = if variable("AWS_PROFILE").is_some() { unsupported } else { "not set" };
    Err(NotFound { tried: vec![(BEARER, "not set"), (KEYS, keys), (PROFILE, profile), (CHAIN, unsupported)] })
}

/// The region that the environment holds: `AWS_REGION`, else `AWS_DEFAULT_REGION`.
pub fn region(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    trimmed(variable("AWS_REGION")).or_else(|| trimmed(variable("AWS_DEFAULT_REGION")))
}

fn trimmed(value: Option<String>) -> Option<String> {
    value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no AWS credentials found")?;
        for (position, (source, reason)) in self.tried.iter().enumerate() {
            write!(f, "{} {source} ({reason})", if position == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}

impl std::error::Error for NotFound {}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn sources_in_their_order() {
        let all = [
            ("AWS_BEARER_TOKEN_BEDROCK", " token \n"),
            ("AWS_ACCESS_KEY_ID", " id "),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", " "),
        ];
        let found = credentials(lookup(&all)).expect("there are some");
        assert_eq!(found.source, "env: AWS_BEARER_TOKEN_BEDROCK");
        assert!(matches!(found.credentials, Credentials::BearerToken(token) if token == "token"));

        let found = credentials(lookup(&all[1..])).expect("there are some");
        assert_eq!(found.source, "env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY");
        assert!(matches!(
            found.credentials,
            Credentials::AccessKeys { access_key_id, session_token: None, .. } if access_key_id == "id"
        ));
    }

    #[test]
    fn what_is_missing_is_told() {
        let error = credentials(lookup(&[
            ("AWS_BEARER_TOKEN_BEDROCK", "  "),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_PROFILE", "dev"),
        ]))
        .expect_err("a part is missing");
        assert_eq!(
            error.to_string(),
            "no AWS credentials found: env: AWS_BEARER_TOKEN_BEDROCK (not set), \
             env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY (AWS_SECRET_ACCESS_KEY is not set), \
             env: AWS_PROFILE (not supported by this version), \
             aws-sdk default chain (not supported by this version)"
        );
    }

    #[test]
    fn regions_in_their_order() {
        let both = [("AWS_REGION", "eu-west-1 "), ("AWS_DEFAULT_REGION", "us-west-2")];
        assert_eq!(region(lookup(&both)).as_deref(), Some("eu-west-1"));
        assert_eq!(region(lookup(&both[1..])).as_deref(), Some("us-west-2"));
        assert_eq!(region(lookup(&[("AWS_REGION", "")])), None);
    }
}
