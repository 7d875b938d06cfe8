//! StopLogging: no further events go to the trail's bucket; those until now still do.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{StopLogging, StopLoggingRequest, StopLoggingResponse};
use crate::records::Trails;
use crate::target;

impl Operation for StopLogging {
    type Access = Write;

    fn needs(input: &StopLoggingRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(cloudtrail::StopLogging).on(&target::of(at, &input.name)?).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<StopLoggingResponse, Fault> {
        let (input, account, region, now) = (req.input, req.account(), req.region, req.now);
        let tx = req.tx()?;
        let mut trail = target::find(tx, account, region, &input.name)?.at_home(region)?;
        trail.stop(now);
        tx.put::<Trails>(&(account, trail.region.clone(), trail.name.clone()), &trail)?;
        Ok(StopLoggingResponse {})
    }
}
