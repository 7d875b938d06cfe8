//! DeleteServiceSpecificCredential: takes a service-specific credential from a user.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{DeleteServiceSpecificCredential, DeleteServiceSpecificCredentialRequest};
use crate::{access_key, service_credential};

impl Operation for DeleteServiceSpecificCredential {
    type Access = Write;

    fn needs(input: &DeleteServiceSpecificCredentialRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        let id = &input.service_specific_credential_id;
        let service = service_credential::service_of(at, input.user_name.as_deref(), id)?;
        Ok(Needs::action(iam::DeleteServiceSpecificCredential)
            .on(&user)
            .key(iam::key::ServiceSpecificCredentialServiceName, service)
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<Self::Output, Fault> {
        let (input, caller) = (req.input, req.caller);
        let tx = req.tx()?;
        let user = access_key::user(tx, caller, input.user_name.as_deref())?;
        let found = service_credential::get(tx, &user, &input.service_specific_credential_id)?;
        service_credential::delete(tx, &user, &found)?;
        Ok(Self::Output::default())
    }
}
