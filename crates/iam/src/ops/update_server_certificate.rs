//! UpdateServerCertificate: another name or path for a server certificate.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::entity::{self, Target};
use crate::model::{UpdateServerCertificate, UpdateServerCertificateRequest};
use crate::records::ServerCertificate;
use crate::server_certificate;

impl Operation for UpdateServerCertificate {
    type Access = Write;

    fn needs(input: &UpdateServerCertificateRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let old = Target::<ServerCertificate>::find(at, &input.server_certificate_name)?;
        let path = input.new_path.as_deref().or(old.path());
        let name = input.new_server_certificate_name.as_deref().unwrap_or(&input.server_certificate_name);
        let new = Target::<ServerCertificate>::new(at.account(), path, name);
        // AWS asks on both the old ARN and the new one.
        Ok(Needs::action(iam::UpdateServerCertificate)
            .on(&old)
            .done()
            .and(Needs::action(iam::UpdateServerCertificate).on(&new).done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Self::Output, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let old: ServerCertificate = entity::get(tx, account, &input.server_certificate_name)?;
        let mut new = old.clone();
        new.name = input.new_server_certificate_name.clone().unwrap_or(new.name);
        new.path = input.new_path.clone().unwrap_or(new.path);
        server_certificate::replace(tx, &old, &new)?;
        Ok(Self::Output::default())
    }
}
