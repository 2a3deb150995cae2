//! The API server on a socket of this machine, for an operator that is a process of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, Response, StatusCode};
use tokio::net::TcpListener;
use tower::Service;

use super::server::ApiServer;
use super::service::ApiService;
use crate::wire::Wire;

/// Longest body of a request, as the real one's.
const BODY_MAX_BYTES: usize = 3 << 20;

/// Answers on a free port until the runtime ends.
///
/// # Errors
/// If there is no socket.
pub async fn listen(server: &ApiServer) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let service = ApiService::over(server, &Wire::whole());
    let routes = Router::new().fallback(move |request| answer(service.clone(), request));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}

async fn answer(mut service: ApiService, request: Request<Body>) -> Result<Response<Body>, StatusCode> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, BODY_MAX_BYTES).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    let request = Request::from_parts(parts, kube::client::Body::from(bytes.to_vec()));
    let response = service.call(request).await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    Ok(response.map(Body::new))
}
