//! DescribeRegions.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{self, DescribeRegions, DescribeRegionsRequest, DescribeRegionsResult};
use crate::questions::anywhere;
use crate::regions::{self, Region};

impl Operation for DescribeRegions {
    type Access = Read;

    fn needs(_: &DescribeRegionsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeRegions, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeRegionsResult, Fault> {
        let input = req.input;
        faults::dry_run(input.dry_run)?;
        let mut found = regions::all(req.region);
        if let Some(names) = input.region_names.as_deref().filter(|names| !names.is_empty()) {
            if let Some(missing) = names.iter().find(|name| !found.iter().any(|own| own.name == **name)) {
                return Err(faults::invalid(format!("Invalid region names provided: ({missing})")));
            }
            found.retain(|region| names.contains(&region.name));
        }
        let found = pick(found, input.filters.as_deref())?;
        let wire = |region: Region| model::Region {
            endpoint: Some(endpoint(&region.name)),
            region_name: Some(region.name),
            opt_in_status: Some(region.opt_in.to_owned()),
            ..Default::default()
        };
        Ok(DescribeRegionsResult { regions: Some(found.into_iter().map(wire).collect()) })
    }
}

fn endpoint(region: &str) -> String {
    format!("ec2.{region}.amazonaws.com")
}

impl Filtered for Region {
    const NAMES: &'static [&'static str] = &["endpoint", "opt-in-status", "region-name"];

    fn values(&self, name: &str) -> Vec<String> {
        vec![match name {
            "endpoint" => endpoint(&self.name),
            "opt-in-status" => self.opt_in.to_owned(),
            _ => self.name.clone(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        None
    }
}
