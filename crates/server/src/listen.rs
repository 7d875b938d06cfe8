//! Accepting connections: limits, deadlines, TLS.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::exchange::{Peer, serve};
use crate::origins::Inside;
use crate::start::World;

/// Connections at a time, over all listeners.
pub const CONNECTIONS: usize = 8192;
/// From accepting a connection, or the last answer, to the end of the next request's head.
const HEAD: Duration = Duration::from_secs(60);
/// Bytes of a request's head.
const HEAD_BYTES: usize = 64 * 1024;
/// The most headers.
const HEADERS: usize = 128;
/// For a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What all listeners share.
#[derive(Clone, Debug)]
pub struct Accepting {
    pub world: Arc<World>,
    pub permits: Arc<Semaphore>,
    /// For the API endpoint of a VPC: which one its clients are in.
    pub inside: Option<Arc<Inside>>,
    /// Turns true when the server stops.
    pub stop: watch::Receiver<bool>,
}

impl Accepting {
    /// Accepts until the server stops. Connections that are open then finish the request they are in.
    pub async fn run(mut self, listener: TcpListener, tls: Option<TlsAcceptor>) {
        loop {
            let accepted = tokio::select! {
                () = stopping(&mut self.stop) => return,
                accepted = listener.accept() => accepted,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, most likely: give running connections time to end.
                    log::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Ok(permit) = self.permits.clone().try_acquire_owned() else {
                log::warn!("more than {CONNECTIONS} connections; one from {address} was closed");
                continue;
            };
            // Small answers must not wait for the client's acknowledgment of earlier ones.
            let _ = stream.set_nodelay(true);
            // On a listener of both kinds, IPv4 clients have mapped addresses, which no policy's IPv4 block would match.
            let ip = address.ip().to_canonical();
            let (accepting, tls) = (self.clone(), tls.clone());
            #[expect(
                clippy::disallowed_methods,
                reason = "each connection is a task that ends with the server"
            )]
            tokio::spawn(async move {
                match tls {
                    None => accepting.converse(stream, ip, None).await,
                    Some(tls) => {
                        let handshake = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await;
                        if let Ok(Ok(stream)) = handshake {
                            let version = crate::tls::version(&stream);
                            accepting.converse(stream, ip, version).await;
                        }
                    }
                }
                drop(permit);
            });
        }
    }

    async fn converse<S>(mut self, stream: S, ip: IpAddr, tls: Option<&'static str>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let world = self.world.clone();
        let peer = Peer { ip, tls, inside: self.inside.clone() };
        let service = service_fn(move |request| serve(world.clone(), peer.clone(), request));
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_BYTES)
            .max_headers(HEADERS)
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = stopping(&mut self.stop) => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            log::debug!("{ip}: {error}");
        }
    }
}

/// Waits until the server stops.
pub async fn stopping(stop: &mut watch::Receiver<bool>) {
    // The sender lives as long as the server; without it there is nothing to go on for.
    let _ = stop.wait_for(|stop| *stop).await;
}
