//! DeleteNetworkInterface: only one that is attached to nothing.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::interface_questions::on_interface;
use crate::interfaces;
use crate::model::{DeleteNetworkInterface, DeleteNetworkInterfaceRequest, DeleteNetworkInterfaceResponse};
use crate::place::Place;

impl Operation for DeleteNetworkInterface {
    type Access = Write;

    fn needs(input: &DeleteNetworkInterfaceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_interface(ec2::DeleteNetworkInterface, at, &input.network_interface_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteNetworkInterfaceResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let own = interfaces::own(req.db()?, place, &input.network_interface_id)?;
        if own.attachment.is_some() {
            return Err(faults::invalid(format!("Network interface '{}' is currently in use.", own.id)));
        }
        faults::dry_run(input.dry_run)?;
        interfaces::remove(req.tx()?, &own)?;
        Ok(DeleteNetworkInterfaceResponse {})
    }
}
