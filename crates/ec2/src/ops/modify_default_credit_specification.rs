//! ModifyDefaultCreditSpecification: whether new instances of a burstable family are to burst without limit.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{
    InstanceFamilyCreditSpecification, ModifyDefaultCreditSpecification,
    ModifyDefaultCreditSpecificationRequest, ModifyDefaultCreditSpecificationResult,
};
use crate::place::Place;
use crate::questions::anywhere;
use crate::settings;

impl Operation for ModifyDefaultCreditSpecification {
    type Access = Write;

    fn needs(_: &ModifyDefaultCreditSpecificationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::ModifyDefaultCreditSpecification, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyDefaultCreditSpecificationResult, Fault> {
        let (place, family) = (Place::here(req), req.input.instance_family.as_str());
        settings::check_family(family)?;
        let unlimited = settings::is_unlimited(&req.input.cpu_credits)?;
        faults::dry_run(req.input.dry_run)?;
        let own = settings::change(req.tx()?, place, |own| {
            own.unlimited.insert(family.to_owned(), unlimited);
        })?;
        Ok(ModifyDefaultCreditSpecificationResult {
            instance_family_credit_specification: Some(InstanceFamilyCreditSpecification {
                instance_family: Some(family.to_owned()),
                cpu_credits: Some(settings::credits(own.unlimited(family)).to_owned()),
            }),
        })
    }
}
