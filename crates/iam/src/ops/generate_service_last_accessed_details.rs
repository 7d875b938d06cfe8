//! GenerateServiceLastAccessedDetails: makes the report of the services that a user, group, role or policy gives access
//! to, and of their last use.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::access_report::{self, Subject};
use crate::context_keys::Source;
use crate::managed::PolicyTarget;
use crate::model::{
    GenerateServiceLastAccessedDetails, GenerateServiceLastAccessedDetailsRequest,
    GenerateServiceLastAccessedDetailsResponse,
};
use crate::report::{self, Report};

impl Operation for GenerateServiceLastAccessedDetails {
    type Access = Write;

    fn needs(input: &GenerateServiceLastAccessedDetailsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let action = Needs::action(iam::GenerateServiceLastAccessedDetails);
        Ok(match Subject::find(at, &input.arn)? {
            Subject::Source(source) => match &*source {
                Source::User(user, _) => action.on(user).done(),
                Source::Group(group, _) => action.on(group).done(),
                Source::Role(role, _) => action.on(role).done(),
            },
            Subject::Policy(arn) => action.on(&PolicyTarget::to_read(at, &arn)?).done(),
        })
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GenerateServiceLastAccessedDetailsResponse, Fault> {
        let (account, created, by) =
            (req.account(), req.now.whole_seconds(), req.caller.principal_id.clone());
        let made = {
            let at = req.at();
            let granularity = req.input.granularity.as_deref().unwrap_or("SERVICE_LEVEL");
            access_report::make(&at, &Subject::find(&at, &req.input.arn)?, granularity)?
        };
        let text = serde_json::to_string(&made).map_err(Fault::internal)?;
        let job = req.env.uuid();
        report::put(req.tx()?, account, &job, &Report { created, by, text })?;
        Ok(GenerateServiceLastAccessedDetailsResponse { job_id: Some(job) })
    }
}
