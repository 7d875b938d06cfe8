//! ModifyVpcTenancy: makes the tenancy of a dedicated VPC the default one.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{ModifyVpcTenancy, ModifyVpcTenancyRequest, ModifyVpcTenancyResult};
use crate::network::questions::on_vpc;
use crate::network::{Network, must};
use crate::place::Place;
use crate::questions::with_attributes;
use crate::records::Vpcs;

impl Operation for ModifyVpcTenancy {
    type Access = Write;

    fn needs(input: &ModifyVpcTenancyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_vpc(ec2::ModifyVpcTenancy, at, &input.vpc_id)?;
        let given = [("InstanceTenancy", Some(input.instance_tenancy.clone()))];
        Ok(with_attributes(question, &given))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyVpcTenancyResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let mut vpc = must::<Vpcs>(tx, place, &input.vpc_id, faults::no_vpc)?;
        faults::dry_run(input.dry_run)?;
        vpc.dedicated = false;
        tx.put::<Vpcs>(&place.key(&vpc.id), &vpc)?;
        Ok(ModifyVpcTenancyResult { return_value: Some(true) })
    }
}
