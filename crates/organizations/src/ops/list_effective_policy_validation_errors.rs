//! ListEffectivePolicyValidationErrors: what is wrong with what the management policies of an account come to.

use rolecall_actions::organizations::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::path_of;

use crate::accounts;
use crate::model::{
    ListEffectivePolicyValidationErrors, ListEffectivePolicyValidationErrorsRequest,
    ListEffectivePolicyValidationErrorsResponse, fault,
};
use crate::page::Window;
use crate::policy_type;
use crate::standing::{Reach, Scope, Standing};
use crate::validation;

impl Operation for ListEffectivePolicyValidationErrors {
    type Access = Read;

    fn needs(input: &ListEffectivePolicyValidationErrorsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        let account = scope.account::<kind::Account>(&input.account_id)?;
        let question = Needs::action(organizations::ListEffectivePolicyValidationErrors).on(&account);
        Ok(scope.ask(question.key(key::PolicyType, Some(input.policy_type.as_str()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListEffectivePolicyValidationErrorsResponse, Fault> {
        let (input, now) = (req.input, req.now);
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let organization = Standing::require(req, Reach::Read)?.organization;
        let (db, kind) = (req.db()?, policy_type::find(&input.policy_type)?);
        let member = accounts::get(db, &organization, &input.account_id)?;
        let merged = validation::merge(db, &organization, &member, kind)?;
        if merged.policy.is_none() {
            return Err(fault::effective_policy_not_found(
                "The account has no effective policy of this type.",
            ));
        }
        let errors = validation::errors(kind, &merged).into_iter().enumerate();
        let (page, next) = window.cut(errors.map(|(n, error)| (format!("{n:06}"), error)), Ok)?;
        let path = path_of(db, &organization, &member.parent)?;
        Ok(ListEffectivePolicyValidationErrorsResponse {
            account_id: Some(input.account_id.clone()),
            policy_type: Some(kind.name.into()),
            path: Some(format!("{path}/{}/", member.account)),
            evaluation_timestamp: Some(now),
            next_token: next,
            effective_policy_validation_errors: Some(page),
        })
    }
}
