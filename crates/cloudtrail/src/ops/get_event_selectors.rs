//! GetEventSelectors: which events a trail wants.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{GetEventSelectors, GetEventSelectorsRequest, GetEventSelectorsResponse};
use crate::{show, target};

impl Operation for GetEventSelectors {
    type Access = Read;

    fn needs(input: &GetEventSelectorsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(cloudtrail::GetEventSelectors).on(&target::of(at, &input.trail_name)?).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetEventSelectorsResponse, Fault> {
        let trail = target::of(&req.at(), &req.input.trail_name)?.there()?;
        let (event_selectors, advanced_event_selectors) =
            show::selectors(&trail.selectors.clone().unwrap_or_default());
        Ok(GetEventSelectorsResponse {
            trail_arn: Some(trail.arn()),
            event_selectors,
            advanced_event_selectors,
        })
    }
}
