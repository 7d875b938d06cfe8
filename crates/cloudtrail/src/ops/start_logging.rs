//! StartLogging: the trail's events go to its bucket from now on.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{StartLogging, StartLoggingRequest, StartLoggingResponse};
use crate::records::Trails;
use crate::target;

impl Operation for StartLogging {
    type Access = Write;

    fn needs(input: &StartLoggingRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(cloudtrail::StartLogging).on(&target::of(at, &input.name)?).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<StartLoggingResponse, Fault> {
        let (input, account, region, now) = (req.input, req.account(), req.region, req.now);
        let tx = req.tx()?;
        let mut trail = target::find(tx, account, region, &input.name)?.at_home(region)?;
        trail.start(now);
        tx.put::<Trails>(&(account, trail.region.clone(), trail.name.clone()), &trail)?;
        Ok(StartLoggingResponse {})
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rolecall_door::{Origin, Visitor};
    use rolecall_testkit::{ACCOUNT, check_fault};

    use super::*;
    use crate::model::{GetTrailStatus, GetTrailStatusRequest, StopLogging, StopLoggingRequest};
    use crate::scene::Scene;

    #[test]
    fn what_happens_while_it_logs_is_wanted() {
        let scene = Scene::new();
        scene.trail("trail").unwrap();
        let name = || "trail".to_owned();
        let status = || scene.call::<GetTrailStatus>(GetTrailStatusRequest { name: name() }).unwrap();
        assert_eq!((status().is_logging, status().start_logging_time), (Some(false), None));
        let start = scene.world.env.now();
        scene.call::<StartLogging>(StartLoggingRequest { name: name() }).unwrap();
        assert_eq!((status().is_logging, status().start_logging_time), (Some(true), Some(start)));
        scene.world.env.advance(Duration::from_secs(10));
        scene.call::<StopLogging>(StopLoggingRequest { name: name() }).unwrap();
        assert_eq!(status().stop_logging_time, Some(start + Duration::from_secs(10)));
        scene.world.env.advance(Duration::from_secs(10));
        scene.call::<StartLogging>(StartLoggingRequest { name: name() }).unwrap();
        let trail = scene.stored("trail");
        let logged = [0, 5, 10, 15, 20, 30].map(|after| trail.logged_at(start + Duration::from_secs(after)));
        assert_eq!(logged, [true, true, true, false, true, true]);
    }

    #[test]
    fn a_trail_is_changed_only_at_home() {
        let scene = Scene::new();
        let arn = scene.trail("trail").unwrap().trail_arn.unwrap();
        let root: Visitor = scene.world.root(ACCOUNT);
        let input = StartLoggingRequest { name: arn };
        let call = scene.world.door.call::<StartLogging>(root, "eu-west-1", Origin::default(), input);
        check_fault(scene.world.run(call), "InvalidHomeRegionException");
    }
}
