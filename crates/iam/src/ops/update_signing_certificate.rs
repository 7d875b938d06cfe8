//! UpdateSigningCertificate: switches a signing certificate on or off.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{UpdateSigningCertificate, UpdateSigningCertificateRequest};
use crate::{access_key, signing_certificate};

impl Operation for UpdateSigningCertificate {
    type Access = Write;

    fn needs(input: &UpdateSigningCertificateRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::UpdateSigningCertificate).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Self::Output, Fault> {
        let (input, account, caller) = (req.input, req.account(), req.caller);
        let tx = req.tx()?;
        let (owner, _) = access_key::owner(tx, caller, input.user_name.as_deref())?;
        let found = signing_certificate::get(tx, account, &owner, &input.certificate_id)?;
        signing_certificate::set_status(tx, account, &owner, found, &input.status)?;
        Ok(Self::Output::default())
    }
}
