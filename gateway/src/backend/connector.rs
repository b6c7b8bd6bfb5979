//! The pool of connections to backends that speak HTTP.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

#[cfg(feature = "tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "tls"))]
type Connector = HttpConnector;

/// Makes requests over connections that are kept and used again.
pub(crate) type Client = Pool<Connector, Full<Bytes>>;

/// A client for all backends.
///
/// # Errors
/// If the machine's certificates can't be read.
pub(crate) fn client() -> std::io::Result<Client> {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(Duration::from_secs(10)));
    #[cfg(feature = "tls")]
    let connector = {
        tcp.enforce_http(false);
        hyper_rustls::HttpsConnectorBuilder::new()
            .with_native_roots()?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp)
    };
    #[cfg(not(feature = "tls"))]
    let connector = tcp;
    let mut pool = Pool::builder(TokioExecutor::new());
    pool.pool_timer(TokioTimer::new()).pool_idle_timeout(Duration::from_secs(30));
    // A request is sent once: a tool that was called twice has acted twice.
    pool.retry_canceled_requests(false).set_host(true);
    Ok(pool.build(connector))
}
