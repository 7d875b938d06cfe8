//! RegisterImage: an image of snapshots, or of a root file system that lies in S3.

use rolecall_actions::ec2::{self, kind};
use rolecall_actions::s3;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};

use crate::disk_questions::on_snapshot;
use crate::disks::{self, Objects};
use crate::images;
use crate::model::{RegisterImage, RegisterImageRequest, RegisterImageResult};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::{Boot, Bytes, DiskWork, Image, ImageDisk, ImageState, Mark};
use crate::{faults, snapshots, tags, volumes};

/// Who reads the object for the caller.
const SERVICE: &str = "ec2.amazonaws.com";

impl Operation for RegisterImage {
    type Access = Write;

    fn needs(input: &RegisterImageRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (place, given) = (Place::of(at), input.tag_specifications.as_deref());
        let image = ByArn::<kind::Image>::new(images::arn(at.region, "*"), at.account());
        let mut needs = to_make(ec2::RegisterImage, &image, place, given, |question| question);
        for id in snapshot_ids(input) {
            needs = needs.and(on_snapshot(ec2::RegisterImage, at, id)?.done());
        }
        // What the object holds becomes a disk that the caller can look at.
        Ok(match object(input) {
            Some((bucket, key)) => {
                let arn = format!("arn:aws:s3:::{bucket}/{key}");
                let object = ByArn::<s3::kind::Object>::new(arn, at.account());
                let mut question = Needs::action(s3::GetObject).on(&object).via(SERVICE);
                let says = match at.extensions.get::<Objects>() {
                    Ok(objects) => {
                        // As S3's own question has them.
                        let says = objects.0.object(at.db()?, bucket, key)?;
                        for tag in says.iter().flat_map(|says| says.tags.iter()) {
                            question = question.tag(s3::key::ExistingObjectTag, &tag.key, &tag.value);
                        }
                        objects.0.bucket(at, bucket)?
                    }
                    Err(_) => None,
                };
                needs.and(match says {
                    Some(says) => question.in_account(says.owner, says.policy).done(),
                    None => question.done(),
                })
            }
            None => needs,
        })
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<RegisterImageResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        refuse(input)?;
        images::check_name(req.db()?, place, &input.name)?;
        let tags = tags::of_request(input.tag_specifications.as_deref(), &["image"], "image")?;
        let image = match object(input) {
            Some((bucket, key)) => of_object(req, bucket, key)?,
            None => of_snapshots(req)?,
        };
        faults::dry_run(input.dry_run)?;
        let tx = req.tx()?;
        if image.state == ImageState::Pending {
            tx.put::<DiskWork>(&(disks::IMPORT.to_owned(), image.id.clone()), &Mark {})?;
        }
        images::write_new(tx, &image, &tags)?;
        Ok(RegisterImageResult { image_id: Some(image.id) })
    }
}

/// `BUCKET/KEY` of ImageLocation.
fn object(input: &RegisterImageRequest) -> Option<(&str, &str)> {
    let (bucket, key) = input.image_location.as_deref()?.split_once('/')?;
    (!bucket.is_empty() && !key.is_empty()).then_some((bucket, key))
}

fn snapshot_ids(input: &RegisterImageRequest) -> impl Iterator<Item = &str> {
    let mappings = input.block_device_mappings.as_deref().unwrap_or_default().iter();
    mappings.filter_map(|mapping| mapping.ebs.as_ref()?.snapshot_id.as_deref()).filter(|id| !id.is_empty())
}

fn refuse(input: &RegisterImageRequest) -> Result<(), Fault> {
    let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let wishes = [
        (input.billing_products.as_ref().is_some_and(|list| !list.is_empty()), "BillingProduct"),
        (given(&input.tpm_support), "TpmSupport"),
        (given(&input.uefi_data), "UefiData"),
        (given(&input.kernel_id), "KernelId"),
        (given(&input.ramdisk_id), "RamdiskId"),
        (
            input.virtualization_type.as_deref().is_some_and(|kind| kind != "hvm"),
            "VirtualizationType=paravirtual",
        ),
        (input.sriov_net_support.as_deref().is_some_and(|kind| kind != "simple"), "SriovNetSupport"),
        (input.boot_mode.as_deref() == Some("legacy-bios"), "BootMode=legacy-bios"),
        (
            input.architecture.as_deref().is_some_and(|name| name.ends_with("_mac") || name == "i386"),
            "Architecture",
        ),
        (input.ena_support == Some(false), "EnaSupport=false"),
        (given(&input.image_location) && object(input).is_none(), "An ImageLocation that is no BUCKET/KEY"),
    ];
    match wishes.iter().find(|(wished, _)| *wished) {
        Some((_, what)) => Err(faults::unsupported(what)),
        None => Ok(()),
    }
}

/// An image whose files are still to be brought in.
fn of_object(req: &Authorized<'_, RegisterImage>, bucket: &str, key: &str) -> Result<Image, Fault> {
    let input = req.input;
    let Ok(objects) = req.extensions.get::<Objects>() else {
        return Err(faults::unsupported("ImageLocation"));
    };
    let object = objects.0.object(req.db()?, bucket, key)?;
    let (Some(says), Some(object)) = (objects.0.bucket(&req.at(), bucket)?, object) else {
        let text = format!(
            "HTTP 404 (Not Found) response for URL http://{bucket}.s3.amazonaws.com/{key}: check your manifest path is correct and in the correct region."
        );
        return Err(faults::other("InvalidManifest", text));
    };
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    let bytes = Bytes::Object { owner: says.owner, bucket, key, etag: Some(object.etag) };
    let boot = Boot { root_device: root_device(input), ..Boot::default() };
    let mut image = image(req, Boot { bytes, ..boot });
    image.state = ImageState::Pending;
    image.disks = vec![ImageDisk {
        device: image.root_device.clone(),
        snapshot: None,
        size: images::ROOT_GIB,
        volume_type: "gp3".into(),
        iops: Some(3000),
        throughput: Some(125),
        delete_on_termination: true,
        encrypted: false,
    }];
    image.disks =
        volumes::disks(req.db()?, Place::here(req), &image, input.block_device_mappings.as_deref())?;
    Ok(image)
}

fn of_snapshots(req: &Authorized<'_, RegisterImage>) -> Result<Image, Fault> {
    let (place, input) = (Place::here(req), req.input);
    let root = root_device(input);
    let mut image = image(req, Boot { root_device: root.clone(), ..Boot::default() });
    image.disks = volumes::disks(req.db()?, place, &image, input.block_device_mappings.as_deref())?;
    let Some(snapshot) = image.root().and_then(|disk| disk.snapshot.clone()) else {
        let text = format!("The root device {root} must be mapped to a snapshot.");
        return Err(faults::other("InvalidBlockDeviceMapping", text));
    };
    let snapshot = snapshots::usable(req.db()?, place, &snapshot)?;
    let Some(boot) = snapshot.boot else {
        let text =
            format!("The snapshot {} is not one of a root volume: nothing can boot from it.", snapshot.id);
        return Err(faults::other("InvalidBlockDeviceMapping", text));
    };
    image.bytes = boot.bytes;
    image.login = boot.login;
    Ok(image)
}

fn root_device(input: &RegisterImageRequest) -> String {
    input.root_device_name.clone().unwrap_or_else(|| "/dev/sda1".to_owned())
}

fn image(req: &Authorized<'_, RegisterImage>, boot: Boot) -> Image {
    let input = req.input;
    let location = format!("{}/{}", req.account(), input.name);
    Image {
        account: req.account(),
        region: req.region.to_owned(),
        id: req.env.resource_id("ami"),
        name: input.name.clone(),
        description: input.description.clone(),
        state: ImageState::Available,
        reason: None,
        architecture: input.architecture.clone().unwrap_or(boot.architecture),
        created: req.now,
        root_device: boot.root_device,
        disks: Vec::new(),
        bytes: boot.bytes,
        login: boot.login,
        public: false,
        shared: Vec::new(),
        deprecated: None,
        kept: false,
        tokens_required: input.imds_support.as_deref() == Some("v2.0"),
        location: input.image_location.clone().filter(|text| !text.is_empty()).unwrap_or(location),
        from_instance: None,
        from_image: None,
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;

    #[test]
    fn an_image_has_what_every_image_here_has() {
        let world = World::new(1);
        let call = |ena_support| {
            let input = RegisterImageRequest { name: "own".into(), ena_support, ..Default::default() };
            world.call::<RegisterImage>(&world.root(ACCOUNT), input)
        };
        check_fault(call(Some(false)), "UnsupportedOperation");
        // The next thing that is wrong: it has no root.
        check_fault(call(Some(true)), "InvalidBlockDeviceMapping");
    }
}
