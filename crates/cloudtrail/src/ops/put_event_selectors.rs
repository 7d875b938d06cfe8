//! PutEventSelectors: which events a trail wants.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{PutEventSelectors, PutEventSelectorsRequest, PutEventSelectorsResponse};
use crate::records::Trails;
use crate::selectors::Selectors;
use crate::{show, target};

impl Operation for PutEventSelectors {
    type Access = Write;

    fn needs(input: &PutEventSelectorsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(cloudtrail::PutEventSelectors).on(&target::of(at, &input.trail_name)?).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutEventSelectorsResponse, Fault> {
        let (input, account, region) = (req.input, req.account(), req.region);
        let tx = req.tx()?;
        let mut trail = target::find(tx, account, region, &input.trail_name)?.at_home(region)?;
        let selectors =
            Selectors::read(input.event_selectors.as_deref(), input.advanced_event_selectors.as_deref())?;
        let (event_selectors, advanced_event_selectors) = show::selectors(&selectors);
        trail.selectors = Some(selectors);
        tx.put::<Trails>(&(account, trail.region.clone(), trail.name.clone()), &trail)?;
        Ok(PutEventSelectorsResponse {
            trail_arn: Some(trail.arn()),
            event_selectors,
            advanced_event_selectors,
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use super::*;
    use crate::model::{EventSelector, GetEventSelectors, GetEventSelectorsRequest};
    use crate::scene::Scene;

    #[test]
    fn selectors_are_kept_and_the_first_ones_are_all_management_events() {
        let scene = Scene::new();
        scene.trail("trail").unwrap();
        let get = || {
            let input = GetEventSelectorsRequest { trail_name: "trail".into() };
            scene.call::<GetEventSelectors>(input).unwrap().event_selectors.unwrap().remove(0)
        };
        assert_eq!(get().include_management_events, Some(true));
        assert_eq!(get().read_write_type.as_deref(), Some("All"));
        let selector = EventSelector { read_write_type: Some("ReadOnly".into()), ..Default::default() };
        let input = PutEventSelectorsRequest {
            trail_name: "trail".into(),
            event_selectors: Some(vec![selector]),
            ..Default::default()
        };
        scene.call::<PutEventSelectors>(input).unwrap();
        assert_eq!(get().read_write_type.as_deref(), Some("ReadOnly"));
        let none = PutEventSelectorsRequest { trail_name: "trail".into(), ..Default::default() };
        check_fault(scene.call::<PutEventSelectors>(none), "InvalidEventSelectorsException");
    }
}
