//! CreateVolume: a volume in a zone, empty or of a snapshot.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_bare_snapshot;
use crate::disks::{Repeat, Repeated};
use crate::faults;
use crate::model::{self, CreateVolume, CreateVolumeRequest};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::{Volume, Volumes};
use crate::volumes::{self, Shown, refuse_encryption, shape};
use crate::{regions, snapshots, tags};

/// Volumes of an account in a region.
const MOST: usize = 5_000;

impl Operation for CreateVolume {
    type Access = Write;

    fn needs(input: &CreateVolumeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let place = Place::of(at);
        let made = place.resource::<kind::Volume>("*");
        let parent = input.snapshot_id.as_deref().map(|id| snapshots::arn(at.region, id));
        let needs =
            to_make(ec2::CreateVolume, &made, place, input.tag_specifications.as_deref(), |question| {
                question
                    .key(key::AvailabilityZone, zone(input, at.region))
                    .key(key::Encrypted, Some((input.encrypted == Some(true)).to_string()))
                    .key(key::ParentSnapshot, parent)
                    .key(key::VolumeIops, input.iops.map(|iops| iops.to_string()))
                    .key(key::VolumeSize, input.size.map(|size| size.to_string()))
                    .key(key::VolumeThroughput, input.throughput.map(|speed| speed.to_string()))
                    .key(key::VolumeType, Some(input.volume_type.as_deref().unwrap_or("gp2")))
            });
        Ok(match &input.snapshot_id {
            Some(id) => needs.and(on_bare_snapshot(ec2::CreateVolume, at, id)?.done()),
            None => needs,
        })
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<model::Volume, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let repeat = Repeat::new("CreateVolume", input.client_token.as_deref(), input)?;
        if let Repeated::Already(id) = repeat.look(req.db()?, place)? {
            let volume = volumes::get(req.db()?, place, &id)?;
            let tags = tags::of(req.db()?, place, &id)?;
            return Ok(Shown { volume, tags }.to_wire());
        }
        let (volume, tags) = plan(req)?;
        faults::dry_run(input.dry_run)?;
        let tx = req.tx()?;
        if tx.count::<Volumes>(&(place.account, place.region))? >= MOST {
            let text = format!("You have reached the limit of {MOST} volumes.");
            return Err(faults::other("VolumeLimitExceeded", text));
        }
        tx.put::<Volumes>(&volume.key(), &volume)?;
        tags::put(tx, place, &volume.id, tags.clone())?;
        repeat.note(tx, place, &volume.id)?;
        let shown = Shown { volume, tags }.to_wire();
        Ok(model::Volume { state: Some("creating".into()), ..shown })
    }
}

fn plan(req: &Authorized<'_, CreateVolume>) -> Result<(Volume, rolecall_base::Tags), Fault> {
    let (place, input) = (Place::here(req), req.input);
    refuse_encryption(input.encrypted, input.kms_key_id.as_deref())?;
    let unknown = [
        (input.outpost_arn.is_some(), "OutpostArn"),
        (input.volume_initialization_rate.is_some(), "VolumeInitializationRate"),
        (input.operator.is_some(), "Operator"),
    ];
    if let Some((_, what)) = unknown.iter().find(|(asked, _)| *asked) {
        return Err(faults::unsupported(what));
    }
    if input.availability_zone.is_some() && input.availability_zone_id.is_some() {
        let text = "Only one of availabilityZone and availabilityZoneId may be specified";
        return Err(faults::combination(text));
    }
    let Some(zone) = zone(input, place.region) else { return Err(faults::missing("AvailabilityZone")) };
    if !regions::zones(place.region).iter().any(|(name, _)| *name == zone) {
        let text = format!("The zone '{zone}' does not exist.");
        return Err(faults::other("InvalidZone.NotFound", text));
    }
    let snapshot = input.snapshot_id.as_deref().filter(|id| !id.is_empty());
    let snapshot = snapshot.map(|id| snapshots::usable(req.db()?, place, id)).transpose()?;
    let least = snapshot.as_ref().map(|snapshot| snapshot.size);
    let Some(size) = input.size.or(least) else {
        let text = "The request must contain the parameter size/snapshot.";
        return Err(faults::other("MissingParameter", text));
    };
    if let Some((snapshot, least)) = snapshot.as_ref().zip(least).filter(|(_, least)| size < *least) {
        let text = format!("The size {size} is smaller than that of {}, which is {least} GiB.", snapshot.id);
        return Err(faults::invalid(text));
    }
    let volume_type = input.volume_type.as_deref().unwrap_or("gp2");
    let multi_attach = input.multi_attach_enabled == Some(true);
    let shape = shape(size, volume_type, input.iops, input.throughput, multi_attach)?;
    let tags = tags::of_request(input.tag_specifications.as_deref(), &["volume"], "volume")?;
    let volume = Volume {
        account: place.account,
        region: place.region.to_owned(),
        id: req.env.resource_id("vol"),
        zone,
        size: shape.size,
        volume_type: shape.volume_type,
        iops: shape.iops,
        throughput: shape.throughput,
        snapshot: snapshot.map(|snapshot| snapshot.id),
        created: req.now,
        multi_attach: shape.multi_attach,
        auto_enable_io: false,
        attachments: Vec::new(),
        modification: None,
    };
    Ok((volume, tags))
}

/// The zone by its name; an id leads to a name.
fn zone(input: &CreateVolumeRequest, region: &str) -> Option<String> {
    if let Some(zone) = &input.availability_zone {
        return Some(zone.clone());
    }
    let id = input.availability_zone_id.as_deref()?;
    let found = regions::zones(region).into_iter().find(|(_, known)| known == id);
    Some(found.map_or_else(|| id.to_owned(), |(name, _)| name))
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::tagged;

    fn input(size: i32) -> CreateVolumeRequest {
        CreateVolumeRequest {
            availability_zone: Some("us-east-1a".into()),
            size: Some(size),
            ..Default::default()
        }
    }

    #[test]
    fn a_volume_is_made_described_and_deleted() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let made = CreateVolumeRequest { tag_specifications: tagged("volume", "team", "a"), ..input(10) };
        let made = world.call::<CreateVolume>(&root, made).unwrap();
        assert_eq!((made.state.as_deref(), made.iops), (Some("creating"), Some(100)));
        let id = made.volume_id.unwrap();
        let list = DescribeVolumesRequest { volume_ids: Some(vec![id.clone()]), ..Default::default() };
        let shown = world.call::<DescribeVolumes>(&root, list.clone()).unwrap().volumes.unwrap().remove(0);
        assert_eq!((shown.state.as_deref(), shown.tags.unwrap().len()), (Some("available"), 1));
        let gone = DeleteVolumeRequest { volume_id: id, ..Default::default() };
        world.call::<DeleteVolume>(&root, gone.clone()).unwrap();
        check_fault(world.call::<DeleteVolume>(&root, gone), "InvalidVolume.NotFound");
        check_fault(world.call::<DescribeVolumes>(&root, list), "InvalidVolume.NotFound");
    }

    #[test]
    fn a_client_token_makes_one_volume() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let input = CreateVolumeRequest { client_token: Some("once".into()), ..input(1) };
        let one = world.call::<CreateVolume>(&root, input.clone()).unwrap().volume_id;
        assert_eq!(world.call::<CreateVolume>(&root, input.clone()).unwrap().volume_id, one);
        let other = CreateVolumeRequest { size: Some(2), ..input };
        check_fault(world.call::<CreateVolume>(&root, other), "IdempotentParameterMismatch");
    }

    #[test]
    fn what_can_not_be_is_refused() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let refused = |input, code: &str| check_fault(world.call::<CreateVolume>(&root, input), code);
        refused(CreateVolumeRequest { encrypted: Some(true), ..input(1) }, "UnsupportedOperation");
        refused(CreateVolumeRequest { kms_key_id: Some("x".into()), ..input(1) }, "UnsupportedOperation");
        refused(
            CreateVolumeRequest { availability_zone: Some("x".into()), ..input(1) },
            "InvalidZone.NotFound",
        );
        let twice = Some("use1-az2".to_owned());
        refused(
            CreateVolumeRequest { availability_zone_id: twice, ..input(1) },
            "InvalidParameterCombination",
        );
        refused(CreateVolumeRequest { size: None, ..input(1) }, "MissingParameter");
        let none = Some("snap-00000000000000001".to_owned());
        refused(CreateVolumeRequest { snapshot_id: none, ..input(1) }, "InvalidSnapshot.NotFound");
        refused(CreateVolumeRequest { dry_run: Some(true), ..input(1) }, "DryRunOperation");
        let list = world.call::<DescribeVolumes>(&root, Default::default()).unwrap();
        assert!(list.volumes.unwrap().is_empty());
    }
}
