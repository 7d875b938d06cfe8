//! GetAccessKeyLastUsed: when an access key was last used, and for what.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::{AccessKeys, User};

use crate::access_key;
use crate::entity::Target;
use crate::last_used;
use crate::model::{GetAccessKeyLastUsed, GetAccessKeyLastUsedRequest, GetAccessKeyLastUsedResponse};

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
        Ok(GetAccessKeyLastUsedResponse {
            user_name: user.map(|user| user.name),
            access_key_last_used: Some(last_used::key(req.identity, db, id)?),
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

    #[test]
    fn a_use_shows_at_once_and_after_it_was_swept_also_one_that_was_denied() {
        let scene = Scene::new();
        let ann = scene.world.user("ann", "");
        let id = ann.caller.access_key_id.clone().unwrap();
        let outcome = scene.world.call::<ListUsers>(&ann, ListUsersRequest::default());
        rolecall_testkit::check_fault(outcome, "AccessDenied");
        let used = || {
            let input = GetAccessKeyLastUsedRequest { access_key_id: id.clone() };
            scene.call::<GetAccessKeyLastUsed>(input).unwrap().access_key_last_used.unwrap()
        };
        let first = used();
        assert_eq!((first.service_name.as_str(), first.region.as_str()), ("iam", "us-east-1"));
        assert!(first.last_used_date.is_some());
        let identity = &scene.world.door.identity;
        let epoch = scene.world.store.revision_of(rolecall_testkit::ACCOUNT);
        assert_eq!(scene.world.run(identity.usage.sweep(&scene.world.store)).unwrap(), 2);
        assert_eq!(scene.world.run(identity.usage.sweep(&scene.world.store)).unwrap(), 0);
        assert_eq!(used(), first);
        // Being used makes no remembered caller stale.
        assert_eq!(scene.world.store.revision_of(rolecall_testkit::ACCOUNT), epoch);
        let input = DeleteAccessKeyRequest { user_name: Some("ann".into()), access_key_id: id.clone() };
        scene.call::<DeleteAccessKey>(input).unwrap();
        let db = scene.world.store.read().unwrap();
        assert_eq!(identity.usage.of_key(&db, &id).unwrap(), None);
    }
}
