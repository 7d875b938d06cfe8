//! ModifyInstanceCreditSpecification: whether burstable instances burst without limit. Credits are not counted, so it is only told.

use std::collections::BTreeSet;

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::instance_types;
use crate::lifecycle;
use crate::model::{
    InstanceCreditSpecificationRequest, ModifyInstanceCreditSpecification,
    ModifyInstanceCreditSpecificationRequest, ModifyInstanceCreditSpecificationResult,
    SuccessfulInstanceCreditSpecificationItem, UnsuccessfulInstanceCreditSpecificationItem,
    UnsuccessfulInstanceCreditSpecificationItemError,
};
use crate::place::Place;
use crate::questions::{on_instance, on_instances, with_attributes};
use crate::settings;

impl Operation for ModifyInstanceCreditSpecification {
    type Access = Write;

    fn needs(input: &ModifyInstanceCreditSpecificationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let action = ec2::ModifyInstanceCreditSpecification;
        let asked = input.instance_credit_specifications.iter().map(|wish| {
            let question = on_instance(action, at, &wish.instance_id)?;
            Ok(with_attributes(question, &[("CpuCredits", wish.cpu_credits.clone())]))
        });
        let asked = asked.collect::<Result<Vec<_>, Fault>>()?;
        if asked.is_empty() {
            return on_instances(action, at, &[]);
        }
        Ok(Needs::all(asked))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyInstanceCreditSpecificationResult, Fault> {
        let input = req.input;
        if input.instance_credit_specifications.is_empty() {
            return Err(faults::missing("InstanceCreditSpecification"));
        }
        check_once(&input.instance_credit_specifications)?;
        faults::dry_run(input.dry_run)?;
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for wish in &input.instance_credit_specifications {
            let instance_id = Some(wish.instance_id.clone());
            match change(req, wish) {
                Ok(()) => done.push(SuccessfulInstanceCreditSpecificationItem { instance_id }),
                Err(fault) if fault.status() < 500 => {
                    let error = UnsuccessfulInstanceCreditSpecificationItemError {
                        code: Some(fault.code().to_owned()),
                        message: Some(fault.message().to_owned()),
                    };
                    failed.push(UnsuccessfulInstanceCreditSpecificationItem {
                        instance_id,
                        error: Some(error),
                    });
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(ModifyInstanceCreditSpecificationResult {
            successful_instance_credit_specifications: Some(done),
            unsuccessful_instance_credit_specifications: Some(failed),
        })
    }
}

fn check_once(wishes: &[InstanceCreditSpecificationRequest]) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    match wishes.iter().find(|wish| !seen.insert(&wish.instance_id)) {
        Some(twice) => {
            let text =
                format!("The request contains the instance ID '{}' more than once.", twice.instance_id);
            Err(faults::other("InvalidInstanceCreditSpecification.DuplicateInstanceId", text))
        }
        None => Ok(()),
    }
}

fn change(
    req: &mut Authorized<'_, ModifyInstanceCreditSpecification>,
    wish: &InstanceCreditSpecificationRequest,
) -> Result<(), Fault> {
    let id = wish.instance_id.as_str();
    let mut instance = lifecycle::get_standing(req.db()?, Place::here(req), id, req.now)?;
    let size = instance_types::find(&instance.instance_type);
    if !size.is_some_and(instance_types::InstanceType::burstable) {
        let text = format!("The instance '{id}' is not of a burstable performance instance type.");
        return Err(faults::other("InstanceCreditSpecification.NotSupported", text));
    }
    let word = wish.cpu_credits.as_deref().unwrap_or_default();
    instance.settings.unlimited = Some(settings::is_unlimited(word)?);
    lifecycle::write(req.tx()?, &instance)
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, request};

    #[test]
    fn each_instance_has_its_own_outcome() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let small = launch(&world, request());
        let large =
            launch(&world, RunInstancesRequest { instance_type: Some("m5.large".into()), ..request() });
        let wish = |id: &String| InstanceCreditSpecificationRequest {
            instance_id: id.clone(),
            cpu_credits: Some("standard".into()),
        };
        let input = ModifyInstanceCreditSpecificationRequest {
            instance_credit_specifications: vec![wish(&small), wish(&large)],
            ..Default::default()
        };
        let twice = ModifyInstanceCreditSpecificationRequest {
            instance_credit_specifications: vec![wish(&small), wish(&small)],
            ..Default::default()
        };
        check_fault(
            world.call::<ModifyInstanceCreditSpecification>(&root, twice),
            "InvalidInstanceCreditSpecification.DuplicateInstanceId",
        );
        let answer = world.call::<ModifyInstanceCreditSpecification>(&root, input).unwrap();
        let done = answer.successful_instance_credit_specifications.unwrap();
        assert_eq!(done[0].instance_id.as_ref(), Some(&small));
        let failed = answer.unsuccessful_instance_credit_specifications.unwrap().remove(0);
        assert_eq!(failed.error.unwrap().code.as_deref(), Some("InstanceCreditSpecification.NotSupported"));
        let input = DescribeInstanceCreditSpecificationsRequest {
            instance_ids: Some(vec![small]),
            ..Default::default()
        };
        let answer = world.call::<DescribeInstanceCreditSpecifications>(&root, input).unwrap();
        let own = answer.instance_credit_specifications.unwrap().remove(0);
        assert_eq!(own.cpu_credits.as_deref(), Some("standard"));
    }
}
