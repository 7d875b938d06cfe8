//! DescribePlacementGroups: the placement groups of this account and region.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{DescribePlacementGroups, DescribePlacementGroupsRequest, DescribePlacementGroupsResult};
use crate::network::rows;
use crate::place::Place;
use crate::placement_groups;
use crate::questions::anywhere;
use crate::records::{PlacementGroup, PlacementGroups};
use crate::tags;
use rolecall_base::Tags;

impl Operation for DescribePlacementGroups {
    type Access = Read;

    fn needs(_: &DescribePlacementGroupsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribePlacementGroups, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribePlacementGroupsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let names = input.group_names.as_deref().unwrap_or_default();
        let ids = input.group_ids.as_deref().unwrap_or_default();
        let mut all = rows::<PlacementGroups>(req.db()?, place)?;
        if let Some(name) = names.iter().find(|name| !all.iter().any(|own| own.name == **name)) {
            return Err(placement_groups::unknown(name));
        }
        if let Some(id) = ids.iter().find(|id| !all.iter().any(|own| own.id == **id)) {
            return Err(placement_groups::unknown(id));
        }
        all.retain(|own| {
            names.is_empty() && ids.is_empty() || names.contains(&own.name) || ids.contains(&own.id)
        });
        let mut shown = Vec::new();
        for row in all {
            let tags = tags::of(req.db()?, place, &row.id)?;
            shown.push(Shown { arn: place.arn("placement-group", &row.name), row, tags });
        }
        let shown = pick(shown, input.filters.as_deref())?;
        let wire = |own: &Shown| placement_groups::to_wire(&own.row, place, &own.tags);
        Ok(DescribePlacementGroupsResult { placement_groups: Some(shown.iter().map(wire).collect()) })
    }
}

struct Shown {
    row: PlacementGroup,
    arn: String,
    tags: Tags,
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &["group-name", "group-arn", "spread-level", "state", "strategy"];

    fn values(&self, name: &str) -> Vec<String> {
        match name {
            "group-name" => vec![self.row.name.clone()],
            "group-arn" => vec![self.arn.clone()],
            "state" => vec!["available".to_owned()],
            "strategy" => vec![self.row.strategy.clone()],
            _ if self.row.strategy == "spread" => vec!["rack".to_owned()],
            _ => Vec::new(),
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, request, seen, tagged};

    #[test]
    fn a_group_with_instances_stays() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let create = |strategy: &str, count: Option<i32>| CreatePlacementGroupRequest {
            group_name: Some("rack".into()),
            strategy: Some(strategy.into()),
            partition_count: count,
            tag_specifications: tagged("placement-group", "a", "b"),
            ..Default::default()
        };
        let call = |input| world.call::<CreatePlacementGroup>(&root, input);
        check_fault(call(create("partition", Some(8))), "InvalidParameterValue");
        check_fault(call(create("spread", Some(2))), "InvalidParameterCombination");
        let made = call(create("partition", Some(3))).unwrap().placement_group.unwrap();
        assert_eq!((made.partition_count, made.state.as_deref()), (Some(3), Some("available")));
        check_fault(call(create("partition", Some(3))), "InvalidPlacementGroup.Duplicate");
        let mut input = request();
        input.placement = Some(Placement {
            group_name: Some("rack".into()),
            partition_number: Some(2),
            ..Default::default()
        });
        let id = launch(&world, input.clone());
        let own = seen(&world, &id).placement.unwrap();
        assert_eq!((own.group_name.as_deref(), own.partition_number), (Some("rack"), Some(2)));
        input.placement.as_mut().unwrap().partition_number = Some(4);
        check_fault(crate::scene::run(&world, &root, input), "InvalidParameterValue");
        let delete = || DeletePlacementGroupRequest { group_name: "rack".into(), ..Default::default() };
        check_fault(world.call::<DeletePlacementGroup>(&root, delete()), "InvalidPlacementGroup.InUse");
        let end = TerminateInstancesRequest { instance_ids: vec![id], ..Default::default() };
        world.call::<TerminateInstances>(&root, end).unwrap();
        world.call::<DeletePlacementGroup>(&root, delete()).unwrap();
        check_fault(world.call::<DeletePlacementGroup>(&root, delete()), "InvalidPlacementGroup.Unknown");
        let all = world.call::<DescribePlacementGroups>(&root, Default::default()).unwrap();
        assert!(all.placement_groups.unwrap().is_empty());
    }
}
