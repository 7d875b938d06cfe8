//! GetTrail: one trail.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{GetTrail, GetTrailRequest, GetTrailResponse};
use crate::{show, target};

impl Operation for GetTrail {
    type Access = Read;

    fn needs(input: &GetTrailRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(cloudtrail::GetTrail).on(&target::of(at, &input.name)?).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetTrailResponse, Fault> {
        let trail = target::of(&req.at(), &req.input.name)?.there()?;
        Ok(GetTrailResponse { trail: Some(show::trail(&trail)) })
    }
}
