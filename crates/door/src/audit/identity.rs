//! Who called, as `userIdentity` tells it.

use rolecall_identity::{Caller, Session, SessionKind, Who};
use rolecall_wire::record::{Dates, Tell, Teller};

use super::event::Call;

/// Whose copy of a record it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Viewer {
    /// The caller's account.
    Own,
    /// Another account, whose resource was used: it learns which account and who, and no more.
    Other,
}

/// The service that called, or that another caller's rights were used by.
pub(super) fn service<'a>(call: &Call<'a>) -> Option<&'a str> {
    match call.caller.who {
        Who::Service => Some(&call.caller.arn),
        _ => call.origin.called_via.last().map(String::as_str),
    }
}

/// The name that LookupEvents finds a record by: the user's, or that of the session.
pub(super) fn user<'a>(call: &Call<'a>, viewer: Viewer) -> &'a str {
    let caller = call.caller;
    match (caller.who, viewer) {
        (Who::Service | Who::Anonymous, _) => "",
        (Who::WebIdentity | Who::Saml, _) => caller.user_name.as_deref().unwrap_or_default(),
        (_, Viewer::Other) => caller.user_id.split_once(':').map_or(&*caller.user_id, |(_, name)| name),
        (Who::Root, _) => "root",
        (Who::User, _) => caller.user_name.as_deref().unwrap_or_default(),
        (Who::RoleSession | Who::FederatedUser, _) => caller.session_name().unwrap_or_default(),
    }
}

/// The object.
pub(super) fn told(call: &Call<'_>, viewer: Viewer) -> String {
    let mut t = Teller::new(Dates::Iso);
    t.open();
    match (call.caller.who, viewer) {
        (Who::Anonymous, _) => nobody(&mut t, call),
        (Who::WebIdentity | Who::Saml, _) => federated(&mut t, call.caller),
        (Who::Service, _) => {
            t.put("type", Some("AWSService"));
            t.put("invokedBy", service(call));
        }
        (_, Viewer::Other) => {
            t.put("type", Some("AWSAccount"));
            t.put("principalId", Some(&call.caller.user_id));
            t.put("accountId", Some(&call.caller.account.to_string()));
        }
        (who, Viewer::Own) => principal(&mut t, call, who),
    }
    t.close();
    t.finish().unwrap_or_default()
}

/// A call without a signature.
fn nobody(t: &mut Teller, call: &Call<'_>) {
    let (kind, account) = match call.service {
        "s3" => ("AWSAccount", "ANONYMOUS_PRINCIPAL"),
        _ => ("Unknown", "anonymous"),
    };
    t.put("type", Some(kind));
    t.put("accountId", Some(account));
}

/// Somebody for whom an identity provider vouches.
fn federated(t: &mut Teller, caller: &Caller) {
    t.put("type", Some(if caller.who == Who::Saml { "SAMLUser" } else { "WebIdentityUser" }));
    t.put("principalId", Some(&caller.user_id));
    t.put("userName", caller.user_name.as_ref());
    t.put("identityProvider", caller.federation.as_deref().map(|federation| &federation.provider));
}

fn principal(t: &mut Teller, call: &Call<'_>, who: Who) {
    let caller = call.caller;
    let kind = match who {
        Who::Root => "Root",
        Who::RoleSession => "AssumedRole",
        Who::FederatedUser => "FederatedUser",
        _ => "IAMUser",
    };
    let account = caller.account.to_string();
    t.put("type", Some(kind));
    t.put("principalId", Some(&caller.user_id));
    t.put("arn", Some(&caller.arn));
    t.put("accountId", Some(&account));
    t.put("accessKeyId", caller.access_key_id.as_ref());
    if who == Who::User {
        t.put("userName", caller.user_name.as_ref());
    }
    if let Some(session) = caller.session.as_deref() {
        t.put("sessionContext", Some(&Context { caller, session, account: &account }));
    }
    t.put("invokedBy", service(call));
    let delegated = caller.session.as_deref().filter(|session| session.kind == SessionKind::Delegated);
    t.put("invokedByDelegate", delegated.map(Delegate).as_ref());
}

/// The product provider that acts for somebody.
struct Delegate<'a>(&'a Session);

impl Tell for Delegate<'_> {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("accountId", self.0.assumer.as_ref());
        t.close();
    }
}

struct Context<'a> {
    caller: &'a Caller,
    session: &'a Session,
    account: &'a str,
}

impl Tell for Context<'_> {
    fn tell(&self, t: &mut Teller) {
        let Context { caller, session, .. } = self;
        t.open();
        match session.kind {
            SessionKind::Role | SessionKind::Instance => {
                t.put("sessionIssuer", Some(&self.issuer("Role", &caller.principal_arn)))
            }
            SessionKind::Federated => {
                let user = caller.federated_by.as_deref().unwrap_or_default();
                let kind = if user.contains(":user/") { "IAMUser" } else { "Root" };
                t.put("sessionIssuer", Some(&self.issuer(kind, user)));
            }
            SessionKind::Delegated if caller.who == Who::RoleSession => {
                t.put("sessionIssuer", Some(&self.issuer("Role", &caller.principal_arn)));
            }
            SessionKind::User | SessionKind::Root | SessionKind::Delegated => {}
        }
        if let Some(provider) = &session.provider {
            t.put("webIdFederationData", Some(&Federation { provider, session }));
        }
        t.put("attributes", Some(&Attributes(session)));
        t.put("assumedRoot", (session.kind == SessionKind::Root).then_some("true"));
        t.put("sourceIdentity", session.source_identity.as_ref());
        t.put("ec2RoleDelivery", session.delivery.as_ref().map(|delivery| &delivery.role_delivery));
        t.close();
    }
}

impl<'a> Context<'a> {
    fn issuer(&self, kind: &'static str, arn: &'a str) -> Issuer<'a> {
        Issuer { kind, principal_id: &self.session.principal_id, arn, account: self.account }
    }
}

struct Issuer<'a> {
    kind: &'static str,
    principal_id: &'a str,
    arn: &'a str,
    account: &'a str,
}

impl Tell for Issuer<'_> {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("type", Some(self.kind));
        t.put("principalId", Some(self.principal_id));
        t.put("arn", Some(self.arn));
        t.put("accountId", Some(self.account));
        t.put("userName", (self.kind != "Root").then(|| self.arn.rsplit('/').next()).flatten());
        t.close();
    }
}

struct Federation<'a> {
    provider: &'a str,
    session: &'a Session,
}

impl Tell for Federation<'_> {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("federatedProvider", Some(self.provider));
        t.put("attributes", Some(&Said(self.session)));
        t.close();
    }
}

/// What the identity provider said, where that is one text.
struct Said<'a>(&'a Session);

impl Tell for Said<'_> {
    fn tell(&self, t: &mut Teller) {
        t.open();
        for (key, values) in &self.0.context {
            if let [value] = values.as_slice() {
                t.put(key, Some(value));
            }
        }
        t.close();
    }
}

struct Attributes<'a>(&'a Session);

impl Tell for Attributes<'_> {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("creationDate", Some(&self.0.issued));
        t.put("mfaAuthenticated", Some(if self.0.mfa.is_some() { "true" } else { "false" }));
        t.close();
    }
}
