//! ReportInstanceStatus: what users say of an instance is taken note of; it changes no status, as in AWS.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::lifecycle;
use crate::model::{ReportInstanceStatus, ReportInstanceStatusRequest, ReportInstanceStatusResponse};
use crate::place::Place;
use crate::records::State;
use crate::tags;

impl Operation for ReportInstanceStatus {
    type Access = Read;

    fn needs(input: &ReportInstanceStatusRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (place, ids) = (Place::of(at), &input.instances);
        let mut asked = Vec::new();
        for id in ids {
            let resource = place.resource::<kind::Instance>(id).tagged(tags::of(at.db()?, place, id)?);
            let question = Needs::action(ec2::ReportInstanceStatus).on(&resource);
            asked.push(question.key(key::Region, Some(at.region)).done());
        }
        if asked.is_empty() {
            let any = place.resource::<kind::Instance>("*");
            let question = Needs::action(ec2::ReportInstanceStatus).on(&any);
            asked.push(question.key(key::Region, Some(at.region)).done());
        }
        Ok(Needs::all(asked))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ReportInstanceStatusResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let instances = lifecycle::get_all(req.db()?, place, &input.instances, req.now)?;
        if let Some(own) = instances.iter().find(|own| own.state != State::Running) {
            let text = format!("The instance '{}' is not in the 'running' state.", own.id);
            return Err(faults::wrong_state(text));
        }
        if input.reason_codes.is_empty() {
            return Err(faults::missing("ReasonCode"));
        }
        if let (Some(start), Some(end)) = (input.start_time, input.end_time)
            && end < start
        {
            return Err(faults::other("InvalidTime", "The end time must not be before the start time."));
        }
        faults::dry_run(input.dry_run)?;
        Ok(ReportInstanceStatusResponse {})
    }
}
