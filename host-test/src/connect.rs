//! Connections: TCP, TLS and HTTP/1.1, made in one span of time.
//!
//! (`wasmtime-wasi-http` has such code too, but waits for a TLS handshake for ever, and sets TLS up anew for each
//! request.)

use std::error::Error as _;
use std::future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::{Error, WasiBody};

/// What drives a connection while the body of its response is read.
pub(crate) type Driver = Box<dyn Future<Output = Result<(), Error>> + Send>;

type Stream = TokioIo<Box<dyn Io>>;

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Makes connections. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: TlsConnector,
}

impl Connector {
    /// One that trusts Mozilla's certificate authorities.
    pub(crate) fn new() -> Self {
        Self::trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() })
    }

    fn trusting(roots: RootCertStore) -> Self {
        // Named, because a program may have several of them.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has ciphers for the default versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { tls: Arc::new(config).into() }
    }

    /// Sends a request over a connection of its own, which dropping the future or the driver closes. Connecting
    /// may take `connect_timeout`.
    pub(crate) async fn send(
        &self,
        mut request: http::Request<WasiBody>,
        connect_timeout: Duration,
    ) -> Result<(http::Response<WasiBody>, Driver), Error> {
        let connecting = tokio::time::timeout(connect_timeout, self.connect(request.uri()));
        let stream = connecting.await.map_err(|_| Error::ConnectionTimeout)??;
        let (mut sender, connection) =
            handshake::<Stream, WasiBody>(TokioIo::new(stream)).await.map_err(http_error)?;
        let mut connection = Box::pin(connection);

        // The scheme and the authority are for proxies.
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse().map_err(|_| Error::HttpRequestUriInvalid)?;
        let mut response = Box::pin(sender.send_request(request));
        let (response, driver): (_, Driver) = tokio::select! {
            biased;
            response = &mut response => {
                (response.map_err(http_error)?, Box::new(async { connection.await.map_err(http_error) }))
            }
            // It ended, well or not, when all of the response was there already, or else the response knows why not.
            ended = &mut connection => {
                let driver = Box::new(future::ready(ended.map_err(http_error)));
                (response.await.map_err(http_error)?, driver)
            }
        };
        Ok((response.map(|body| body.map_err(http_error).boxed_unsync()), driver))
    }

    async fn connect(&self, uri: &http::Uri) -> Result<Box<dyn Io>, Error> {
        let tls = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        let host = uri.host().ok_or(Error::HttpRequestUriInvalid)?;
        let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let addresses = lookup_host((host, port)).await;
        let addresses: Vec<_> =
            addresses.map_err(|_| Error::DnsError { rcode: None, info_code: None })?.collect();
        let stream = TcpStream::connect(&addresses[..]).await.map_err(|error| connect_error(&error))?;
        // A request is a few writes, none of which should wait for the answer to another. One that cannot be set is
        // only slower.
        let _ = stream.set_nodelay(true);
        if !tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(host).map_err(|_| Error::HttpRequestUriInvalid)?;
        let stream = self.tls.connect(name.to_owned(), stream).await.map_err(|error| tls_error(&error))?;
        Ok(Box::new(stream))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is mapped over results")]
fn http_error(error: hyper::Error) -> Error {
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return Error::ConnectionTerminated;
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => Error::ConnectionTerminated,
                _ => connect_error(error),
            };
        }
        source = cause.source();
    }
    Error::HttpProtocolError
}

fn connect_error(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        io::ErrorKind::TimedOut => Error::ConnectionTimeout,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Error::DestinationIpUnroutable,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Error::ConnectionTerminated,
        _ => Error::DestinationUnavailable,
    }
}

fn tls_error(error: &io::Error) -> Error {
    let reason = error.get_ref().and_then(|reason| reason.downcast_ref::<rustls::Error>());
    match reason {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            Error::TlsCertificateError
        }
        Some(rustls::Error::AlertReceived(alert)) => Error::TlsAlertReceived {
            alert_id: Some(u8::from(*alert)),
            alert_message: Some(format!("{alert:?}")),
        },
        Some(_) => Error::TlsProtocolError,
        None => connect_error(error),
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    /// A listener, and a URI with this scheme for it.
    async fn listen(scheme: &str) -> (TcpListener, http::Uri) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        (listener, format!("{scheme}://{address}/path").parse().expect("it is a URI"))
    }

    async fn send(
        connector: &Connector,
        uri: http::Uri,
        connect_timeout: Duration,
    ) -> Result<http::Response<WasiBody>, Error> {
        let body = Full::from("ping").map_err(|never| match never {}).boxed_unsync();
        let request = http::Request::post(uri).body(body).expect("it is well formed");
        let (response, driver) = connector.send(request, connect_timeout).await?;
        tokio::spawn(Box::into_pin(driver));
        Ok(response)
    }

    #[tokio::test]
    async fn tls_is_spoken_with_those_that_are_trusted() {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate can be made");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("it is a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key))
            .expect("they belong together");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (listener, uri) = listen("https").await;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = [0; 18];
                stream.read_exact(&mut request).await.expect("a request comes");
                assert_eq!(request, *b"POST /path HTTP/1.");
                let response = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npong";
                stream.write_all(response).await.expect("it listens");
            }
        });

        let strangers = send(&Connector::new(), uri.clone(), MINUTE).await;
        assert!(matches!(strangers, Err(Error::TlsCertificateError)), "{strangers:?}");

        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).expect("it is a certificate");
        let response = send(&Connector::trusting(roots), uri, MINUTE).await.expect("it is trusted");
        let body = response.into_body().collect().await.expect("there is a body").to_bytes();
        assert_eq!(body, "pong");
    }

    /// The time to connect includes the handshake.
    #[tokio::test]
    async fn a_silent_server_is_given_up() {
        let (_listener, uri) = listen("https").await;
        let answer = send(&Connector::new(), uri, Duration::from_millis(50)).await;
        assert!(matches!(answer, Err(Error::ConnectionTimeout)), "{answer:?}");
    }

    #[tokio::test]
    async fn failures_have_their_name() {
        let (listener, uri) = listen("https").await;
        drop(listener);
        let answer = send(&Connector::new(), uri, MINUTE).await;
        assert!(matches!(answer, Err(Error::ConnectionRefused)), "{answer:?}");

        let (listener, uri) = listen("https").await;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client comes");
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("it listens");
            std::future::pending::<()>().await;
        });
        let answer = send(&Connector::new(), uri, MINUTE).await;
        assert!(matches!(answer, Err(Error::TlsProtocolError)), "{answer:?}");

        let uri = "http://name.invalid/".parse().expect("it is a URI");
        let answer = send(&Connector::new(), uri, MINUTE).await;
        assert!(matches!(answer, Err(Error::DnsError { .. })), "{answer:?}");
    }
}
