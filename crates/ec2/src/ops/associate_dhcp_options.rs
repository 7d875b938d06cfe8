//! AssociateDhcpOptions: gives a VPC a set of DHCP options, or none by the word default.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{AssociateDhcpOptions, AssociateDhcpOptionsRequest, AssociateDhcpOptionsResponse};
use crate::network::questions::{on_dhcp_options, on_vpc};
use crate::network::{Network, must};
use crate::place::Place;
use crate::records::{DhcpOptionSets, Vpcs};
use crate::wiring::touch;

impl Operation for AssociateDhcpOptions {
    type Access = Write;

    fn needs(input: &AssociateDhcpOptionsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let options = on_dhcp_options(ec2::AssociateDhcpOptions, at, &input.dhcp_options_id)?.done();
        Ok(options.and(on_vpc(ec2::AssociateDhcpOptions, at, &input.vpc_id)?.done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AssociateDhcpOptionsResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let id = &input.dhcp_options_id;
        if id != "default" {
            must::<DhcpOptionSets>(tx, place, id, faults::no_dhcp_options)?;
        }
        let mut vpc = must::<Vpcs>(tx, place, &input.vpc_id, faults::no_vpc)?;
        faults::dry_run(input.dry_run)?;
        vpc.dhcp_options = id.clone();
        tx.put::<Vpcs>(&place.key(&vpc.id), &vpc)?;
        touch(tx, place, &vpc.id)?;
        Ok(AssociateDhcpOptionsResponse {})
    }
}
