//! DescribeVolumeStatus: that volumes are well. They always are: a disk that fails is its instance's failure.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use super::describe_volumes::named;
use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{
    DescribeVolumeStatus, DescribeVolumeStatusRequest, DescribeVolumeStatusResult, VolumeStatusDetails,
    VolumeStatusInfo, VolumeStatusItem,
};
use crate::paging::Turn;
use crate::questions::anywhere;
use crate::records::Volume;

impl Operation for DescribeVolumeStatus {
    type Access = Read;

    fn needs(_: &DescribeVolumeStatusRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeVolumeStatus, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeVolumeStatusResult, Fault> {
        let input = req.input;
        faults::dry_run(input.dry_run)?;
        let found = named(req, input.volume_ids.as_deref())?.into_iter().map(Shown).collect();
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |shown| shown.0.id.clone())?;
        let list = page.items.iter().map(Shown::to_wire).collect();
        Ok(DescribeVolumeStatusResult { volume_statuses: Some(list), next_token: page.next })
    }
}

struct Shown(Volume);

impl Shown {
    fn to_wire(&self) -> VolumeStatusItem {
        let detail = |name: &str, status: &str| VolumeStatusDetails {
            name: Some(name.into()),
            status: Some(status.into()),
        };
        VolumeStatusItem {
            volume_id: Some(self.0.id.clone()),
            availability_zone: Some(self.0.zone.clone()),
            actions: Some(Vec::new()),
            events: Some(Vec::new()),
            volume_status: Some(VolumeStatusInfo {
                status: Some("ok".into()),
                details: Some(vec![
                    detail("io-enabled", "passed"),
                    detail("io-performance", "not-applicable"),
                ]),
            }),
            ..Default::default()
        }
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "action.code",
        "action.description",
        "action.event-id",
        "attachment-status.instance-id",
        "attachment-status.io-performance",
        "availability-zone",
        "event.description",
        "event.event-id",
        "event.event-type",
        "event.not-after",
        "event.not-before",
        "volume-status.details-name",
        "volume-status.details-status",
        "volume-status.status",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let all = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        match name {
            "attachment-status.instance-id" => {
                self.0.attachments.iter().map(|known| known.instance.clone()).collect()
            }
            "attachment-status.io-performance" if !self.0.attachments.is_empty() => all(&["not-applicable"]),
            "availability-zone" => vec![self.0.zone.clone()],
            "volume-status.details-name" => all(&["io-enabled", "io-performance"]),
            "volume-status.details-status" => all(&["passed", "not-applicable"]),
            "volume-status.status" => all(&["ok"]),
            _ => Vec::new(),
        }
    }

    fn tags(&self) -> Option<&Tags> {
        None
    }
}
