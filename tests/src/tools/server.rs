//! A small server on loopback, with or without TLS, that notes every request.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::oneshot,
};
use tokio_rustls::TlsAcceptor;

use crate::rig::Rig;

/// The answer to a request.
pub type Answer = Response<Vec<u8>>;

/// What a server answers.
pub trait Site: Send + Sync + 'static {
    /// Answers a request. It may block.
    fn answer(&self, request: &Request<Bytes>) -> Answer;
}

/// A site that has nothing, for an address that no client should use.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

/// A running server, which ends when this is dropped.
pub struct Server {
    scheme: &'static str,
    address: SocketAddr,
    log: Log,
    /// Ends the server when it is dropped.
    _stop: oneshot::Sender<Infallible>,
}

type Log = Arc<Mutex<Vec<Request<Bytes>>>>;

impl Server {
    /// Starts a server without TLS on a free port.
    pub fn start(site: impl Site) -> Self {
        Self::listen(site, None)
    }

    /// Starts a server with TLS on a free port. Its certificate is that of the rig's own server, for `127.0.0.1` and
    /// `localhost`, so that clients need [`Rig::ca`].
    pub fn start_tls(site: impl Site, rig: &Rig) -> Self {
        Self::start_tls_with(site, &rig.key("server.crt"), &rig.key("server.key"))
    }

    /// Starts a server with TLS on a free port, with a certificate of the test.
    pub fn start_tls_with(site: impl Site, certificate: &Path, key: &Path) -> Self {
        let certificate = CertificateDer::from_pem_file(certificate);
        let key = PrivateKeyDer::from_pem_file(key);
        let (certificate, key) = (certificate.expect("a certificate"), key.expect("a key"));
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config.with_no_client_auth().with_single_cert(vec![certificate], key)
            })
            .expect("the certificate is good");
        Self::listen(site, Some(TlsAcceptor::from(Arc::new(config))))
    }

    fn listen(site: impl Site, tls: Option<TlsAcceptor>) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a port that can be waited for");
        let address = listener.local_addr().expect("the port");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (stop, stopped) = oneshot::channel();
        let log = Log::default();
        let shared = Arc::new(Shared { site: Box::new(site), log: Arc::clone(&log), tls });
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
            runtime.expect("a runtime").block_on(async {
                let listener = TcpListener::from_std(listener).expect("a port of this runtime");
                tokio::select! {
                    () = serve(&listener, &shared) => {}
                    // The sender is dropped with the server.
                    _ = stopped => {}
                }
            });
        });
        Self { scheme, address, log, _stop: stop }
    }

    /// The address, such as `http://127.0.0.1:4711`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The host and the port, such as `127.0.0.1:4711`.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Every request so far, in order.
    pub fn log(&self) -> Vec<Request<Bytes>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Method and target of every request so far, in order, such as `GET /a?b=c`.
    pub fn requests(&self) -> Vec<String> {
        let log = self.log();
        log.iter().map(|request| format!("{} {}", request.method(), request.uri())).collect()
    }

    /// The different values of `Authorization` so far.
    pub fn authorizations(&self) -> BTreeSet<String> {
        self.log().iter().filter_map(authorization).map(str::to_owned).collect()
    }

    /// Method and target of the requests so far that had an `Authorization`, in order.
    pub fn authorized(&self) -> Vec<String> {
        let mut log = self.log();
        log.retain(|request| authorization(request).is_some());
        log.iter().map(|request| format!("{} {}", request.method(), request.uri())).collect()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Site for Nothing {
    fn answer(&self, _: &Request<Bytes>) -> Answer {
        status(StatusCode::NOT_FOUND)
    }
}

/// Returns the value of `Authorization`.
pub fn authorization(request: &Request<Bytes>) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?;
    Some(value.to_str().expect("a credential is ASCII text"))
}

/// Returns an answer without a body.
pub fn status(status: StatusCode) -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = status;
    answer
}

/// Returns an answer of this type.
pub fn content(content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    let answer = Response::builder().header("content-type", content_type).body(body.into());
    answer.expect("a type that is a header's value")
}

/// Returns an answer of JSON.
pub fn json(body: &serde_json::Value) -> Answer {
    content("application/json", body.to_string())
}

/// What all connections share.
struct Shared {
    site: Box<dyn Site>,
    log: Log,
    tls: Option<TlsAcceptor>,
}

async fn serve(listener: &TcpListener, shared: &Arc<Shared>) {
    loop {
        // A client that gives up before it is accepted is no failure of the server.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            match &shared.tls {
                None => connection(stream, &shared).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        connection(stream, &shared).await;
                    }
                }
            }
        });
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin, shared: &Arc<Shared>) {
    let service = service_fn(|request: Request<Incoming>| answer(request, Arc::clone(shared)));
    // A client may close its connection at any time.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let request = Request::from_parts(head, body);
    shared.log.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    let answer = tokio::task::spawn_blocking(move || shared.site.answer(&request)).await?;
    Ok(answer.map(|body| Full::new(body.into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::agent;

    #[test]
    fn every_request_is_noted_and_answered() {
        struct Echo;
        impl Site for Echo {
            fn answer(&self, request: &Request<Bytes>) -> Answer {
                content("text/plain", request.body().to_vec())
            }
        }
        let server = Server::start(Echo);
        let url = format!("{}/a?b=c", server.url());
        let request = agent().post(&url).header("authorization", "Mine abc");
        let mut answer = request.send("the body").expect("an answer");
        assert_eq!(answer.body_mut().read_to_string().expect("text"), "the body");
        agent().get(&url).call().expect("an answer");
        assert_eq!(server.requests(), ["POST /a?b=c", "GET /a?b=c"]);
        assert_eq!(server.authorized(), ["POST /a?b=c"]);
        assert_eq!(server.authorizations(), BTreeSet::from(["Mine abc".to_owned()]));
    }

    #[test]
    fn a_dropped_server_is_gone() {
        let url = Server::start(Nothing).url();
        crate::waiting::until("the end of the server", || agent().get(&url).call().err());
    }
}
