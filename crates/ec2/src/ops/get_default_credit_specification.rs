//! GetDefaultCreditSpecification: whether new instances of a burstable family burst without limit.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{
    GetDefaultCreditSpecification, GetDefaultCreditSpecificationRequest, GetDefaultCreditSpecificationResult,
    InstanceFamilyCreditSpecification,
};
use crate::place::Place;
use crate::questions::anywhere;
use crate::settings;

impl Operation for GetDefaultCreditSpecification {
    type Access = Read;

    fn needs(_: &GetDefaultCreditSpecificationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::GetDefaultCreditSpecification, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetDefaultCreditSpecificationResult, Fault> {
        let (place, family) = (Place::here(req), req.input.instance_family.as_str());
        settings::check_family(family)?;
        faults::dry_run(req.input.dry_run)?;
        let own = settings::of(req.db()?, place)?;
        Ok(GetDefaultCreditSpecificationResult {
            instance_family_credit_specification: Some(InstanceFamilyCreditSpecification {
                instance_family: Some(family.to_owned()),
                cpu_credits: Some(settings::credits(own.unlimited(family)).to_owned()),
            }),
        })
    }
}
