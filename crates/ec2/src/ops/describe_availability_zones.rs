//! DescribeAvailabilityZones: the three zones of this region.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{
    AvailabilityZone, DescribeAvailabilityZones, DescribeAvailabilityZonesRequest,
    DescribeAvailabilityZonesResult,
};
use crate::questions::anywhere;
use crate::regions;

impl Operation for DescribeAvailabilityZones {
    type Access = Read;

    fn needs(_: &DescribeAvailabilityZonesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeAvailabilityZones, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeAvailabilityZonesResult, Fault> {
        let input = req.input;
        faults::dry_run(input.dry_run)?;
        let zone = |(name, id)| Zone { name, id, region: req.region.to_owned() };
        let mut found: Vec<_> = regions::zones(req.region).into_iter().map(zone).collect();
        let names = input.zone_names.as_deref().unwrap_or_default();
        if let Some(missing) = names.iter().find(|name| !found.iter().any(|zone| zone.name == **name)) {
            return Err(faults::invalid(format!("Invalid availability zone: [{missing}]")));
        }
        let ids = input.zone_ids.as_deref().unwrap_or_default();
        if let Some(missing) = ids.iter().find(|id| !found.iter().any(|zone| zone.id == **id)) {
            return Err(faults::invalid(format!("Invalid availability zone-id: [{missing}]")));
        }
        let every = names.is_empty() && ids.is_empty();
        found.retain(|zone| every || names.contains(&zone.name) || ids.contains(&zone.id));
        let found = pick(found, input.filters.as_deref())?;
        let zones = found.iter().map(Zone::to_wire).collect();
        Ok(DescribeAvailabilityZonesResult { availability_zones: Some(zones) })
    }
}

struct Zone {
    name: String,
    id: String,
    region: String,
}

impl Zone {
    fn group(&self) -> String {
        format!("{}-zg-1", self.region)
    }

    fn to_wire(&self) -> AvailabilityZone {
        AvailabilityZone {
            state: Some("available".into()),
            opt_in_status: Some("opt-in-not-required".into()),
            messages: Some(Vec::new()),
            region_name: Some(self.region.clone()),
            zone_name: Some(self.name.clone()),
            zone_id: Some(self.id.clone()),
            group_name: Some(self.group()),
            group_long_name: Some(format!("{} 1", regions::long_name(&self.region))),
            network_border_group: Some(self.region.clone()),
            zone_type: Some("availability-zone".into()),
            ..Default::default()
        }
    }
}

impl Filtered for Zone {
    const NAMES: &'static [&'static str] = &[
        "group-long-name",
        "group-name",
        "message",
        "opt-in-status",
        "parent-zone-id",
        "parent-zone-name",
        "region-name",
        "state",
        "zone-id",
        "zone-name",
        "zone-type",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        vec![match name {
            "group-long-name" => format!("{} 1", regions::long_name(&self.region)),
            "group-name" => self.group(),
            // No zone is in trouble, and none is within another.
            "message" | "parent-zone-id" | "parent-zone-name" => return Vec::new(),
            "opt-in-status" => "opt-in-not-required".to_owned(),
            "region-name" => self.region.clone(),
            "state" => "available".to_owned(),
            "zone-id" => self.id.clone(),
            "zone-name" => self.name.clone(),
            _ => "availability-zone".to_owned(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        None
    }
}
