//! DescribeInstanceStatus: how running instances are doing.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::lifecycle::{self, state_to_wire};
use crate::model::{
    DescribeInstanceStatus, DescribeInstanceStatusRequest, DescribeInstanceStatusResult, EbsStatusDetails,
    EbsStatusSummary, InstanceStatus, InstanceStatusDetails, InstanceStatusSummary,
};
use crate::network::{self, rows};
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{Instance, Instances, State, Subnets};
use crate::tags;

impl Operation for DescribeInstanceStatus {
    type Access = Read;

    fn needs(_: &DescribeInstanceStatusRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeInstanceStatus, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeInstanceStatusResult, Fault> {
        let input = req.input;
        let place = Place::here(req);
        faults::dry_run(input.dry_run)?;
        let ids = input.instance_ids.as_deref().unwrap_or_default();
        if !ids.is_empty() && input.max_results.is_some() {
            let text = "The parameter instancesSet cannot be used with the parameter maxResults";
            return Err(faults::combination(text));
        }
        let mut list = if ids.is_empty() {
            rows::<Instances>(req.db()?, place)?
        } else {
            lifecycle::get_all(req.db()?, place, ids, req.now)?
        };
        let every = input.include_all_instances == Some(true);
        list.retain(|instance| lifecycle::is_remembered(instance, req.now));
        list.retain(|instance| every || instance.state == State::Running);
        let mut statuses = Vec::new();
        for instance in list {
            let subnet = network::get::<Subnets>(req.db()?, place, &instance.subnet)?;
            let zone_id = subnet.map(|subnet| subnet.zone_id);
            let tags = tags::of(req.db()?, place, &instance.id)?;
            statuses.push(Status { instance, zone_id, tags });
        }
        let statuses = pick(statuses, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(statuses, |status| status.instance.id.clone())?;
        let statuses = page.items.iter().map(Status::to_wire).collect();
        Ok(DescribeInstanceStatusResult { instance_statuses: Some(statuses), next_token: page.next })
    }
}

struct Status {
    instance: Instance,
    zone_id: Option<String>,
    tags: Tags,
}

impl Status {
    /// A machine that runs is well: one that is not does not run for long.
    fn summary(&self) -> &'static str {
        if self.instance.state == State::Running { "ok" } else { "not-applicable" }
    }

    fn to_wire(&self) -> InstanceStatus {
        let running = self.instance.state == State::Running;
        let detail = InstanceStatusDetails {
            name: Some("reachability".into()),
            status: Some("passed".into()),
            ..Default::default()
        };
        let summary = || InstanceStatusSummary {
            status: Some(self.summary().into()),
            details: Some(if running { vec![detail.clone()] } else { Vec::new() }),
        };
        InstanceStatus {
            availability_zone: Some(self.instance.zone.clone()),
            availability_zone_id: self.zone_id.clone(),
            instance_id: Some(self.instance.id.clone()),
            instance_state: Some(state_to_wire(self.instance.state)),
            instance_status: Some(summary()),
            system_status: Some(summary()),
            attached_ebs_status: running.then(|| EbsStatusSummary {
                status: Some("ok".into()),
                details: Some(vec![EbsStatusDetails {
                    name: Some("reachability".into()),
                    status: Some("passed".into()),
                    ..Default::default()
                }]),
            }),
            // Nothing is ever scheduled: there is no host to be serviced.
            events: Some(Vec::new()),
            ..Default::default()
        }
    }
}

impl Filtered for Status {
    const NAMES: &'static [&'static str] = &[
        "application-status.status",
        "attached-ebs-status.status",
        "availability-zone",
        "availability-zone-id",
        "event.code",
        "event.description",
        "event.instance-event-id",
        "event.not-after",
        "event.not-before",
        "event.not-before-deadline",
        "instance-state-code",
        "instance-state-name",
        "instance-status.reachability",
        "instance-status.status",
        "operator.managed",
        "operator.principal",
        "system-status.reachability",
        "system-status.status",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let running = self.instance.state == State::Running;
        match name {
            "availability-zone" => vec![self.instance.zone.clone()],
            "availability-zone-id" => self.zone_id.iter().cloned().collect(),
            "attached-ebs-status.status" if running => vec!["ok".to_owned()],
            "operator.managed" => vec!["false".to_owned()],
            "instance-state-code" => vec![self.instance.state.code().to_string()],
            "instance-state-name" => vec![self.instance.state.name().to_owned()],
            "instance-status.status" | "system-status.status" => vec![self.summary().to_owned()],
            "instance-status.reachability" | "system-status.reachability" if running => {
                vec!["passed".to_owned()]
            }
            _ => Vec::new(),
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
