//! The head of the request: its headers, authentication among them.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use bedrock_endpoint::Endpoint;
use bedrock_sigv4::{Credentials as Keys, Request, Scope, Timestamp, sign};

use crate::bindings::converse::{Connection, Header};
use crate::bindings::credentials::Credentials;
use crate::bindings::types::InvalidRequest;

/// What the endpoint's log shows of a caller that does not name itself.
const USER_AGENT: &str = concat!("model-provider-amazon-bedrock/", env!("CARGO_PKG_VERSION"));

/// Headers that are the component's own business, or the host's.
const RESERVED: [&str; 6] =
    ["authorization", "connection", "content-length", "content-type", "host", "transfer-encoding"];

/// The most that a secret may have, in bytes. Servers take less.
const MAX_SECRET: usize = 16 * 1024;

/// The most that the caller's own headers may have, in bytes: hosts end an instance that hands over more than
/// 128 KiB of headers.
const MAX_OWN: usize = 32 * 1024;
/// What hosts count for each header besides its name and value.
const OVERHEAD: usize = 64;

/// All headers but `host`, which the host makes of the authority.
///
/// `now` is the host's wall clock in seconds since 1970-01-01T00:00:00Z.
pub(crate) fn headers(
    connection: &Connection,
    endpoint: &Endpoint,
    path: &str,
    body: &[u8],
    now: u64,
) -> Result<Vec<(String, String)>, InvalidRequest> {
    let mut headers = Vec::new();
    let mut add = |name: &str, value: &str| headers.push((String::from(name), String::from(value)));
    add("content-type", "application/json");
    add("content-length", &body.len().to_string());
    match &connection.credentials {
        Credentials::Unsigned => {}
        Credentials::BearerToken(token) => {
            secret("bearer-token", token)?;
            if !endpoint.tls && !endpoint.is_loopback() && !connection.allow_plaintext {
                return Err(invalid(
                    "connection.endpoint-url",
                    "would send the bearer token in the clear; use https, or set connection.allow-plaintext",
                ));
            }
            add("authorization", &format!("Bearer {token}"));
        }
        Credentials::AccessKeys(keys) => {
            secret("access-keys.access-key-id", &keys.access_key_id)?;
            secret("access-keys.secret-access-key", &keys.secret_access_key)?;
            if let Some(token) = &keys.session_token {
                secret("access-keys.session-token", token)?;
            }
            let request = Request {
                method: "POST",
                path,
                query: &[],
                headers: &[("content-type", "application/json"), ("host", &endpoint.authority)],
                body,
            };
            let keys = Keys {
                access_key_id: &keys.access_key_id,
                secret_access_key: &keys.secret_access_key,
                session_token: keys.session_token.as_deref(),
            };
            let scope = Scope { region: &endpoint.region, service: "bedrock" };
            for (name, value) in sign(&request, &keys, &scope, Timestamp::from_unix(now)) {
                add(name, &value);
            }
        }
    }
    let own = &connection.headers;
    let size = |header: &Header| OVERHEAD + header.name.len() + header.value.len();
    if own.iter().map(size).sum::<usize>() > MAX_OWN {
        return Err(invalid("connection.headers", "must not be larger than 32 KiB in all"));
    }
    if !own.iter().any(|header| header.name.eq_ignore_ascii_case("user-agent")) {
        add("user-agent", USER_AGENT);
    }
    for (index, header) in own.iter().enumerate() {
        let refuse = |reason| Err(invalid(&format!("connection.headers[{index}]"), reason));
        let name = header.name.to_ascii_lowercase();
        if !is_token(&name) {
            return refuse("has a name that HTTP does not allow");
        }
        if RESERVED.contains(&&*name) || name.starts_with("x-amz-") {
            return refuse("has a name that is reserved");
        }
        if !is_field_value(&header.value) {
            return refuse("has a value that HTTP does not allow");
        }
        add(&name, &header.value);
    }
    Ok(headers)
}

/// Checks that a secret can be sent; what it is stays out of the error.
fn secret(member: &str, value: &str) -> Result<(), InvalidRequest> {
    let path = || format!("connection.credentials.{member}");
    if value.is_empty() {
        return Err(invalid(&path(), "must not be empty"));
    }
    if value.len() > MAX_SECRET {
        return Err(invalid(&path(), "must not be longer than 16 KiB"));
    }
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid(&path(), "must be visible ASCII characters only, without spaces or line ends"));
    }
    Ok(())
}

/// RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// RFC 9110, section 5.5.
fn is_field_value(value: &str) -> bool {
    value.trim_matches([' ', '\t']).len() == value.len()
        && value.bytes().all(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7F))
}

fn invalid(path: &str, reason: &str) -> InvalidRequest {
    InvalidRequest { path: path.to_string(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::converse::{Deadlines, Operation};
    use crate::bindings::credentials::AccessKeys;

    fn connection(credentials: Credentials) -> Connection {
        Connection {
            operation: Operation::ConverseStream,
            region: None,
            default_region: None,
            endpoint_url: None,
            credentials,
            use_fips: false,
            use_dual_stack: false,
            allow_plaintext: false,
            headers: Vec::new(),
            deadlines: Deadlines { connect: None, write: None, response_head: None, idle: None, total: None },
            max_attempts: None,
            max_frame_bytes: None,
            keep_reply: None,
            clock_offset: 0,
        }
    }

    fn endpoint(url: &str) -> Endpoint {
        bedrock_endpoint::resolve(&bedrock_endpoint::Wanted {
            endpoint_url: Some(url),
            ..bedrock_endpoint::Wanted::default()
        })
        .expect("the URL is well formed")
    }

    fn keys(secret: &str) -> Credentials {
        Credentials::AccessKeys(AccessKeys {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: secret.into(),
            session_token: None,
        })
    }

    fn of(connection: &Connection, url: &str) -> Result<Vec<(String, String)>, InvalidRequest> {
        headers(connection, &endpoint(url), "/model/m/converse-stream", b"{}", 1_440_938_160)
    }

    #[track_caller]
    fn refuses(connection: &Connection, url: &str, path: &str, reason: &str) {
        let error = of(connection, url).expect_err("it is refused");
        assert_eq!((error.path.as_str(), error.reason.as_str()), (path, reason));
    }

    fn names(headers: &[(String, String)]) -> Vec<&str> {
        headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn each_way_to_authenticate() {
        let unsigned = of(&connection(Credentials::Unsigned), "https://h").expect("it is well formed");
        assert_eq!(names(&unsigned), ["content-type", "content-length", "user-agent"]);
        assert_eq!(unsigned[1].1, "2");

        let bearer = of(&connection(Credentials::BearerToken("t0ken".into())), "https://h")
            .expect("it is well formed");
        assert!(bearer.contains(&("authorization".into(), "Bearer t0ken".into())));

        let signed = of(&connection(keys("secret")), "https://h").expect("it is well formed");
        assert_eq!(
            names(&signed),
            ["content-type", "content-length", "x-amz-date", "authorization", "user-agent"]
        );
        assert!(signed[3].1.contains("SignedHeaders=content-type;host;x-amz-date, "), "{}", signed[3].1);
    }

    #[test]
    fn secrets_that_cannot_be_sent_are_refused_unseen() {
        let unsendable = "must be visible ASCII characters only, without spaces or line ends";
        for value in ["a b", "a\r\nx: y", "a\n", "é", "\0"] {
            refuses(
                &connection(keys(value)),
                "https://h",
                "connection.credentials.access-keys.secret-access-key",
                unsendable,
            );
            let bearer = connection(Credentials::BearerToken(value.into()));
            refuses(&bearer, "https://h", "connection.credentials.bearer-token", unsendable);
        }
        refuses(
            &connection(Credentials::BearerToken(String::new())),
            "https://h",
            "connection.credentials.bearer-token",
            "must not be empty",
        );
        let mut long = "x".repeat(MAX_SECRET);
        assert!(of(&connection(Credentials::BearerToken(long.clone())), "https://h").is_ok());
        long.push('x');
        refuses(
            &connection(Credentials::BearerToken(long)),
            "https://h",
            "connection.credentials.bearer-token",
            "must not be longer than 16 KiB",
        );
    }

    #[test]
    fn a_bearer_token_does_not_travel_in_the_clear() {
        let mut bearer = connection(Credentials::BearerToken("t".into()));
        assert!(of(&bearer, "http://localhost:1").is_ok());
        refuses(
            &bearer,
            "http://gateway.example",
            "connection.endpoint-url",
            "would send the bearer token in the clear; use https, or set connection.allow-plaintext",
        );
        bearer.allow_plaintext = true;
        assert!(of(&bearer, "http://gateway.example").is_ok());
    }

    #[test]
    fn own_headers_cannot_inject() {
        let with = |name: &str, value: &str| {
            let mut connection = connection(Credentials::Unsigned);
            connection.headers = vec![
                Header { name: "X-Fine".into(), value: "yes".into() },
                Header { name: name.into(), value: value.into() },
            ];
            connection
        };
        let sent = of(&with("User-Agent", "me"), "https://h").expect("it is well formed");
        assert_eq!(names(&sent), ["content-type", "content-length", "x-fine", "user-agent"]);
        let path = "connection.headers[1]";
        for name in [
            "Authorization",
            "HOST",
            "content-length",
            "Content-Type",
            "transfer-encoding",
            "connection",
            "X-Amz-Date",
        ] {
            refuses(&with(name, "x"), "https://h", path, "has a name that is reserved");
        }
        for name in ["", "a b", "a:", "é", "a\r\n"] {
            refuses(&with(name, "x"), "https://h", path, "has a name that HTTP does not allow");
        }
        for value in ["a\r\nb: c", "\n", "a\0", " a", "a\t", "\x7F"] {
            refuses(&with("x-own", value), "https://h", path, "has a value that HTTP does not allow");
        }
    }

    #[test]
    fn own_headers_are_limited_in_all() {
        let with = |count: usize, value: usize| {
            let mut connection = connection(Credentials::Unsigned);
            connection.headers = vec![Header { name: "x-a".into(), value: "x".repeat(value) }; count];
            connection
        };
        let (path, reason) = ("connection.headers", "must not be larger than 32 KiB in all");
        let fits = MAX_OWN - OVERHEAD - 3;
        assert!(of(&with(1, fits), "https://h").is_ok());
        refuses(&with(1, fits + 1), "https://h", path, reason);
        refuses(&with(1_000, 0), "https://h", path, reason);
    }
}
