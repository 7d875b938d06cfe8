//! GetDelegationRequest: what a product provider asks for, and how far that has come.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::delegation::{self, Target};
use crate::model::{GetDelegationRequest, GetDelegationRequestRequest, GetDelegationRequestResponse};
use crate::permission_check;

impl Operation for GetDelegationRequest {
    type Access = Read;

    fn needs(input: &GetDelegationRequestRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let request = Target::find(at, &input.delegation_request_id)?;
        Ok(Needs::action(iam::GetDelegationRequest)
            .on(&request)
            .key(iam::key::DelegationRequestOwner, request.owner())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetDelegationRequestResponse, Fault> {
        let request = delegation::get(req.db()?, req.account(), &req.input.delegation_request_id)?;
        let checked = req.input.delegation_permission_check == Some(true);
        let result = checked.then(|| permission_check::result(req.caller, &request.policy));
        Ok(GetDelegationRequestResponse {
            delegation_request: Some(delegation::shown(&request, req.now)),
            permission_check_status: checked.then(|| "COMPLETE".to_owned()),
            permission_check_result: result.map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::delegation::sample::Delegations;
    use crate::model::*;

    #[test]
    fn a_request_for_nobody_is_shown_to_every_account_and_an_assigned_one_to_its_own() {
        let scene = Delegations::new();
        let open = scene.request(|_| {});
        assert_eq!(scene.get(&open).unwrap().state.as_deref(), Some("UNASSIGNED"));
        assert_eq!(scene.get_by(&scene.stranger, &open).unwrap().requestor_name.as_deref(), Some("Provider"));
        scene
            .call::<AssociateDelegationRequest>(AssociateDelegationRequestRequest {
                delegation_request_id: open.clone(),
            })
            .unwrap();
        check_fault(scene.get_by(&scene.stranger, &open), "NoSuchEntity");
        let own = scene.get(&open).unwrap();
        assert_eq!(own.state.as_deref(), Some("ASSIGNED"));
        assert!(own.permission_policy.unwrap().contains("arn:aws:s3:::pics/*"));
    }

    #[test]
    fn the_permission_check_says_whether_the_caller_could_delegate() {
        let scene = Delegations::new();
        let id = scene.request(|_| {});
        let check = |visitor: &rolecall_door::Visitor| {
            let input = GetDelegationRequestRequest {
                delegation_request_id: id.clone(),
                delegation_permission_check: Some(true),
            };
            let got = scene.scene.world.call::<GetDelegationRequest>(visitor, input).unwrap();
            assert_eq!(got.permission_check_status.as_deref(), Some("COMPLETE"));
            got.permission_check_result.unwrap()
        };
        assert_eq!(check(&scene.scene.root), "ALLOWED");
        let see = r#"{"Effect": "Allow", "Action": "iam:GetDelegationRequest", "Resource": "*"}"#;
        let user = |name: &str, more: &str| {
            let policy = format!(r#"{{"Version": "2012-10-17", "Statement": [{see}{more}]}}"#);
            scene.scene.world.user(name, &policy)
        };
        assert_eq!(check(&user("poor", "")), "DENIED");
        let reads = r#", {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::pics/*"}"#;
        assert_eq!(check(&user("rich", reads)), "ALLOWED");
        let sometimes = r#", {"Effect": "Allow", "Action": "s3:*", "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "true"}}}"#;
        assert_eq!(check(&user("maybe", sometimes)), "UNSURE");
    }

    #[test]
    fn a_request_expires_after_a_day_that_nobody_takes_it() {
        let scene = Delegations::new();
        let id = scene.request(|_| {});
        scene.scene.world.env.advance(std::time::Duration::from_secs(86_400));
        assert_eq!(scene.get(&id).unwrap().state.as_deref(), Some("EXPIRED"));
        let input = AssociateDelegationRequestRequest { delegation_request_id: id };
        let message = check_fault(scene.call::<AssociateDelegationRequest>(input), "InvalidInput");
        assert!(message.contains("EXPIRED"), "{message}");
    }
}
