//! ListServerCertificates: the server certificates of the account, without their texts.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::entity;
use crate::model::{ListServerCertificates, ListServerCertificatesRequest, ListServerCertificatesResponse};
use crate::page::Window;
use crate::records::ServerCertificate;
use crate::server_certificate;

impl Operation for ListServerCertificates {
    type Access = Read;

    fn needs(_input: &ListServerCertificatesRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::ListServerCertificates).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListServerCertificatesResponse, Fault> {
        let input = req.input;
        let window = Window::new(input.marker.as_deref(), input.max_items)?;
        let prefix = input.path_prefix.as_deref();
        let show = |found: &ServerCertificate| Ok(server_certificate::to_wire(found));
        let page = entity::list(req.db()?, req.account(), prefix, &window, show)?;
        Ok(ListServerCertificatesResponse {
            is_truncated: page.is_truncated(),
            server_certificate_metadata_list: page.items,
            marker: page.marker,
        })
    }
}
