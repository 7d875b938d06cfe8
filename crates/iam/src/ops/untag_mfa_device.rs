//! UntagMFADevice: removes tags of a virtual MFA device.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::mfa;
use crate::model::{UntagMFADevice, UntagMFADeviceRequest, UntagMFADeviceResponse};
use crate::tags;

impl Operation for UntagMFADevice {
    type Access = Write;

    fn needs(input: &UntagMFADeviceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let device = mfa::device(at, &input.serial_number)?;
        Ok(Needs::action(iam::UntagMFADevice).on(&device).tag_keys(input.tag_keys.clone()).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UntagMFADeviceResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut device = mfa::get(tx, account, &input.serial_number)?;
        tags::remove(&mut device.tags, &input.tag_keys)?;
        mfa::put(tx, &device)?;
        Ok(UntagMFADeviceResponse {})
    }
}
