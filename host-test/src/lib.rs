//! A wasmtime host for the Bedrock component.
//!
//! [`Host`] compiles the component once and gives each conversation an instance of its own, in a sandbox that
//! reaches one endpoint and has limits on memory and time. The README shows it in use.
//!
//! [`types`] are the records of the WIT. The feature `fake` adds a Bedrock to test against, `json` requests,
//! messages and events as JSON; the feature `command`, which is on by default, is for the command and needs both.

#![forbid(unsafe_code)]

mod bindings;
mod connect;
mod connection;
mod egress;
pub mod environment;
mod error;
#[cfg(feature = "fake")]
pub mod fake;
mod host;
#[cfg(feature = "json")]
pub mod json;
mod request;
mod ticker;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

pub use bindings::converse::{Attempt, Finding, Outcome, Reply, Rule};
pub use bindings::types::{self, ConverseRequest};
pub use connection::{Connection, Credentials, Deadlines, Operation};
pub use error::{Error, Limit};
pub use host::{COMPONENT, EventStream, Host, Limits};
