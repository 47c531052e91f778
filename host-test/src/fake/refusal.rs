//! How AWS says no.

use http::response::Builder;
use hyper::Response;
use serde_json::{Map, Value};

use super::{Body, full};

/// An error answer.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    message: String,
    /// Failed authentication with an API key spells the member with a capital.
    message_member: &'static str,
    /// Members besides the message.
    members: Map<String, Value>,
    headers: Vec<(&'static str, String)>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            message_member: "message",
            members: Map::new(),
            headers: Vec::new(),
        }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::new(400, "SerializationException", message)
    }

    pub(crate) fn with_capital_message(mut self) -> Self {
        self.message_member = "Message";
        self
    }

    pub(crate) fn with_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The code is in a header, with an address that means nothing; the message is in the body.
    pub(crate) fn respond(self, mut response: Builder) -> http::Result<Response<Body>> {
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let mut body = Map::new();
        body.insert(self.message_member.to_owned(), self.message.into());
        body.extend(self.members);
        response
            .status(self.status)
            .header("content-type", "application/json")
            .header(
                "x-amzn-errortype",
                format!("{}:http://internal.amazon.com/coral/com.amazon.bedrock/", self.code),
            )
            .body(full(Value::from(body).to_string()))
    }
}
