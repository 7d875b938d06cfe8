//! The bytes' side of the door: one service's operations, found by what a request names, and the answer in its
//! protocol.

use http::HeaderMap;
use rolecall_base::Fault;
use rolecall_wire::{Message, Response, Route, Router, Service, encode_fault};

use crate::authenticate::Proof;
use crate::door::{Door, Pass, Visitor, guarded};
use crate::request::{Origin, Request, RequestBody};
use crate::row::Row;

/// A service as clients reach it.
#[derive(Debug)]
pub struct Front {
    router: Router<Entry>,
    body_check: Option<WholeBodyCheck>,
}

/// Holds a whole body to what its headers say of it; takes the operation's name, the headers, the body.
pub type WholeBodyCheck = fn(&str, &HeaderMap, &[u8]) -> Result<(), Fault>;

#[derive(Clone, Copy, Debug)]
enum Entry {
    Here(Row),
    /// Known to AWS's model and not to us.
    Missing(&'static str),
}

impl Front {
    /// From a service crate's generated tables.
    pub fn new(service: &'static Service, operations: &'static [Row], missing: &'static [Route]) -> Front {
        let here = operations.iter().map(|row| (&row.meta.route, Entry::Here(*row)));
        let absent = missing.iter().map(|route| (route, Entry::Missing(route.operation)));
        Front { router: Router::new(service, here.chain(absent)), body_check: None }
    }

    /// With a check of whole bodies, before the operation is asked anything.
    #[must_use]
    pub fn with_body_check(self, check: WholeBodyCheck) -> Front {
        Front { body_check: Some(check), ..self }
    }

    pub fn service(&self) -> &'static Service {
        self.router.service()
    }

    /// The row of the operation that a request names.
    ///
    /// # Errors
    /// The protocol's fault for an unknown operation, NotImplemented for a known one that we lack.
    fn find(&self, request: &Request) -> Result<&Row, Fault> {
        match self.router.find(&message(request))? {
            Entry::Here(row) => Ok(row),
            Entry::Missing(operation) => Err(Fault::not_implemented(operation)),
        }
    }

    /// Whether the service knows the operation that a request names.
    pub fn knows(&self, request: &Request) -> bool {
        match self.router.find(&message(request)) {
            Ok(Entry::Here(_) | Entry::Missing(_)) => true,
            Err(_) => false,
        }
    }

    /// Whether a request's body should be handed over as it arrives.
    pub fn streams(&self, request: &Request) -> bool {
        self.find(request).is_ok_and(|row| row.stage.is_some())
    }
}

fn message(request: &Request) -> Message<'_> {
    Message {
        method: request.method.as_str(),
        path: &request.path,
        query: &request.query,
        headers: &request.headers,
        body: request.unpacked.as_ref().or_else(|| request.whole()).map_or(&[], |body| body),
    }
}

impl Door {
    /// Steps 3 to 10 for one request.
    pub async fn answer(&self, front: &Front, request: Request) -> Response {
        let id = request.id.clone();
        let service = front.service();
        let mut response = Response::new();
        if let Err(fault) = self.admit(front, request, &mut response).await {
            if fault.status() >= 500 {
                log::error!("{id} {}: {fault:?}", service.name);
            }
            response = Response::new();
            encode_fault(&fault, service.protocol, service.xmlns, &id, &mut response);
        }
        response
    }

    async fn admit(&self, front: &Front, mut request: Request, response: &mut Response) -> Result<(), Fault> {
        let row = front.find(&request)?;
        let proof = match row.prove {
            Some(_) => self.unproven(&request),
            None => self.authenticate(&request, front.service()),
        };
        let proof = proof.inspect_err(|fault| {
            let nobody = Visitor::vouched(rolecall_identity::Caller::anonymous());
            self.log_refused(&mut refused(row, &request, nobody, &self.region), fault);
        })?;
        let Proof { visitor, region, body, signature } = proof;
        self.note(&visitor, row, &region, request.received);
        let input = guarded(|| (row.decode)(&message(&request))).inspect_err(|fault| {
            self.log_refused(&mut refused(row, &request, visitor.clone(), &region), fault)
        })?;
        if let Some(check) = front.body_check.filter(|_| row.stage.is_none()) {
            let body = request.whole().map_or(&[][..], |body| body);
            check(row.meta.name, &request.headers, body).inspect_err(|fault| {
                self.log_refused(&mut refused(row, &request, visitor.clone(), &region), fault);
            })?;
        }
        let origin = Origin { signature, ..std::mem::take(&mut request.origin) };
        let request_id = std::mem::take(&mut request.id);
        let weight = weight(&request);
        let id = request_id.clone();
        let mut pass = Pass { row, input, visitor, request_id: id, region, origin, staged: None, weight };
        if let Some(prove) = row.prove {
            self.prove(&mut pass, prove).await?;
        }
        if let Some(stage) = row.stage {
            let arriving = std::mem::replace(&mut request.body, RequestBody::Whole(Default::default()));
            let mut payload = match body.payload(&request, arriving) {
                Ok(payload) => payload,
                Err(fault) => {
                    self.log_refused(&mut pass, &fault);
                    return Err(fault);
                }
            };
            self.stage(&mut pass, stage, &mut payload).await?;
        }
        let output = self.pass(pass).await?;
        (row.encode)(output, row.meta, &request_id, response)
    }
}

/// What got no further than its bytes is recorded as well: what could not be authenticated, by nobody; what could not be
/// read, by its caller.
fn refused<'a>(row: &'a Row, request: &Request, visitor: Visitor, region: &str) -> Pass<'a> {
    Pass {
        row,
        input: Box::new(()),
        visitor,
        request_id: request.id.clone(),
        region: region.to_owned(),
        origin: request.origin.clone(),
        staged: None,
        weight: 0,
    }
}

/// Bytes that a request's input may take.
fn weight(request: &Request) -> usize {
    let body = request.unpacked.as_ref().or_else(|| request.whole()).map_or(0, |body| body.len());
    let headers: usize = request.headers.values().map(http::HeaderValue::len).sum();
    body + request.path.len() + request.query.len() + headers
}
