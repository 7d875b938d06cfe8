//! DetachNetworkInterface: takes a further interface from its instance.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_store::Reader;

use crate::faults;
use crate::interface_questions::on_interface;
use crate::interfaces;
use crate::lifecycle;
use crate::model::{DetachNetworkInterface, DetachNetworkInterfaceRequest, DetachNetworkInterfaceResponse};
use crate::network::rows;
use crate::place::Place;
use crate::questions::on_instance;
use crate::records::{Interfaces, NetworkInterface};

impl Operation for DetachNetworkInterface {
    type Access = Write;

    fn needs(input: &DetachNetworkInterfaceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let found = attached(at.db()?, Place::of(at), &input.attachment_id)?;
        let interface = found.as_ref().map_or("*", |own| own.id.as_str());
        let instance = found.as_ref().and_then(NetworkInterface::instance).unwrap_or("*");
        let interface = on_interface(ec2::DetachNetworkInterface, at, interface)?;
        Ok(interface.done().and(on_instance(ec2::DetachNetworkInterface, at, instance)?.done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DetachNetworkInterfaceResponse, Fault> {
        let (place, now, input) = (Place::here(req), req.now, req.input);
        let found = attached(req.db()?, place, &input.attachment_id)?;
        let mut own = found.ok_or_else(|| interfaces::no_attachment(&input.attachment_id))?;
        let Some(attachment) = own.attachment.take() else {
            return Err(interfaces::no_attachment(&input.attachment_id));
        };
        if attachment.device_index == 0 {
            let text = "The network interface at device index 0 and networkCard index 0 cannot be detached.";
            return Err(faults::not_permitted(text));
        }
        let mut instance = lifecycle::get(req.db()?, place, &attachment.instance, now)?;
        // Taking it away at once is what `Force` asks for: there is no operating system to ask first.
        faults::dry_run(input.dry_run)?;
        instance.interfaces.retain(|id| *id != own.id);
        interfaces::put(req.tx()?, &own)?;
        lifecycle::write(req.tx()?, &instance)?;
        Ok(DetachNetworkInterfaceResponse {})
    }
}

/// The interface of an attachment.
fn attached(db: &Reader, place: Place<'_>, id: &str) -> Result<Option<NetworkInterface>, Fault> {
    let has = |own: &NetworkInterface| own.attachment.as_ref().is_some_and(|at| at.id == id);
    Ok(rows::<Interfaces>(db, place)?.into_iter().find(has))
}
