//! Reading the caller of a case: an ARN, a provider, a service, or nobody.

use rolecall_base::{AccountId, Arn};
use rolecall_policy::Principal;

use super::Refusal;

/// Hosts that sign web identities without a provider of the account's own.
const HOSTS: [&str; 4] =
    ["accounts.google.com", "graph.facebook.com", "www.amazon.com", "cognito-identity.amazonaws.com"];

/// How the names of service principals end.
const SERVICES: [&str; 4] = [".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal"];

/// A caller with the texts that policies compare.
#[derive(Debug)]
pub struct Caller {
    form: Form,
    /// The ARN of the user, session or provider; the name of a service.
    name: String,
    role_arn: String,
    unique_id: String,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Anonymous,
    Root(AccountId),
    User(AccountId),
    Role(AccountId),
    FederatedUser(AccountId),
    Service,
    Provider,
}

impl Caller {
    /// `user_id` is what `aws:userid` holds: it tells the unique id that a trust policy may name. `action` tells a
    /// web identity of Cognito from the service.
    pub fn read(text: &str, action: &str, user_id: Option<&str>) -> Result<Caller, Refusal> {
        let wrong = || Refusal::Input(format!("principal: `{text}` is no caller that policies know"));
        let by_web = action.eq_ignore_ascii_case("sts:AssumeRoleWithWebIdentity");
        if text == "anonymous" {
            return Ok(Caller::named(Form::Anonymous, text));
        }
        if HOSTS.contains(&text) && (by_web || !text.ends_with(".amazonaws.com")) {
            return Ok(Caller::named(Form::Provider, text));
        }
        if is_service(text) {
            return Ok(Caller::named(Form::Service, text));
        }
        let arn = Arn::parse(text).map_err(|_| wrong())?;
        let account = arn.account_id().ok_or_else(wrong)?;
        let (kind, rest) = arn.kind_and_rest();
        if arn.partition.is_empty() || !arn.region.is_empty() || text.contains(['*', '?', ' ']) {
            return Err(wrong());
        }
        let unique_id = user_id.and_then(|id| id.split(':').next()).unwrap_or_default().to_owned();
        let plain = |form| Caller { unique_id: unique_id.clone(), ..Caller::named(form, text) };
        match (arn.service, kind, is_name(rest)) {
            ("iam", "root", _) if arn.resource == "root" => Ok(plain(Form::Root(account))),
            ("iam", "user", true) => Ok(plain(Form::User(account))),
            ("sts", "federated-user", true) => Ok(plain(Form::FederatedUser(account))),
            ("iam", "saml-provider" | "oidc-provider", true) => Ok(plain(Form::Provider)),
            ("iam", "role", true) => {
                // No session of that name can be written into a policy.
                let name = format!("arn:{}:sts::{account}:assumed-role/{}/", arn.partition, arn.name());
                Ok(Caller { role_arn: text.to_owned(), name, ..plain(Form::Role(account)) })
            }
            ("sts", "assumed-role", true) => {
                let (role, _) = rest.split_once('/').ok_or_else(wrong)?;
                let role_arn = format!("arn:{}:iam::{account}:role/{role}", arn.partition);
                Ok(Caller { role_arn, ..plain(Form::Role(account)) })
            }
            _ => Err(wrong()),
        }
    }

    fn named(form: Form, name: &str) -> Caller {
        Caller { form, name: name.to_owned(), role_arn: String::new(), unique_id: String::new() }
    }

    pub fn account(&self) -> Option<AccountId> {
        self.principal().account()
    }

    pub fn principal(&self) -> Principal<'_> {
        let arn = self.name.as_str();
        match self.form {
            Form::Anonymous => Principal::Anonymous,
            Form::Root(account) => Principal::Root { account },
            Form::User(account) => Principal::User { account, arn, unique_id: &self.unique_id },
            Form::Role(account) => Principal::Role {
                account,
                role_arn: &self.role_arn,
                session_arn: arn,
                unique_id: &self.unique_id,
            },
            // A line does not tell which user asked for the session.
            Form::FederatedUser(account) => {
                Principal::FederatedUser { account, arn, user_arn: "", user_unique_id: "" }
            }
            Form::Service => Principal::Service { name: arn },
            Form::Provider => Principal::Federated { provider: arn },
        }
    }
}

fn is_name(rest: &str) -> bool {
    !rest.is_empty() && !rest.starts_with('/') && !rest.ends_with('/')
}

fn is_service(text: &str) -> bool {
    SERVICES.iter().any(|end| text.len() > end.len() && text.ends_with(end))
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-')
}
