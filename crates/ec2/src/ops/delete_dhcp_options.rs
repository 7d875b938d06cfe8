//! DeleteDhcpOptions: removes a set of DHCP options that no VPC has.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{DeleteDhcpOptions, DeleteDhcpOptionsRequest, DeleteDhcpOptionsResponse};
use crate::network::questions::on_dhcp_options;
use crate::network::{self, Network, must, refusals};
use crate::place::Place;
use crate::records::{DhcpOptionSets, Vpcs};
use crate::{faults, tags};

impl Operation for DeleteDhcpOptions {
    type Access = Write;

    fn needs(input: &DeleteDhcpOptionsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_dhcp_options(ec2::DeleteDhcpOptions, at, &input.dhcp_options_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteDhcpOptionsResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let row = must::<DhcpOptionSets>(tx, place, &input.dhcp_options_id, faults::no_dhcp_options)?;
        if network::rows::<Vpcs>(tx, place)?.iter().any(|vpc| vpc.dhcp_options == row.id) {
            return Err(refusals::has_dependencies("dhcpOptions", &row.id));
        }
        faults::dry_run(input.dry_run)?;
        tx.delete::<DhcpOptionSets>(&place.key(&row.id))?;
        tags::put(tx, place, &row.id, Default::default())?;
        Ok(DeleteDhcpOptionsResponse {})
    }
}
