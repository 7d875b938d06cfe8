//! ListDelegatedAdministrators: members that look after a service, or any.

use std::collections::BTreeMap;

use rolecall_actions::organizations::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::DelegatedAdministrators;

use crate::accounts;
use crate::model::{
    DelegatedAdministrator, ListDelegatedAdministrators, ListDelegatedAdministratorsRequest,
    ListDelegatedAdministratorsResponse,
};
use crate::page::Window;
use crate::standing::{Reach, Scope, Standing};

impl Operation for ListDelegatedAdministrators {
    type Access = Read;

    fn needs(input: &ListDelegatedAdministratorsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        let question = Needs::action(organizations::ListDelegatedAdministrators).anywhere();
        Ok(scope.ask(question.key(key::ServicePrincipal, input.service_principal.as_deref())))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListDelegatedAdministratorsResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let (db, input) = (req.db()?, req.input);
        let rows = db.scan::<DelegatedAdministrators>(&(organization.id.as_str(),), None, usize::MAX)?;
        let mut since = BTreeMap::new();
        for ((_, account, service), row) in rows {
            if input.service_principal.as_ref().is_none_or(|wanted| *wanted == service) {
                // By any service: since it looked after the first one.
                let first = since.entry(account.to_string()).or_insert(row.time);
                *first = (*first).min(row.time);
            }
        }
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let all = since.into_iter().map(|(id, time)| (id.clone(), (id, time)));
        let (administrators, next_token) = window.cut(all, |(id, time)| {
            let member = accounts::get(db, &organization, &id)?;
            let account = accounts::shown(db, &organization, &member)?;
            Ok(DelegatedAdministrator {
                id: account.id,
                arn: account.arn,
                email: account.email,
                name: account.name,
                status: account.status,
                state: account.state,
                joined_method: account.joined_method,
                joined_timestamp: account.joined_timestamp,
                delegation_enabled_date: Some(time),
            })
        })?;
        let delegated_administrators = Some(administrators);
        Ok(ListDelegatedAdministratorsResponse { delegated_administrators, next_token })
    }
}
