//! Who is simulated: a user, a group or a role, by its ARN, with what is known of it.

use rolecall_base::{AccountId, Arn, Fault};
use rolecall_policy::{Context, Facts, Principal};

use crate::model::fault;

/// The caller of a simulation.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    kind: Kind,
    account: AccountId,
    arn: String,
    name: String,
    /// `AIDA…`, `AROA…`; empty for one that is known by its ARN alone.
    unique_id: String,
    tags: Vec<(String, String)>,
    session_arn: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Group,
    Role,
}

impl Caller {
    /// # Errors
    /// InvalidInput for anything but the ARN of a user, group or role: sessions, root and services are none.
    pub fn by_arn(text: &str) -> Result<Caller, Fault> {
        let read = || {
            let arn = Arn::parse(text).ok().filter(|arn| arn.service == "iam" && arn.region.is_empty())?;
            let (word, rest) = arn.kind_and_rest();
            let kind = match word {
                "user" => Kind::User,
                "group" => Kind::Group,
                "role" => Kind::Role,
                _ => return None,
            };
            let (account, name) = (arn.account_id()?, arn.name());
            let plain = !rest.is_empty() && !name.is_empty() && !text.contains(['*', '?', ' ']);
            plain.then(|| Caller {
                kind,
                account,
                arn: text.to_owned(),
                name: name.to_owned(),
                unique_id: String::new(),
                tags: Vec::new(),
                // Of a session without a name: no policy can name it.
                session_arn: format!("arn:{}:sts::{account}:assumed-role/{name}/", arn.partition),
            })
        };
        read().ok_or_else(|| {
            fault::invalid_input(format!(
                "Invalid Entity Arn: {text} does not clearly define entity type and name."
            ))
        })
    }

    /// With what its record says.
    #[must_use]
    pub fn known_as(self, unique_id: &str, tags: Vec<(String, String)>) -> Caller {
        Caller { unique_id: unique_id.to_owned(), tags, ..self }
    }

    /// Nobody in particular: whom only identity policies are about.
    pub fn nobody() -> Caller {
        Caller {
            kind: Kind::User,
            account: AccountId::AWS,
            arn: String::new(),
            name: String::new(),
            unique_id: String::new(),
            tags: Vec::new(),
            session_arn: String::new(),
        }
    }

    pub fn is_user(&self) -> bool {
        self.kind == Kind::User
    }

    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// As the engine sees it. A group is never a principal: it is taken for a user whom no policy names.
    pub fn principal(&self) -> Principal<'_> {
        match self.kind {
            Kind::User | Kind::Group => {
                Principal::User { account: self.account, arn: &self.arn, unique_id: &self.unique_id }
            }
            Kind::Role => Principal::Role {
                account: self.account,
                role_arn: &self.arn,
                session_arn: &self.session_arn,
                unique_id: &self.unique_id,
            },
        }
    }

    /// Adds the condition keys that follow from who it is, where the request does not give them.
    pub fn add_keys(&self, context: &mut Context) {
        let mut add = |key: &str, value: &str| {
            if context.get(&key.to_lowercase()).is_none() {
                context.set(key, value);
            }
        };
        add("aws:PrincipalAccount", &self.account.to_string());
        match self.kind {
            Kind::Group => return,
            Kind::User => {
                add("aws:PrincipalType", "User");
                add("aws:username", &self.name);
                if !self.unique_id.is_empty() {
                    add("aws:userid", &self.unique_id);
                }
            }
            Kind::Role => add("aws:PrincipalType", "AssumedRole"),
        }
        add("aws:PrincipalArn", &self.arn);
        for (key, value) in &self.tags {
            add(&format!("aws:PrincipalTag/{key}"), value);
        }
    }
}
