//! From HTTP to the door's request, and from its answer back to HTTP.

use std::convert::Infallible;
use std::io::{self, Read};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::{HeaderValue, StatusCode, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use rolecall_base::Fault;
use rolecall_door::{ByteStream, Front, Origin, Request, RequestBody};
use rolecall_wire::{Body, Protocol, Response, encode_fault};

use crate::route;
use crate::start::World;

/// Bytes of a body that is not streamed. S3's longest (DeleteObjects, CompleteMultipartUpload) stay below.
const LONGEST_BODY: usize = 8 * 1024 * 1024;

/// How long a client may send nothing of a body that it has begun: connections are limited in number.
const IDLE: Duration = Duration::from_secs(60);

/// Where a connection came from.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    pub ip: IpAddr,
    pub secure: bool,
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
    if let Some(ticket) = request.uri().path().strip_prefix("/_rolecall/terminal/") {
        let ticket = ticket.to_owned();
        return Ok(crate::terminal::open(&world, (&ticket, peer.ip), request).await);
    }
    Ok(into_http(answer(&world, peer, request).await))
}

async fn answer(world: &Arc<World>, peer: Peer, request: http::Request<Incoming>) -> Response {
    let (parts, body) = request.into_parts();
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
            secure: peer.secure,
            user_agent: text(header::USER_AGENT).map(str::to_owned),
            referer: text(header::REFERER).map(str::to_owned),
            ..Origin::default()
        },
        method: parts.method,
        headers: parts.headers,
    };
    if front.streams(&request) {
        request.body = RequestBody::Arriving(arriving(body));
    } else if let Err(fault) = take_whole(&mut request, front.service().protocol, body).await {
        return refuse(&fault, Some(front), &id);
    }
    if form {
        front = world.fronts.knowing(&request).unwrap_or(front);
    }
    let answer = world.door.answer(front, request).await;
    match world.reset_if_asked().await {
        Ok(()) => answer,
        Err(fault) => refuse(&fault, Some(front), &id),
    }
}

/// Reads a body that is not streamed, and unpacks it if it is packed; the packed bytes are what was signed. S3 has no
/// packed bodies: there the header is a property of the object.
async fn take_whole(request: &mut Request, protocol: Protocol, body: Incoming) -> Result<(), Fault> {
    let whole = collect(body).await?;
    let packed = request.header("content-encoding").is_some_and(|kind| kind.eq_ignore_ascii_case("gzip"));
    if packed && protocol != Protocol::RestXml {
        request.unpacked = Some(unpack(&whole)?);
    }
    request.body = RequestBody::Whole(whole);
    Ok(())
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

async fn collect(mut body: Incoming) -> Result<Bytes, Fault> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = tokio::time::timeout(IDLE, body.frame()).await.map_err(|_| idle())? {
        let frame = frame.map_err(|error| {
            Fault::new("RequestTimeout", 400, "The request's body did not arrive.").because(error)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + all.len() + data.len() > LONGEST_BODY {
            return Err(Fault::new("RequestEntityTooLarge", 413, "The request's body is too large."));
        }
        // Most bodies come in one piece, which is then not copied.
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

fn idle() -> Fault {
    let text = "Your socket connection to the server was not read from or written to within the timeout period. Idle \
                connections will be closed.";
    Fault::new("RequestTimeout", 400, text)
}

fn unpack(packed: &[u8]) -> Result<Bytes, Fault> {
    let limit = u64::try_from(LONGEST_BODY).unwrap_or(u64::MAX);
    let mut plain = Vec::new();
    let read = flate2::read::GzDecoder::new(packed).take(limit + 1).read_to_end(&mut plain);
    match read {
        Ok(_) if plain.len() <= LONGEST_BODY => Ok(plain.into()),
        Ok(_) => {
            Err(Fault::new("RequestEntityTooLarge", 413, "The request's body is too large when unpacked."))
        }
        Err(error) => {
            Err(Fault::new("MalformedInput", 400, "The request's body is not gzip.").because(error))
        }
    }
}

/// A body as a stream of its data.
fn arriving(body: Incoming) -> ByteStream {
    struct Data {
        body: Incoming,
        /// Set while nothing comes.
        overdue: Option<Pin<Box<tokio::time::Sleep>>>,
    }

    impl Stream for Data {
        type Item = Result<Bytes, io::Error>;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            loop {
                let frame = match http_body::Body::poll_frame(Pin::new(&mut self.body), cx) {
                    Poll::Ready(Some(Ok(frame))) => frame,
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(io::Error::other(error)))),
                    Poll::Ready(None) => return Poll::Ready(None),
                    Poll::Pending => {
                        let overdue = self.overdue.get_or_insert_with(|| Box::pin(tokio::time::sleep(IDLE)));
                        return overdue.as_mut().poll(cx).map(|()| Some(Err(io::ErrorKind::TimedOut.into())));
                    }
                };
                self.overdue = None;
                if let Ok(data) = frame.into_data() {
                    return Poll::Ready(Some(Ok(data)));
                }
            }
        }
    }

    Box::pin(Data { body, overdue: None })
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
