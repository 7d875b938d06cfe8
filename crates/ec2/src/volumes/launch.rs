//! The volumes that a launch makes: the image's disks, changed and added to by block device mappings.

use rolecall_base::{Fault, Tags, Time};
use rolecall_env::Env;
use rolecall_store::{Reader, Tx};

use super::{check_device, refuse_encryption, shape};
use crate::faults;
use crate::model::{BlockDeviceMapping, EbsBlockDevice};
use crate::place::Place;
use crate::records::{Image, ImageDisk, Instance, Volume, VolumeAttachment, Volumes};
use crate::{snapshots, tags};

/// The disks of a launch, or of a new image: the image's own, with what mappings change of them.
///
/// # Errors
/// InvalidBlockDeviceMapping, and the faults of CreateVolume.
pub fn disks(
    db: &Reader,
    place: Place<'_>,
    image: &Image,
    mappings: Option<&[BlockDeviceMapping]>,
) -> Result<Vec<ImageDisk>, Fault> {
    let mut disks = image.disks.clone();
    for mapping in mappings.unwrap_or_default() {
        let device = mapping.device_name.as_deref().unwrap_or_default();
        check_device(device)?;
        let known = disks.iter().position(|disk| disk.device == device);
        if mapping.no_device.is_some() {
            if device == image.root_device {
                return Err(wrong("The root device can't be left out."));
            }
            disks.retain(|disk| disk.device != device);
            continue;
        }
        if mapping.virtual_name.as_deref().is_some_and(|name| !name.is_empty()) {
            return Err(faults::unsupported("Instance store (VirtualName)"));
        }
        let Some(ebs) = &mapping.ebs else { return Err(wrong("A mapping must say Ebs or NoDevice.")) };
        let disk = disk(db, place, device, ebs, known.and_then(|at| disks.get(at)))?;
        if device == image.root_device && matches!(disk.volume_type.as_str(), "st1" | "sc1") {
            return Err(wrong("st1 and sc1 volumes can't be boot volumes."));
        }
        match known.and_then(|at| disks.get_mut(at)) {
            Some(own) => *own = disk,
            None => disks.push(disk),
        }
    }
    Ok(disks)
}

fn disk(
    db: &Reader,
    place: Place<'_>,
    device: &str,
    ebs: &EbsBlockDevice,
    old: Option<&ImageDisk>,
) -> Result<ImageDisk, Fault> {
    let EbsBlockDevice {
        delete_on_termination,
        iops,
        snapshot_id,
        volume_size,
        volume_type,
        kms_key_id,
        throughput,
        outpost_arn,
        availability_zone,
        encrypted,
        volume_initialization_rate,
        availability_zone_id,
        ebs_card_index,
    } = ebs;
    refuse_encryption(*encrypted, kms_key_id.as_deref())?;
    let elsewhere = outpost_arn.is_some() || availability_zone.is_some() || availability_zone_id.is_some();
    if elsewhere || volume_initialization_rate.is_some() || ebs_card_index.is_some_and(|index| index != 0) {
        return Err(faults::unsupported("This member of a block device mapping"));
    }
    let snapshot = match snapshot_id.as_deref().filter(|id| !id.is_empty()) {
        None => old.and_then(|old| old.snapshot.clone()),
        Some(id) if old.is_some_and(|old| old.snapshot.as_deref().is_some_and(|own| own != id)) => {
            return Err(wrong("The snapshot of an image's own disk can't be changed."));
        }
        Some(id) => Some(snapshots::usable(db, place, id)?.id),
    };
    let least = match (&snapshot, old) {
        (_, Some(old)) => old.size,
        (Some(id), None) => snapshots::usable(db, place, id)?.size,
        (None, None) => 0,
    };
    let Some(size) = volume_size.or((least > 0).then_some(least)) else {
        return Err(faults::missing("VolumeSize"));
    };
    if size < least {
        let text = format!("Volume of size {size}GB is smaller than snapshot, expect size >= {least}GB");
        return Err(wrong(&text));
    }
    let is_same_type =
        volume_type.is_none() || old.is_some_and(|old| volume_type.as_ref() == Some(&old.volume_type));
    let volume_type = volume_type.as_deref().or(old.map(|old| old.volume_type.as_str())).unwrap_or("gp2");
    let kept = |value: Option<i32>| value.filter(|_| is_same_type && volume_type != "gp2");
    let shape = shape(
        size,
        volume_type,
        iops.or(kept(old.and_then(|old| old.iops))),
        throughput.or(kept(old.and_then(|old| old.throughput))),
        false,
    )?;
    Ok(ImageDisk {
        device: device.to_owned(),
        snapshot,
        size: shape.size,
        volume_type: shape.volume_type,
        iops: shape.iops,
        throughput: shape.throughput,
        delete_on_termination: delete_on_termination
            .unwrap_or(old.is_none_or(|old| old.delete_on_termination)),
        encrypted: false,
    })
}

fn wrong(text: &str) -> Fault {
    faults::other("InvalidBlockDeviceMapping", text)
}

/// Makes the volumes of a new instance, and notes them in it.
///
/// # Errors
/// UnsupportedOperation for a root volume that is to outlive a machine: its bytes are the machine's disk.
pub fn make(
    tx: &mut Tx,
    env: &Env,
    now: Time,
    instance: &mut Instance,
    disks: &[ImageDisk],
    set: &Tags,
) -> Result<(), Fault> {
    instance.has_volumes = true;
    for disk in disks {
        let is_root = disk.device == instance.boot.root_device;
        let id = if is_root { instance.volume.clone() } else { env.resource_id("vol") };
        let volume = Volume {
            account: instance.account,
            region: instance.region.clone(),
            id: id.clone(),
            zone: instance.zone.clone(),
            size: disk.size,
            volume_type: disk.volume_type.clone(),
            iops: disk.iops,
            throughput: disk.throughput,
            snapshot: disk.snapshot.clone(),
            created: now,
            multi_attach: false,
            auto_enable_io: false,
            attachments: vec![VolumeAttachment {
                instance: instance.id.clone(),
                device: disk.device.clone(),
                attached: now.whole_seconds(),
                delete_on_termination: disk.delete_on_termination,
            }],
            modification: None,
        };
        tx.put::<Volumes>(&volume.key(), &volume)?;
        let place = Place { account: instance.account, region: &instance.region };
        tags::put(tx, place, &id, set.clone())?;
        if !is_root {
            instance.data_volumes.push(id);
        }
    }
    Ok(())
}
