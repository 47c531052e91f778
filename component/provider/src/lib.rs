//! Amazon Bedrock's Converse streaming API as a WebAssembly component.
//!
//! The contract is `wit/` at the root of the repository. Data flows one way:
//!
//! * request: the caller's records → `bedrock_endpoint` → `request` (path and body) → `head` (headers, signature) →
//!   `transport`; `call` does it for each attempt;
//! * reply: `transport` (bytes) → `bedrock_eventstream` (frames) → `frame` → `event` or `service_error` → the
//!   caller's records, and those → `assembly` if the reply is kept. `reply` is the state machine that drives it, and
//!   `retry` decides on another attempt.
//!
//! All modules but `reply` and `transport` are pure and are tested natively; those two are tested from outside,
//! in a wasm runtime.

#![cfg_attr(target_family = "wasm", no_std)]
#![warn(clippy::indexing_slicing)]

extern crate alloc;

mod assembly;
mod bindings;
mod call;
mod event;
mod failure;
mod frame;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod head;
mod http_date;
mod json;
mod names;
mod reply;
mod request;
mod retry;
#[cfg(target_family = "wasm")]
mod runtime;
mod secrets;
mod service_error;
mod text;
mod transport;

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use bindings::converse::{Attempt, Connection, EventStream, Finding, Guest, GuestEventStream, Outcome};
use bindings::types::{ConverseRequest, Error, StreamEvent};
use reply::Reply;

struct Component;

/// The resource `event-stream`. The component model admits one call at a time.
struct Stream(RefCell<Reply>);

impl Guest for Component {
    type EventStream = Stream;

    fn stream_converse(connection: Connection, request: ConverseRequest) -> Result<EventStream, Error> {
        Ok(EventStream::new(Stream(RefCell::new(Reply::open(connection, &request)?))))
    }

    fn check(request: ConverseRequest) -> Vec<Finding> {
        request::check(&request)
    }
}

impl GuestEventStream for Stream {
    fn next(&self, max_wait: Option<u32>) -> Result<Option<Vec<StreamEvent>>, Error> {
        self.0.borrow_mut().next(max_wait)
    }

    fn finish(this: EventStream) -> Outcome {
        this.into_inner::<Stream>().0.into_inner().finish()
    }

    fn request_id(&self) -> Option<String> {
        self.0.borrow().request_id()
    }

    fn attempts(&self) -> Vec<Attempt> {
        self.0.borrow().attempts()
    }
}

// Natively the names of these exports, which hold colons, are too much for the linker.
#[cfg(target_family = "wasm")]
bindings::export!(Component with_types_in bindings);
