//! Sessions of a role for a service: what EC2 hands to an instance. The role's trust policy decides, as it does for
//! any other caller of AssumeRole, and the decision is kept and audited like one.

use std::sync::Arc;
use std::time::Duration;

use rolecall_actions::sts::{self, key};
use rolecall_base::Fault;
use rolecall_identity::records::Role;
use rolecall_identity::{Caller, Credentials, Delivery, Session, SessionKind};
use rolecall_wire::Protocol;
use rolecall_wire::record::{Dates, HIDDEN, Tell, Teller};

use crate::audit::{Asked, Entry};
use crate::decide::{self, Denial};
use crate::decisions::Decided;
use crate::door::Door;
use crate::needs::Needs;
use crate::operation::Place;
use crate::request::{Origin, Source};
use crate::resources::TrustingRole;

/// What a service asks for.
#[derive(Clone, Debug)]
pub struct ServiceSession<'a> {
    /// `ec2.amazonaws.com`
    pub service: &'a str,
    pub role: &'a Role,
    pub region: &'a str,
    /// The role session name.
    pub name: &'a str,
    pub life: Duration,
    /// How an instance got it; its answers to `ec2:RoleDelivery` and its neighbors.
    pub delivery: Option<Delivery>,
}

impl Door {
    /// Assumes a role for a service of this process.
    ///
    /// # Errors
    /// AccessDenied when the role's trust policy does not allow the service `sts:AssumeRole`.
    pub fn assume_for_service(&self, asked: &ServiceSession<'_>) -> Result<Credentials, Fault> {
        let caller = Arc::new(Caller::service(asked.service, asked.role.account));
        let instance = asked.delivery.as_ref().map(|delivery| delivery.instance_arn.clone());
        let source = Source { arn: instance, account: asked.role.account };
        let origin = Origin { source: Some(source), ..Origin::of_service() };
        let place = Place {
            caller: &caller,
            region: asked.region,
            now: self.identity.env.now(),
            env: &self.identity.env,
            identity: &self.identity,
            origin: &origin,
            extensions: &self.extensions,
        };
        let request_id = self.identity.env.uuid();
        let mut needs = self.question(asked)?;
        let denial = Denial { protocol: Protocol::Query, encode: None };
        let decided = decide::decide(&place, &mut needs, &denial);
        let outcome = decided.and_then(|_| self.sealed(asked, place.now));
        let answer = outcome.as_ref().ok().map(given);
        let decided = Arc::new(Decided {
            request_id,
            at: place.now,
            service: "sts",
            operation: "AssumeRole",
            caller: caller.clone(),
            region: asked.region.to_owned(),
            origin: origin.clone(),
            asks: needs.asks,
            fault: outcome.as_ref().err().cloned(),
        });
        self.decisions.keep(decided.clone());
        let parameters = Asked::Text(Some(parameters(asked)));
        self.log.append(Entry::call(decided, true, parameters, answer, (&self.identity.env, 0)));
        outcome
    }

    fn question(&self, asked: &ServiceSession<'_>) -> Result<Needs, Fault> {
        let trust = self.identity.documents.trust(&asked.role.trust)?;
        let role = TrustingRole { role: Arc::new(asked.role.clone()), trust };
        let question = Needs::action(sts::AssumeRole).on(&role);
        Ok(question.key(key::RoleSessionName, Some(asked.name)).trust_decides().done())
    }

    fn sealed(&self, asked: &ServiceSession<'_>, now: rolecall_base::Time) -> Result<Credentials, Fault> {
        let issued = now.whole_seconds();
        let session = Session {
            kind: SessionKind::Role,
            account: asked.role.account,
            principal_id: asked.role.id.clone(),
            name: asked.name.to_owned(),
            issued,
            expires: issued + asked.life,
            delivery: asked.delivery.clone(),
            assumer: Some(asked.service.to_owned()),
            ..Session::default()
        };
        rolecall_identity::seal(&self.identity.env, &self.identity.vault, &session)
            .map_err(|_| Fault::internal("a session could not be sealed"))
    }
}

/// What was asked for, as AssumeRole's records have it.
fn parameters(asked: &ServiceSession<'_>) -> String {
    let mut t = Teller::new(Dates::Words);
    t.open();
    t.put("roleArn", Some(&asked.role.arn()));
    t.put("roleSessionName", Some(asked.name));
    t.put("durationSeconds", i64::try_from(asked.life.as_secs()).ok().as_ref());
    t.close();
    t.finish().unwrap_or_default()
}

/// What was given; of its secrets that they were.
fn given(credentials: &Credentials) -> String {
    let mut t = Teller::new(Dates::Words);
    t.open();
    t.put("credentials", Some(&Given(credentials)));
    t.close();
    t.finish().unwrap_or_default()
}

struct Given<'a>(&'a Credentials);

impl Tell for Given<'_> {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("accessKeyId", Some(&self.0.access_key_id));
        t.masked("sessionToken", true, HIDDEN);
        t.put("expiration", Some(&self.0.expires));
        t.close();
    }
}
