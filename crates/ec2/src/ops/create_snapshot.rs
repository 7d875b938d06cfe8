//! CreateSnapshot: keeps what a volume holds now.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};

use crate::disk_questions::on_bare_volume;
use crate::model::{self, CreateSnapshot, CreateSnapshotRequest};
use crate::place::Place;
use crate::questions::to_make;
use crate::snapshots::{self, Shown, Wish};
use crate::{faults, lifecycle, tags, volumes};

impl Operation for CreateSnapshot {
    type Access = Write;

    fn needs(input: &CreateSnapshotRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let made = ByArn::<kind::Snapshot>::new(snapshots::arn(at.region, "*"), at.account());
        let parent = place.arn("volume", &input.volume_id);
        let needs =
            to_make(ec2::CreateSnapshot, &made, place, input.tag_specifications.as_deref(), |question| {
                question.key(key::ParentVolume, Some(parent))
            });
        Ok(needs.and(on_bare_volume(ec2::CreateSnapshot, at, &input.volume_id)?.done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<model::Snapshot, Fault> {
        let (place, input, env, now) = (Place::here(req), req.input, req.env, req.now);
        let at_once = lifecycle::at_once(req);
        let tags = tags::of_request(input.tag_specifications.as_deref(), &["snapshot"], "snapshot")?;
        let volume = volumes::get(req.db()?, place, &input.volume_id)?;
        refuse(input.outpost_arn.as_deref(), input.location.as_deref())?;
        faults::dry_run(input.dry_run)?;
        let description = input.description.as_deref().unwrap_or_default();
        let wish = Wish { description, tags: &tags, reboot: false, at_once };
        let snapshot = snapshots::begin(req.tx()?, env, now, &volume, wish)?;
        let shown = Shown { snapshot, tags }.to_wire();
        Ok(model::Snapshot {
            state: Some("pending".into()),
            progress: Some(String::new()),
            completion_time: None,
            ..shown
        })
    }
}

/// Snapshots are kept in the region, nowhere else.
pub(super) fn refuse(outpost: Option<&str>, location: Option<&str>) -> Result<(), Fault> {
    if outpost.is_some_and(|arn| !arn.is_empty()) {
        return Err(faults::unsupported("OutpostArn"));
    }
    if location == Some("local") {
        return Err(faults::unsupported("Location=local"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::tagged;

    fn volume(world: &World, size: i32) -> String {
        let zone = Some("us-east-1a".to_owned());
        let input = CreateVolumeRequest { availability_zone: zone, size: Some(size), ..Default::default() };
        world.call::<CreateVolume>(&world.root(ACCOUNT), input).unwrap().volume_id.unwrap()
    }

    fn take(world: &World, volume: &str) -> String {
        let input = CreateSnapshotRequest {
            volume_id: volume.into(),
            description: Some("before".into()),
            tag_specifications: tagged("snapshot", "team", "a"),
            ..Default::default()
        };
        let made = world.call::<CreateSnapshot>(&world.root(ACCOUNT), input).unwrap();
        assert_eq!(made.state.as_deref(), Some("pending"));
        made.snapshot_id.unwrap()
    }

    #[test]
    fn a_snapshot_is_described_and_volumes_are_made_of_it() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = take(&world, &volume(&world, 4));
        let list = DescribeSnapshotsRequest { owner_ids: Some(vec!["self".into()]), ..Default::default() };
        let shown = world.call::<DescribeSnapshots>(&root, list).unwrap().snapshots.unwrap().remove(0);
        assert_eq!((shown.state.as_deref(), shown.volume_size), (Some("completed"), Some(4)));
        assert_eq!(shown.tags.unwrap().len(), 1);
        let of = |size| CreateVolumeRequest {
            availability_zone: Some("us-east-1b".into()),
            snapshot_id: Some(id.clone()),
            size,
            ..Default::default()
        };
        assert_eq!(world.call::<CreateVolume>(&root, of(None)).unwrap().size, Some(4));
        check_fault(world.call::<CreateVolume>(&root, of(Some(3))), "InvalidParameterValue");
        let copy = CopySnapshotRequest {
            source_region: "us-east-1".into(),
            source_snapshot_id: id.clone(),
            ..Default::default()
        };
        let copied = world.call::<CopySnapshot>(&root, copy).unwrap().snapshot_id.unwrap();
        let delete = |id: &str| {
            let input = DeleteSnapshotRequest { snapshot_id: id.into(), ..Default::default() };
            world.call::<DeleteSnapshot>(&root, input)
        };
        delete(&id).unwrap();
        check_fault(delete(&id), "InvalidSnapshot.NotFound");
        delete(&copied).unwrap();
    }

    #[test]
    fn everybody_that_a_snapshot_is_shared_with_is_asked_about() {
        let world = World::new(1);
        let id = take(&world, &volume(&world, 1));
        let ann = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:ModifySnapshotAttribute",
                "Resource": "*", "Condition": {"StringEquals": {"ec2:Add/userId": "111111111111"}}}}"#,
        );
        let share = |users: &[&str], groups: &[&str]| {
            let list = |list: &[&str]| Some(list.iter().map(|one| (*one).to_owned()).collect());
            let input = ModifySnapshotAttributeRequest {
                snapshot_id: id.clone(),
                attribute: Some("createVolumePermission".into()),
                operation_type: Some("add".into()),
                user_ids: list(users),
                group_names: list(groups),
                ..Default::default()
            };
            world.call::<ModifySnapshotAttribute>(&ann, input)
        };
        share(&["111111111111"], &[]).unwrap();
        check_fault(share(&["111111111111", "666666666666"], &[]), "UnauthorizedOperation");
        check_fault(share(&["111111111111"], &["all"]), "UnauthorizedOperation");
    }

    #[test]
    fn a_shared_snapshot_is_seen_by_that_account_and_not_to_be_changed() {
        let world = World::new(1);
        let (root, other) = (world.root(ACCOUNT), "111111111111".parse().unwrap());
        world.account(other);
        let stranger = world.root(other);
        let id = take(&world, &volume(&world, 1));
        let list = || {
            let input =
                DescribeSnapshotsRequest { snapshot_ids: Some(vec![id.clone()]), ..Default::default() };
            world.call::<DescribeSnapshots>(&stranger, input)
        };
        check_fault(list(), "InvalidSnapshot.NotFound");
        let share = ModifySnapshotAttributeRequest {
            snapshot_id: id.clone(),
            attribute: Some("createVolumePermission".into()),
            operation_type: Some("add".into()),
            user_ids: Some(vec!["111111111111".into()]),
            ..Default::default()
        };
        world.call::<ModifySnapshotAttribute>(&root, share.clone()).unwrap();
        assert_eq!(list().unwrap().snapshots.unwrap().len(), 1);
        check_fault(world.call::<ModifySnapshotAttribute>(&stranger, share), "InvalidSnapshot.NotFound");
        let ask = DescribeSnapshotAttributeRequest {
            snapshot_id: id.clone(),
            attribute: "createVolumePermission".into(),
            ..Default::default()
        };
        let shown = world.call::<DescribeSnapshotAttribute>(&root, ask).unwrap();
        assert_eq!(shown.create_volume_permissions.unwrap()[0].user_id.as_deref(), Some("111111111111"));
        let reset = ResetSnapshotAttributeRequest {
            snapshot_id: id.clone(),
            attribute: "createVolumePermission".into(),
            ..Default::default()
        };
        world.call::<ResetSnapshotAttribute>(&root, reset).unwrap();
        check_fault(list(), "InvalidSnapshot.NotFound");
    }
}
