//! TagServerCertificate: sets tags of a server certificate.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::entity::{self, Target};
use crate::model::{TagServerCertificate, TagServerCertificateRequest};
use crate::records::ServerCertificate;
use crate::tags;

impl Operation for TagServerCertificate {
    type Access = Write;

    fn needs(input: &TagServerCertificateRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = Target::<ServerCertificate>::find(at, &input.server_certificate_name)?;
        Ok(Needs::action(iam::TagServerCertificate)
            .on(&target)
            .request_tags(tags::pairs(Some(&input.tags)))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Self::Output, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut found: ServerCertificate = entity::get(tx, account, &input.server_certificate_name)?;
        tags::add(&mut found.tags, &input.tags, "TagsPerServerCertificate")?;
        entity::put(tx, &found)?;
        Ok(Self::Output::default())
    }
}
