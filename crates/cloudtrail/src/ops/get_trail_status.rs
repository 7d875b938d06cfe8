//! GetTrailStatus: whether a trail logs, and how its delivery goes.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{GetTrailStatus, GetTrailStatusRequest, GetTrailStatusResponse};
use crate::records::Deliveries;
use crate::target;

impl Operation for GetTrailStatus {
    type Access = Read;

    fn needs(input: &GetTrailStatusRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = Needs::action(cloudtrail::GetTrailStatus).on(&target::seen(at, &input.name)?);
        // The organization's trail is there in each member as if it were the member's own.
        Ok(question.in_account(at.account(), None).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetTrailStatusResponse, Fault> {
        let trail = target::seen(&req.at(), &req.input.name)?.shown_to(req.account())?;
        let key = (trail.account, trail.region.as_str(), trail.name.as_str());
        let delivery = req.db()?.get::<Deliveries>(&key)?.unwrap_or_default();
        let start = trail.spans.last().map(|span| span.start);
        let stop = trail.spans.iter().rev().find_map(|span| span.stop);
        let text =
            |time: Option<rolecall_base::Time>| Some(time.map(|time| time.iso_seconds()).unwrap_or_default());
        let succeeded = delivery.attempted.filter(|_| delivery.error.is_none());
        Ok(GetTrailStatusResponse {
            is_logging: Some(trail.is_logging()),
            latest_delivery_error: delivery.error.clone(),
            latest_delivery_time: delivery.delivered,
            start_logging_time: start,
            stop_logging_time: stop,
            latest_delivery_attempt_time: text(delivery.attempted),
            latest_delivery_attempt_succeeded: text(succeeded),
            latest_notification_attempt_time: text(None),
            latest_notification_attempt_succeeded: text(None),
            time_logging_started: text(start),
            time_logging_stopped: text(stop),
            latest_digest_delivery_time: delivery.digested,
            latest_digest_delivery_error: delivery.digest_error.clone(),
            ..GetTrailStatusResponse::default()
        })
    }
}
