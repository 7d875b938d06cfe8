//! DeregisterDelegatedAdministrator: a member looks after a service no longer.

use rolecall_actions::organizations::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::DelegatedAdministrators;

use crate::accounts;
use crate::model::{
    DeregisterDelegatedAdministrator, DeregisterDelegatedAdministratorRequest,
    DeregisterDelegatedAdministratorResponse, fault,
};
use crate::services;
use crate::standing::{Reach, Scope, Standing};

impl Operation for DeregisterDelegatedAdministrator {
    type Access = Write;

    fn needs(input: &DeregisterDelegatedAdministratorRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let account = scope.account::<kind::Account>(&input.account_id)?;
        let question = Needs::action(organizations::DeregisterDelegatedAdministrator).on(&account);
        Ok(scope.ask(question.key(key::ServicePrincipal, Some(input.service_principal.as_str()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeregisterDelegatedAdministratorResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let input = req.input;
        services::check_name(&input.service_principal)?;
        let tx = req.tx()?;
        let member = accounts::get(tx, &organization, &input.account_id)?;
        let key = (organization.id, member.account, input.service_principal.clone());
        if !tx.exists::<DelegatedAdministrators>(&key)? {
            let text = "The specified account is not a delegated administrator for this AWS service.";
            return Err(fault::account_not_registered(text));
        }
        tx.delete::<DelegatedAdministrators>(&key)?;
        Ok(DeregisterDelegatedAdministratorResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn who_was_never_registered_is_not_deregistered() {
        let scene = Scene::new();
        let input = DeregisterDelegatedAdministratorRequest {
            account_id: scene.account("dev").to_string(),
            service_principal: "config.amazonaws.com".into(),
        };
        let outcome = scene.call::<DeregisterDelegatedAdministrator>(input);
        check_fault(outcome, "AccountNotRegisteredException");
    }
}
