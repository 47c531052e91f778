//! What can go wrong.

use std::error::Error as StdError;
use std::fmt;

use wasmtime::PoolConcurrencyLimitError;

use crate::types;

/// Why there is no reply, or no more of it.
#[derive(Debug)]
pub enum Error {
    /// The component says so.
    Converse(types::Error),
    /// The component came to a limit of the host, and its instance was ended.
    Limit(Limit),
    /// The component trapped or could not be instantiated.
    Sandbox(wasmtime::Error),
}

/// A limit of the host that was reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Limit {
    /// [`crate::Limits::memory`].
    Memory,
    /// [`crate::Limits::cpu`].
    Cpu,
    /// As many streams are open as the host has room for.
    Streams,
}

impl Error {
    pub(crate) fn of_sandbox(error: wasmtime::Error) -> Self {
        match error.downcast_ref::<Limit>() {
            Some(limit) => Self::Limit(*limit),
            None if error.is::<PoolConcurrencyLimitError>() => Self::Limit(Limit::Streams),
            None => Self::Sandbox(error),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "the component needs more memory than it is granted",
            Self::Cpu => "the component computes for longer than it is granted",
            Self::Streams => "the host has no room for another stream",
        })
    }
}

impl StdError for Limit {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converse(error) => describe(error, f),
            Self::Limit(limit) => limit.fmt(f),
            Self::Sandbox(error) => write!(f, "the component does not run: {error:#}"),
        }
    }
}

impl StdError for Error {}

/// One sentence for people; what is generated for the type shows its structure.
fn describe(error: &types::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        types::Error::InvalidRequest(error) => write!(f, "invalid request: {} {}", error.path, error.reason),
        types::Error::Network(error) => f.write_str(&error.message),
        types::Error::Timeout(error) => f.write_str(match error.deadline {
            types::Deadline::Connect => "timed out waiting for a connection",
            types::Deadline::Write => "timed out sending the request",
            types::Deadline::ResponseHead => "timed out waiting for the response",
            types::Deadline::Idle => "timed out waiting for more of the response",
            types::Deadline::Total => "the whole took longer than it was given",
        }),
        types::Error::Service(error) => {
            let code = if error.code.is_empty() { "an error without a name" } else { &error.code };
            write!(f, "Bedrock answered {code} (HTTP status {}): {}", error.status, error.message)?;
            if let Some(hint) = &error.hint {
                write!(f, " {hint}")?;
            }
            Ok(())
        }
        types::Error::Protocol(error) => write!(f, "not a reply of Bedrock: {}", error.message),
        types::Error::Incomplete(error) => f.write_str(if error.inside_frame {
            "the reply was cut off in the middle of a frame"
        } else {
            "the reply was cut off before its end"
        }),
    }
}
