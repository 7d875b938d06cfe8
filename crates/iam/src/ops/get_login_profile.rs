//! GetLoginProfile: whether a user has a password, and since when.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access_key;
use crate::login_profile;
use crate::model::{GetLoginProfile, GetLoginProfileRequest, GetLoginProfileResponse};

impl Operation for GetLoginProfile {
    type Access = Read;

    fn needs(input: &GetLoginProfileRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::GetLoginProfile).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetLoginProfileResponse, Fault> {
        let db = req.db()?;
        let (owner, name) = login_profile::owner(db, req.caller, req.input.user_name.as_deref())?;
        let profile = login_profile::get(db, req.caller, &owner, &name)?;
        Ok(GetLoginProfileResponse { login_profile: login_profile::to_wire(&name, &profile) })
    }
}
