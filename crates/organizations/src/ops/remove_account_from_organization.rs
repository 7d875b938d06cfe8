//! RemoveAccountFromOrganization: the management account lets a member go.

use rolecall_actions::organizations::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::accounts;
use crate::model::{
    RemoveAccountFromOrganization, RemoveAccountFromOrganizationRequest,
    RemoveAccountFromOrganizationResponse,
};
use crate::standing::{Reach, Scope, Standing};

impl Operation for RemoveAccountFromOrganization {
    type Access = Write;

    fn needs(input: &RemoveAccountFromOrganizationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let account = scope.account::<kind::Account>(&input.account_id)?;
        Ok(scope.ask(Needs::action(organizations::RemoveAccountFromOrganization).on(&account)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<RemoveAccountFromOrganizationResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let input = req.input;
        let tx = req.tx()?;
        let member = accounts::get(tx, &organization, &input.account_id)?;
        accounts::check_open(&member)?;
        accounts::leave(tx, &organization, &member)?;
        Ok(RemoveAccountFromOrganizationResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    fn remove(
        scene: &Scene,
        account: &str,
    ) -> Result<RemoveAccountFromOrganizationResponse, rolecall_base::Fault> {
        let input = RemoveAccountFromOrganizationRequest { account_id: account.into() };
        scene.call::<RemoveAccountFromOrganization>(input)
    }

    #[test]
    fn a_member_that_was_let_go_is_in_no_organization() {
        let scene = Scene::new();
        let dev = scene.account("dev");
        remove(&scene, &dev.to_string()).unwrap();
        let input = DescribeOrganizationRequest::default();
        let outcome = scene.call_as::<DescribeOrganization>(dev, input);
        check_fault(outcome, "AWSOrganizationsNotInUseException");
    }

    #[test]
    fn the_management_account_stays() {
        check_fault(remove(&Scene::new(), "000000000000"), "MasterCannotLeaveOrganizationException");
    }

    #[test]
    fn a_closed_account_does_not_become_open_by_leaving() {
        let scene = Scene::new();
        let dev = scene.account("dev").to_string();
        scene.call::<CloseAccount>(CloseAccountRequest { account_id: dev.clone() }).unwrap();
        check_fault(remove(&scene, &dev), "ConstraintViolationException");
    }
}
