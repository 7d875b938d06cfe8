//! UnassignPrivateIpAddresses: secondary addresses go back; elastic ones on them become free.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::addresses;
use crate::elastic;
use crate::faults::{self, unsupported};
use crate::interface_questions::on_interface;
use crate::interfaces;
use crate::model::{
    UnassignPrivateIpAddresses, UnassignPrivateIpAddressesRequest, UnassignPrivateIpAddressesResponse,
};
use crate::place::Place;

impl Operation for UnassignPrivateIpAddresses {
    type Access = Write;

    fn needs(input: &UnassignPrivateIpAddressesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_interface(ec2::UnassignPrivateIpAddresses, at, &input.network_interface_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UnassignPrivateIpAddressesResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        let mut own = interfaces::own(tx, place, &input.network_interface_id)?;
        if input.ipv4_prefixes.as_ref().is_some_and(|list| !list.is_empty()) {
            return Err(unsupported("A prefix"));
        }
        let list = input.private_ip_addresses.as_deref().unwrap_or_default();
        if list.is_empty() {
            return Err(faults::missing("privateIpAddresses"));
        }
        for text in list {
            let at = own.addresses.iter().position(|has| has.address.to_string() == *text);
            let Some(at) = at.filter(|at| *at > 0) else {
                let text = format!("Some of [{}] are not assigned to interface {}", list.join(", "), own.id);
                return Err(faults::invalid(text));
            };
            let gone = own.addresses.remove(at);
            addresses::free_private(tx, place, &own.subnet, gone.address)?;
            elastic::lost(tx, place, gone.public)?;
        }
        interfaces::put(tx, &own)?;
        Ok(UnassignPrivateIpAddressesResponse {})
    }
}
