//! ListDelegatedServicesForAccount: the services that a member looks after.

use rolecall_actions::organizations::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::DelegatedAdministrators;

use crate::accounts;
use crate::model::{
    DelegatedService, ListDelegatedServicesForAccount, ListDelegatedServicesForAccountRequest,
    ListDelegatedServicesForAccountResponse, fault,
};
use crate::page::Window;
use crate::standing::{Reach, Scope, Standing};

impl Operation for ListDelegatedServicesForAccount {
    type Access = Read;

    fn needs(input: &ListDelegatedServicesForAccountRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        let account = scope.account::<kind::Account>(&input.account_id)?;
        Ok(scope.ask(Needs::action(organizations::ListDelegatedServicesForAccount).on(&account)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListDelegatedServicesForAccountResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let (db, input) = (req.db()?, req.input);
        let member = accounts::get(db, &organization, &input.account_id)?;
        let prefix = (organization.id.as_str(), member.account);
        let rows = db.scan::<DelegatedAdministrators>(&prefix, None, usize::MAX)?;
        if rows.is_empty() {
            let text = "The specified account is not a delegated administrator for any AWS service.";
            return Err(fault::account_not_registered(text));
        }
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let all = rows.into_iter().map(|((_, _, service), row)| (service.clone(), (service, row.time)));
        let (services, next_token) = window.cut(all, |(service, time)| {
            Ok(DelegatedService { service_principal: Some(service), delegation_enabled_date: Some(time) })
        })?;
        Ok(ListDelegatedServicesForAccountResponse { delegated_services: Some(services), next_token })
    }
}
