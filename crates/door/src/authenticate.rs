//! Step 4: whose request it is. One text for all failures of a kind, and no kind that tells more than AWS does.

use rolecall_base::Fault;
use rolecall_identity::{Caller, Unknown};
use rolecall_sigv4::{Chain, Expected, Family, Payload as Binding, Refusal, Signed, SigningKey, body_hash};
use rolecall_wire::{Protocol, Service};

use crate::door::{Door, Visitor};
use crate::payload::BodyCheck;
use crate::request::{Request, Signature};
use crate::stranger::stranger;

/// A request that proved whose it is.
pub(crate) struct Proof {
    pub visitor: Visitor,
    /// Of the credential scope; the server's own for unsigned requests.
    pub region: String,
    /// How the body that is still to come must be checked.
    pub body: BodyCheck,
    pub signature: Option<Signature>,
}

/// Where a request is decided. The global services are in one region, as on AWS. There, a scope of another region is
/// refused; here it is taken, because SDKs that are told an endpoint sign all services for the client's own region.
fn region<'s>(service: &str, [_, region, _]: [&'s str; 3]) -> &'s str {
    if matches!(service, "iam" | "organizations") { "us-east-1" } else { region }
}

/// The family whose rules and texts a protocol follows.
fn family(protocol: Protocol) -> Family {
    match protocol {
        Protocol::Query => Family::Query,
        Protocol::Ec2 => Family::Ec2,
        Protocol::Json(_) => Family::Json,
        Protocol::RestJson => Family::RestJson,
        Protocol::RestXml => Family::S3,
    }
}

impl Door {
    /// Verifies a request's signature and finds its caller.
    ///
    /// # Errors
    /// AWS's fault for that service and that failure.
    pub(crate) fn authenticate(&self, request: &Request, service: &'static Service) -> Result<Proof, Fault> {
        let family = family(service.protocol);
        let parts = signed_parts(request);
        let refuse = |refusal: Refusal| refusal.fault(family);
        let Some(signed) = Signed::read(&parts, family).map_err(refuse)? else {
            return if family == Family::S3 { self.nobody(request) } else { Err(refuse(Refusal::Missing)) };
        };
        let now = self.identity.env.now();
        let expected = Expected { family, service: service.name, region: None, now };
        signed.check(&parts, &expected).map_err(refuse)?;
        let known = match self.identity.known(signed.access_key_id(), signed.token()) {
            Ok(known) => known,
            Err(unknown) => {
                self.verify_in_vain(&signed, request, family);
                return Err(stranger_fault(&unknown, &signed, service));
            }
        };
        let key = self.keys.key(signed.access_key_id(), &known.secret, signed.scope());
        let body = self.verify(&signed, request, family, key)?;
        let region = region(service.name, signed.scope());
        let signature = Signature {
            presigned: signed.is_presigned(),
            made: signed.time(),
            content_sha256: request.header("x-amz-content-sha256").map(str::to_owned),
        };
        let (visitor, region) = (Visitor::known(known), region.to_owned());
        Ok(Proof { visitor, region, body, signature: Some(signature) })
    }

    /// Holds a request's headers to what can be known before its body is there: who is said to have signed it, when and
    /// for what, and where the headers hold the body's hash the signature itself. Nobody needs to read the body of a
    /// request that this refuses.
    ///
    /// # Errors
    /// Those that [`Door::answer`] would end in.
    pub fn foresee(&self, request: &Request, service: &'static Service) -> Result<(), Fault> {
        let family = family(service.protocol);
        let parts = signed_parts(request);
        let refuse = |refusal: Refusal| refusal.fault(family);
        // An unsigned request may be anybody's, or bring a proof of its own.
        let Some(signed) = Signed::read(&parts, family).map_err(refuse)? else { return Ok(()) };
        let now = self.identity.env.now();
        let expected = Expected { family, service: service.name, region: None, now };
        signed.check(&parts, &expected).map_err(refuse)?;
        let known = self.identity.known(signed.access_key_id(), signed.token());
        let known = known.map_err(|unknown| stranger_fault(&unknown, &signed, service))?;
        if family != Family::S3 {
            return Ok(());
        }
        let key = self.keys.key(signed.access_key_id(), &known.secret, signed.scope());
        let binding = Binding::of_s3(&parts, &signed).map_err(refuse)?;
        signed.verify(&parts, family, &binding.line(), &key).map_err(refuse)
    }

    /// Checks the signature, and of a whole body its hash as well.
    fn verify(
        &self,
        signed: &Signed<'_>,
        request: &Request,
        family: Family,
        key: SigningKey,
    ) -> Result<BodyCheck, Fault> {
        let parts = signed_parts(request);
        let refuse = |refusal: Refusal| refusal.fault(family);
        let whole = request.whole();
        if family != Family::S3 {
            let hash = body_hash(whole.map_or(&[], |body| body));
            signed.verify(&parts, family, &hash, &key).map_err(refuse)?;
            return Ok(BodyCheck::none());
        }
        let binding = Binding::of_s3(&parts, signed).map_err(refuse)?;
        signed.verify(&parts, family, &binding.line(), &key).map_err(refuse)?;
        let chain = matches!(binding, Binding::Streaming { signed: true, .. }).then(|| signed.chain(key));
        bind(request, binding, chain)
    }

    /// The work of a verification whose outcome is known, so that time does not tell which keys exist.
    fn verify_in_vain(&self, signed: &Signed<'_>, request: &Request, family: Family) {
        let [date, region, service] = signed.scope();
        let key = SigningKey::derive("no such key", date, region, service);
        let hash = body_hash(request.whole().map_or(&[], |body| body));
        let _ = signed.verify(&signed_parts(request), family, &hash, &key);
    }

    /// An unsigned request of S3. Its body is what its headers say of it all the same.
    fn nobody(&self, request: &Request) -> Result<Proof, Fault> {
        let said = request.header("x-amz-content-sha256");
        let binding = said.map_or(Ok(Binding::Unsigned), Binding::parse);
        let binding = binding.map_err(|refusal| refusal.fault(Family::S3))?;
        if let Binding::Streaming { signed: true, .. } = binding {
            return Err(unfitting(&binding));
        }
        let visitor = Visitor::vouched(Caller::anonymous());
        let (region, body) = (self.region.clone(), bind(request, binding, None)?);
        Ok(Proof { visitor, region, body, signature: None })
    }
}

/// Checks a whole body of S3 by what binds it; of one that is yet to come, says how to check it.
fn bind(request: &Request, binding: Binding, chain: Option<Chain>) -> Result<BodyCheck, Fault> {
    match (request.whole(), &binding) {
        (None, _) => Ok(BodyCheck { binding, chain }),
        // Only uploads come in chunks: elsewhere nobody would look at the chunks' signatures.
        (Some(_), Binding::Streaming { .. }) => Err(unfitting(&binding)),
        (Some(body), Binding::Digest(_)) => {
            let same = binding.check(&crate::payload::digest(body));
            same.map_err(|refusal| refusal.fault(Family::S3)).map(|()| BodyCheck::none())
        }
        (Some(_), Binding::Unsigned) => Ok(BodyCheck::none()),
    }
}

fn unfitting(binding: &Binding) -> Fault {
    Refusal::ContentHashInvalid { found: binding.line().into_owned() }.fault(Family::S3)
}

fn signed_parts(request: &Request) -> rolecall_sigv4::Request<'_> {
    rolecall_sigv4::Request {
        method: request.method.as_str(),
        path: &request.sent_path,
        query: &request.query,
        headers: &request.headers,
    }
}

/// S3 tells an unknown key and a bad token apart; the others do not.
fn stranger_fault(unknown: &Unknown, signed: &Signed<'_>, service: &Service) -> Fault {
    match (unknown, service.protocol) {
        (Unknown::Invalid, Protocol::RestXml) if signed.token().is_some() => {
            Fault::new("InvalidToken", 400, "The provided token is malformed or otherwise invalid.")
        }
        (Unknown::Invalid, Protocol::RestXml) => Fault::new(
            "InvalidAccessKeyId",
            403,
            "The AWS Access Key Id you provided does not exist in our records.",
        )
        .with("AWSAccessKeyId", signed.access_key_id()),
        _ => stranger(unknown, service.protocol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_global_service_is_in_one_region_whatever_the_scope_says() {
        let scope = |service| ["20260101", "eu-west-1", service];
        assert_eq!(region("iam", scope("iam")), "us-east-1");
        assert_eq!(region("organizations", scope("organizations")), "us-east-1");
        assert_eq!(region("sts", scope("sts")), "eu-west-1");
    }
}
