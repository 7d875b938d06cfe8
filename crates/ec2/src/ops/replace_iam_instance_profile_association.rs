//! ReplaceIamInstanceProfileAssociation: another role for a running instance; its next credentials are that role's.

use rolecall_actions::ec2::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::lifecycle;
use crate::model::{
    ReplaceIamInstanceProfileAssociation, ReplaceIamInstanceProfileAssociationRequest,
    ReplaceIamInstanceProfileAssociationResult,
};
use crate::place::Place;
use crate::profiles;
use crate::questions::on_instance;
use crate::records::{Association, Associations, ProfileRef};

impl Operation for ReplaceIamInstanceProfileAssociation {
    type Access = Write;

    fn needs(input: &ReplaceIamInstanceProfileAssociationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let association = at.db()?.get::<Associations>(&place.key(&input.association_id))?;
        let instance = association.map_or_else(|| "*".to_owned(), |association| association.instance);
        let found = profiles::seek(at.db()?, at.account(), Some(&input.iam_instance_profile))?;
        let arn = found.as_ref().map(|found| found.profile.arn());
        let question = on_instance(ec2::ReplaceIamInstanceProfileAssociation, at, &instance)?;
        let needs = question.key(key::NewInstanceProfile, arn).done();
        Ok(match found.and_then(|found| found.role) {
            Some(role) => needs.and(profiles::may_pass(&role, &place.arn("instance", &instance))),
            None => needs,
        })
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ReplaceIamInstanceProfileAssociationResult, Fault> {
        let (place, env, input) = (Place::here(req), req.env, req.input);
        let (old, mut instance) = profiles::association(req.db()?, place, &input.association_id)?;
        let found = profiles::find(req.db()?, place.account, Some(&input.iam_instance_profile))?;
        let (profile, role) = found.ok_or_else(|| faults::missing("IamInstanceProfile"))?;
        if instance.state.is_ending() {
            let text = format!("The instance '{}' is not in the 'running' state.", instance.id);
            return Err(faults::wrong_state(text));
        }
        let passed = req.passed_role(&role.arn())?;
        let association = Association {
            id: env.resource_id("iip-assoc"),
            instance: instance.id.clone(),
            made: req.now.whole_seconds(),
        };
        let own =
            ProfileRef { arn: profile.arn(), id: profile.id, association: association.id.clone(), passed };
        let answer = profiles::to_wire(&association, &own, "associating", false);
        req.tx()?.delete::<Associations>(&place.key(&old.id))?;
        profiles::associate(req.tx()?, place, &mut instance, own, &association)?;
        lifecycle::write(req.tx()?, &instance)?;
        Ok(ReplaceIamInstanceProfileAssociationResult { iam_instance_profile_association: Some(answer) })
    }
}
