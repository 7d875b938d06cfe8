//! GetCallerIdentity: who the credentials stand for.

use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{GetCallerIdentity, GetCallerIdentityRequest, GetCallerIdentityResponse};

impl Operation for GetCallerIdentity {
    type Access = Read;

    fn needs(_input: &GetCallerIdentityRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::nothing("anyone may ask who they are; no policy can deny it"))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetCallerIdentityResponse, Fault> {
        Ok(GetCallerIdentityResponse {
            user_id: Some(req.caller.user_id.clone()),
            account: Some(req.caller.account.to_string()),
            arn: Some(req.caller.arn.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World};

    use super::*;

    #[test]
    fn a_user_without_policies_may_ask_who_it_is() {
        let world = World::new(1);
        let user = world.user("ann", "");
        let me = world.call::<GetCallerIdentity>(&user, GetCallerIdentityRequest {}).unwrap();
        assert_eq!(me.arn.as_deref(), Some("arn:aws:iam::000000000000:user/ann"));
        assert!(me.user_id.unwrap().starts_with("AIDA"));
    }

    #[test]
    fn even_one_who_is_denied_everything() {
        let world = World::new(1);
        let deny =
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#;
        let user = world.user("ann", deny);
        assert!(world.call::<GetCallerIdentity>(&user, GetCallerIdentityRequest {}).is_ok());
    }

    #[test]
    fn the_root_users_id_is_its_account() {
        let world = World::new(1);
        let me = world.call::<GetCallerIdentity>(&world.root(ACCOUNT), GetCallerIdentityRequest {}).unwrap();
        assert_eq!(me.user_id.as_deref(), Some("000000000000"));
    }
}
