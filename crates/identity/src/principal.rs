//! A principal by its ARN, as a caller without credentials: for questions about what somebody may do.

use std::sync::Arc;
use std::time::Duration;

use rolecall_base::{AccountId, Arn, Fault};
use rolecall_store::Reader;

use crate::caller::{Caller, Who};
use crate::known::{Identity, user_by_id};
use crate::load::Loader;
use crate::records::{Role, Roles, User, Users, fold};
use crate::session::{Session, SessionKind};

impl Identity {
    /// The caller that an ARN names, with its policies as they are in `db`: a user, a role (a session of it without a
    /// name) or a session of one, an account's root, a service acting for itself, or `anonymous`. `None`: nobody is
    /// called so, or the account was closed.
    ///
    /// `home` is the account in which a service acts.
    ///
    /// # Errors
    /// When the store can't be read, or a stored document does not parse.
    pub fn principal(&self, db: &Reader, text: &str, home: AccountId) -> Result<Option<Caller>, Fault> {
        let Some(mut caller) = self.named(db, text, home)? else { return Ok(None) };
        let placement = self.placement(caller.account)?;
        if placement.is_closed() {
            return Ok(None);
        }
        if !matches!(caller.who, Who::Anonymous | Who::Service) {
            caller.placement = Some(placement);
        }
        Ok(Some(caller))
    }

    fn named(&self, db: &Reader, text: &str, home: AccountId) -> Result<Option<Caller>, Fault> {
        if text == "anonymous" {
            return Ok(Some(Caller::anonymous()));
        }
        if text.ends_with(".amazonaws.com") {
            return Ok(Some(Caller::service(text, home)));
        }
        let Ok(arn) = Arn::parse(text) else { return Ok(None) };
        let Some(account) = arn.account_id() else { return Ok(None) };
        let (kind, rest) = arn.kind_and_rest();
        match (arn.service, kind) {
            ("iam", "root") => Ok(Some(Caller::root(account))),
            ("iam", "user") => {
                let user: Option<User> = db.get::<Users>(&(account, fold(arn.name())))?;
                let Some(user) = user.filter(|user| user.arn() == text) else { return Ok(None) };
                user_by_id(&Loader { db, documents: &self.documents }, account, &user.id)
            }
            ("iam", "role") => {
                let role: Option<Role> = db.get::<Roles>(&(account, fold(arn.name())))?;
                let Some(role) = role.filter(|role| role.arn() == text) else { return Ok(None) };
                self.session_of(db, &role, "")
            }
            ("sts", "assumed-role") => {
                let Some((name, session)) = rest.split_once('/') else { return Ok(None) };
                let role: Option<Role> = db.get::<Roles>(&(account, fold(name)))?;
                role.map_or(Ok(None), |role| self.session_of(db, &role, session))
            }
            _ => Ok(None),
        }
    }

    fn session_of(&self, db: &Reader, role: &Role, name: &str) -> Result<Option<Caller>, Fault> {
        let issued = self.env.now();
        let session = Session {
            kind: SessionKind::Role,
            account: role.account,
            principal_id: role.id.clone(),
            name: name.to_owned(),
            issued,
            expires: issued + Duration::from_secs(3600),
            ..Session::default()
        };
        self.session_caller(db, Arc::new(session))
    }
}
