//! CreateDefaultVpc: the default VPC of a region that has none.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{CreateDefaultVpc, CreateDefaultVpcRequest, CreateDefaultVpcResult};
use crate::network::shown::Shown;
use crate::network::{self, Network, refusals};
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::Vpcs;
use crate::wiring::touch;

impl Operation for CreateDefaultVpc {
    type Access = Write;

    fn needs(_: &CreateDefaultVpcRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::CreateDefaultVpc, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateDefaultVpcResult, Fault> {
        let (place, input, env) = (Place::here(req), req.input, req.env);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let vpcs = network::rows::<Vpcs>(tx, place)?;
        if vpcs.iter().any(|vpc| vpc.default) {
            let text = "A Default VPC already exists for this account in this region.";
            return Err(faults::other("DefaultVpcAlreadyExists", text));
        }
        refusals::within(vpcs.len(), refusals::VPCS, "VpcLimitExceeded", "VPCs")?;
        faults::dry_run(input.dry_run)?;
        let made = network::default_vpc(place, &|prefix: &str, _: &str| env.resource_id(prefix));
        made.store(tx, place)?;
        touch(tx, place, &made.vpc.id)?;
        let shown = Shown::load(tx, place, made.vpc)?;
        Ok(CreateDefaultVpcResult { vpc: Some(shown.in_state("pending")) })
    }
}
