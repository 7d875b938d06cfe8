//! Attaching volumes to instances, and what becomes of them when an instance ends.

use rolecall_base::{Fault, Time};
use rolecall_store::Tx;

use crate::faults;
use crate::place::Place;
use crate::records::{Instance, State, Volume, VolumeAttachment, Volumes};
use crate::{lifecycle, tags};

/// Instances that one volume may be attached to.
const MOST: usize = 16;
/// Volumes of one instance.
const VOLUMES: usize = 28;

/// Attaches a volume; both are written.
///
/// # Errors
/// VolumeInUse, IncorrectState, InvalidVolume.ZoneMismatch, InvalidParameterValue, AttachmentLimitExceeded.
pub fn attach(
    tx: &mut Tx,
    now: Time,
    volume: &mut Volume,
    instance: &mut Instance,
    device: &str,
) -> Result<VolumeAttachment, Fault> {
    let (id, own) = (&volume.id, &instance.id);
    if !matches!(instance.state, State::Running | State::Stopped | State::Pending | State::Stopping) {
        let text = format!("Instance '{own}' is not 'running'.");
        return Err(faults::other("IncorrectState", text));
    }
    if volume.zone != instance.zone {
        let text = format!("The volume '{id}' is not in the same availability zone as instance '{own}'");
        return Err(faults::other("InvalidVolume.ZoneMismatch", text));
    }
    if volume.attachments.iter().any(|known| known.instance == *own) {
        return Err(in_use(id, own));
    }
    if let Some(other) = volume.attachments.first()
        && (!volume.multi_attach || volume.attachments.len() >= MOST)
    {
        return Err(in_use(id, &other.instance));
    }
    check_device(device)?;
    let others = super::of_instance(tx, instance)?;
    let taken = |known: &VolumeAttachment| known.instance == *own && same(&known.device, device);
    if others.iter().any(|other| other.attachments.iter().any(taken)) {
        let text =
            format!("Invalid value '{device}' for unixDevice. Attachment point {device} is already in use");
        return Err(faults::invalid(text));
    }
    if others.len() >= VOLUMES {
        let text = format!("The instance '{own}' has {VOLUMES} volumes already.");
        return Err(faults::other("AttachmentLimitExceeded", text));
    }
    let attachment = VolumeAttachment {
        instance: own.clone(),
        device: device.to_owned(),
        attached: now.whole_seconds(),
        delete_on_termination: false,
    };
    volume.attachments.push(attachment.clone());
    instance.data_volumes.push(volume.id.clone());
    tx.put::<Volumes>(&volume.key(), volume)?;
    lifecycle::write(tx, instance)?;
    Ok(attachment)
}

fn in_use(volume: &str, instance: &str) -> Fault {
    let text = format!("{volume} is already attached to an instance {instance}");
    faults::other("VolumeInUse", text)
}

/// Detaches a volume from an instance; both are written.
///
/// # Errors
/// OperationNotPermitted for the root volume of a running instance, UnsupportedOperation for that of a stopped one.
pub fn detach(tx: &mut Tx, volume: &mut Volume, instance: &mut Instance) -> Result<(), Fault> {
    if instance.volume == volume.id {
        let (id, own) = (&volume.id, &instance.id);
        return Err(match instance.state {
            State::Stopped => faults::unsupported("Detaching the root volume"),
            _ => {
                let text = format!("Unable to detach root volume '{id}' from instance '{own}'");
                faults::not_permitted(text)
            }
        });
    }
    volume.attachments.retain(|known| known.instance != instance.id);
    instance.data_volumes.retain(|known| *known != volume.id);
    tx.put::<Volumes>(&volume.key(), volume)?;
    lifecycle::write(tx, instance)
}

/// What becomes of the volumes of an instance that ends: those that go with it are deleted, the rest are free.
///
/// # Errors
/// When the store can't be read.
pub fn release(tx: &mut Tx, instance: &mut Instance) -> Result<(), Fault> {
    let place = Place { account: instance.account, region: &instance.region };
    let mut ids = vec![instance.volume.clone()];
    ids.append(&mut instance.data_volumes);
    for id in ids {
        let Some(mut volume) = tx.get::<Volumes>(&place.key(&id))? else {
            tags::put(tx, place, &id, Default::default())?;
            continue;
        };
        let own = volume.attachments.iter().position(|known| known.instance == instance.id);
        let Some(own) = own.map(|at| volume.attachments.remove(at)) else { continue };
        if own.delete_on_termination && volume.attachments.is_empty() {
            tx.delete::<Volumes>(&volume.key())?;
            tags::put(tx, place, &id, Default::default())?;
        } else {
            tx.put::<Volumes>(&volume.key(), &volume)?;
        }
    }
    Ok(())
}

/// Holds a device's name to EC2's: `/dev/sdf`, `/dev/sda1`, `/dev/xvdf`, `xvdba`.
///
/// # Errors
/// InvalidParameterValue.
pub fn check_device(device: &str) -> Result<(), Fault> {
    let name = bare(device);
    let (letters, digits) = name.split_at(name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len()));
    let is_name = matches!(letters.len(), 1 | 2) && letters.bytes().all(|b| b.is_ascii_lowercase());
    let is_part = digits.is_empty() || digits.parse::<u8>().is_ok_and(|part| (1..=15).contains(&part));
    if name != device && is_name && is_part {
        return Ok(());
    }
    let text =
        format!("Value ({device}) for parameter device is invalid. {device} is not a valid EBS device name.");
    Err(faults::invalid(text))
}

/// The letters of a device: `f` of `/dev/sdf` and of `xvdf`.
fn bare(device: &str) -> &str {
    let name = device.strip_prefix("/dev/").unwrap_or(device);
    name.strip_prefix("sd").or_else(|| name.strip_prefix("xvd")).unwrap_or(device)
}

fn same(one: &str, other: &str) -> bool {
    bare(one) == bare(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_names_of_one_form() {
        for good in ["/dev/sdf", "/dev/sda1", "/dev/xvdf", "xvdba", "sdp"] {
            check_device(good).unwrap();
        }
        for bad in ["", "/dev/", "/dev/hdz9x", "sd", "/dev/sdF", "/dev/sdf99", "/dev/nvme1n1", "f"] {
            assert_eq!(check_device(bad).unwrap_err().code(), "InvalidParameterValue", "{bad}");
        }
        assert!(same("/dev/sdf", "xvdf") && !same("/dev/sdf", "/dev/sdg"));
    }
}
