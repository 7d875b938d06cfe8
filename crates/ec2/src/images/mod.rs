//! Machine images: what an instance can boot from. Some are built in, the rest are accounts'.

mod built_in;
mod show;

use std::collections::BTreeSet;

use rolecall_base::{AccountId, Fault, Tags};
use rolecall_store::{Reader, Scan, Tx};

use crate::faults;
use crate::place::Place;
use crate::records::{DiskPlaces, ImageAliases, ImageState, Images, Settled};
use crate::{shared_disks, tags};

pub use crate::records::Image;
pub use built_in::{AMAZON, DEFAULT, architecture, built_in, parameters};
pub use show::{Shown, is_of};

/// The root disk's size of a built-in image, in GiB.
pub const ROOT_GIB: i32 = 8;

/// The image of an id as an account sees it: built in, its own, shared with it, or public; an alias gives what it stands
/// for, under the alias's id. `None` for all else: what is another's and private is not there.
///
/// # Errors
/// When the store can't be read.
pub fn find(db: &Reader, place: Place<'_>, id: &str) -> Result<Option<Image>, Fault> {
    if let Some(image) = real(db, place, id)? {
        return Ok(Some(image));
    }
    let Some(alias) = db.get::<ImageAliases>(&id)? else { return Ok(None) };
    let image = real(db, place, &alias.image)?;
    Ok(image.map(|image| Image { id: id.to_owned(), ..image }))
}

fn real(db: &Reader, place: Place<'_>, id: &str) -> Result<Option<Image>, Fault> {
    if let Some(image) = built_in().iter().find(|image| image.id == id) {
        return Ok(Some(image.clone()));
    }
    let Some(settled) = db.get::<DiskPlaces>(&id)?.filter(|settled| settled.region == place.region) else {
        return Ok(None);
    };
    let image = db.get::<Images>(&(settled.account, settled.region, id))?;
    Ok(image.filter(|image| image.is_for(place.account)))
}

/// The same, which must be there.
///
/// # Errors
/// InvalidAMIID.Malformed, InvalidAMIID.NotFound.
pub fn get(db: &Reader, place: Place<'_>, id: &str) -> Result<Image, Fault> {
    check_id(id)?;
    find(db, place, id)?.ok_or_else(|| faults::no_image(&[id]))
}

/// An image that an instance can be launched of.
///
/// # Errors
/// As [`get`], and InvalidAMIID.Unavailable.
pub fn launchable(db: &Reader, place: Place<'_>, id: &str) -> Result<Image, Fault> {
    let image = get(db, place, id)?;
    if image.state == ImageState::Available {
        return Ok(image);
    }
    let text = format!("The image ID '{id}' is not available");
    Err(faults::other("InvalidAMIID.Unavailable", text))
}

/// An image of this account, to be changed.
///
/// # Errors
/// As [`get`], and AuthFailure for somebody else's.
pub fn own(db: &Reader, place: Place<'_>, id: &str) -> Result<Image, Fault> {
    let image = get(db, place, id)?;
    if image.account == place.account && !image.is_built_in() {
        return Ok(image);
    }
    Err(faults::other("AuthFailure", format!("Not authorized for image:{id}")))
}

/// Checks the form of an image's id: 8 or 17 hexadecimal digits.
///
/// # Errors
/// InvalidAMIID.Malformed.
pub fn check_id(id: &str) -> Result<(), Fault> {
    let digits = id.strip_prefix("ami-").unwrap_or_default();
    let hex = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if hex && matches!(digits.len(), 8 | 17) {
        return Ok(());
    }
    Err(faults::malformed("InvalidAMIID.Malformed", id, "ami"))
}

/// Holds the name of a new image to its rules.
///
/// # Errors
/// InvalidAMIName.Malformed, InvalidAMIName.Duplicate.
pub fn check_name(db: &Reader, place: Place<'_>, name: &str) -> Result<(), Fault> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c);
    if !(3..=128).contains(&name.chars().count()) || !name.chars().all(fits) {
        let text = "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', \
                    '.', '-', '/' and '_'";
        return Err(faults::other("InvalidAMIName.Malformed", text));
    }
    let own = db.run::<Images>(&Scan::new(&(place.account, place.region)))?;
    match own.iter().find(|(_, image)| image.name == name) {
        None => Ok(()),
        Some((_, image)) => {
            let text = format!("AMI name {name} is already in use by AMI {}", image.id);
            Err(faults::other("InvalidAMIName.Duplicate", text))
        }
    }
}

/// Writes an image that is new.
///
/// # Errors
/// When it can't be written.
pub fn write_new(tx: &mut Tx, image: &Image, set: &Tags) -> Result<(), Fault> {
    let place = Place { account: image.account, region: &image.region };
    let settled = Settled { account: image.account, region: image.region.clone() };
    tx.put::<DiskPlaces>(&image.id, &settled)?;
    put(tx, image)?;
    tags::put(tx, place, &image.id, set.clone())
}

/// Writes an image, and to whom it is open.
///
/// # Errors
/// When it can't be written.
pub fn put(tx: &mut Tx, image: &Image) -> Result<(), Fault> {
    open_to(tx, image, &shared_disks::of_image(image))?;
    Ok(tx.put::<Images>(&image.key(), image)?)
}

/// Deletes an image's record; its tags and bytes are others' work.
///
/// # Errors
/// When it can't be written.
pub fn delete(tx: &mut Tx, image: &Image) -> Result<(), Fault> {
    open_to(tx, image, &BTreeSet::new())?;
    tx.delete::<Images>(&image.key())?;
    Ok(tx.delete::<DiskPlaces>(&image.id)?)
}

fn open_to(tx: &mut Tx, image: &Image, viewers: &BTreeSet<String>) -> Result<(), Fault> {
    let place = Place { account: image.account, region: &image.region };
    let before = tx.get::<Images>(&image.key())?;
    let before = before.as_ref().map(shared_disks::of_image).unwrap_or_default();
    shared_disks::change(tx, place, &image.id, &before, viewers)
}

/// Every image that an account sees in a region: the built-in ones, its own, and those that others share.
///
/// # Errors
/// When the store can't be read.
pub fn all(db: &Reader, place: Place<'_>) -> Result<Vec<Image>, Fault> {
    let mut images: Vec<Image> = built_in().to_vec();
    let own = db.run::<Images>(&Scan::new(&(place.account, place.region)))?;
    images.extend(own.into_iter().map(|(_, image)| image));
    for (id, owner) in shared_disks::seen(db, place, "ami-")? {
        let image = db.get::<Images>(&(owner, place.region, id.as_str()))?;
        images.extend(image.filter(|image| image.is_for(place.account)));
    }
    Ok(images)
}

/// Whether an image id can be used: for parameters of the data type `aws:ec2:image`.
///
/// # Errors
/// When the store can't be read.
pub fn is_there(db: &Reader, account: AccountId, region: &str, id: &str) -> Result<bool, Fault> {
    Ok(find(db, Place { account, region }, id)?.is_some())
}

/// The owner as policies name it: `amazon` for Amazon's own, else an account.
pub fn owner(image: &Image) -> String {
    show::alias(image).map_or_else(|| image.account.to_string(), str::to_owned)
}

/// An image's ARN: it names no account.
pub fn arn(region: &str, id: &str) -> String {
    format!("arn:aws:ec2:{region}::image/{id}")
}
