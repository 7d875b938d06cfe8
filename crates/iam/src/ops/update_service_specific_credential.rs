//! UpdateServiceSpecificCredential: switches a service-specific credential on or off.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{UpdateServiceSpecificCredential, UpdateServiceSpecificCredentialRequest};
use crate::{access_key, service_credential};

impl Operation for UpdateServiceSpecificCredential {
    type Access = Write;

    fn needs(input: &UpdateServiceSpecificCredentialRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        let id = &input.service_specific_credential_id;
        let service = service_credential::service_of(at, input.user_name.as_deref(), id)?;
        Ok(Needs::action(iam::UpdateServiceSpecificCredential)
            .on(&user)
            .key(iam::key::ServiceSpecificCredentialServiceName, service)
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Self::Output, Fault> {
        let (input, caller) = (req.input, req.caller);
        let tx = req.tx()?;
        let user = access_key::user(tx, caller, input.user_name.as_deref())?;
        let found = service_credential::get(tx, &user, &input.service_specific_credential_id)?;
        service_credential::set_status(tx, &user, found, &input.status)?;
        Ok(Self::Output::default())
    }
}
