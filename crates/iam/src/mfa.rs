//! MFA devices: whose they are, by which serial numbers they are found.

use rolecall_actions::iam::kind;
use rolecall_base::{AccountId, Fault};
use rolecall_door::{At, ByArn};
use rolecall_identity::records::{Entities, KeyOwner, Mark, MfaDevice, MfaDevices, MfaDevicesOfOwner, User};
use rolecall_identity::{Caller, Who};
use rolecall_store::{Reader, Tx};

use crate::entity::{self, Target};
use crate::holder::conflict;
use crate::model::{self, fault};
use crate::page::{Page, Window};
use crate::{access_key, quota, wire};

/// What the root user's device is called by tools that look for it.
pub(crate) const ROOT_DEVICE: &str = "root-account-mfa-device";

/// Whose devices a request is about. The root user has no name: it names itself by the account's number, or not at all.
///
/// # Errors
/// ValidationError when it names nobody and the caller is neither a user nor root.
fn user_name<'a>(caller: &'a Caller, given: Option<&'a str>) -> Result<Option<&'a str>, Fault> {
    let itself = |name: &&str| caller.who == Who::Root && **name == caller.account.to_string();
    access_key::user_name(caller, given.filter(|name| !itself(name)))
}

/// The user that a request is about, or the root user.
pub(crate) fn target(at: &At<'_>, given: Option<&str>) -> Result<Target<User>, Fault> {
    access_key::target(at, user_name(at.caller, given)?)
}

/// The owner that a request is about, and the name that answers show.
///
/// # Errors
/// NoSuchEntity when there is no such user.
pub(crate) fn owner(db: &Reader, caller: &Caller, given: Option<&str>) -> Result<(KeyOwner, String), Fault> {
    let (owner, name) = access_key::owner(db, caller, user_name(caller, given)?)?;
    Ok((owner, name.unwrap_or_default()))
}

/// A device as the thing that an operation is about. What is no serial number of a virtual device is asked about as one
/// of the caller's account.
pub(crate) fn device(at: &At<'_>, serial: &str) -> Result<ByArn<kind::Mfa>, Fault> {
    let Some((account, _)) = MfaDevice::key_of(serial) else {
        return Ok(ByArn::new(format!("arn:aws:iam::{}:mfa/{serial}", at.account()), at.account()));
    };
    let tags = find(at.db()?, at.account(), serial)?.map(|device| device.tags).unwrap_or_default();
    Ok(ByArn::new(serial, account).tagged(tags))
}

/// The account's device of this serial number; none for a hardware device's, of which this server has none.
pub(crate) fn find(db: &Reader, account: AccountId, serial: &str) -> Result<Option<MfaDevice>, Fault> {
    let Some(key) = MfaDevice::key_of(serial).filter(|key| key.0 == account) else { return Ok(None) };
    Ok(db.get::<MfaDevices>(&key)?.filter(|device| device.serial() == serial))
}

/// # Errors
/// NoSuchEntity.
pub(crate) fn get(db: &Reader, account: AccountId, serial: &str) -> Result<MfaDevice, Fault> {
    find(db, account, serial)?.ok_or_else(|| {
        fault::no_such_entity(format!("VirtualMFADevice with serial number {serial} doesn't exist."))
    })
}

/// A device that is this owner's second factor.
///
/// # Errors
/// NoSuchEntity.
pub(crate) fn get_of(
    db: &Reader,
    account: AccountId,
    owner: &KeyOwner,
    serial: &str,
) -> Result<MfaDevice, Fault> {
    let device = get(db, account, serial)?;
    match device.owner.as_ref() == Some(owner) {
        true => Ok(device),
        false => Err(fault::no_such_entity("MFA Device invalid for user.")),
    }
}

pub(crate) fn put(tx: &mut Tx, device: &MfaDevice) -> Result<(), Fault> {
    Ok(tx.put::<MfaDevices>(&device.key(), device)?)
}

/// Makes the device its owner's second factor.
///
/// # Errors
/// LimitExceeded when the owner has eight.
pub(crate) fn assign(tx: &mut Tx, device: &MfaDevice, owner: &KeyOwner) -> Result<(), Fault> {
    let shelf = (device.account, owner.word().to_owned());
    quota::room("MFADevicesPerUser", tx.count::<MfaDevicesOfOwner>(&shelf)?, quota::MFA_DEVICES_PER_USER)?;
    let (account, place) = device.key();
    tx.put::<MfaDevicesOfOwner>(&(account, shelf.1, place), &Mark {})?;
    put(tx, device)
}

/// Makes the device nobody's again.
pub(crate) fn release(tx: &mut Tx, mut device: MfaDevice) -> Result<(), Fault> {
    if let Some(owner) = device.owner.take() {
        let (account, place) = device.key();
        tx.delete::<MfaDevicesOfOwner>(&(account, owner.word().to_owned(), place))?;
    }
    device.enabled = None;
    device.drift = 0;
    put(tx, &device)
}

/// # Errors
/// DeleteConflict while the user has devices.
pub(crate) fn check_none(db: &Reader, user: &User) -> Result<(), Fault> {
    match db.any::<MfaDevicesOfOwner>(&(user.account, user.id.clone()))? {
        true => Err(conflict("must delete MFA device first.")),
        false => Ok(()),
    }
}

/// The fault of codes that are not the device's, not of now, not new, or too many.
pub(crate) fn wrong_codes() -> Fault {
    fault::invalid_authentication_code("Authentication code for device is not valid.")
}

/// The owner's devices.
pub(crate) fn list(
    db: &Reader,
    account: AccountId,
    owner: &KeyOwner,
    name: &str,
    window: &Window,
) -> Result<Page<model::MFADevice>, Fault> {
    let word = owner.word().to_owned();
    window.scan::<MfaDevicesOfOwner, _>(
        db,
        &(account, word.clone()),
        |place| (account, word.clone(), place),
        |(_, _, place)| place.clone(),
        |(_, _, place), _| {
            let device = db.get::<MfaDevices>(&(account, place.clone()))?;
            Ok(device.and_then(|device| {
                let enable_date = device.enabled?;
                Some(model::MFADevice {
                    user_name: name.to_owned(),
                    serial_number: device.serial(),
                    enable_date,
                })
            }))
        },
    )
}

/// As ListVirtualMFADevices shows a device: with who has it, and without its seed, which is shown once.
pub(crate) fn in_list(db: &Reader, device: &MfaDevice) -> Result<model::VirtualMFADevice, Fault> {
    Ok(model::VirtualMFADevice {
        serial_number: device.serial(),
        user: match &device.owner {
            None => None,
            Some(KeyOwner::Root) => Some(wire::root(db, device.account)?),
            Some(KeyOwner::User(id)) => match db.get::<Entities>(id)? {
                Some(place) => {
                    entity::find::<User>(db, place.account, &place.name)?.as_ref().map(wire::user_in_list)
                }
                None => None,
            },
        },
        enable_date: device.enabled,
        ..model::VirtualMFADevice::default()
    })
}
