//! DeletePlacementGroup: a group goes that no instance is in.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{DeletePlacementGroup, DeletePlacementGroupRequest, DeletePlacementGroupResponse};
use crate::network::rows;
use crate::place::Place;
use crate::placement_groups;
use crate::records::{Instances, PlacementGroups};
use crate::tags;

impl Operation for DeletePlacementGroup {
    type Access = Write;

    fn needs(input: &DeletePlacementGroupRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let name = Some(input.group_name.as_str());
        let question = placement_groups::question(ec2::DeletePlacementGroup, at, name, None)?;
        Ok(question.unwrap_or_else(|| {
            let any = Place::of(at).resource::<ec2::kind::PlacementGroup>("*");
            let question = Needs::action(ec2::DeletePlacementGroup).on(&any);
            question.key(ec2::key::Region, Some(at.region)).done()
        }))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeletePlacementGroupResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let name = input.group_name.as_str();
        let row = req.db()?.get::<PlacementGroups>(&place.key(name))?;
        let row = row.ok_or_else(|| placement_groups::unknown(name))?;
        let mut instances = rows::<Instances>(req.db()?, place)?.into_iter();
        if instances
            .any(|own| !own.state.is_ending() && own.settings.placement.is_some_and(|own| own.id == row.id))
        {
            let text = format!("The placement group '{name}' is in use and may not be deleted.");
            return Err(faults::other("InvalidPlacementGroup.InUse", text));
        }
        faults::dry_run(input.dry_run)?;
        req.tx()?.delete::<PlacementGroups>(&place.key(name))?;
        tags::put(req.tx()?, place, &row.id, Default::default())?;
        Ok(DeletePlacementGroupResponse {})
    }
}
