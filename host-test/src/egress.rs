//! The one way out of the sandbox.

use std::io;

use bedrock_provider::endpoint::Endpoint;
use http_body_util::BodyExt;
use wasmtime_wasi_http::p2::bindings::http::types::{DnsErrorPayload, ErrorCode};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, default_send_request};

/// Lets requests go to one origin and denies all others.
pub(crate) struct Egress {
    allowed: Option<Endpoint>,
}

type Outcome = Result<(http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl Egress {
    /// To `endpoint`, or to nowhere.
    pub(crate) fn to(endpoint: Option<Endpoint>) -> Self {
        Self { allowed: endpoint }
    }

    fn allows(&self, uri: &http::Uri) -> bool {
        self.allowed.as_ref().is_some_and(|endpoint| {
            let scheme = if endpoint.tls { "https" } else { "http" };
            uri.scheme_str() == Some(scheme)
                && uri.authority().is_some_and(|authority| *authority == *endpoint.authority)
        })
    }
}

impl WasiHttpHooks for Egress {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Outcome> + Send> {
        if !self.allows(request.uri()) {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        Box::new(async move {
            let (response, io) = default_send_request(request, options).await?;
            let io: Box<dyn Future<Output = _> + Send> = Box::new(io);
            Ok((response.map(BodyExt::boxed_unsync), io))
        })
    }

    fn p2_error_from_connect(&mut self, error: &io::Error) -> ErrorCode {
        connect_error_code(error)
    }

    fn p2_error_from_tls(&mut self, error: &io::Error) -> ErrorCode {
        if error.to_string().contains("certificate") {
            ErrorCode::TlsCertificateError
        } else {
            ErrorCode::TlsProtocolError
        }
    }

    fn p2_error_from_hyper(&mut self, error: &hyper::Error) -> ErrorCode {
        if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
            ErrorCode::ConnectionTerminated
        } else if error.is_timeout() {
            ErrorCode::HttpResponseTimeout
        } else {
            ErrorCode::HttpProtocolError
        }
    }
}

/// What a connection that fails is called. The defaults call every failure refused, and log it.
fn connect_error_code(error: &io::Error) -> ErrorCode {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ErrorCode::ConnectionRefused,
        io::ErrorKind::TimedOut => ErrorCode::ConnectionTimeout,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            ErrorCode::DestinationIpUnroutable
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => ErrorCode::ConnectionTerminated,
        // The resolver's failures have no kind of their own.
        _ if error.to_string().contains("lookup") => {
            ErrorCode::DnsError(DnsErrorPayload { rcode: None, info_code: None })
        }
        _ => ErrorCode::DestinationUnavailable,
    }
}

#[cfg(test)]
mod tests {
    use bedrock_provider::endpoint::{Wanted, resolve};

    use super::*;

    #[test]
    fn one_origin_is_allowed() {
        let endpoint = |url| {
            let wanted = Wanted { endpoint_url: Some(url), ..Wanted::default() };
            Egress::to(Some(resolve(&wanted).expect("the URL is well formed")))
        };
        let allows = |egress: &Egress, uri: &str| egress.allows(&uri.parse().expect("it is a URI"));

        let gateway = endpoint("https://gateway.example/prefix");
        assert!(allows(&gateway, "https://gateway.example/anything"));
        for other in [
            "http://gateway.example/",
            "https://gateway.example:444/",
            "https://gateway.example.evil/",
            "https://evil.example/",
            "https://user@gateway.example/",
            "https://169.254.169.254/",
        ] {
            assert!(!allows(&gateway, other), "{other}");
        }
        assert!(allows(&endpoint("http://127.0.0.1:80"), "http://127.0.0.1/"));
        assert!(!allows(&Egress::to(None), "https://gateway.example/"));
    }
}
