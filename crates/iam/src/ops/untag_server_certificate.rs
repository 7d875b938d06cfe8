//! UntagServerCertificate: removes tags of a server certificate.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::entity::{self, Target};
use crate::model::{UntagServerCertificate, UntagServerCertificateRequest};
use crate::records::ServerCertificate;
use crate::tags;

impl Operation for UntagServerCertificate {
    type Access = Write;

    fn needs(input: &UntagServerCertificateRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = Target::<ServerCertificate>::find(at, &input.server_certificate_name)?;
        let needs = Needs::action(iam::UntagServerCertificate).on(&target);
        Ok(needs.tag_keys(input.tag_keys.clone()).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Self::Output, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut found: ServerCertificate = entity::get(tx, account, &input.server_certificate_name)?;
        tags::remove(&mut found.tags, &input.tag_keys)?;
        entity::put(tx, &found)?;
        Ok(Self::Output::default())
    }
}
