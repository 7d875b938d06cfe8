//! ResetNetworkInterfaceAttribute: the source/destination check is on again.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::interface_questions::on_interface;
use crate::interfaces;
use crate::model::{
    ResetNetworkInterfaceAttribute, ResetNetworkInterfaceAttributeRequest,
    ResetNetworkInterfaceAttributeResponse,
};
use crate::place::Place;

impl Operation for ResetNetworkInterfaceAttribute {
    type Access = Write;

    fn needs(input: &ResetNetworkInterfaceAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_interface(ec2::ResetNetworkInterfaceAttribute, at, &input.network_interface_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ResetNetworkInterfaceAttributeResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let mut own = interfaces::own(req.db()?, place, &input.network_interface_id)?;
        if input.source_dest_check.is_none() {
            return Err(faults::combination("No attributes specified."));
        }
        faults::dry_run(input.dry_run)?;
        own.source_dest_check = true;
        interfaces::put(req.tx()?, &own)?;
        Ok(ResetNetworkInterfaceAttributeResponse {})
    }
}
