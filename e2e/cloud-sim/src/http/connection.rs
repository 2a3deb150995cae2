//! Accepts connections and lets an answer be what no framework offers: a connection that is reset.
use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tracing::debug;

use super::{MAX_BODY_BYTES, Request, Response};

/// How long a client may take to send the head of a request on an open connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(600);

/// No answer: a fault rule or a hook took it; over HTTP the connection is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cloud gave no answer: the connection is reset, as a fault rule or a hook asks")]
pub struct Aborted;

/// Serves connections for ever.
pub(crate) async fn serve<F, Fut>(listener: TcpListener, handler: F) -> Infallible
where
    F: Fn(Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Response, Aborted>> + Send + 'static,
{
    let handler = Arc::new(handler);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, handler.clone()))),
            // Out of file descriptors, or the peer is gone already: go on when others have finished.
            Err(error) => {
                debug!(%error, "accept failed");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn connection<F, Fut>(stream: TcpStream, handler: Arc<F>)
where
    F: Fn(Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Response, Aborted>> + Send + 'static,
{
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let handler = handler.clone();
        async move {
            let (parts, body) = request.into_parts();
            let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else { return Err(Aborted) };
            let request = Request::new(parts.method, &parts.uri, parts.headers, body.to_bytes());
            handler(request).await.map(|response| response.into_http().map(Full::new))
        }
    });
    let mut connection =
        http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).serve_connection(TokioIo::new(stream), service);
    if (&mut connection).await.is_err() {
        let stream = connection.into_parts().io.into_inner();
        let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    }
}
