//! What is sent, as often as it takes.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use bedrock_endpoint::{Endpoint, Wanted};

use crate::bindings::converse::{Connection, Header, Operation};
use crate::bindings::credentials::Credentials;
use crate::bindings::types::{ConverseRequest, Deadline, Error};
use crate::failure;
use crate::secrets::Secrets;
use crate::transport::{self, Duration, Exchange, Failure, Refused};
use crate::{head, request};

/// A request that was found good to be sent.
pub(crate) struct Call {
    connection: Connection,
    endpoint: Endpoint,
    path: String,
    body: Rc<Vec<u8>>,
    /// How long the host may take to connect.
    connect: Option<Duration>,
}

impl Call {
    pub(crate) fn new(
        connection: Connection,
        request: &ConverseRequest,
        connect: Option<Duration>,
    ) -> Result<Self, Error> {
        let endpoint = bedrock_endpoint::resolve(&Wanted {
            region: connection.region.as_deref(),
            default_region: connection.default_region.as_deref(),
            endpoint_url: connection.endpoint_url.as_deref(),
            use_fips: connection.use_fips,
            use_dual_stack: connection.use_dual_stack,
            model_id: &request.model_id,
        })
        .map_err(|error| failure::invalid(error.path, &error.reason))?;
        let operation = connection.operation;
        let mut path = endpoint.path_prefix.clone();
        path.push_str(&request::path(&request.model_id, operation).map_err(Error::InvalidRequest)?);
        let body = Rc::new(request::body(request, operation).map_err(Error::InvalidRequest)?);
        Ok(Self { connection, endpoint, path, body, connect })
    }

    /// Dates, signs and hands over the request. `clock_offset` is added to the host's wall clock, in milliseconds; the
    /// signature becomes one of `secrets`.
    pub(crate) fn send(&self, clock_offset: i64, secrets: &mut Secrets) -> Result<Exchange, Error> {
        let Self { connection, endpoint, path, body, connect } = self;
        let time = transport::unix_time().saturating_add_signed(clock_offset);
        let headers =
            head::headers(connection, endpoint, path, body, time / 1_000).map_err(Error::InvalidRequest)?;
        for (name, value) in &headers {
            if name == "authorization" {
                secrets.learn(value);
            }
        }
        Exchange::begin(endpoint, path, &headers, Rc::clone(body), *connect).map_err(|refused| {
            let failure = match refused {
                Refused::Failure(failure) => failure,
                Refused::Header(name) => {
                    let own = |header: &Header| header.name.eq_ignore_ascii_case(&name);
                    if let Some(index) = connection.headers.iter().position(own) {
                        let path = format!("connection.headers[{index}]");
                        return failure::invalid(&path, "has a name that the host keeps to itself");
                    }
                    Failure { code: "HTTP-request-denied", detail: Some(format!("it does not take {name}")) }
                }
            };
            failure::of_exchange(&failure, Deadline::ResponseHead, &endpoint.authority)
        })
    }

    pub(crate) fn operation(&self) -> Operation {
        self.connection.operation
    }

    /// Whether the date of the request matters.
    pub(crate) fn is_signed(&self) -> bool {
        matches!(self.connection.credentials, Credentials::AccessKeys(_))
    }

    /// The host and port of the endpoint.
    pub(crate) fn authority(&self) -> &str {
        &self.endpoint.authority
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.connection.credentials
    }

    /// Gives up what is only needed to send it once more.
    pub(crate) fn forget(&mut self) {
        self.body = Rc::default();
        self.connection.credentials = Credentials::Unsigned;
        self.connection.headers = Vec::new();
    }
}
