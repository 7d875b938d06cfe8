//! DeleteServerCertificate: removes a server certificate and its private key.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::entity::{self, Target};
use crate::model::{DeleteServerCertificate, DeleteServerCertificateRequest};
use crate::records::ServerCertificate;
use crate::server_certificate;

impl Operation for DeleteServerCertificate {
    type Access = Write;

    fn needs(input: &DeleteServerCertificateRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = Target::<ServerCertificate>::find(at, &input.server_certificate_name)?;
        Ok(Needs::action(iam::DeleteServerCertificate).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Self::Output, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let found: ServerCertificate = entity::get(tx, account, &input.server_certificate_name)?;
        server_certificate::delete(tx, &found)?;
        Ok(Self::Output::default())
    }
}
