//! CreateGovCloudAccount: there is no second partition here, so no management account is paired with one in it. That is
//! what AWS answers to such an account, too.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{CreateGovCloudAccount, CreateGovCloudAccountRequest, CreateGovCloudAccountResponse};
use crate::refusal::constraint;
use crate::standing::{Reach, Scope, Standing};
use crate::tags;

impl Operation for CreateGovCloudAccount {
    type Access = Write;

    fn needs(input: &CreateGovCloudAccountRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let question = Needs::action(organizations::CreateGovCloudAccount).anywhere();
        Ok(scope.ask(question.request_tags(tags::pairs(input.tags.as_ref()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateGovCloudAccountResponse, Fault> {
        Standing::require(req, Reach::Management)?;
        tags::first(req.input.tags.as_ref())?;
        let text =
            "The management account is not associated with an account in the AWS GovCloud (US) Region.";
        Err(constraint("MASTER_ACCOUNT_NOT_GOVCLOUD_ENABLED", text))
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn no_account_is_paired_with_gov_cloud() {
        let scene = Scene::new();
        let dev = scene.account("dev");
        let input = || CreateGovCloudAccountRequest {
            email: "x@example.com".into(),
            account_name: "x".into(),
            ..Default::default()
        };
        check_fault(scene.call::<CreateGovCloudAccount>(input()), "ConstraintViolationException");
        check_fault(scene.call_as::<CreateGovCloudAccount>(dev, input()), "AccessDeniedException");
    }
}
