//! The sessions of an instance: its own, and those of its role. These are made when they are first asked for, the same until enough of their life is over,
//! and new ones at once when the association, the role or its trust policy is another.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rolecall_base::{Fault, Time};
use rolecall_door::{Door, ServiceSession};
use rolecall_identity::records::Role;
use rolecall_identity::{Delivery, Session, SessionKind, seal};

use crate::documents;
use crate::instance::{InstanceView, Profile};

/// Who assumes the role.
const SERVICE: &str = "ec2.amazonaws.com";
/// How long a refusal is repeated before the trust policy is asked again: its conditions may look at the clock.
const REFUSED_FOR: Duration = Duration::from_secs(5);
/// botocore extends credentials that have less left than this by itself, and then uses them past their end.
const SAFE: Duration = Duration::from_secs(20 * 60);

/// How a request proved itself. Each has credentials of its own, so that policies can tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V1,
    V2,
}

impl Version {
    /// `ec2:RoleDelivery`
    fn delivery(self) -> &'static str {
        match self {
            Version::V1 => "1.0",
            Version::V2 => "2.0",
        }
    }
}

/// What the instance is told about its role.
#[derive(Clone, Debug)]
pub struct Documents {
    /// `iam/security-credentials/ROLE`
    pub plain: Bytes,
    /// `iam/security-credentials-extended/ROLE`
    pub extended: Bytes,
}

#[derive(Debug)]
struct Kept {
    association: String,
    role: Arc<Role>,
    documents: Documents,
    /// From then on new ones are made.
    until: Time,
    /// The end of the session, if there is one.
    expires: Option<Time>,
}

/// The sessions of one instance.
#[derive(Debug, Default)]
pub struct Sessions {
    v1: Mutex<Option<Kept>>,
    v2: Mutex<Option<Kept>>,
}

impl Sessions {
    /// The documents of the instance's role.
    ///
    /// # Errors
    /// When a session can't be made for another reason than the role's trust policy, which is told in the document.
    pub fn documents(&self, door: &Door, asked: &Asked<'_>, life: Duration) -> Result<Documents, Fault> {
        let slot = match asked.version {
            Version::V1 => &self.v1,
            Version::V2 => &self.v2,
        };
        // Held while new ones are made, so that all who wait get the same.
        let mut kept = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let now = door.identity.env.now();
        if let Some(kept) = &*kept
            && kept.is_for(asked)
            && now < kept.until
        {
            return Ok(kept.documents.clone());
        }
        let made = asked.make(door, life, now)?;
        let documents = made.documents.clone();
        *kept = Some(made);
        Ok(documents)
    }
}

impl Sessions {
    /// The end of the session that was made last.
    pub fn expiry(&self) -> Option<Time> {
        let end = |slot: &Mutex<Option<Kept>>| {
            slot.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(|kept| kept.expires)
        };
        end(&self.v1).max(end(&self.v2))
    }
}

impl Kept {
    fn is_for(&self, asked: &Asked<'_>) -> bool {
        let is_role = |role: &Role| {
            (&role.id, &role.name, &role.trust) == (&self.role.id, &self.role.name, &self.role.trust)
        };
        self.association == asked.profile.association
            && (Arc::ptr_eq(&self.role, asked.role) || is_role(asked.role))
    }
}

/// Whose session is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub instance: &'a InstanceView,
    pub profile: &'a Profile,
    pub role: &'a Arc<Role>,
    pub version: Version,
}

impl Asked<'_> {
    fn make(&self, door: &Door, life: Duration, now: Time) -> Result<Kept, Fault> {
        let Asked { instance, profile, role, version } = *self;
        let given = door.assume_for_service(&ServiceSession {
            service: SERVICE,
            role,
            region: &instance.region,
            name: &instance.id,
            life,
            delivery: Some(Delivery {
                role_delivery: version.delivery().to_owned(),
                instance_arn: instance.arn(),
                vpc: instance.vpc.clone(),
                private_ip: instance.private_ip.to_string(),
            }),
        });
        let kept = |documents, until, expires| Kept {
            association: profile.association.clone(),
            role: role.clone(),
            documents,
            until,
            expires,
        };
        match given {
            Ok(given) => {
                let account = role.account.to_string();
                let documents = Documents {
                    plain: documents::credentials(&given, now, None),
                    extended: documents::credentials(&given, now, Some(account)),
                };
                let margin = margin(life).min(given.expires.since(now));
                let until = now + (given.expires.since(now) - margin);
                Ok(kept(documents, until, Some(given.expires)))
            }
            Err(fault) if fault.code() == "AccessDenied" => {
                log::info!("{}: {}", instance.id, fault.message());
                let plain = documents::unauthorized(&role.name, now);
                Ok(kept(Documents { extended: plain.clone(), plain }, now + REFUSED_FOR, None))
            }
            Err(fault) => Err(fault),
        }
    }
}

/// `identity-credentials/ec2`
#[derive(Clone, Debug)]
pub struct OwnDocuments {
    pub info: Bytes,
    pub credentials: Bytes,
    until: Time,
}

/// The session of the instance itself, as which it is known to EC2's own agents: it has a name and no rights.
#[derive(Debug, Default)]
pub struct Own(Mutex<Option<OwnDocuments>>);

impl Own {
    /// The documents of the instance's own session.
    ///
    /// # Errors
    /// When the session can't be sealed.
    pub fn documents(
        &self,
        door: &Door,
        instance: &InstanceView,
        life: Duration,
    ) -> Result<OwnDocuments, Fault> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (env, now) = (&door.identity.env, door.identity.env.now());
        if let Some(kept) = kept.as_ref().filter(|kept| now < kept.until) {
            return Ok(kept.clone());
        }
        let issued = now.whole_seconds();
        let session = Session {
            kind: SessionKind::Instance,
            account: instance.account,
            principal_id: format!("{}:aws:ec2-instance", instance.account),
            name: instance.id.clone(),
            issued,
            expires: issued + life,
            ..Session::default()
        };
        let given = seal(env, &door.identity.vault, &session);
        let given = given.map_err(|_| Fault::internal("a session could not be sealed"))?;
        let made = OwnDocuments {
            info: documents::own_info(&instance.account.to_string(), now),
            credentials: documents::credentials(&given, now, None),
            until: now + (life - margin(life)),
        };
        *kept = Some(made.clone());
        Ok(made)
    }
}

/// What is left of a life when new credentials are made: a quarter, and at least 20 minutes where the life allows it.
fn margin(life: Duration) -> Duration {
    (life / 4).max(SAFE.min(life / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ones_are_made_with_a_quarter_left_and_never_with_less_than_twenty_minutes() {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        assert_eq!(margin(minutes(360)), minutes(90));
        assert_eq!(margin(minutes(60)), minutes(20));
        assert_eq!(margin(minutes(40)), minutes(20));
        // Too short for both: half of it.
        assert_eq!(margin(minutes(15)), Duration::from_secs(450));
        assert_eq!(margin(Duration::from_secs(60)), Duration::from_secs(30));
    }
}
