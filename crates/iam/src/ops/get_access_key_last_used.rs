//! GetAccessKeyLastUsed: when an access key was last used, and for what.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::{AccessKeys, User};

use crate::access_key;
use crate::entity::Target;
use crate::model::{self, GetAccessKeyLastUsed, GetAccessKeyLastUsedRequest, GetAccessKeyLastUsedResponse};

impl Operation for GetAccessKeyLastUsed {
    type Access = Read;

    fn needs(input: &GetAccessKeyLastUsedRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::holder(at.db()?, at.account(), &input.access_key_id)?;
        let target = match &user {
            Some(user) => Target::find(at, &user.name)?,
            None => Target::<User>::by_arn(at.account().root_arn(), at.account()),
        };
        Ok(Needs::action(iam::GetAccessKeyLastUsed).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetAccessKeyLastUsedResponse, Fault> {
        let (db, account, id) = (req.db()?, req.account(), &req.input.access_key_id);
        let key = db.get::<AccessKeys>(id)?.filter(|key| key.account == account);
        key.ok_or_else(|| access_key::missing(id))?;
        let user = access_key::holder(db, account, id)?;
        // Uses are not recorded; this is how AWS answers for a key without a recorded use.
        let never = model::AccessKeyLastUsed {
            last_used_date: None,
            service_name: "N/A".to_owned(),
            region: "N/A".to_owned(),
        };
        Ok(GetAccessKeyLastUsedResponse {
            user_name: user.map(|user| user.name),
            access_key_last_used: Some(never),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_key_without_a_recorded_use_says_so() {
        let scene = Scene::new();
        scene.user("ann");
        let input = CreateAccessKeyRequest { user_name: Some("ann".into()) };
        let id = scene.call::<CreateAccessKey>(input).unwrap().access_key.access_key_id;
        let input = GetAccessKeyLastUsedRequest { access_key_id: id };
        let used = scene.call::<GetAccessKeyLastUsed>(input).unwrap();
        assert_eq!(used.user_name.as_deref(), Some("ann"));
        assert_eq!(used.access_key_last_used.unwrap().region, "N/A");
    }
}
