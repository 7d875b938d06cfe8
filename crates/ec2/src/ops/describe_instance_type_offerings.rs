//! DescribeInstanceTypeOfferings: which types there are where. Every zone has every type.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::instance_types;
use crate::model::{
    DescribeInstanceTypeOfferings, DescribeInstanceTypeOfferingsRequest, DescribeInstanceTypeOfferingsResult,
    InstanceTypeOffering,
};
use crate::paging::Turn;
use crate::questions::anywhere;
use crate::regions;

impl Operation for DescribeInstanceTypeOfferings {
    type Access = Read;

    fn needs(_: &DescribeInstanceTypeOfferingsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeInstanceTypeOfferings, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeInstanceTypeOfferingsResult, Fault> {
        let input = req.input;
        faults::dry_run(input.dry_run)?;
        let kind = input.location_type.as_deref().unwrap_or("region");
        let locations: Vec<String> = match kind {
            "region" => vec![req.region.to_owned()],
            "availability-zone" => regions::zones(req.region).into_iter().map(|(name, _)| name).collect(),
            "availability-zone-id" => regions::zones(req.region).into_iter().map(|(_, id)| id).collect(),
            // There are no Outposts.
            _ => Vec::new(),
        };
        let mut offered = Vec::new();
        for own in instance_types::all() {
            offered.extend(locations.iter().map(|location| Offer { name: &own.name, location }));
        }
        let offered = pick(offered, input.filters.as_deref())?;
        let max = input.max_results.filter(|max| *max != 0).or(Some(1000));
        let turn = Turn::new(input.next_token.as_deref(), max);
        let page = turn.cut(offered, |own| format!("{}/{}", own.name, own.location))?;
        let wire = |own: &Offer<'_>| InstanceTypeOffering {
            instance_type: Some(own.name.to_owned()),
            location_type: Some(kind.to_owned()),
            location: Some(own.location.to_owned()),
        };
        Ok(DescribeInstanceTypeOfferingsResult {
            instance_type_offerings: Some(page.items.iter().map(wire).collect()),
            next_token: page.next,
        })
    }
}

struct Offer<'a> {
    name: &'a str,
    location: &'a str,
}

impl Filtered for Offer<'_> {
    const NAMES: &'static [&'static str] = &["instance-type", "location"];

    fn values(&self, name: &str) -> Vec<String> {
        vec![if name == "location" { self.location } else { self.name }.to_owned()]
    }

    fn tags(&self) -> Option<&Tags> {
        None
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World};

    use crate::model::*;

    #[test]
    fn a_type_is_offered_in_its_region_and_in_each_zone() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let offers = |kind: Option<&str>| {
            let values = Some(vec!["t3.micro".into()]);
            let input = DescribeInstanceTypeOfferingsRequest {
                location_type: kind.map(Into::into),
                filters: Some(vec![Filter { name: Some("instance-type".into()), values }]),
                ..Default::default()
            };
            let answer = world.call::<DescribeInstanceTypeOfferings>(&root, input).unwrap();
            let list = answer.instance_type_offerings.unwrap().into_iter();
            list.map(|own| own.location.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(offers(None), ["us-east-1"]);
        assert_eq!(offers(Some("availability-zone")), ["us-east-1a", "us-east-1b", "us-east-1c"]);
        assert_eq!(offers(Some("availability-zone-id")).len(), 3);
        assert!(offers(Some("outpost")).is_empty());
    }
}
