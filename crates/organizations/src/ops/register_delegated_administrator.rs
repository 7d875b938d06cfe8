//! RegisterDelegatedAdministrator: a member looks after a service for the organization, and may read it.

use rolecall_actions::organizations::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{DelegatedAdministrators, ServiceAccess, Since};

use crate::accounts;
use crate::model::{
    RegisterDelegatedAdministrator, RegisterDelegatedAdministratorRequest,
    RegisterDelegatedAdministratorResponse, fault,
};
use crate::refusal::constraint;
use crate::services;
use crate::standing::{Reach, Scope, Standing};

impl Operation for RegisterDelegatedAdministrator {
    type Access = Write;

    fn needs(input: &RegisterDelegatedAdministratorRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let account = scope.account::<kind::Account>(&input.account_id)?;
        let question = Needs::action(organizations::RegisterDelegatedAdministrator).on(&account);
        Ok(scope.ask(question.key(key::ServicePrincipal, Some(input.service_principal.as_str()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<RegisterDelegatedAdministratorResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let (input, now) = (req.input, req.now);
        services::check_features(&organization)?;
        services::check_name(&input.service_principal)?;
        let tx = req.tx()?;
        let member = accounts::get(tx, &organization, &input.account_id)?;
        if member.account == organization.management {
            let text = "You attempted to register the management account of the organization as a delegated \
                        administrator for an AWS service integrated with Organizations. You can designate only a member \
                        account as a delegated administrator.";
            return Err(constraint("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR", text));
        }
        if member.closed.is_some() {
            let text = "You attempted to register a suspended account as a delegated administrator.";
            return Err(constraint("CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR", text));
        }
        let service = input.service_principal.clone();
        if !tx.exists::<ServiceAccess>(&(organization.id.clone(), service.clone()))? {
            let text = "You must enable service access before you delegate an administrator for this service. Call \
                        the AWS API EnableAWSServiceAccess first.";
            return Err(constraint("SERVICE_ACCESS_NOT_ENABLED", text));
        }
        let key = (organization.id, member.account, service);
        if tx.exists::<DelegatedAdministrators>(&key)? {
            let text = "The specified account is already a delegated administrator for this AWS service.";
            return Err(fault::account_already_registered(text));
        }
        tx.put::<DelegatedAdministrators>(&key, &Since { time: now.whole_seconds() })?;
        Ok(RegisterDelegatedAdministratorResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    const SERVICE: &str = "config.amazonaws.com";

    fn register(
        scene: &Scene,
        account: &str,
    ) -> Result<RegisterDelegatedAdministratorResponse, rolecall_base::Fault> {
        let input = RegisterDelegatedAdministratorRequest {
            account_id: account.into(),
            service_principal: SERVICE.into(),
        };
        scene.call::<RegisterDelegatedAdministrator>(input)
    }

    #[test]
    fn a_delegated_administrator_reads_and_changes_nothing() {
        let scene = Scene::new();
        let dev = scene.account("dev");
        check_fault(register(&scene, &dev.to_string()), "ConstraintViolationException");
        let input = EnableAWSServiceAccessRequest { service_principal: SERVICE.into() };
        scene.call::<EnableAWSServiceAccess>(input).unwrap();
        let read = || scene.call_as::<ListAccounts>(dev, ListAccountsRequest::default());
        check_fault(read(), "AccessDeniedException");
        register(&scene, &dev.to_string()).unwrap();
        check_fault(register(&scene, &dev.to_string()), "AccountAlreadyRegisteredException");
        assert_eq!(read().unwrap().accounts.unwrap().len(), 2);
        let input = CreateOrganizationalUnitRequest {
            parent_id: scene.top.clone(),
            name: "x".into(),
            ..Default::default()
        };
        check_fault(scene.call_as::<CreateOrganizationalUnit>(dev, input), "AccessDeniedException");
        let leave = scene.call_as::<LeaveOrganization>(dev, LeaveOrganizationRequest::default());
        check_fault(leave, "ConstraintViolationException");
        let listed = scene.call::<ListDelegatedAdministrators>(Default::default()).unwrap();
        assert_eq!(listed.delegated_administrators.unwrap()[0].id, Some(dev.to_string()));
        let input =
            ListDelegatedServicesForAccountRequest { account_id: dev.to_string(), ..Default::default() };
        let services = scene.call::<ListDelegatedServicesForAccount>(input).unwrap().delegated_services;
        assert_eq!(services.unwrap()[0].service_principal.as_deref(), Some(SERVICE));
        let input = DeregisterDelegatedAdministratorRequest {
            account_id: dev.to_string(),
            service_principal: SERVICE.into(),
        };
        scene.call::<DeregisterDelegatedAdministrator>(input).unwrap();
        check_fault(read(), "AccessDeniedException");
    }

    #[test]
    fn the_management_account_delegates_nothing_to_itself() {
        let scene = Scene::new();
        check_fault(register(&scene, "000000000000"), "ConstraintViolationException");
    }
}
