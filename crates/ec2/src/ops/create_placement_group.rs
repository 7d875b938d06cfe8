//! CreatePlacementGroup: a name for instances that stand together or apart. All stand on this one machine.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{CreatePlacementGroup, CreatePlacementGroupRequest, CreatePlacementGroupResult};
use crate::place::Place;
use crate::placement_groups::{self, MOST, PARTITIONS};
use crate::questions::to_make;
use crate::records::{PlacementGroup, PlacementGroups};
use crate::tags;

const KIND: &str = "placement-group";

impl Operation for CreatePlacementGroup {
    type Access = Write;

    fn needs(input: &CreatePlacementGroupRequest, at: &At<'_>) -> Result<Needs, Fault> {
        use ec2::{key, kind};
        let place = Place::of(at);
        let name = input.group_name.as_deref().unwrap_or("*");
        let made = place.resource::<kind::PlacementGroup>(name);
        let given = input.tag_specifications.as_deref();
        Ok(to_make(ec2::CreatePlacementGroup, &made, place, given, |question| {
            let question = question.key(key::PlacementGroupName, input.group_name.as_deref());
            question.key(key::PlacementGroupStrategy, Some(strategy(input)))
        }))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreatePlacementGroupResult, Fault> {
        let (place, input, env) = (Place::here(req), req.input, req.env);
        let name = name(input)?;
        let partitions = check(input)?;
        let tags = tags::of_request(input.tag_specifications.as_deref(), &[KIND], KIND)?;
        if req.db()?.exists::<PlacementGroups>(&place.key(name))? {
            let text = format!("The placement group '{name}' already exists.");
            return Err(faults::other("InvalidPlacementGroup.Duplicate", text));
        }
        if req.db()?.count::<PlacementGroups>(&(place.account, place.region))? >= MOST {
            let text = format!("You have {MOST} placement groups, which is the most.");
            return Err(faults::other("PlacementGroupLimitExceeded", text));
        }
        faults::dry_run(input.dry_run)?;
        let row = PlacementGroup {
            name: name.to_owned(),
            id: env.resource_id("pg"),
            strategy: strategy(input).to_owned(),
            partitions,
        };
        req.tx()?.put::<PlacementGroups>(&place.key(name), &row)?;
        tags::put(req.tx()?, place, &row.id, tags.clone())?;
        Ok(CreatePlacementGroupResult {
            placement_group: Some(placement_groups::to_wire(&row, place, &tags)),
        })
    }
}

fn strategy(input: &CreatePlacementGroupRequest) -> &str {
    input.strategy.as_deref().unwrap_or("cluster")
}

/// The name, of up to 255 ASCII characters.
fn name(input: &CreatePlacementGroupRequest) -> Result<&str, Fault> {
    let name = input.group_name.as_deref().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| faults::missing("GroupName"))?;
    if name.len() > 255 || !name.bytes().all(|b| b.is_ascii() && !b.is_ascii_control()) {
        let why = "A placement group's name has up to 255 ASCII characters.";
        return Err(faults::invalid_value(name, "groupName", why));
    }
    Ok(name)
}

/// Checks the rest; gives how many partitions there will be.
fn check(input: &CreatePlacementGroupRequest) -> Result<Option<i32>, Fault> {
    let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let refused = [
        (input.operator.is_some(), "Operator"),
        (given(&input.linked_group_id), "LinkedGroupId"),
        (given(&input.parent_group_id), "ParentGroupId"),
        (input.spread_level.as_deref() == Some("host"), "SpreadLevel=host"),
        (strategy(input) == "precision-time", "The strategy precision-time"),
    ];
    if let Some((_, what)) = refused.iter().find(|(wished, _)| *wished) {
        return Err(faults::unsupported(what));
    }
    if input.spread_level.is_some() && strategy(input) != "spread" {
        return Err(faults::combination("SpreadLevel is for the strategy spread only."));
    }
    match (strategy(input), input.partition_count) {
        ("partition", count) => {
            let count = count.unwrap_or(2);
            if (1..=PARTITIONS).contains(&count) {
                return Ok(Some(count));
            }
            let why = format!("A placement group has 1 to {PARTITIONS} partitions.");
            Err(faults::invalid_value(count, "partitionCount", &why))
        }
        (_, Some(_)) => Err(faults::combination("PartitionCount is for the strategy partition only.")),
        (_, None) => Ok(None),
    }
}
