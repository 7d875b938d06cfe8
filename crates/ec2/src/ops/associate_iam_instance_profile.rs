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

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, named, profile, request, role, seen};

    fn associate(id: &str, name: &str) -> AssociateIamInstanceProfileRequest {
        AssociateIamInstanceProfileRequest {
            instance_id: id.into(),
            iam_instance_profile: named(name).unwrap(),
        }
    }

    fn world() -> World {
        let world = World::new(1);
        for name in ["one", "two"] {
            role(&world, name);
            profile(&world, name, Some(name));
        }
        world
    }

    #[test]
    fn a_role_is_associated_replaced_and_taken_away() {
        let world = world();
        let root = world.root(ACCOUNT);
        let id = launch(&world, request());
        let held = || seen(&world, &id).iam_instance_profile.map(|own| own.arn.unwrap());
        let made = world.call::<AssociateIamInstanceProfile>(&root, associate(&id, "one")).unwrap();
        let made = made.iam_instance_profile_association.unwrap();
        assert_eq!(made.state.as_deref(), Some("associating"));
        assert_eq!(held().unwrap(), "arn:aws:iam::000000000000:instance-profile/one");
        let again = world.call::<AssociateIamInstanceProfile>(&root, associate(&id, "two"));
        let text = check_fault(again, "IncorrectState");
        assert_eq!(text, format!("There is an existing association for instance {id}"));

        let replace = ReplaceIamInstanceProfileAssociationRequest {
            association_id: made.association_id.clone().unwrap(),
            iam_instance_profile: named("two").unwrap(),
        };
        let new = world.call::<ReplaceIamInstanceProfileAssociation>(&root, replace.clone()).unwrap();
        let new = new.iam_instance_profile_association.unwrap().association_id.unwrap();
        assert_eq!(held().unwrap(), "arn:aws:iam::000000000000:instance-profile/two");
        let gone = world.call::<ReplaceIamInstanceProfileAssociation>(&root, replace);
        check_fault(gone, "InvalidAssociationID.NotFound");

        let listed = world
            .call::<DescribeIamInstanceProfileAssociations>(&root, Default::default())
            .unwrap()
            .iam_instance_profile_associations
            .unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].association_id.as_ref(), Some(&new));
        let end = DisassociateIamInstanceProfileRequest { association_id: new };
        world.call::<DisassociateIamInstanceProfile>(&root, end).unwrap();
        assert_eq!(held(), None);
    }

    #[test]
    fn a_role_that_may_not_be_passed_is_not_associated() {
        let world = world();
        let id = launch(&world, request());
        let user = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
                {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", "Condition": {
                    "StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"},
                    "ArnLike": {"iam:AssociatedResourceArn": "arn:aws:ec2:*:*:instance/*"},
                    "StringLike": {"aws:ResourceTag/x": "*"}}},
                {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/one", "Condition": {
                    "StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"},
                    "ArnLike": {"iam:AssociatedResourceArn": "arn:aws:ec2:*:*:instance/*"}}}]}"#,
        );
        let refused = world.call::<AssociateIamInstanceProfile>(&user, associate(&id, "two"));
        assert!(check_fault(refused, "UnauthorizedOperation").contains("iam:PassRole"));
        world.call::<AssociateIamInstanceProfile>(&user, associate(&id, "one")).unwrap();
    }
}
