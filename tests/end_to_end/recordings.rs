//! What the real Bedrock sent and accepted.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{connection, fake, host, post, question, read, recordings};

/// Hand-made, and no valid streams.
const INVALID: [&str; 2] = ["032-", "033-"];

/// Each recorded reply, in each cutting, must be what AWS's SDK for JavaScript reads in it.
#[tokio::test]
async fn replies_are_read_as_aws_reads_them() {
    let Some(folder) = recordings() else { return };
    let fake = fake().await;
    let mut streams: Vec<_> = fs::read_dir(folder.join("streams"))
        .expect("the folder has streams")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "bin"))
        .collect();
    streams.sort();
    let mut equal = 0;
    for stream in streams {
        let name = stream.file_stem().expect("it has a name").to_string_lossy().into_owned();
        if INVALID.iter().any(|invalid| name.starts_with(invalid)) {
            continue;
        }
        let golden = folder.join(format!("golden/awsjs/{name}.jsonl"));
        let wanted: Vec<Value> = lines(&golden);
        let bytes = fs::read(&stream).expect("it can be read");
        for size in [bytes.len(), 1, 7, 1_000] {
            fake.replay(&name, bytes.chunks(size).map(<[u8]>::to_vec).collect());
            let request = question(&format!("replay.{name}"));
            let mut events = host().stream_converse(&connection(&fake), &request).await.expect("it is sent");
            let (read, end) = read(&mut events).await;
            end.unwrap_or_else(|error| panic!("{name} in pieces of {size}: {error}"));
            let known: Vec<_> = read.into_iter().map(as_the_sdk_has_it).collect();
            assert_eq!(known, wanted, "{name} in pieces of {size}");
        }
        equal += 1;
    }
    println!(
        "{equal} recorded replies are read as AWS's SDK for JavaScript reads them, in four cuttings each"
    );
    assert_eq!(equal, 42);
}

/// AWS's SDK knows only what is in its model, and JavaScript has one number for `1` and `1.0`.
fn as_the_sdk_has_it(mut event: Value) -> Value {
    if let Some(usage) = event.pointer_mut("/metadata/usage").and_then(Value::as_object_mut) {
        for name in ["serverToolUsage", "cacheReadInputTokenCount", "cacheWriteInputTokenCount"] {
            usage.remove(name);
        }
    }
    with_plain_numbers(event)
}

fn with_plain_numbers(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(with_plain_numbers).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, with_plain_numbers(value))).collect()
        }
        Value::Number(number) => {
            let text = number.to_string();
            text.strip_suffix(".0").unwrap_or(&text).parse().map_or(Value::Null, Value::Number)
        }
        other => other,
    }
}

/// Whatever the real Bedrock accepted, the fake must accept.
#[tokio::test]
async fn requests_that_aws_accepted_are_accepted() {
    let Some(folder) = recordings() else { return };
    let fake = fake().await;
    let mut accepted = 0;
    for exchange in lines(&folder.join("exchanges.jsonl")) {
        let path = exchange["path"].as_str().expect("an exchange has a path");
        let Some(model) = path.strip_suffix("/converse").or_else(|| path.strip_suffix("/converse-stream"))
        else {
            continue;
        };
        if exchange["status"] != 200 {
            continue;
        }
        // The two operations take the same body, and the fake knows one of them.
        let (status, answer) = post(&fake, &format!("{model}/converse-stream"), &exchange["request"]).await;
        assert_eq!(status, 200, "{}: {answer}", exchange["id"]);
        accepted += 1;
    }
    println!("{accepted} requests that AWS accepted are accepted");
    assert_eq!(accepted, 66);
    assert!(fake.requests().iter().all(|request| request.refused.is_none()));
}

/// The values of a file with one on each line.
fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}
