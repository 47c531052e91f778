//! Any request.

mod made;

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use bedrock_endpoint::{Endpoint, Wanted};
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;

use self::made::Made as _;
use super::{Input, Members};
use crate::bindings::converse::{Connection, Finding, Operation, Rule};
use crate::bindings::credentials::Credentials;
use crate::bindings::types::{ConverseRequest, InvalidRequest};
use crate::{head, request};

/// Writes a request and its head: what is written can be sent, and what cannot be sent is what `check` finds. Tells
/// whether all of it can be sent.
///
/// The input is the request, the connection and the time, each record as its fields and each variant as the number of
/// its case and what is in it.
pub fn request(input: &[u8]) -> bool {
    let mut input = Input(input);
    let request = ConverseRequest::made(&mut input);
    let connection = Connection::made(&mut input);
    let now: u64 = input.number();

    let (path, body) = write(&request, Operation::Converse);
    let whole = (path.map(drop), body.map(drop));
    let (path, body) = write(&request, Operation::ConverseStream);
    assert_eq!(whole, (path.clone().map(drop), body.clone().map(drop)));
    checks(&request, path.as_ref().err(), body.as_ref().err());

    let endpoint = bedrock_endpoint::resolve(&Wanted {
        region: connection.region.as_deref(),
        default_region: connection.default_region.as_deref(),
        endpoint_url: connection.endpoint_url.as_deref(),
        use_fips: connection.use_fips,
        use_dual_stack: connection.use_dual_stack,
        model_id: &request.model_id,
    });
    let (Ok(path), Ok(body), Ok(endpoint)) = (path, body, endpoint) else { return false };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    assert!(!endpoint.authority.is_empty() && endpoint.authority.bytes().all(is_host), "{endpoint:?}");
    headers(&connection, &endpoint, &path, &body, now)
}

/// The path and the body, if each can be written, well formed.
fn write(
    wanted: &ConverseRequest,
    operation: Operation,
) -> (Result<String, InvalidRequest>, Result<Vec<u8>, InvalidRequest>) {
    let path = request::path(&wanted.model_id, operation);
    if let Ok(path) = &path {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%/".contains(&byte);
        assert!(path.bytes().all(is_plain), "{path}");
        let parts: Vec<_> = path.split('/').collect();
        let ["", "model", id, "converse" | "converse-stream"] = *parts else { panic!("{path}") };
        assert!(percent_decode_str(id).eq(wanted.model_id.bytes()), "{path}");
    }
    let body = request::body(wanted, operation);
    if let Ok(body) = &body {
        let body = core::str::from_utf8(body).expect("JSON is UTF-8");
        let members = members(body);
        assert!(!members.iter().any(|(name, _)| name == "modelId"), "{body}");
        // What has members that the caller names. If it is not given, it may be any document in `extra`.
        let own = [
            ("promptVariables", wanted.prompt_variables.len()),
            ("requestMetadata", wanted.request_metadata.len()),
        ];
        for (name, count) in own.into_iter().filter(|(_, count)| *count > 0) {
            let (_, map) = members.iter().find(|(other, _)| other == name).expect("it is written");
            assert_eq!(self::members(map.get()).len(), count, "{body}");
        }
    }
    (path, body)
}

/// The members of an object, each of a name of its own.
fn members(json: &str) -> Vec<(String, &RawValue)> {
    let members = Members::of(json).expect("it is a JSON object").0;
    let mut names: Vec<_> = members.iter().map(|(name, _)| name).collect();
    names.sort();
    assert!(names.is_sorted_by(|a, b| a < b), "{json}");
    members
}

/// `check` finds what keeps a request from being sent, and nothing else in the same words.
fn checks(wanted: &ConverseRequest, path: Option<&InvalidRequest>, body: Option<&InvalidRequest>) {
    let findings = request::check(wanted);
    assert!(findings.len() <= 100, "{} findings", findings.len());
    let refused = |error: &InvalidRequest| {
        let is_it = |finding: &Finding| {
            finding.rule == Rule::Sendable && finding.path == error.path && finding.reason == error.reason
        };
        findings.iter().any(is_it)
    };
    let sendable = !findings.iter().any(|finding| finding.rule == Rule::Sendable);
    // An ARN has a region, which becomes part of a host name.
    let endpoint = Wanted { model_id: &wanted.model_id, ..Wanted::default() };
    let path = path.cloned().or_else(|| {
        let error = bedrock_endpoint::resolve(&endpoint).err()?;
        Some(InvalidRequest { path: error.path.into(), reason: error.reason })
    });
    if findings.len() < 100 {
        assert_eq!(sendable, path.is_none() && body.is_none(), "{findings:?}");
        assert!(path.iter().chain(body).all(refused), "{findings:?}");
    } else {
        assert!(sendable || path.is_some() || body.is_some(), "{findings:?}");
    }
}

/// No header is two, and none is of a name that the caller must not give. Tells whether there are any.
fn headers(connection: &Connection, endpoint: &Endpoint, path: &str, body: &[u8], now: u64) -> bool {
    let path = alloc::format!("{}{path}", endpoint.path_prefix);
    let Ok(headers) = head::headers(connection, endpoint, &path, body, now) else { return false };
    for (name, value) in &headers {
        let is_name = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase() && byte != b':';
        assert!(!name.is_empty() && name.bytes().all(is_name), "{name:?}");
        let is_value = |byte: u8| byte == b'\t' || byte >= b' ' && byte != 0x7F;
        assert!(value.bytes().all(is_value), "{value:?}");
    }
    let own =
        connection.headers.iter().map(|header| (header.name.to_ascii_lowercase(), header.value.clone()));
    let (ours, theirs) = headers.split_at_checked(headers.len() - own.len()).unwrap_or_default();
    assert!(own.eq(theirs.iter().cloned()), "{theirs:?}");
    let reserved =
        ["authorization", "connection", "content-length", "content-type", "host", "transfer-encoding"];
    let is_reserved = |name: &str| reserved.contains(&name) || name.starts_with("x-amz-");
    assert!(!theirs.iter().any(|(name, _)| is_reserved(name)), "{theirs:?}");
    let names: Vec<_> = ours.iter().map(|(name, _)| name.as_str()).filter(|name| is_reserved(name)).collect();
    let expected: &[_] = match &connection.credentials {
        Credentials::Unsigned => &["content-type", "content-length"],
        Credentials::BearerToken(_) => &["content-type", "content-length", "authorization"],
        Credentials::AccessKeys(keys) if keys.session_token.is_some() => {
            &["content-type", "content-length", "x-amz-date", "x-amz-security-token", "authorization"]
        }
        Credentials::AccessKeys(_) => &["content-type", "content-length", "x-amz-date", "authorization"],
    };
    assert_eq!(names, expected);
    assert!(ours.contains(&("content-length".into(), body.len().to_string())));
    true
}
