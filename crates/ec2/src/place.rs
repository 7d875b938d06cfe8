//! Where an EC2 call happens: an account and a region, and the ARNs and keys made of them.

use rolecall_actions::Kind;
use rolecall_base::AccountId;
use rolecall_door::{At, Authorized, ByArn, Operation};
use sha2::{Digest, Sha256};

use crate::records::RegionalKey;

/// An account and a region.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub account: AccountId,
    pub region: &'a str,
}

impl<'a> Place<'a> {
    pub fn of(at: &At<'a>) -> Place<'a> {
        Place { account: at.account(), region: at.region }
    }

    pub fn here<Op: Operation>(req: &Authorized<'a, Op>) -> Place<'a> {
        Place { account: req.account(), region: req.region }
    }

    /// A key of the regional tables.
    pub fn key(self, id: &str) -> RegionalKey {
        (self.account, self.region.to_owned(), id.to_owned())
    }

    /// `arn:aws:ec2:REGION:ACCOUNT:KIND/ID`
    pub fn arn(self, kind: &str, id: &str) -> String {
        format!("arn:aws:ec2:{}:{}:{kind}/{id}", self.region, self.account)
    }

    /// A resource of one kind, to ask about. `*` stands for one that is yet to be made.
    pub fn resource<K: Kind>(self, id: &str) -> ByArn<K> {
        ByArn::new(self.arn(K::NAME, id), self.account)
    }

    /// An id that is always the same for this place and name: what exists before anything is stored.
    pub fn fixed_id(self, prefix: &str, name: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(format!("{}/{}/{prefix}/{name}", self.account, self.region));
        let hex: String = hash.finalize().iter().take(9).map(|byte| format!("{byte:02x}")).collect();
        format!("{prefix}-{}", hex.get(..17).unwrap_or(&hex))
    }
}
