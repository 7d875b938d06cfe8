//! CopyImage: an image of one's own, of the same bytes, in this region.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};

use crate::disks::{Repeat, Repeated};
use crate::images;
use crate::model::{CopyImage, CopyImageRequest, CopyImageResult};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::{Image, ImageState};
use crate::{faults, snapshots, tags, volumes};

impl Operation for CopyImage {
    type Access = Write;

    fn needs(input: &CopyImageRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let from = Place { account: at.account(), region: &input.source_region };
        let found = images::find(at.db()?, from, &input.source_image_id)?;
        let source =
            ByArn::<kind::Image>::new(images::arn(from.region, &input.source_image_id), from.account)
                .tagged(tags::of(at.db()?, from, &input.source_image_id)?);
        let asked = Needs::action(ec2::CopyImage)
            .on(&source)
            .key(key::Region, Some(at.region))
            .key(key::ImageID, Some(input.source_image_id.as_str()))
            .key(key::Owner, found.as_ref().map(images::owner))
            .done();
        let made = ByArn::<kind::Image>::new(images::arn(at.region, "*"), at.account());
        let disks = ByArn::<kind::Snapshot>::new(snapshots::arn(at.region, "*"), at.account());
        let (place, given) = (Place::of(at), input.tag_specifications.as_deref());
        let needs = asked.and(to_make(ec2::CopyImage, &made, place, given, |question| question));
        Ok(needs.and(to_make(ec2::CopyImage, &disks, place, given, |question| question)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CopyImageResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let repeat = Repeat::new("CopyImage", input.client_token.as_deref(), input)?;
        if let Repeated::Already(id) = repeat.look(req.db()?, place)? {
            return Ok(CopyImageResult { image_id: Some(id) });
        }
        volumes::refuse_encryption(input.encrypted, input.kms_key_id.as_deref())?;
        let elsewhere = input.destination_outpost_arn.is_some()
            || input.destination_availability_zone.is_some()
            || input.destination_availability_zone_id.is_some();
        if elsewhere || input.snapshot_copy_completion_duration_minutes.is_some() {
            return Err(faults::unsupported("This destination or duration of a copy"));
        }
        let from = Place { account: place.account, region: &input.source_region };
        let mut tags =
            tags::of_request(input.tag_specifications.as_deref(), &["image", "snapshot"], "image")?;
        let source = images::launchable(req.db()?, from, &input.source_image_id)?;
        images::check_name(req.db()?, place, &input.name)?;
        if input.copy_image_tags == Some(true) {
            let mut all = tags::of(req.db()?, from, &source.id)?;
            tags.iter().for_each(|tag| all.set(&tag.key, &tag.value));
            tags = all;
        }
        faults::dry_run(input.dry_run)?;
        let copy = Image {
            account: place.account,
            region: place.region.to_owned(),
            id: req.env.resource_id("ami"),
            name: input.name.clone(),
            description: input.description.clone().or(source.description),
            state: ImageState::Available,
            created: req.now,
            public: false,
            shared: Vec::new(),
            deprecated: None,
            kept: false,
            location: format!("{}/{}", place.account, input.name),
            from_image: Some((input.source_region.clone(), input.source_image_id.clone())),
            // The copy boots from the same bytes, which no snapshot of this account holds.
            disks: source
                .disks
                .into_iter()
                .map(|disk| crate::records::ImageDisk { snapshot: None, ..disk })
                .collect(),
            reason: None,
            architecture: source.architecture,
            root_device: source.root_device,
            bytes: source.bytes,
            login: source.login,
            tokens_required: source.tokens_required,
            from_instance: source.from_instance,
        };
        let tx = req.tx()?;
        images::write_new(tx, &copy, &tags)?;
        repeat.note(tx, place, &copy.id)?;
        Ok(CopyImageResult { image_id: Some(copy.id) })
    }
}
