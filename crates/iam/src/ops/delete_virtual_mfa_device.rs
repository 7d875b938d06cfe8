//! DeleteVirtualMFADevice: forgets a device that nobody uses.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::MfaDevices;

use crate::mfa;
use crate::model::{
    DeleteVirtualMFADevice, DeleteVirtualMFADeviceRequest, DeleteVirtualMFADeviceResponse, fault,
};

impl Operation for DeleteVirtualMFADevice {
    type Access = Write;

    fn needs(input: &DeleteVirtualMFADeviceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let device = mfa::device(at, &input.serial_number)?;
        Ok(Needs::action(iam::DeleteVirtualMFADevice).on(&device).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteVirtualMFADeviceResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let device = mfa::get(tx, account, &input.serial_number)?;
        if device.owner.is_some() {
            return Err(fault::delete_conflict("MFA VirtualDevice in use. Must deactivate first."));
        }
        tx.delete::<MfaDevices>(&device.key())?;
        Ok(DeleteVirtualMFADeviceResponse {})
    }
}
