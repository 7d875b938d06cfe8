//! The condition keys of one question, computed only when a policy asks for them (POLICY.md section 7).

use std::borrow::Cow;

use rolecall_base::{AccountId, Time};
use rolecall_identity::{Caller, Seat, SessionKind, Who};
use rolecall_policy::{Facts, Value};

use crate::needs::{Ask, KeyValue};
use crate::request::Origin;

/// Everything that condition keys are made of.
#[derive(Debug)]
pub(crate) struct AskFacts<'a> {
    pub caller: &'a Caller,
    pub region: &'a str,
    pub now: Time,
    pub origin: &'a Origin,
    pub ask: &'a Ask,
}

fn one<'v>(text: impl Into<Cow<'v, str>>) -> Option<Value<'v>> {
    Some(Value::One(text.into()))
}

fn truth(yes: bool) -> Option<Value<'static>> {
    one(if yes { "true" } else { "false" })
}

/// Whether a tag is the one that a condition key names; `asked` is in lower case, by the rules of Unicode as tags are.
fn is_tag(key: &str, asked: &str) -> bool {
    key.eq_ignore_ascii_case(asked) || (!key.is_ascii() && key.to_lowercase() == asked)
}

impl Facts for AskFacts<'_> {
    fn get(&self, key: &str) -> Option<Value<'_>> {
        if let Some((_, value)) = self.ask.keys.iter().find(|(name, _)| name == key) {
            return Some(match value {
                KeyValue::One(text) => Value::One(Cow::Borrowed(text)),
                KeyValue::Many(list) => Value::Many(list),
            });
        }
        let name = key.strip_prefix("aws:");
        if name.is_none()
            && let Some(values) = self.of_federation(key)
        {
            return Some(values);
        }
        match name {
            Some(name) => self
                .of_caller(name)
                .or_else(|| self.of_session(name))
                .or_else(|| self.of_request(name))
                .or_else(|| self.of_endpoint(name))
                .or_else(|| self.of_source(name))
                .or_else(|| self.of_resource(name)),
            None => self.of_service(key),
        }
    }
}

impl AskFacts<'_> {
    /// Where the caller's account stands; nowhere for those who have none.
    pub fn seat(&self) -> Option<&Seat> {
        let placement = self.caller.placement.as_deref().or(self.ask.placed.caller.as_deref());
        placement?.seat.as_ref()
    }

    /// Where the resource's account stands.
    pub fn owner_seat(&self) -> Option<&Seat> {
        match self.ask.placed.owner.as_deref() {
            Some(owner) => owner.seat.as_ref(),
            None => self.seat(),
        }
    }

    fn of_caller(&self, name: &str) -> Option<Value<'_>> {
        let caller = self.caller;
        let signed = caller.who != Who::Anonymous && !caller.who.is_federated();
        match name {
            "principaltype" => caller.who.principal_type().and_then(one),
            "userid" if !caller.who.is_federated() => one(caller.user_id.as_str()),
            "username" if caller.who == Who::User => caller.user_name.as_deref().and_then(one),
            "principalarn" if !caller.principal_arn.is_empty() => one(caller.principal_arn.as_str()),
            "principalaccount" if signed && caller.who != Who::Service => one(caller.account.to_string()),
            "principalisawsservice" if signed => truth(caller.who == Who::Service),
            "principalservicename" if caller.who == Who::Service => one(caller.arn.as_str()),
            "principalservicenameslist" if caller.who == Who::Service => {
                Some(Value::Many(std::slice::from_ref(&caller.arn)))
            }
            "principalorgid" => self.seat().and_then(|seat| one(seat.organization.as_str())),
            "principalorgpaths" => self.seat().map(|seat| Value::Many(&seat.paths)),
            _ => {
                let tag = name.strip_prefix("principaltag/")?;
                let (_, value) = caller.tags.iter().find(|(key, _)| is_tag(key, tag))?;
                one(value.as_str())
            }
        }
    }

    fn of_session(&self, name: &str) -> Option<Value<'_>> {
        let session = self.caller.session.as_deref()?;
        let delivery = session.delivery.as_ref();
        match name {
            "tokenissuetime" => one(session.issued.iso_seconds()),
            "multifactorauthpresent" => truth(session.mfa.is_some()),
            "multifactorauthage" => {
                session.mfa.and_then(|shown| one(self.now.since(shown).as_secs().to_string()))
            }
            "sourceidentity" => session.source_identity.as_deref().and_then(one),
            "assumedroot" if session.kind == SessionKind::Root => truth(true),
            "federatedprovider" => session.provider.as_deref().and_then(one),
            "ec2instancesourcevpc" => delivery.and_then(|d| one(d.vpc.as_str())),
            "ec2instancesourceprivateipv4" => delivery.and_then(|d| one(d.private_ip.as_str())),
            _ => None,
        }
    }

    /// What an identity provider says of the caller, or said of the session's user.
    fn of_federation(&self, key: &str) -> Option<Value<'_>> {
        let said = self.caller.federation.as_deref().map(|federation| &federation.context);
        let kept = || self.caller.session.as_deref().map(|session| &session.context);
        let (_, values) = said.or_else(kept)?.iter().find(|(name, _)| name == key)?;
        Some(match values.as_slice() {
            [value] => Value::One(Cow::Borrowed(value)),
            values => Value::Many(values),
        })
    }

    fn of_request(&self, name: &str) -> Option<Value<'_>> {
        let via = &self.origin.called_via;
        match name {
            "currenttime" => one(self.now.iso_seconds()),
            "epochtime" => one(self.now.seconds().to_string()),
            "securetransport" => truth(self.origin.secure),
            "requestedregion" => one(self.region),
            "useragent" => self.origin.user_agent.as_deref().and_then(one),
            "referer" => self.origin.referer.as_deref().and_then(one),
            // A request through an endpoint has an address inside of the VPC, which is another key. Without one such an
            // address says nothing: who makes a VPC chooses its block.
            "sourceip" if self.origin.endpoint.is_none() && !self.origin.private => self.source_ip(),
            "viaawsservice" => truth(!via.is_empty()),
            "calledvia" if !via.is_empty() => Some(Value::Many(via)),
            "calledviafirst" => via.first().and_then(|service| one(service.as_str())),
            "calledvialast" => via.last().and_then(|service| one(service.as_str())),
            _ => None,
        }
    }

    fn source_ip(&self) -> Option<Value<'_>> {
        self.origin.source_ip.and_then(|ip| one(ip.to_string()))
    }

    fn of_endpoint(&self, name: &str) -> Option<Value<'_>> {
        let endpoint = self.origin.endpoint.as_deref()?;
        let seat = || self.ask.placed.endpoint.as_deref().and_then(|placed| placed.seat.as_ref());
        match name {
            "vpcsourceip" => self.source_ip(),
            "sourcevpce" => one(endpoint.id.as_str()),
            "sourcevpc" => one(endpoint.vpc.as_str()),
            "sourcevpcarn" => {
                one(format!("arn:aws:ec2:{}:{}:vpc/{}", endpoint.region, endpoint.account, endpoint.vpc))
            }
            "vpceaccount" => one(endpoint.account.to_string()),
            "vpceorgid" => seat().and_then(|seat| one(seat.organization.as_str())),
            "vpceorgpaths" => seat().map(|seat| Value::Many(&seat.paths)),
            _ => None,
        }
    }

    /// For what a service calls that acts for itself.
    fn of_source(&self, name: &str) -> Option<Value<'_>> {
        let source = self.origin.source.as_ref()?;
        let seat = || self.ask.placed.source.as_deref().and_then(|placed| placed.seat.as_ref());
        match name {
            "sourcearn" => source.arn.as_deref().and_then(one),
            "sourceaccount" => one(source.account.to_string()),
            "sourceorgid" => seat().and_then(|seat| one(seat.organization.as_str())),
            "sourceorgpaths" => seat().map(|seat| Value::Many(&seat.paths)),
            _ => None,
        }
    }

    fn of_resource(&self, name: &str) -> Option<Value<'_>> {
        match name {
            "resourceaccount" => one(self.resource_account().to_string()),
            "resourceorgid" => self.owner_seat().and_then(|seat| one(seat.organization.as_str())),
            "resourceorgpaths" => self.owner_seat().map(|seat| Value::Many(&seat.paths)),
            _ => self.resource_tag(name.strip_prefix("resourcetag/")?),
        }
    }

    fn of_service(&self, key: &str) -> Option<Value<'_>> {
        let session = self.caller.session.as_deref();
        let delivery = session.and_then(|session| session.delivery.as_ref());
        match key {
            "ec2:roledelivery" => delivery.and_then(|d| one(d.role_delivery.as_str())),
            "ec2:sourceinstancearn" => delivery.and_then(|d| one(d.instance_arn.as_str())),
            "s3:resourceaccount" => one(self.resource_account().to_string()),
            "s3:tlsversion" => self.origin.tls_version.and_then(one),
            _ if key.starts_with("s3:") => self.of_signature(key),
            _ => {
                // The service's own name for the same tags: `iam:ResourceTag/k`, `ec2:ResourceTag/k`.
                let (service, rest) = key.split_once(':')?;
                let tag = rest.strip_prefix("resourcetag/")?;
                self.ask.action.starts_with(service).then(|| self.resource_tag(tag)).flatten()
            }
        }
    }

    /// S3's keys about the signature; unsigned requests have none of them.
    fn of_signature(&self, key: &str) -> Option<Value<'_>> {
        let signature = self.origin.signature.as_ref()?;
        match key {
            "s3:authtype" => one(if signature.presigned { "REST-QUERY-STRING" } else { "REST-HEADER" }),
            "s3:signatureversion" => one("AWS4-HMAC-SHA256"),
            "s3:signatureage" => {
                let age = self.now.since(signature.made).as_millis();
                i64::try_from(age).ok().map(Value::Number)
            }
            "s3:x-amz-content-sha256" => signature.content_sha256.as_deref().and_then(one),
            _ => None,
        }
    }

    fn resource_tag(&self, tag: &str) -> Option<Value<'_>> {
        let found = self.ask.tags.iter().find(|own| is_tag(&own.key, tag))?;
        one(found.value.as_str())
    }

    fn resource_account(&self) -> AccountId {
        self.ask.account.unwrap_or(self.caller.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_whatever_its_case() {
        for key in ["Équipe", "équipe"] {
            assert!(is_tag(key, "équipe"));
        }
        assert!(is_tag("Team", "team") && !is_tag("Teams", "team"));
    }
}
