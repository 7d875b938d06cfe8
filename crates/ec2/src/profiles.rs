//! Instance profiles at launch and on running instances: finding them, and the question whether the caller may pass
//! their role.

use rolecall_actions::iam;
use rolecall_base::{AccountId, Arn, Fault};
use rolecall_door::Needs;
use rolecall_identity::records::{InstanceProfile, InstanceProfiles, Role, Roles, fold};
use rolecall_store::{Reader, Tx};

use crate::faults;
use crate::model::{IamInstanceProfile, IamInstanceProfileAssociation, IamInstanceProfileSpecification};
use crate::place::Place;
use crate::records::{Association, Associations, Instance, Instances, ProfileRef};

/// A profile that a request names, with its role.
#[derive(Clone, Debug)]
pub struct Profile {
    pub profile: InstanceProfile,
    pub role: Option<Role>,
}

/// What a request names.
#[derive(Clone, Copy, Debug)]
enum Wish<'a> {
    Name(&'a str),
    Arn(&'a str),
}

impl<'a> Wish<'a> {
    fn of(given: &'a IamInstanceProfileSpecification) -> Result<Option<Wish<'a>>, Fault> {
        let some = |text: &'a Option<String>| text.as_deref().filter(|text| !text.is_empty());
        match (some(&given.name), some(&given.arn)) {
            (None, None) => Ok(None),
            (Some(name), None) => Ok(Some(Wish::Name(name))),
            (None, Some(arn)) => Ok(Some(Wish::Arn(arn))),
            (Some(_), Some(_)) => Err(faults::combination(
                "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
            )),
        }
    }

    fn missing(self) -> Fault {
        match self {
            Wish::Name(name) => faults::no_profile_named(name),
            Wish::Arn(arn) => faults::no_profile_arn(arn),
        }
    }
}

/// The profile that a request names, if it names one and there is one. For questions: says nothing when it is absent.
///
/// # Errors
/// When the store can't be read.
pub fn seek(
    db: &Reader,
    account: AccountId,
    given: Option<&IamInstanceProfileSpecification>,
) -> Result<Option<Profile>, Fault> {
    let Some(Ok(Some(wish))) = given.map(Wish::of) else { return Ok(None) };
    let name = match wish {
        Wish::Name(name) => name,
        Wish::Arn(arn) => match Arn::parse(arn) {
            Ok(parsed) => parsed.name(),
            Err(_) => return Ok(None),
        },
    };
    let Some(profile) = db.get::<InstanceProfiles>(&(account, fold(name)))? else { return Ok(None) };
    if matches!(wish, Wish::Arn(arn) if arn != profile.arn()) {
        return Ok(None);
    }
    let role = match &profile.role {
        Some(role) => db.get::<Roles>(&(account, role.clone()))?,
        None => None,
    };
    Ok(Some(Profile { profile, role }))
}

/// The profile that a request names, with the role that must be in it; `None` if it names none.
///
/// # Errors
/// InvalidParameterValue when there is no such profile, or no role in it.
pub fn find(
    db: &Reader,
    account: AccountId,
    given: Option<&IamInstanceProfileSpecification>,
) -> Result<Option<(InstanceProfile, Role)>, Fault> {
    let Some(wish) = given.map(Wish::of).transpose()?.flatten() else { return Ok(None) };
    let found = seek(db, account, given)?.ok_or_else(|| wish.missing())?;
    let arn = found.profile.arn();
    let role = found.role.ok_or_else(|| faults::profile_without_role(&arn))?;
    Ok(Some((found.profile, role)))
}

/// The question whether the caller may hand this role to an instance.
pub fn may_pass(role: &Role, instance_arn: &str) -> Needs {
    Needs::action(iam::PassRole)
        .on(role)
        .key(iam::key::PassedToService, Some("ec2.amazonaws.com"))
        .key(iam::key::AssociatedResourceArn, Some(instance_arn))
        .done()
}

/// Gives an instance its profile and writes the association. The instance itself is not written.
///
/// # Errors
/// When the store can't be read.
pub fn associate(
    tx: &mut Tx,
    place: Place<'_>,
    instance: &mut Instance,
    profile: ProfileRef,
    association: &Association,
) -> Result<(), Fault> {
    tx.put::<Associations>(&place.key(&profile.association), association)?;
    instance.profile = Some(profile);
    Ok(())
}

/// The association of an id, with its instance.
///
/// # Errors
/// InvalidAssociationID.NotFound when there is none.
pub fn association(db: &Reader, place: Place<'_>, id: &str) -> Result<(Association, Instance), Fault> {
    let missing = || faults::no_association(id);
    let association = db.get::<Associations>(&place.key(id))?.ok_or_else(missing)?;
    let instance = db.get::<Instances>(&place.key(&association.instance))?.ok_or_else(missing)?;
    Ok((association, instance))
}

/// An association as answers show it.
pub fn to_wire(
    association: &Association,
    profile: &ProfileRef,
    state: &str,
    timestamp: bool,
) -> IamInstanceProfileAssociation {
    IamInstanceProfileAssociation {
        association_id: Some(association.id.clone()),
        instance_id: Some(association.instance.clone()),
        iam_instance_profile: Some(profile_to_wire(profile)),
        state: Some(state.to_owned()),
        timestamp: timestamp.then_some(association.made),
    }
}

/// A profile as an instance shows it.
pub fn profile_to_wire(profile: &ProfileRef) -> IamInstanceProfile {
    IamInstanceProfile { arn: Some(profile.arn.clone()), id: Some(profile.id.clone()) }
}
