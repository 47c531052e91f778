//! AWS's published test cases, read from the file that `BEDROCK_SIGV4_SUITE` names.
//!
//! They come from `aws-c-auth` and `smithy-rs`; each has the request, and what each step makes of it.

extern crate std;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use std::{env, fs, println};

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::canonical_request::CanonicalRequest;
use crate::string_to_sign::string_to_sign;
use crate::{Credentials, Request, Scope, Timestamp, sign};

#[test]
fn published_cases() {
    let Ok(file) = env::var("BEDROCK_SIGV4_SUITE") else {
        println!("SKIPPED: BEDROCK_SIGV4_SUITE names no file with AWS's published cases");
        return;
    };
    let cases: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(file).expect("the file is readable")).expect("it is JSON");
    let cases = cases.iter().filter(|case| case["signer_core_applies"] == true);
    let (mut run, mut signed) = (0, 0);
    for case in cases {
        run += 1;
        signed += usize::from(check(case));
    }
    println!("{run} of AWS's published cases agree, {signed} of them to the signature");
    assert!(run >= 30 && signed >= 28, "the file has too few cases: {run}, {signed}");
}

/// Compares every step that the case has, and returns whether that includes the signature.
fn check(case: &Value) -> bool {
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let id = text(&case["id"]).expect("a case has an id");

    // The two cases of smithy-rs have neither keys nor a scope of their own, and a date of their own.
    let canonical_wanted = text(&case["canonical_request"]).expect("a case has a canonical request");
    let date = canonical_wanted
        .lines()
        .find_map(|line| line.strip_prefix("x-amz-date:"))
        .expect("the canonical request is dated");
    let to_sign_wanted = text(&case["string_to_sign"]).map(|text| text.trim_end().to_owned());
    let scope_wanted = to_sign_wanted.as_deref().and_then(|text| text.lines().nth(2)).unwrap_or("///");
    let mut scope = scope_wanted.split('/').skip(1);
    let scope = Scope { region: scope.next().unwrap_or_default(), service: scope.next().unwrap_or_default() };

    let (path, query) = {
        let target = case["target"].as_str().expect("a case has a target");
        target.split_once('?').unwrap_or((target, ""))
    };
    let query: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| {
            let decode = |text| percent_decode_str(text).decode_utf8().expect("it is UTF-8").into_owned();
            (decode(name), decode(value))
        })
        .collect();
    let query: Vec<(&str, &str)> =
        query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();

    let body = case["body"].as_str().expect("a case has a body");
    let body_hash = canonical_wanted.rsplit('\n').next().expect("the hash is the last line");
    let mut headers: Vec<(&str, &str)> = case["headers"]
        .as_array()
        .expect("a case has headers")
        .iter()
        .map(|header| (header[0].as_str().expect("a name"), header[1].as_str().expect("a value")))
        .filter(|(name, _)| !name.eq_ignore_ascii_case("x-amz-date"))
        .collect();
    if case["context"]["sign_body"] == true {
        headers.push(("x-amz-content-sha256", body_hash));
    }

    let keys = &case["context"]["credentials"];
    let credentials = Credentials {
        access_key_id: keys["access_key_id"].as_str().expect("a case has keys"),
        secret_access_key: keys["secret_access_key"].as_str().expect("a case has keys"),
        session_token: keys["token"].as_str(),
    };
    let request = Request {
        method: case["method"].as_str().expect("a case has a method"),
        path,
        query: &query,
        headers: &headers,
        body: body.as_bytes(),
    };
    let time = time_of(date);

    let mut added: Vec<(&'static str, String)> = Vec::new();
    added.push(("x-amz-date", date.to_owned()));
    added.extend(credentials.session_token.map(|token| ("x-amz-security-token", token.to_owned())));
    let canonical = CanonicalRequest::new(&request, &added);
    assert_eq!(canonical.text, canonical_wanted, "{id}: canonical request");
    if let Some(wanted) = &to_sign_wanted {
        assert_eq!(string_to_sign(&canonical, &scope, time), *wanted, "{id}: string to sign");
    }
    let signature = case["signature"].as_str().unwrap_or_default();
    if !signature.is_empty() {
        let headers = sign(&request, &credentials, &scope, time);
        let (name, authorization) = headers.last().expect("sign adds headers");
        assert_eq!(*name, "authorization");
        assert!(authorization.ends_with(signature), "{id}: {authorization} should end in {signature}");
    }
    !signature.is_empty()
}

/// The time that is spelled `YYYYMMDDThhmmssZ`, found by asking for it: the days of the cases are few.
fn time_of(date: &str) -> Timestamp {
    let day = (14_000..20_000_u64)
        .map(|day| day * 86_400)
        .find(|&second| Timestamp::from_unix(second).date() == &date[..8])
        .expect("the case's day is in range");
    let number = |range: core::ops::Range<usize>| date[range].parse::<u64>().expect("digits");
    let time = Timestamp::from_unix(day + number(9..11) * 3600 + number(11..13) * 60 + number(13..15));
    assert_eq!(time.date_time(), date);
    time
}
