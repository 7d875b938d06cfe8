//! DeleteSubnet: removes a subnet that nothing is in.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{DeleteSubnet, DeleteSubnetRequest, DeleteSubnetResponse};
use crate::network::questions::on_subnet;
use crate::network::{Network, must, refusals, subnets};
use crate::place::Place;
use crate::records::{PrivateAddresses, Subnets};
use crate::wiring::touch;

impl Operation for DeleteSubnet {
    type Access = Write;

    fn needs(input: &DeleteSubnetRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_subnet(ec2::DeleteSubnet, at, &input.subnet_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteSubnetResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let subnet = must::<Subnets>(tx, place, &input.subnet_id, faults::no_subnet)?;
        if tx.any::<PrivateAddresses>(&(place.account, place.region, subnet.id.as_str()))? {
            return Err(refusals::has_dependencies("subnet", &subnet.id));
        }
        faults::dry_run(input.dry_run)?;
        subnets::remove(tx, place, &subnet)?;
        touch(tx, place, &subnet.vpc)?;
        Ok(DeleteSubnetResponse {})
    }
}
