//! HTTP for the metadata service of one instance, on the listener that only this instance can reach.

use std::convert::Infallible;
use std::io::{self, IoSlice, Read};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::StatusCode;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rolecall_base::Fault;
use rolecall_ec2::instances::{self, Instance, State};
use rolecall_imds::{Answer, Details, Imds, InstanceView};
use rolecall_store::Hint;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::instance_view::{details, view};
use crate::start::World;

/// Connections that one instance may hold open.
const CONNECTIONS: usize = 512;
/// From accepting a connection, or the last answer, to the end of the next request's head.
const HEAD: Duration = Duration::from_secs(60);
/// Bytes of a request's head.
const HEAD_BYTES: usize = 16 * 1024;

/// The metadata service of one instance.
#[derive(Clone, Debug)]
pub struct Metadata {
    id: Arc<str>,
    /// Whether the listener is that of IPv6.
    ipv6: bool,
    world: Arc<World>,
    imds: Arc<Imds>,
    seen: Arc<Mutex<Seen>>,
}

/// The record as it was read last.
#[derive(Debug)]
struct Seen {
    /// Tells of any commit after that.
    hint: Hint,
    record: Option<Arc<Record>>,
}

/// An instance as it was at one moment.
#[derive(Debug)]
struct Record {
    instance: Instance,
    view: InstanceView,
    /// Read when they are first asked for.
    details: OnceLock<Arc<Details>>,
}

impl Record {
    fn details(&self, world: &World) -> Result<Arc<Details>, Fault> {
        if let Some(details) = self.details.get() {
            return Ok(details.clone());
        }
        let db = world.door.identity.store.read()?;
        let read = Arc::new(details(&db, &self.instance, world.env.now())?);
        Ok(self.details.get_or_init(|| read).clone())
    }
}

impl Metadata {
    pub fn new(id: &str, world: Arc<World>, imds: Arc<Imds>) -> Metadata {
        let hint = world.door.identity.store.hint();
        Metadata {
            id: id.into(),
            ipv6: false,
            world,
            imds,
            seen: Arc::new(Mutex::new(Seen { hint, record: None })),
        }
    }

    /// The same for its address of IPv6, which an instance may have switched on.
    #[must_use]
    pub fn by_ipv6(&self) -> Metadata {
        Metadata { ipv6: true, ..self.clone() }
    }

    /// Serves until the sender of `ended` is gone; open connections end with it.
    pub async fn run(self, listener: TcpListener, mut ended: watch::Receiver<()>) {
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                _ = ended.changed() => return,
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) if connections.len() < CONNECTIONS => {
                    connections.spawn(self.clone().converse(stream));
                }
                Ok(_) => log::warn!("{} holds more than {CONNECTIONS} metadata connections", self.id),
                Err(error) => {
                    log::warn!("a metadata connection of {} could not be accepted: {error}", self.id);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    async fn converse(self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let socket = Socket(Arc::new(stream));
        let limit = HopLimit { socket: socket.clone(), ipv6: self.ipv6, set: AtomicU8::new(0) };
        let (service, kept) = (&self, &limit);
        let answer = |request: http::Request<Incoming>| async move {
            let answer = service.answer(&request).await;
            kept.keep(answer.ttl);
            let mut response = http::Response::new(Full::new(answer.body));
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            Ok::<_, Infallible>(response)
        };
        let served = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_BYTES)
            .half_close(true)
            .serve_connection(TokioIo::new(socket), service_fn(answer))
            .await;
        if let Err(error) = served {
            log::debug!("metadata of {}: {error}", self.id);
        }
    }

    async fn answer(&self, request: &http::Request<Incoming>) -> Answer {
        self.try_answer(request).await.unwrap_or_else(|fault| {
            log::error!("metadata of {}: {fault:?}", self.id);
            Answer::error(StatusCode::INTERNAL_SERVER_ERROR)
        })
    }

    async fn try_answer(&self, request: &http::Request<Incoming>) -> Result<Answer, Fault> {
        let Some(record) = self.record()? else {
            return Ok(Answer::error(StatusCode::NOT_FOUND));
        };
        if self.ipv6 && !record.view.options.ipv6 {
            return Ok(Answer::error(StatusCode::FORBIDDEN));
        }
        let (method, path, headers) = (request.method(), request.uri().path(), request.headers());
        self.imds.prepare(&record.view.region, path).await?;
        Ok(self.imds.answer(&record.view, method, path, headers, || record.details(&self.world)))
    }

    /// The instance's record as it is now. It is read again only when anything was committed since.
    fn record(&self) -> Result<Option<Arc<Record>>, Fault> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.hint.take() || seen.record.is_none() {
            seen.record = None;
            let db = self.world.door.identity.store.read()?;
            let found = instances::find(&db, &self.id)?
                .filter(|found| !matches!(found.state, State::Stopped | State::Terminated));
            if let Some(instance) = found {
                let view = view(&instance, &instances::primary_interface(&db, &instance)?);
                seen.record = Some(Arc::new(Record { instance, view, details: OnceLock::new() }));
            }
        }
        Ok(seen.record.clone())
    }
}

/// Keeps answers to PUT from traveling further than the instance's hop limit.
struct HopLimit {
    socket: Socket,
    ipv6: bool,
    /// 0 before the first.
    set: AtomicU8,
}

impl HopLimit {
    /// Once limited, a connection stays so: when a client sends its requests without waiting, later answers leave in
    /// the same packets, and earlier ones may have to be sent again.
    fn keep(&self, limit: Option<u8>) {
        let Some(limit) = limit.filter(|limit| *limit != self.set.load(Ordering::Relaxed)) else { return };
        let hops = u32::from(limit);
        let set = match self.ipv6 {
            true => socket2::SockRef::from(&*self.socket.0).set_unicast_hops_v6(hops),
            false => self.socket.0.set_ttl(hops),
        };
        match set {
            Ok(()) => self.set.store(limit, Ordering::Relaxed),
            Err(error) => log::warn!("a hop limit could not be set: {error}"),
        }
    }
}

/// A stream that its connection and the hop limit share.
#[derive(Clone, Debug)]
struct Socket(Arc<TcpStream>);

impl Socket {
    fn write(
        &self,
        context: &mut Context<'_>,
        attempt: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            match attempt(&self.0) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(context))?;
            let room = buffer.initialize_unfilled();
            let mut got = None;
            let tried = self.0.try_io(Interest::READABLE, || {
                let read = (&*socket2::SockRef::from(&*self.0)).read(room)?;
                got = Some(read);
                // Less than there is room for is all that has come: said so here, the next read need not find it out.
                if 0 < read && read < room.len() { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match (got, tried) {
                (Some(read), _) => {
                    buffer.advance(read);
                    return Poll::Ready(Ok(()));
                }
                (None, Err(error)) if error.kind() != io::ErrorKind::WouldBlock => {
                    return Poll::Ready(Err(error));
                }
                (None, _) => {}
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(context, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |stream| stream.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(socket2::SockRef::from(&*self.0).shutdown(std::net::Shutdown::Write))
    }
}
