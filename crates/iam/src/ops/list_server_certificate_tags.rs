//! ListServerCertificateTags: the tags of a server certificate, sorted by key.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::entity::{self, Target};
use crate::model::{
    ListServerCertificateTags, ListServerCertificateTagsRequest, ListServerCertificateTagsResponse,
};
use crate::page::Window;
use crate::records::ServerCertificate;
use crate::tags;

impl Operation for ListServerCertificateTags {
    type Access = Read;

    fn needs(input: &ListServerCertificateTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = Target::<ServerCertificate>::find(at, &input.server_certificate_name)?;
        Ok(Needs::action(iam::ListServerCertificateTags).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListServerCertificateTagsResponse, Fault> {
        let input = req.input;
        let window = Window::new(input.marker.as_deref(), input.max_items)?;
        let found: ServerCertificate = entity::get(req.db()?, req.account(), &input.server_certificate_name)?;
        let page = tags::page(&found.tags, &window);
        Ok(ListServerCertificateTagsResponse {
            is_truncated: page.is_truncated(),
            tags: page.items,
            marker: page.marker,
        })
    }
}
