//! End to end: the real component in real wasmtime, over a real socket, against the fake Bedrock.
//!
//! What is real Bedrock's is read from folders that environment variables name, since it is not ours to ship; where
//! a variable is not set, the test says so and does nothing else:
//!
//! * `BEDROCK_RECORDINGS`: `streams/*.bin` with `golden/awsjs/*.jsonl`, and `exchanges.jsonl`;
//! * `BEDROCK_GENERATED_REQUESTS`: what `clients/generate.py` prints.

mod authentication;
mod cancelling;
mod component;
mod deadlines;
mod ending;
mod failures;
mod faults;
mod generated;
mod model;
mod recordings;
mod replies;
mod retries;
mod sandbox;
mod secrets;
mod service;
mod streaming;
mod support;
mod whole;
