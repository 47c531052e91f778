//! The one way out of the sandbox.

use std::time::Duration;

use bedrock_endpoint::Endpoint;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::connect::{Connector, Driver};

/// For a guest that names no time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_mins(1);

/// Lets requests go to one origin and denies all others.
pub(crate) struct Egress {
    allowed: Option<Endpoint>,
    connector: Connector,
}

type Outcome = Result<(http::Response<WasiBody>, Driver), Error>;

impl Egress {
    /// To `endpoint`, or to nowhere.
    pub(crate) fn to(endpoint: Option<Endpoint>, connector: Connector) -> Self {
        Self { allowed: endpoint, connector }
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
    /// All waits but that for the connection are the guest's own business.
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Outcome> + Send> {
        if !self.allows(request.uri()) {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        let connector = self.connector.clone();
        let connect_timeout = options.and_then(|options| options.connect_timeout).unwrap_or(CONNECT_TIMEOUT);
        Box::new(async move { connector.send(request, connect_timeout).await })
    }
}

#[cfg(test)]
mod tests {
    use bedrock_endpoint::{Wanted, resolve};
    use http_body_util::{BodyExt as _, Empty};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn one_origin_is_allowed() {
        let endpoint = |url| {
            let wanted = Wanted { endpoint_url: Some(url), ..Wanted::default() };
            Egress::to(Some(resolve(&wanted).expect("the URL is well formed")), Connector::new())
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
        assert!(!allows(&Egress::to(None, Connector::new()), "https://gateway.example/"));
    }

    /// What is not allowed never reaches a socket.
    #[tokio::test]
    async fn other_origins_are_denied() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let uri = format!("http://{}/", listener.local_addr().expect("it is bound"));
        let wanted = Wanted { endpoint_url: Some("http://127.0.0.1:1"), ..Wanted::default() };
        let mut egress = Egress::to(resolve(&wanted).ok(), Connector::new());
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let request = http::Request::post(uri).body(body).expect("it is well formed");
        let answer = Box::into_pin(egress.send_request(request, None, Box::new(async { Ok(()) }))).await;
        assert!(matches!(answer, Err(Error::HttpRequestDenied)));
        let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(nobody.is_err());
    }
}
