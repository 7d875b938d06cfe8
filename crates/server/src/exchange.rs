//! From HTTP to the door's request, and from its answer back to HTTP.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use rolecall_base::Fault;
use rolecall_door::{ByteStream, Front, Origin, Request, RequestBody};
use rolecall_wire::{Body, Protocol, Response, encode_fault};

use crate::body::{self, Share};
use crate::origins::Inside;
use crate::route;
use crate::start::World;

/// Where a connection came from.
#[derive(Clone, Debug)]
pub struct Peer {
    pub ip: IpAddr,
    /// The version of TLS, `1.2` or `1.3`, of a connection that has it.
    pub tls: Option<&'static str>,
    /// The VPC that it is in, of a connection to a VPC's own endpoint.
    pub inside: Option<Arc<Inside>>,
}

/// Answers one request.
pub async fn serve(
    world: Arc<World>,
    peer: Peer,
    request: http::Request<Incoming>,
) -> Result<http::Response<AnswerBody>, Infallible> {
    if request.uri().path() == "/_rolecall/health" {
        return Ok(plain(StatusCode::OK, &world.health()));
    }
    if let Some(answer) = crate::issuer::answer(&world, request.method(), request.uri().path()) {
        return Ok(answer);
    }
    if let Some(answer) = crate::certificates::answer(&world, request.method(), request.uri().path()).await {
        return Ok(answer);
    }
    if let Some(ticket) = request.uri().path().strip_prefix("/_rolecall/terminal/") {
        let ticket = ticket.to_owned();
        return Ok(crate::terminal::open(&world, (&ticket, peer.ip), request).await);
    }
    Ok(into_http(answer(&world, peer, request).await))
}

async fn answer(world: &Arc<World>, peer: Peer, request: http::Request<Incoming>) -> Response {
    let (parts, incoming) = request.into_parts();
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    let signed = route::is_signed(query, &parts.headers);
    let service = match world.fronts.targeted(&parts.headers).filter(|_| !signed) {
        Some(service) => service.to_owned(),
        None => route::service(parts.method.as_str(), path, query, &parts.headers).into_owned(),
    };
    let id = world.env.uuid();
    let form = service == "iam" && !signed;
    let Some(mut front) = world.fronts.get(&service) else {
        let text = format!("Rolecall does not have the service `{service}`.");
        return refuse(&Fault::new("UnknownService", 501, text), None, &id);
    };
    let text = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host = text(header::HOST).or_else(|| parts.uri.authority().map(|authority| authority.as_str()));
    let mut request = Request {
        id: id.clone(),
        received: world.env.now(),
        sent_path: path.to_owned(),
        path: if service == "s3" { route::path_style(host, path) } else { path.to_owned() },
        query: query.to_owned(),
        body: RequestBody::Whole(Bytes::new()),
        unpacked: None,
        origin: Origin {
            source_ip: Some(peer.ip),
            secure: peer.tls.is_some(),
            tls_version: peer.tls,
            user_agent: text(header::USER_AGENT).map(str::to_owned),
            referer: text(header::REFERER).map(str::to_owned),
            ..Origin::default()
        },
        method: parts.method,
        headers: parts.headers,
    };
    // Keeps its part of the memory of bodies until the answer is there.
    let mut _share = Share::default();
    if front.streams(&request) {
        request.body = RequestBody::Arriving(body::arriving(incoming));
    } else {
        let mut incoming = incoming;
        match take(world, front, &mut request, &mut incoming).await {
            Ok(share) => _share = share,
            Err(fault) => {
                body::discard(incoming).await;
                return refuse(&fault, Some(front), &id);
            }
        }
    }
    if form {
        front = world.fronts.knowing(&request).unwrap_or(front);
    }
    if let Some(inside) = &peer.inside
        && let Err(fault) = inside.complete(&mut request.origin, front.service().name)
    {
        return refuse(&fault, Some(front), &id);
    }
    let may_reset = request.path == "/_rolecall/reset";
    let answer = {
        let _during = world.resetting.request().await;
        world.door.answer(front, request).await
    };
    if may_reset && let Err(fault) = world.reset_if_asked().await {
        return refuse(&fault, Some(front), &id);
    }
    answer
}

/// Reads a whole body. A large one is worth it only if its headers hold what they can hold of a good signature.
async fn take(
    world: &World,
    front: &Front,
    request: &mut Request,
    incoming: &mut Incoming,
) -> Result<Share, Fault> {
    let comes = !http_body::Body::is_end_stream(incoming);
    if comes && body::announced(request).is_none_or(|length| length > body::SMALL) {
        world.door.foresee(request, front.service())?;
    }
    body::take_whole(request, front.service().protocol, &world.bodies, incoming).await
}

fn refuse(fault: &Fault, front: Option<&Front>, id: &str) -> Response {
    let mut response = Response::new();
    let (protocol, xmlns) = match front {
        Some(front) => (front.service().protocol, front.service().xmlns),
        None => (Protocol::RestXml, ""),
    };
    encode_fault(fault, protocol, xmlns, id, &mut response);
    response
}

/// An answer's body.
pub enum AnswerBody {
    Whole(Option<Bytes>),
    Stream { len: Option<u64>, stream: ByteStream },
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            AnswerBody::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            AnswerBody::Stream { stream, .. } => stream.as_mut().poll_next(cx).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, AnswerBody::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            AnswerBody::Whole(bytes) => SizeHint::with_exact(
                bytes.as_ref().map_or(0, |bytes| u64::try_from(bytes.len()).unwrap_or(0)),
            ),
            AnswerBody::Stream { len, .. } => len.map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}

fn into_http(response: Response) -> http::Response<AnswerBody> {
    let body = match response.body {
        Body::Bytes(bytes) => AnswerBody::Whole((!bytes.is_empty()).then_some(bytes)),
        Body::Stream { len, stream } => AnswerBody::Stream { len, stream },
    };
    let mut answer = http::Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *answer.headers_mut() = response.headers;
    answer.headers_mut().insert(header::SERVER, HeaderValue::from_static("Rolecall"));
    answer
}

/// A JSON answer that no operation gave.
pub fn plain(status: StatusCode, json: &serde_json::Value) -> http::Response<AnswerBody> {
    let mut answer = http::Response::new(AnswerBody::Whole(Some(Bytes::from(format!("{json}\n")))));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
