//! DeleteOrganization: ends an organization that has no member but the management account.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{
    AccountCreations, ControlRevisions, DelegationPolicies, Handshakes, HandshakesOfAccount,
    HandshakesOfOrganization, OrganizationPolicies, Organizations, PoliciesOnTarget, ServiceAccess, Units,
    UnitsOfParent,
};

use crate::accounts;
use crate::model::{DeleteOrganization, DeleteOrganizationRequest, DeleteOrganizationResponse, fault};
use crate::refusal::constraint;
use crate::standing::{Reach, Scope, Standing};
use crate::transfers;

impl Operation for DeleteOrganization {
    type Access = Write;

    fn needs(_input: &DeleteOrganizationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        Ok(scope.ask(Needs::action(organizations::DeleteOrganization).anywhere()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteOrganizationResponse, Fault> {
        let here = Standing::require(req, Reach::Management)?;
        let (organization, id) = (&here.organization, &here.organization.id);
        let now = req.now;
        let tx = req.tx()?;
        if accounts::all(tx, organization)?.len() > 1 {
            return Err(fault::organization_not_empty(
                "To delete an organization you must first remove all member accounts (except the master).",
            ));
        }
        if transfers::all(tx, id)?.iter().any(|transfer| transfers::is_active(transfer, now)) {
            let text = "You cannot delete organization due to an ongoing responsibility transfer process.";
            return Err(constraint("ACTIVE_RESPONSIBILITY_TRANSFER_PROCESS", text));
        }
        transfers::forget(tx, id)?;
        accounts::forget(tx, &here.member)?;
        for ((_, handshake), _) in tx.scan::<HandshakesOfOrganization>(&(id.as_str(),), None, usize::MAX)? {
            let row = tx.get::<Handshakes>(&handshake)?;
            if let Some(account) = row.and_then(|row| row.account) {
                tx.delete::<HandshakesOfAccount>(&(account, handshake.clone()))?;
            }
            tx.delete::<Handshakes>(&handshake)?;
        }
        let of_it = (id.as_str(),);
        tx.delete_prefix::<HandshakesOfOrganization>(&of_it)?;
        tx.delete_prefix::<Units>(&of_it)?;
        tx.delete_prefix::<UnitsOfParent>(&of_it)?;
        tx.delete_prefix::<AccountCreations>(&of_it)?;
        tx.delete_prefix::<OrganizationPolicies>(&of_it)?;
        tx.delete_prefix::<PoliciesOnTarget>(&of_it)?;
        tx.delete_prefix::<ServiceAccess>(&of_it)?;
        tx.delete::<DelegationPolicies>(id)?;
        tx.delete::<ControlRevisions>(id)?;
        tx.delete::<Organizations>(id)?;
        Ok(DeleteOrganizationResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn it_ends_once_all_members_have_left() {
        let scene = Scene::new();
        let dev = scene.account("dev");
        let policy = scene.denying("s3:*");
        scene.attach(&policy, &scene.top).unwrap();
        scene.unit(&scene.top, "apps");
        let input = DeleteOrganizationRequest::default;
        check_fault(scene.call::<DeleteOrganization>(input()), "OrganizationNotEmptyException");
        scene.call_as::<LeaveOrganization>(dev, LeaveOrganizationRequest::default()).unwrap();
        scene.call::<DeleteOrganization>(input()).unwrap();
        check_fault(scene.call::<DeleteOrganization>(input()), "AWSOrganizationsNotInUseException");
        scene.call::<CreateOrganization>(CreateOrganizationRequest::default()).unwrap();
        let all = ListPoliciesRequest { filter: "SERVICE_CONTROL_POLICY".into(), ..Default::default() };
        let policies = scene.call::<ListPolicies>(all).unwrap().policies.unwrap();
        assert_eq!(policies.len(), 1, "{policies:?}");
    }
}
