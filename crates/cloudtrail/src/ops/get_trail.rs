//! GetTrail: one trail.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{GetTrail, GetTrailRequest, GetTrailResponse};
use crate::{show, target};

impl Operation for GetTrail {
    type Access = Read;

    fn needs(input: &GetTrailRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = Needs::action(cloudtrail::GetTrail).on(&target::seen(at, &input.name)?);
        // The organization's trail is there in each member as if it were the member's own.
        Ok(question.in_account(at.account(), None).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetTrailResponse, Fault> {
        let trail = target::seen(&req.at(), &req.input.name)?.shown_to(req.account())?;
        Ok(GetTrailResponse { trail: Some(show::trail(&trail)) })
    }
}
