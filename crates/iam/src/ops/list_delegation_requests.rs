//! ListDelegationRequests: the requests of the account that somebody has taken upon itself.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::{DelegationRequests, DelegationRequestsOfAccount};

use crate::delegation;
use crate::model::{ListDelegationRequests, ListDelegationRequestsRequest, ListDelegationRequestsResponse};
use crate::page::Window;

impl Operation for ListDelegationRequests {
    type Access = Read;

    fn needs(input: &ListDelegationRequestsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let owner = input.owner_id.as_deref();
        // One's own may be listed without a policy.
        let own = owner == Some(at.caller.arn.as_str()) && at.caller.policies.session.is_none();
        let granted = if own { Some(delegation::owners_policy(at)?) } else { None };
        Ok(Needs::action(iam::ListDelegationRequests)
            .anywhere()
            .key(iam::key::DelegationRequestOwner, owner)
            .granted_by(granted)
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListDelegationRequestsResponse, Fault> {
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let (db, account, now) = (req.db()?, req.account(), req.now);
        let wanted = req.input.owner_id.as_deref();
        let page = window.scan::<DelegationRequestsOfAccount, _>(
            db,
            &(account,),
            |id| (account, id),
            |(_, id)| id.clone(),
            |(_, id), _| {
                let found = db.get::<DelegationRequests>(id)?;
                let owned = |owner: &str| wanted.is_none_or(|wanted| wanted == owner);
                let found =
                    found.filter(|request| request.owner.as_ref().is_some_and(|owner| owned(&owner.arn)));
                Ok(found.map(|request| delegation::shown(&request, now)))
            },
        )?;
        Ok(ListDelegationRequestsResponse {
            is_truncated: page.is_truncated(),
            delegation_requests: Some(page.items),
            marker: page.marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::delegation::sample::Delegations;
    use crate::model::*;

    #[test]
    fn owned_requests_are_listed_and_ones_own_without_a_policy() {
        let scene = Delegations::new();
        let (taken, _left) =
            (scene.request(|_| {}), scene.request(|input| input.requestor_workflow_id += "2"));
        let owner = scene.user("owner", "iam:AssociateDelegationRequest");
        scene.associate(&owner, &taken).unwrap();
        let list = |visitor, owner_id: Option<&str>| {
            let input =
                ListDelegationRequestsRequest { owner_id: owner_id.map(str::to_owned), ..Default::default() };
            let listed = scene.scene.world.call::<ListDelegationRequests>(visitor, input)?;
            Ok(listed
                .delegation_requests
                .unwrap()
                .into_iter()
                .flat_map(|r| r.delegation_request_id)
                .collect::<Vec<_>>())
        };
        let own = "arn:aws:iam::000000000000:user/owner";
        assert_eq!(list(&owner, Some(own)).unwrap(), std::slice::from_ref(&taken));
        check_fault(list(&owner, None), "AccessDenied");
        assert_eq!(list(&scene.scene.root, None).unwrap(), [taken]);
        assert!(list(&scene.scene.root, Some("arn:aws:iam::000000000000:user/other")).unwrap().is_empty());
        assert!(list(&scene.stranger, None).unwrap().is_empty());
    }
}
