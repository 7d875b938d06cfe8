//! ListAWSServiceAccessForOrganization: the services of AWS that the organization trusts.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::ServiceAccess;

use crate::model::{
    EnabledServicePrincipal, ListAWSServiceAccessForOrganization, ListAWSServiceAccessForOrganizationRequest,
    ListAWSServiceAccessForOrganizationResponse,
};
use crate::page::Window;
use crate::standing::{Reach, Scope, Standing};

impl Operation for ListAWSServiceAccessForOrganization {
    type Access = Read;

    fn needs(_input: &ListAWSServiceAccessForOrganizationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        Ok(scope.ask(Needs::action(organizations::ListAWSServiceAccessForOrganization).anywhere()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListAWSServiceAccessForOrganizationResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let input = req.input;
        let rows = req.db()?.scan::<ServiceAccess>(&(organization.id.as_str(),), None, usize::MAX)?;
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let all = rows.into_iter().map(|((_, name), row)| (name.clone(), (name, row.time)));
        let (enabled, next_token) = window.cut(all, |(name, time)| {
            Ok(EnabledServicePrincipal { service_principal: Some(name), date_enabled: Some(time) })
        })?;
        Ok(ListAWSServiceAccessForOrganizationResponse {
            enabled_service_principals: Some(enabled),
            next_token,
        })
    }
}
