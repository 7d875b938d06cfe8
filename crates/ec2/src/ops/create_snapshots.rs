//! CreateSnapshots: snapshots of all volumes of an instance.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};

use super::create_snapshot::refuse;
use crate::disk_questions::on_bare_volume;
use crate::model::{CreateSnapshots, CreateSnapshotsRequest, CreateSnapshotsResult, SnapshotInfo};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::{Instance, Instances, Volume};
use crate::snapshots::{self, Shown, Wish};
use crate::{faults, lifecycle, tags, volumes};

impl Operation for CreateSnapshots {
    type Access = Write;

    fn needs(input: &CreateSnapshotsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (place, id) = (Place::of(at), &input.instance_specification.instance_id);
        let made = ByArn::<kind::Snapshot>::new(snapshots::arn(at.region, "*"), at.account());
        let needs =
            to_make(ec2::CreateSnapshots, &made, place, input.tag_specifications.as_deref(), |question| {
                question.key(key::Location, input.location.as_deref())
            });
        let found = at.db()?.get::<Instances>(&place.key(id))?;
        let resource = place.resource::<kind::Instance>(id).tagged(tags::of(at.db()?, place, id)?);
        let question = Needs::action(ec2::CreateSnapshots)
            .on(&resource)
            .key(key::Region, Some(at.region))
            .key(key::InstanceID, found.as_ref().map(|instance| instance.id.as_str()))
            .key(key::InstanceType, found.as_ref().map(|instance| instance.instance_type.as_str()))
            .key(key::AvailabilityZone, found.as_ref().map(|instance| instance.zone.as_str()));
        let mut needs = needs.and(question.done());
        if let Some(instance) = found {
            for volume in wished(input, &instance, volumes::of_instance(at.db()?, &instance)?) {
                needs = needs.and(on_bare_volume(ec2::CreateSnapshots, at, &volume.id)?.done());
            }
        }
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateSnapshotsResult, Fault> {
        let (place, input, env, now) = (Place::here(req), req.input, req.env, req.now);
        let at_once = lifecycle::at_once(req);
        refuse(input.outpost_arn.as_deref(), input.location.as_deref())?;
        let own = tags::of_request(input.tag_specifications.as_deref(), &["snapshot"], "snapshot")?;
        let instance = lifecycle::get(req.db()?, place, &input.instance_specification.instance_id, now)?;
        let all = wished(input, &instance, volumes::of_instance(req.db()?, &instance)?);
        if all.is_empty() {
            let text = format!("The instance '{}' has no volumes to make snapshots of.", instance.id);
            return Err(faults::invalid(text));
        }
        faults::dry_run(input.dry_run)?;
        let description = input.description.as_deref().unwrap_or_default();
        let mut made = Vec::new();
        for volume in all {
            let mut tags = own.clone();
            if input.copy_tags_from_source.as_deref() == Some("volume") {
                tags = tags::of(req.db()?, place, &volume.id)?;
                own.iter().for_each(|tag| tags.set(&tag.key, &tag.value));
            }
            let wish = Wish { description, tags: &tags, reboot: false, at_once };
            let snapshot = snapshots::begin(req.tx()?, env, now, &volume, wish)?;
            let shown = Shown { snapshot, tags }.to_info();
            made.push(SnapshotInfo { state: Some("pending".into()), progress: Some(String::new()), ..shown });
        }
        Ok(CreateSnapshotsResult { snapshots: Some(made) })
    }
}

/// The volumes that are not left out.
fn wished(input: &CreateSnapshotsRequest, instance: &Instance, mut volumes: Vec<Volume>) -> Vec<Volume> {
    let wish = &input.instance_specification;
    let without = wish.exclude_data_volume_ids.as_deref().unwrap_or_default();
    volumes.retain(|volume| match volume.id == instance.volume {
        true => wish.exclude_boot_volume != Some(true),
        false => !without.contains(&volume.id),
    });
    volumes
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, request};

    #[test]
    fn every_volume_but_those_left_out_gets_one() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let instance = launch(&world, request());
        let ask = |without| {
            let instance_specification = InstanceSpecification {
                instance_id: instance.clone(),
                exclude_boot_volume: Some(without),
                ..Default::default()
            };
            let input = CreateSnapshotsRequest { instance_specification, ..Default::default() };
            world.call::<CreateSnapshots>(&root, input)
        };
        assert_eq!(ask(false).unwrap().snapshots.unwrap().len(), 1);
        check_fault(ask(true), "InvalidParameterValue");
    }
}
