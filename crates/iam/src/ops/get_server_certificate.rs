//! GetServerCertificate: a server certificate with its chain; never its private key.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::entity::{self, Target};
use crate::model::{self, GetServerCertificate, GetServerCertificateRequest, GetServerCertificateResponse};
use crate::records::ServerCertificate;
use crate::server_certificate::{self, Part};
use crate::tags;

impl Operation for GetServerCertificate {
    type Access = Read;

    fn needs(input: &GetServerCertificateRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = Target::<ServerCertificate>::find(at, &input.server_certificate_name)?;
        Ok(Needs::action(iam::GetServerCertificate).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetServerCertificateResponse, Fault> {
        let db = req.db()?;
        let found: ServerCertificate = entity::get(db, req.account(), &req.input.server_certificate_name)?;
        let chain = server_certificate::read(db, &found, Part::Chain)?;
        Ok(GetServerCertificateResponse {
            server_certificate: model::ServerCertificate {
                server_certificate_metadata: server_certificate::to_wire(&found),
                certificate_body: server_certificate::read(db, &found, Part::Body)?,
                certificate_chain: (!chain.is_empty()).then_some(chain),
                tags: tags::to_wire(&found.tags),
            },
        })
    }
}
