//! An organization in a world: a management account that may take tasks of its member's root user.

use rolecall_base::{AccountId, Time};
use rolecall_door::Visitor;
use rolecall_identity::records::{
    AllOrganizationFeatures, Member, Members, Organization, OrganizationFeatures, Organizations,
    ServiceAccess, Since,
};
use rolecall_identity::{Session, SessionKind, seal};

use crate::{ACCOUNT, World};

/// The organization of [`World::organization`].
pub const ORGANIZATION: &str = "o-aaaaaaaaaa";

impl World {
    /// Opens `member` and puts it into the organization of [`ACCOUNT`], which has root sessions switched on.
    pub fn organization(&self, member: AccountId) {
        self.account(member);
        let now = self.env.now();
        let organization = Organization {
            id: ORGANIZATION.into(),
            management: ACCOUNT,
            all_features: true,
            root: "r-aaaa".into(),
            created: now,
            enabled: Vec::new(),
            root_tags: Default::default(),
        };
        self.write(|tx| {
            tx.put::<Organizations>(&organization.id, &organization)?;
            tx.put::<ServiceAccess>(
                &(ORGANIZATION.to_owned(), "iam.amazonaws.com".to_owned()),
                &Since { time: now },
            )?;
            Ok(())
        });
        self.join(ACCOUNT);
        self.join(member);
        self.root_sessions(Some(now));
    }

    /// Puts an account into the organization.
    pub fn join(&self, account: AccountId) {
        let row = Member {
            account,
            organization: ORGANIZATION.into(),
            parent: "r-aaaa".into(),
            joined: self.env.now(),
            invited: true,
            closed: None,
            tags: Default::default(),
        };
        self.write(|tx| {
            tx.touch(account);
            Ok(tx.put::<Members>(&account, &row)?)
        });
    }

    /// Switches root sessions on since a time, or off, without a word to the accounts, as IAM does it.
    pub fn root_sessions(&self, since: Option<Time>) {
        let features = OrganizationFeatures {
            root_sessions: since.is_some(),
            root_sessions_since: since.unwrap_or_default(),
            ..OrganizationFeatures::default()
        };
        self.write(|tx| Ok(tx.put::<AllOrganizationFeatures>(&ORGANIZATION.to_owned(), &features)?));
    }

    /// The root user of a member, in a session of AssumeRoot for a task, such as `S3UnlockBucketPolicy`.
    pub fn assumed_root(&self, member: AccountId, task: &str) -> Visitor {
        let session = Session {
            kind: SessionKind::Root,
            account: member,
            principal_id: member.to_string(),
            name: ACCOUNT.to_string(),
            issued: self.env.now().whole_seconds(),
            expires: self.env.now() + std::time::Duration::from_secs(900),
            policy_arns: vec![format!("arn:aws:iam::aws:policy/root-task/{task}")],
            ..Session::default()
        };
        let given = seal(&self.env, &self.door.identity.vault, &session).expect("a session");
        self.signed_in(&given.access_key_id, Some(&given.session_token)).expect("a session that holds")
    }
}
