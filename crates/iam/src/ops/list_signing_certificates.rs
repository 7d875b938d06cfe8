//! ListSigningCertificates: the signing certificates of a user, or of root.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{
    ListSigningCertificates, ListSigningCertificatesRequest, ListSigningCertificatesResponse,
};
use crate::page::Window;
use crate::{access_key, signing_certificate};

impl Operation for ListSigningCertificates {
    type Access = Read;

    fn needs(input: &ListSigningCertificatesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::ListSigningCertificates).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListSigningCertificatesResponse, Fault> {
        let (db, input) = (req.db()?, req.input);
        let window = Window::new(input.marker.as_deref(), input.max_items)?;
        let (owner, name) = access_key::owner(db, req.caller, input.user_name.as_deref())?;
        let all = signing_certificate::all(db, req.account(), &owner)?;
        let show = |row| signing_certificate::to_wire(name.as_deref(), row);
        let page = window.cut(all.into_iter().map(|row| (row.id.clone(), show(row))));
        Ok(ListSigningCertificatesResponse {
            is_truncated: page.is_truncated(),
            certificates: page.items,
            marker: page.marker,
        })
    }
}
