//! CreateImage: an image of an instance, by snapshots of its volumes.

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};

use crate::images;
use crate::model::{CreateImage, CreateImageRequest, CreateImageResult};
use crate::place::Place;
use crate::questions::{on_instance, to_make};
use crate::records::{Image, ImageDisk, ImageState, Instance, State, Volume};
use crate::snapshots::{self, Wish};
use crate::{faults, lifecycle, tags, volumes};

impl Operation for CreateImage {
    type Access = Write;

    fn needs(input: &CreateImageRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (place, given) = (Place::of(at), input.tag_specifications.as_deref());
        let image = ByArn::<kind::Image>::new(images::arn(at.region, "*"), at.account());
        let snapshot = ByArn::<kind::Snapshot>::new(snapshots::arn(at.region, "*"), at.account());
        let mut needs = on_instance(ec2::CreateImage, at, &input.instance_id)?.done();
        needs = needs.and(to_make(ec2::CreateImage, &image, place, given, |question| question));
        Ok(needs.and(to_make(ec2::CreateImage, &snapshot, place, given, |question| question)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateImageResult, Fault> {
        let (place, input, env, now) = (Place::here(req), req.input, req.env, req.now);
        let at_once = lifecycle::at_once(req);
        let given = input.tag_specifications.as_deref();
        let makes = ["image", "snapshot"];
        let image_tags = tags::of_request(given, &makes, "image")?;
        let snapshot_tags = tags::of_request(given, &makes, "snapshot")?;
        let instance = lifecycle::get(req.db()?, place, &input.instance_id, now)?;
        if !matches!(instance.state, State::Running | State::Stopped) {
            let text = format!("Instance '{}' is not 'running' or 'stopped'.", instance.id);
            return Err(faults::other("IncorrectState", text));
        }
        if input.snapshot_location.as_deref() == Some("local") {
            return Err(faults::unsupported("SnapshotLocation=local"));
        }
        if input.boot_mode_override.is_some() {
            return Err(faults::unsupported("BootModeOverride"));
        }
        images::check_name(req.db()?, place, &input.name)?;
        let own = volumes::of_instance(req.db()?, &instance)?;
        let mut image = new_image(req, &instance, &own)?;
        image.disks = volumes::disks(req.db()?, place, &image, input.block_device_mappings.as_deref())?;
        faults::dry_run(input.dry_run)?;
        let description = format!("Created by CreateImage({}) for {}", instance.id, image.id);
        // A running instance is restarted for it, so that programs agree with what is on their disk.
        let reboot = instance.state == State::Running && input.no_reboot != Some(true);
        let tx = req.tx()?;
        for disk in &mut image.disks {
            let on = |volume: &&Volume| {
                volume
                    .attachments
                    .iter()
                    .any(|known| known.instance == instance.id && known.device == disk.device)
            };
            let Some(volume) = own.iter().find(on) else { continue };
            let wish = Wish { description: &description, tags: &snapshot_tags, reboot, at_once };
            let snapshot = snapshots::begin(tx, env, now, volume, wish)?;
            if disk.device == image.root_device {
                if let Some(boot) = snapshot.boot {
                    image.bytes = boot.bytes;
                }
                image.state = if snapshot.of.is_some() { ImageState::Pending } else { ImageState::Available };
            }
            disk.snapshot = Some(snapshot.id);
        }
        images::write_new(tx, &image, &image_tags)?;
        Ok(CreateImageResult { image_id: Some(image.id) })
    }
}

/// The image as the instance is; its disks are those of the instance.
fn new_image(
    req: &Authorized<'_, CreateImage>,
    instance: &Instance,
    volumes: &[Volume],
) -> Result<Image, Fault> {
    let disk = |volume: &Volume| {
        let attachment = volume.attachments.iter().find(|known| known.instance == instance.id)?;
        Some(ImageDisk {
            device: attachment.device.clone(),
            snapshot: None,
            size: volume.size,
            volume_type: volume.volume_type.clone(),
            iops: volume.iops,
            throughput: volume.throughput,
            delete_on_termination: attachment.delete_on_termination,
            encrypted: false,
        })
    };
    let input = req.input;
    Ok(Image {
        account: req.account(),
        region: req.region.to_owned(),
        id: req.env.resource_id("ami"),
        name: input.name.clone(),
        description: input.description.clone(),
        state: ImageState::Available,
        reason: None,
        architecture: instance.boot.architecture.clone(),
        created: req.now,
        root_device: instance.boot.root_device.clone(),
        disks: volumes.iter().filter_map(disk).collect(),
        bytes: instance.boot.bytes.clone(),
        login: instance.boot.login.clone(),
        public: false,
        shared: Vec::new(),
        deprecated: None,
        kept: false,
        tokens_required: false,
        location: format!("{}/{}", req.account(), input.name),
        from_instance: Some(instance.id.clone()),
        from_image: None,
    })
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use super::*;
    use crate::model::*;
    use crate::scene::{launch, request, run, seen, tagged};

    fn make(world: &World, name: &str) -> Result<CreateImageResult, Fault> {
        let instance = launch(world, request());
        let input = CreateImageRequest {
            instance_id: instance,
            name: name.into(),
            tag_specifications: tagged("image", "team", "a"),
            ..Default::default()
        };
        world.call::<CreateImage>(&world.root(ACCOUNT), input)
    }

    fn shown(world: &World, id: &str) -> crate::model::Image {
        let input = DescribeImagesRequest { image_ids: Some(vec![id.into()]), ..Default::default() };
        world.call::<DescribeImages>(&world.root(ACCOUNT), input).unwrap().images.unwrap().remove(0)
    }

    #[test]
    fn one_call_changes_one_attribute_the_one_that_was_decided_on() {
        let world = World::new(1);
        let id = make(&world, "golden").unwrap().image_id.unwrap();
        let both = ModifyImageAttributeRequest {
            image_id: id.clone(),
            description: Some(AttributeValue { value: Some("x".into()) }),
            launch_permission: Some(LaunchPermissionModifications {
                add: Some(vec![LaunchPermission { group: Some("all".into()), ..Default::default() }]),
                ..Default::default()
            }),
            ..Default::default()
        };
        let outcome = world.call::<ModifyImageAttribute>(&world.root(ACCOUNT), both);
        check_fault(outcome, "InvalidParameterCombination");
        assert_eq!(shown(&world, &id).public, Some(false));
    }

    #[test]
    fn instances_of_an_image_that_wants_tokens_ask_for_them_unless_the_account_or_the_launch_decides() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = make(&world, "golden").unwrap().image_id.unwrap();
        let options = |wish: Option<InstanceMetadataOptionsRequest>| {
            let input =
                RunInstancesRequest { image_id: Some(id.clone()), metadata_options: wish, ..request() };
            let own = seen(&world, &launch(&world, input)).metadata_options.unwrap();
            (own.http_tokens.unwrap(), own.http_put_response_hop_limit.unwrap())
        };
        assert_eq!(options(None), ("optional".to_owned(), 1));
        let input = ModifyImageAttributeRequest {
            image_id: id.clone(),
            imds_support: Some(AttributeValue { value: Some("v2.0".into()) }),
            ..Default::default()
        };
        world.call::<ModifyImageAttribute>(&root, input).unwrap();
        assert_eq!(shown(&world, &id).imds_support.as_deref(), Some("v2.0"));
        let read = |attribute: &str| {
            let input = DescribeImageAttributeRequest {
                image_id: id.clone(),
                attribute: attribute.into(),
                ..Default::default()
            };
            world.call::<DescribeImageAttribute>(&root, input)
        };
        assert_eq!(read("imdsSupport").unwrap().imds_support.unwrap().value.as_deref(), Some("v2.0"));
        check_fault(read("blockDeviceMapping"), "AuthFailure");
        assert_eq!(options(None), ("required".to_owned(), 2));
        let account = ModifyInstanceMetadataDefaultsRequest {
            http_put_response_hop_limit: Some(5),
            ..Default::default()
        };
        world.call::<ModifyInstanceMetadataDefaults>(&root, account).unwrap();
        assert_eq!(options(None), ("required".to_owned(), 5));
        let wish =
            InstanceMetadataOptionsRequest { http_tokens: Some("optional".into()), ..Default::default() };
        assert_eq!(options(Some(wish)), ("optional".to_owned(), 5));
    }

    #[test]
    fn an_image_of_an_instance_launches_and_names_its_snapshot() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = make(&world, "golden").unwrap().image_id.unwrap();
        let image = shown(&world, &id);
        assert_eq!((image.state.as_deref(), image.public), (Some("available"), Some(false)));
        assert_eq!(image.tags.unwrap().len(), 1);
        let disk = image.block_device_mappings.unwrap().remove(0).ebs.unwrap();
        let snapshot = disk.snapshot_id.unwrap();
        let own =
            run(&world, &root, RunInstancesRequest { image_id: Some(id.clone()), ..request() }).unwrap();
        let launched = own.instances.unwrap().remove(0).instance_id.unwrap();
        assert_eq!(seen(&world, &launched).image_id.as_deref(), Some(&*id));
        let delete = DeleteSnapshotRequest { snapshot_id: snapshot.clone(), ..Default::default() };
        check_fault(world.call::<DeleteSnapshot>(&root, delete.clone()), "InvalidSnapshot.InUse");
        let gone = DeregisterImageRequest { image_id: id.clone(), ..Default::default() };
        world.call::<DeregisterImage>(&root, gone.clone()).unwrap();
        check_fault(world.call::<DeregisterImage>(&root, gone), "InvalidAMIID.NotFound");
        world.call::<DeleteSnapshot>(&root, delete).unwrap();
        assert_eq!(seen(&world, &launched).image_id.as_deref(), Some(&*id));
    }

    #[test]
    fn names_have_a_form_and_are_unique_in_an_account() {
        let world = World::new(1);
        check_fault(make(&world, "no*stars"), "InvalidAMIName.Malformed");
        make(&world, "a name (1)").unwrap();
        check_fault(make(&world, "a name (1)"), "InvalidAMIName.Duplicate");
    }

    #[test]
    fn an_image_is_private_until_it_is_shared() {
        let world = World::new(1);
        let (root, other) = (world.root(ACCOUNT), "111111111111".parse().unwrap());
        world.account(other);
        let stranger = world.root(other);
        let id = make(&world, "shared").unwrap().image_id.unwrap();
        let launch =
            || run(&world, &stranger, RunInstancesRequest { image_id: Some(id.clone()), ..request() });
        check_fault(launch(), "InvalidAMIID.NotFound");
        let permission = |add: bool| {
            let one = LaunchPermission { user_id: Some("111111111111".into()), ..Default::default() };
            let (add, remove) = if add { (Some(vec![one]), None) } else { (None, Some(vec![one])) };
            let launch_permission = Some(LaunchPermissionModifications { add, remove });
            let input =
                ModifyImageAttributeRequest { image_id: id.clone(), launch_permission, ..Default::default() };
            world.call::<ModifyImageAttribute>(&root, input).unwrap();
        };
        permission(true);
        launch().unwrap();
        let gone = DeregisterImageRequest { image_id: id.clone(), ..Default::default() };
        check_fault(world.call::<DeregisterImage>(&stranger, gone), "AuthFailure");
        let ask = DescribeImagesRequest { executable_users: Some(vec!["self".into()]), ..Default::default() };
        assert_eq!(world.call::<DescribeImages>(&stranger, ask).unwrap().images.unwrap().len(), 1);
        permission(false);
        check_fault(launch(), "InvalidAMIID.NotFound");
    }

    #[test]
    fn an_image_is_copied_deprecated_and_disabled() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let id = make(&world, "one").unwrap().image_id.unwrap();
        let copy = CopyImageRequest {
            name: "two".into(),
            source_image_id: id.clone(),
            source_region: "us-east-1".into(),
            ..Default::default()
        };
        let copied = world.call::<CopyImage>(&root, copy).unwrap().image_id.unwrap();
        assert_eq!(shown(&world, &copied).source_image_id.as_deref(), Some(&*id));
        let off = DisableImageRequest { image_id: id.clone(), ..Default::default() };
        world.call::<DisableImage>(&root, off).unwrap();
        let launch = || run(&world, &root, RunInstancesRequest { image_id: Some(id.clone()), ..request() });
        check_fault(launch(), "InvalidAMIID.Unavailable");
        world
            .call::<EnableImage>(&root, EnableImageRequest { image_id: id.clone(), ..Default::default() })
            .unwrap();
        launch().unwrap();
        let at = rolecall_base::Time::from_seconds(world.env.now().seconds() + 3600);
        let old =
            EnableImageDeprecationRequest { image_id: id.clone(), deprecate_at: at, ..Default::default() };
        world.call::<EnableImageDeprecation>(&root, old).unwrap();
        assert!(shown(&world, &id).deprecation_time.is_some());
    }

    #[test]
    fn an_image_is_registered_from_a_snapshot() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let from = shown(&world, &make(&world, "one").unwrap().image_id.unwrap());
        let snapshot = from.block_device_mappings.unwrap().remove(0).ebs.unwrap().snapshot_id;
        let input = |snapshot: Option<String>| RegisterImageRequest {
            name: "registered".into(),
            root_device_name: Some("/dev/xvda".into()),
            block_device_mappings: Some(vec![BlockDeviceMapping {
                device_name: Some("/dev/xvda".into()),
                ebs: Some(EbsBlockDevice {
                    snapshot_id: snapshot,
                    volume_size: Some(8),
                    ..Default::default()
                }),
                ..Default::default()
            }]),
            ..Default::default()
        };
        check_fault(world.call::<RegisterImage>(&root, input(None)), "InvalidBlockDeviceMapping");
        let id = world.call::<RegisterImage>(&root, input(snapshot)).unwrap().image_id.unwrap();
        assert_eq!(shown(&world, &id).state.as_deref(), Some("available"));
    }
}
