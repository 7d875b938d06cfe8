//! DescribeCreateAccountStatus: what became of a CreateAccount.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::AccountCreations;

use crate::model::{
    DescribeCreateAccountStatus, DescribeCreateAccountStatusRequest, DescribeCreateAccountStatusResponse,
    fault,
};
use crate::shown;
use crate::standing::{Reach, Scope, Standing};

impl Operation for DescribeCreateAccountStatus {
    type Access = Read;

    fn needs(_input: &DescribeCreateAccountStatusRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        Ok(scope.ask(Needs::action(organizations::DescribeCreateAccountStatus).anywhere()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeCreateAccountStatusResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let key = (organization.id.as_str(), req.input.create_account_request_id.as_str());
        let creation = req.db()?.get::<AccountCreations>(&key)?.ok_or_else(|| {
            let text = "You specified a create account request ID that doesn't exist.";
            fault::create_account_status_not_found(text)
        })?;
        let create_account_status = Some(shown::creation(creation));
        Ok(DescribeCreateAccountStatusResponse { create_account_status })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn an_unknown_request_is_not_found() {
        let input = DescribeCreateAccountStatusRequest { create_account_request_id: "car-00000000".into() };
        let outcome = Scene::new().call::<DescribeCreateAccountStatus>(input);
        check_fault(outcome, "CreateAccountStatusNotFoundException");
    }
}
