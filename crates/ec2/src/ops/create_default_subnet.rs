//! CreateDefaultSubnet: the default subnet of a zone that has none.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{CreateDefaultSubnet, CreateDefaultSubnetRequest, CreateDefaultSubnetResult};
use crate::network::shown::Shown;
use crate::network::{self, Network, block, refusals, subnets};
use crate::place::Place;
use crate::questions::anywhere;
use crate::wiring::touch;

impl Operation for CreateDefaultSubnet {
    type Access = Write;

    fn needs(_: &CreateDefaultSubnetRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::CreateDefaultSubnet, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateDefaultSubnetResult, Fault> {
        let (place, input, env) = (Place::here(req), req.input, req.env);
        if input.ipv6_native == Some(true) {
            return Err(faults::unsupported("A subnet of IPv6 addresses only"));
        }
        if input.availability_zone.is_none() && input.availability_zone_id.is_none() {
            return Err(faults::missing("availabilityZone"));
        }
        let zone = subnets::zone(
            place,
            input.availability_zone.as_deref(),
            input.availability_zone_id.as_deref(),
            0,
        )?;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let Some(vpc) = network::standing_default(tx, place)? else {
            let text = "No default VPC exists for this account in this region.";
            return Err(faults::other("DefaultVpcDoesNotExist", text));
        };
        let others = subnets::of_vpc(tx, place, &vpc.id)?;
        if let Some(there) = others.iter().find(|own| own.default && own.zone == zone.0) {
            let text = format!("'{}' is already the default subnet in {}.", there.id, zone.0);
            return Err(faults::other("DefaultSubnetAlreadyExistsInAvailabilityZone", text));
        }
        refusals::within(others.len(), refusals::SUBNETS, "SubnetLimitExceeded", "subnets")?;
        let mut free = None;
        for n in 0..16 {
            let cidr = block::block(&network::default_subnet_block(n))?;
            if subnets::check(&vpc, &others, cidr).is_ok() {
                free = Some(cidr);
                break;
            }
        }
        let Some(cidr) = free else { return Err(refusals::subnet_conflict(&vpc.cidr)) };
        faults::dry_run(input.dry_run)?;
        let subnet = subnets::add(tx, env, place, &vpc, cidr, zone, true)?;
        touch(tx, place, &vpc.id)?;
        let shown = Shown::load(tx, place, subnet)?;
        Ok(CreateDefaultSubnetResult { subnet: Some(shown.to_wire()) })
    }
}
