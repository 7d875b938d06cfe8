//! GenerateOrganizationsAccessReport: makes the report of the services that control policies leave to a part of the
//! organization, and of their last use.

use rolecall_actions::iam;
use rolecall_base::{AccountId, Fault};
use rolecall_door::{At, Authorized, Needs, Operation, Resource, Write};

use crate::model::{
    GenerateOrganizationsAccessReport, GenerateOrganizationsAccessReportRequest,
    GenerateOrganizationsAccessReportResponse,
};
use crate::organization_report;
use crate::report::{self, Report};

/// The report, as policies name it.
struct Access<'a> {
    account: AccountId,
    path: &'a str,
}

impl Resource for Access<'_> {
    type Kind = iam::kind::AccessReport;

    fn arn(&self) -> String {
        format!("arn:aws:iam::{}:access-report/{}", self.account, self.path)
    }

    fn account(&self) -> AccountId {
        self.account
    }
}

impl Operation for GenerateOrganizationsAccessReport {
    type Access = Write;

    fn needs(input: &GenerateOrganizationsAccessReportRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let report = Access { account: at.account(), path: &input.entity_path };
        let policy = input.organizations_policy_id.as_deref();
        let question = Needs::action(iam::GenerateOrganizationsAccessReport).on(&report);
        let question = question.key(iam::key::OrganizationsPolicyId, policy);
        Ok(question.done().and(organization_report::questions(at, &input.entity_path, policy)?))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GenerateOrganizationsAccessReportResponse, Fault> {
        let (account, created, by) =
            (req.account(), req.now.whole_seconds(), req.caller.principal_id.clone());
        let made = {
            let at = req.at();
            let organization = organization_report::managed(at.db()?, account)?;
            let policy = req.input.organizations_policy_id.as_deref();
            organization_report::make(&at, &organization, &req.input.entity_path, policy)?
        };
        let text = serde_json::to_string(&made).map_err(Fault::internal)?;
        let job = req.env.uuid();
        report::put(req.tx()?, account, &job, &Report { created, by, text })?;
        Ok(GenerateOrganizationsAccessReportResponse { job_id: Some(job) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn only_the_management_account_of_an_organization_may_ask() {
        let input = GenerateOrganizationsAccessReportRequest {
            entity_path: "o-abcdefghij/r-abcd".into(),
            ..Default::default()
        };
        let outcome = Scene::new().call::<GenerateOrganizationsAccessReport>(input);
        check_fault(outcome, "CallerIsNotManagementAccountException");
    }
}
