//! Who is calling, once that is proved.

use std::sync::Arc;

use rolecall_base::{AccountId, Time};
use rolecall_policy::PolicySet;

use crate::federation::Federation;
use crate::placement::Placement;
use crate::session::{Session, SessionKind};

/// The kinds of caller that policies tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Root,
    User,
    /// A session of a role.
    RoleSession,
    /// A session that GetFederationToken made.
    FederatedUser,
    /// Somebody for whom an OpenID Connect provider vouches, asking for a role.
    WebIdentity,
    /// Somebody for whom a SAML provider vouches, asking for a role.
    Saml,
    /// An AWS service acting for itself.
    Service,
    /// Nobody: an unsigned request.
    Anonymous,
}

impl Who {
    /// Whether the caller proved itself by a provider's word and has no identity of AWS's yet.
    pub fn is_federated(self) -> bool {
        matches!(self, Who::WebIdentity | Who::Saml)
    }

    /// The value of `aws:PrincipalType`; who has no identity yet has none.
    pub fn principal_type(self) -> Option<&'static str> {
        Some(match self {
            Who::Root => "Account",
            Who::User => "User",
            Who::RoleSession => "AssumedRole",
            Who::FederatedUser => "FederatedUser",
            Who::Service => "Service",
            Who::Anonymous => "Anonymous",
            Who::WebIdentity | Who::Saml => return None,
        })
    }
}

/// The policies that say what a caller may do, compiled.
#[derive(Debug, Default)]
pub struct Policies {
    /// Own inline and attached, and the groups'.
    pub identity: Arc<PolicySet>,
    pub boundary: Option<Arc<PolicySet>>,
    /// Session policies of this session.
    pub session: Option<Arc<PolicySet>>,
}

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller {
    pub who: Who,
    pub account: AccountId,
    /// What errors, audit records and `GetCallerIdentity` show: for a role the session's ARN.
    pub arn: String,
    /// `aws:PrincipalArn`: for a role session the role's ARN with its path.
    pub principal_arn: String,
    /// `aws:userid`.
    pub user_id: String,
    pub user_name: Option<String>,
    /// The ARN of the user who called GetFederationToken, for a session of it.
    pub federated_by: Option<String>,
    /// `AIDA…`, `AROA…`; the account's number for root; empty for nobody.
    pub principal_id: String,
    pub access_key_id: Option<String>,
    pub session: Option<Arc<Session>>,
    /// What the provider says of a caller that [`Who::is_federated`].
    pub federation: Option<Arc<Federation>>,
    /// Principal tags: the user's or role's own, overlaid by those of the session.
    pub tags: Vec<(String, String)>,
    pub policies: Arc<Policies>,
    pub service_linked: bool,
    /// Where its account stands; `None` for a caller that this process vouches for.
    pub placement: Option<Arc<Placement>>,
}

impl Caller {
    /// An unsigned request.
    pub fn anonymous() -> Caller {
        Caller {
            who: Who::Anonymous,
            account: AccountId::AWS,
            arn: "anonymous".into(),
            principal_arn: String::new(),
            user_id: "anonymous".into(),
            user_name: None,
            federated_by: None,
            principal_id: String::new(),
            access_key_id: None,
            session: None,
            federation: None,
            tags: Vec::new(),
            policies: Arc::default(),
            service_linked: false,
            placement: None,
        }
    }

    /// An AWS service, such as `ec2.amazonaws.com`, acting in `account`.
    pub fn service(name: &str, account: AccountId) -> Caller {
        Caller {
            who: Who::Service,
            account,
            arn: name.into(),
            principal_id: name.into(),
            user_id: name.into(),
            ..Caller::anonymous()
        }
    }

    /// An instance by its own session, as which nothing is granted to it.
    pub(crate) fn instance(session: Arc<Session>) -> Caller {
        let (account, id) = (session.account, &session.name);
        Caller {
            who: Who::RoleSession,
            account,
            arn: format!("arn:aws:sts::{account}:assumed-role/aws:ec2-instance/{id}"),
            principal_arn: format!("arn:aws:iam::{account}:role/aws:ec2-instance"),
            user_id: format!("{account}:aws:ec2-instance:{id}"),
            principal_id: session.principal_id.clone(),
            session: Some(session),
            ..Caller::anonymous()
        }
    }

    /// The root user of an account.
    pub fn root(account: AccountId) -> Caller {
        Caller {
            who: Who::Root,
            account,
            arn: account.root_arn(),
            principal_arn: account.root_arn(),
            user_id: account.to_string(),
            principal_id: account.to_string(),
            ..Caller::anonymous()
        }
    }

    /// Somebody for whom an identity provider vouches, asking for a role of `account`. `user_id` is what audit
    /// records name it by.
    pub fn federated(who: Who, account: AccountId, user_id: String, federation: Federation) -> Caller {
        Caller {
            who,
            account,
            arn: federation.provider.clone(),
            principal_arn: String::new(),
            user_id,
            user_name: Some(federation.subject.clone()),
            federation: Some(Arc::new(federation)),
            ..Caller::anonymous()
        }
    }

    /// When the credentials end; long-term ones never do.
    pub fn expires(&self) -> Option<Time> {
        self.session.as_ref().map(|session| session.expires)
    }

    /// The role session name or federated user name.
    pub fn session_name(&self) -> Option<&str> {
        let session = self.session.as_ref()?;
        let named =
            matches!(session.kind, SessionKind::Role | SessionKind::Federated | SessionKind::Delegated);
        (named && !session.name.is_empty()).then_some(session.name.as_str())
    }
}
