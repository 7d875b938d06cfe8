//! DeleteLoginProfile: takes a user's password away; its access keys stay.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::LoginProfiles;

use crate::access_key;
use crate::login_profile;
use crate::model::{DeleteLoginProfile, DeleteLoginProfileRequest, DeleteLoginProfileResponse};

impl Operation for DeleteLoginProfile {
    type Access = Write;

    fn needs(input: &DeleteLoginProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::DeleteLoginProfile).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteLoginProfileResponse, Fault> {
        let (input, caller) = (req.input, req.caller);
        let tx = req.tx()?;
        let (owner, name) = login_profile::owner(tx, caller, input.user_name.as_deref())?;
        login_profile::get(tx, caller, &owner, &name)?;
        tx.delete::<LoginProfiles>(&(caller.account, owner.word().to_owned()))?;
        Ok(DeleteLoginProfileResponse {})
    }
}
