//! GenerateCredentialReport: makes the account's credential report, at most every four hours.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::credential_report::{self, GOOD_FOR, ID};
use crate::model::{
    GenerateCredentialReport, GenerateCredentialReportRequest, GenerateCredentialReportResponse,
};
use crate::report::{self, Report};

impl Operation for GenerateCredentialReport {
    type Access = Write;

    fn needs(_input: &GenerateCredentialReportRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::GenerateCredentialReport).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GenerateCredentialReportResponse, Fault> {
        let (account, now, by) = (req.account(), req.now, req.caller.principal_id.clone());
        let former = report::get(req.db()?, account, ID)?;
        if former.as_ref().is_some_and(|former| now.seconds() < former.created.seconds() + GOOD_FOR) {
            return Ok(GenerateCredentialReportResponse {
                state: Some("COMPLETE".into()),
                description: None,
            });
        }
        let text = credential_report::text(req.identity, req.db()?, account)?;
        report::put(req.tx()?, account, ID, &Report { created: now.whole_seconds(), by, text })?;
        let first = "No report exists. Starting a new report generation task";
        let description = former.is_none().then(|| first.to_owned());
        Ok(GenerateCredentialReportResponse { state: Some("STARTED".into()), description })
    }
}
