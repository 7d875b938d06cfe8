//! DisableAWSServiceAccess: the organization trusts a service of AWS no longer.

use rolecall_actions::organizations::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::ServiceAccess;

use crate::model::{
    DisableAWSServiceAccess, DisableAWSServiceAccessRequest, DisableAWSServiceAccessResponse,
};
use crate::services;
use crate::standing::{Reach, Scope, Standing};

impl Operation for DisableAWSServiceAccess {
    type Access = Write;

    fn needs(input: &DisableAWSServiceAccessRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let question = Needs::action(organizations::DisableAWSServiceAccess).anywhere();
        Ok(scope.ask(question.key(key::ServicePrincipal, Some(input.service_principal.as_str()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DisableAWSServiceAccessResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let input = req.input;
        services::check_name(&input.service_principal)?;
        req.tx()?.delete::<ServiceAccess>(&(organization.id, input.service_principal.clone()))?;
        Ok(DisableAWSServiceAccessResponse {})
    }
}
