//! ListMFADeviceTags: the tags of a virtual MFA device, sorted by key.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::mfa;
use crate::model::{ListMFADeviceTags, ListMFADeviceTagsRequest, ListMFADeviceTagsResponse};
use crate::page::Window;
use crate::tags;

impl Operation for ListMFADeviceTags {
    type Access = Read;

    fn needs(input: &ListMFADeviceTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let device = mfa::device(at, &input.serial_number)?;
        Ok(Needs::action(iam::ListMFADeviceTags).on(&device).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListMFADeviceTagsResponse, Fault> {
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let device = mfa::get(req.db()?, req.account(), &req.input.serial_number)?;
        let page = tags::page(&device.tags, &window);
        Ok(ListMFADeviceTagsResponse {
            is_truncated: page.is_truncated(),
            tags: page.items,
            marker: page.marker,
        })
    }
}
