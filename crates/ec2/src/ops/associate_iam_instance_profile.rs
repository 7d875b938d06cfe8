//! AssociateIamInstanceProfile: a role for an instance that has none.

use rolecall_actions::ec2::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::lifecycle;
use crate::model::{
    AssociateIamInstanceProfile, AssociateIamInstanceProfileRequest, AssociateIamInstanceProfileResult,
};
use crate::place::Place;
use crate::profiles;
use crate::questions::on_instance;
use crate::records::{Association, ProfileRef};

impl Operation for AssociateIamInstanceProfile {
    type Access = Write;

    fn needs(input: &AssociateIamInstanceProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let found = profiles::seek(at.db()?, at.account(), Some(&input.iam_instance_profile))?;
        let arn = found.as_ref().map(|found| found.profile.arn());
        let question = on_instance(ec2::AssociateIamInstanceProfile, at, &input.instance_id)?;
        let needs = question.key(key::NewInstanceProfile, arn).done();
        Ok(match found.and_then(|found| found.role) {
            Some(role) => {
                let instance = Place::of(at).arn("instance", &input.instance_id);
                needs.and(profiles::may_pass(&role, &instance))
            }
            None => needs,
        })
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AssociateIamInstanceProfileResult, Fault> {
        let (place, env, input) = (Place::here(req), req.env, req.input);
        let mut instance = lifecycle::get(req.db()?, place, &input.instance_id, req.now)?;
        let found = profiles::find(req.db()?, place.account, Some(&input.iam_instance_profile))?;
        let (profile, role) = found.ok_or_else(|| faults::missing("IamInstanceProfile"))?;
        if instance.state.is_ending() {
            let text = format!("The instance '{}' is not in the 'running' state.", instance.id);
            return Err(faults::other("IncorrectInstanceState", text));
        }
        if instance.profile.is_some() {
            return Err(faults::already_associated(&instance.id));
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
        profiles::associate(req.tx()?, place, &mut instance, own, &association)?;
        lifecycle::write(req.tx()?, &instance)?;
        Ok(AssociateIamInstanceProfileResult { iam_instance_profile_association: Some(answer) })
    }
}
