//! ResetServiceSpecificCredential: a new password or key, shown this once.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{
    ResetServiceSpecificCredential, ResetServiceSpecificCredentialRequest,
    ResetServiceSpecificCredentialResponse,
};
use crate::{access_key, service_credential};

impl Operation for ResetServiceSpecificCredential {
    type Access = Write;

    fn needs(input: &ResetServiceSpecificCredentialRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        let id = &input.service_specific_credential_id;
        let service = service_credential::service_of(at, input.user_name.as_deref(), id)?;
        Ok(Needs::action(iam::ResetServiceSpecificCredential)
            .on(&user)
            .key(iam::key::ServiceSpecificCredentialServiceName, service)
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ResetServiceSpecificCredentialResponse, Fault> {
        let (input, caller, env, now) = (req.input, req.caller, req.env, req.now);
        let tx = req.tx()?;
        let user = access_key::user(tx, caller, input.user_name.as_deref())?;
        let found = service_credential::get(tx, &user, &input.service_specific_credential_id)?;
        let made = service_credential::reset(tx, env, &user, found)?;
        let shown = service_credential::to_wire(&user, made, now);
        Ok(ResetServiceSpecificCredentialResponse { service_specific_credential: Some(shown) })
    }
}
