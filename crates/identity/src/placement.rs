//! Where an account stands in its organization, and which control policies bind it there: compiled once, and kept until
//! the account's revision moves.
//!
//! Every change that binds an account (a policy's text, an attachment, a move) bumps the account's revision in its own
//! commit, as every change of its identities does; see [`bind_anew`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use rolecall_base::{AccountId, Fault};
use rolecall_policy::{Kind, Named, PolicyId, PolicySet};
use rolecall_store::{Pre, Reader, Rev, Tx};
use sha2::{Digest, Sha256};

use crate::known::Identity;
use crate::records::{
    ControlRevisions, Mark, Members, MembersOfOrganization, Organization, OrganizationPolicies,
    Organizations, PoliciesOnTarget, RESOURCE_CONTROL, SERVICE_CONTROL, Units, attached_by_default,
    full_access,
};

/// An account's place, in an organization or in none.
#[derive(Debug)]
pub struct Placement {
    /// `None`: no organization.
    pub seat: Option<Seat>,
    /// What must still be true when something that was decided by this is committed.
    pub premises: Vec<Pre>,
}

/// A place in an organization.
#[derive(Debug)]
pub struct Seat {
    /// `o-…`: `aws:PrincipalOrgID`, `aws:ResourceOrgID`.
    pub organization: String,
    /// `o-…/r-…/ou-…/`, as the one item of a list: `aws:PrincipalOrgPaths`.
    pub paths: Vec<String>,
    /// The organization's management account.
    pub management: AccountId,
    /// This is the management account: control policies do not bind it.
    pub is_management: bool,
    /// The account was closed.
    pub closed: bool,
    /// Service control policies, one set a level, root first. Empty while the type is not enabled.
    pub scps: Vec<Arc<PolicySet>>,
    /// Resource control policies, likewise.
    pub rcps: Vec<Arc<PolicySet>>,
}

impl Placement {
    pub fn is_closed(&self) -> bool {
        self.seat.as_ref().is_some_and(|seat| seat.closed)
    }
}

/// How many accounts are remembered; past it all are forgotten.
const LIMIT: usize = 16_384;

/// Placements by account, and the sets of policies that many of them share.
#[derive(Debug, Default)]
pub(crate) struct Placements {
    known: RwLock<HashMap<AccountId, (Rev, Arc<Placement>), foldhash::fast::RandomState>>,
    sets: Mutex<HashMap<[u8; 32], Weak<PolicySet>>>,
}

impl Placements {
    pub fn forget(&self) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The set of some documents, shared with whoever has the same.
    fn set(&self, digest: [u8; 32], make: impl FnOnce() -> PolicySet) -> Arc<PolicySet> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sets.get(&digest).and_then(Weak::upgrade) {
            return known;
        }
        if sets.len() >= LIMIT {
            sets.retain(|_, weak| weak.strong_count() > 0);
        }
        let set = Arc::new(make());
        sets.insert(digest, Arc::downgrade(&set));
        set
    }
}

impl Identity {
    /// Where an account stands.
    ///
    /// # Errors
    /// InternalFailure when the store can't be read, or holds a policy that does not parse.
    pub fn placement(&self, account: AccountId) -> Result<Arc<Placement>, Fault> {
        // Asked for before anything is read: what is read later is at least as new.
        let revision = self.store.revision_of(account);
        let known = &self.placements.known;
        let kept = known.read().unwrap_or_else(PoisonError::into_inner).get(&account).cloned();
        if let Some((at, placement)) = kept
            && at == revision
        {
            return Ok(placement);
        }
        let placement = Arc::new(self.find_placement(account)?);
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= LIMIT {
            known.clear();
        }
        known.insert(account, (revision, placement.clone()));
        Ok(placement)
    }

    fn find_placement(&self, account: AccountId) -> Result<Placement, Fault> {
        let recording = self.store.begin()?;
        let Some(member) = recording.get::<Members>(&account)? else {
            return Ok(Placement { seat: None, premises: recording.premises() });
        };
        // The rest is read by a later snapshot, without a premise for each row: the revision of all control policies
        // stands for them. Should they change in between, this premise is void before anything is committed by it.
        recording.exists::<ControlRevisions>(&member.organization)?;
        let premises = recording.premises();
        drop(recording);
        let db = self.store.read()?;
        let organization = db.get::<Organizations>(&member.organization)?;
        let organization = organization.ok_or_else(|| lost("organization", &member.organization))?;
        let levels = levels(&db, &organization, &member.parent)?;
        let mut targets: Vec<&str> = levels.iter().map(String::as_str).collect();
        let own = account.to_string();
        targets.push(&own);
        let is_management = organization.management == account;
        let layer = |policy_type: &str, kind| {
            if is_management || !organization.is_enabled(policy_type) {
                return Ok(Vec::new());
            }
            targets
                .iter()
                .map(|target| self.level(&db, &organization.id, policy_type, kind, target))
                .collect()
        };
        let seat = Seat {
            paths: vec![format!("{}/{}/", organization.id, levels.join("/"))],
            management: organization.management,
            is_management,
            closed: member.closed.is_some(),
            scps: layer(SERVICE_CONTROL, Kind::ServiceControl)?,
            rcps: layer(RESOURCE_CONTROL, Kind::ResourceControl)?,
            organization: organization.id.clone(),
        };
        Ok(Placement { seat: Some(seat), premises })
    }

    /// The policies of one type on one target.
    fn level(
        &self,
        db: &Reader,
        organization: &str,
        policy_type: &str,
        kind: Kind,
        target: &str,
    ) -> Result<Arc<PolicySet>, Fault> {
        let key = (organization, policy_type, target);
        let row = db.get::<PoliciesOnTarget>(&key)?;
        let ids = row.map_or_else(|| attached_by_default(policy_type), |row| row.policies);
        let mut digest = Sha256::new();
        let mut documents = Vec::new();
        for id in ids {
            let (arn, content) = match full_access(&id) {
                Some(policy) => (policy.arn(), policy.content.to_owned()),
                None => {
                    let row = db.get::<OrganizationPolicies>(&(organization, id.as_str()))?;
                    let row = row.ok_or_else(|| lost("policy", &id))?;
                    let word = policy_type.to_lowercase();
                    let management = self.management_of(db, organization)?;
                    let arn =
                        format!("arn:aws:organizations::{management}:policy/{organization}/{word}/{id}");
                    (arn, row.content)
                }
            };
            for text in [&arn, &content] {
                digest.update((text.len() as u64).to_be_bytes());
                digest.update(text);
            }
            documents.push((arn, content));
        }
        let named = documents.iter().map(|(arn, content)| {
            Ok(Named::new(self.documents.compile(content, kind)?, PolicyId::managed(arn)))
        });
        let named: Vec<Named> = named.collect::<Result<_, Fault>>()?;
        Ok(self.placements.set(digest.finalize().into(), || PolicySet::new(named)))
    }

    fn management_of(&self, db: &Reader, organization: &str) -> Result<AccountId, Fault> {
        let row = db.get::<Organizations>(&organization)?;
        row.map(|row| row.management).ok_or_else(|| lost("organization", organization))
    }
}

/// The targets from the root down to `parent`.
fn levels(db: &Reader, organization: &Organization, parent: &str) -> Result<Vec<String>, Fault> {
    let mut levels = vec![parent.to_owned()];
    while let Some(id) = levels.last().filter(|id| **id != organization.root) {
        let unit = db.get::<Units>(&(organization.id.as_str(), id.as_str()))?;
        levels.push(unit.ok_or_else(|| lost("unit", parent))?.parent);
    }
    levels.reverse();
    Ok(levels)
}

/// The path of a root, a unit or what is in it: `o-…/r-…/ou-…`.
///
/// # Errors
/// InternalFailure when the tree has a hole.
pub fn path_of(db: &Reader, organization: &Organization, parent: &str) -> Result<String, Fault> {
    Ok(format!("{}/{}", organization.id, levels(db, organization, parent)?.join("/")))
}

/// Says that control policies may have changed for every account of an organization: their callers are known anew, and
/// what was decided before is not committed any more.
///
/// # Errors
/// As the store's.
pub fn bind_anew(tx: &mut Tx, organization: &str) -> Result<(), Fault> {
    tx.put::<ControlRevisions>(&organization, &Mark {})?;
    let accounts = tx.scan::<MembersOfOrganization>(&(organization,), None, usize::MAX)?;
    for ((_, account), _) in accounts {
        tx.touch(account);
    }
    Ok(())
}

fn lost(what: &str, id: &str) -> Fault {
    Fault::internal(format!("the {what} {id} is gone"))
}
