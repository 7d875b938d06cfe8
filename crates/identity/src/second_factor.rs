//! Second factors: whether a code is one of the caller's devices, and that each is good once.

use rolecall_base::{AccountId, Fault, Time};
use rolecall_env::Env;
use rolecall_store::{Reader, Tx};
use zeroize::Zeroizing;

use crate::caller::{Caller, Who};
use crate::known::Identity;
use crate::records::{KeyOwner, MfaDevice, MfaDevices};
use crate::totp;
pub use crate::totp::{code, step};
use crate::vault::Vault;

/// Steps before and after the device's own time whose codes are good.
const WINDOW: i64 = 1;

/// A code that was right and not used before. It is good once: see [`Shown::spend`].
#[derive(Debug)]
#[must_use]
pub struct Shown {
    key: (AccountId, String),
    step: i64,
}

/// Why a code is not taken.
#[derive(Debug)]
pub enum NotShown {
    /// No device of that serial number is this caller's.
    NoDevice,
    /// Not a code of now, one that was used already, or one more than may be tried.
    Wrong,
    /// We failed.
    Failed(Fault),
}

impl<E: Into<Fault>> From<E> for NotShown {
    fn from(error: E) -> NotShown {
        NotShown::Failed(error.into())
    }
}

impl Shown {
    /// Uses the code up, and all before it. The call must not succeed unless this is committed.
    ///
    /// # Errors
    /// InternalFailure when the device is gone, which the transaction in which the code was checked excludes.
    pub fn spend(&self, tx: &mut Tx) -> Result<(), Fault> {
        let device = tx.get::<MfaDevices>(&self.key)?;
        let mut device = device.ok_or_else(|| Fault::internal("a device that was checked is gone"))?;
        device.last_step = self.step;
        Ok(tx.put::<MfaDevices>(&self.key, &device)?)
    }
}

/// Whose devices are this caller's second factor: a user's or root's. Roles have none.
pub fn owner(caller: &Caller) -> Option<KeyOwner> {
    match caller.who {
        Who::Root => Some(KeyOwner::Root),
        Who::User => Some(KeyOwner::User(caller.principal_id.clone())),
        _ => None,
    }
}

/// A new device's seed, sealed for the store, and as clients see it: base 32.
///
/// # Errors
/// InternalFailure.
pub fn new_seed(env: &Env, vault: &Vault, serial: &str) -> Result<(Vec<u8>, Zeroizing<String>), Fault> {
    let seed = Zeroizing::new(env.random::<{ totp::SEED }>());
    let sealed = vault.seal(env, serial, &*seed);
    let sealed = sealed.map_err(|_| Fault::internal("a seed could not be sealed"))?;
    Ok((sealed, Zeroizing::new(totp::base32(&*seed))))
}

impl Identity {
    /// Checks a code of one of the owner's devices. A try counts, right or wrong, so call it once for each code that
    /// somebody sends and each transaction that judges it.
    ///
    /// # Errors
    /// [`NotShown`].
    pub fn check_code(
        &self,
        db: &Reader,
        account: AccountId,
        owner: Option<&KeyOwner>,
        serial: &str,
        code: &str,
        now: Time,
    ) -> Result<Shown, NotShown> {
        let key = MfaDevice::key_of(serial).filter(|key| key.0 == account).ok_or(NotShown::NoDevice)?;
        let device = db.get::<MfaDevices>(&key)?;
        let device = device.filter(|device| device.serial() == serial && owner.is_some());
        let device = device.filter(|device| device.owner.as_ref() == owner).ok_or(NotShown::NoDevice)?;
        if !self.attempts.begin(serial, now) {
            return Err(NotShown::Wrong);
        }
        let seed = self.seed(&device)?;
        let around = totp::step(now) + device.drift;
        let mut found = None;
        for step in around - WINDOW..=around + WINDOW {
            if totp::is_code(&seed, step, code) && step > device.last_step {
                found = Some(step);
            }
        }
        let step = found.ok_or(NotShown::Wrong)?;
        self.attempts.right(serial);
        Ok(Shown { key, step })
    }

    /// Finds the step of the later of two codes that follow each other, within `width` steps of now; `None` when they do
    /// not, were used, or too many were tried.
    ///
    /// # Errors
    /// InternalFailure when the seed does not open.
    pub fn check_two_codes(
        &self,
        device: &MfaDevice,
        width: i64,
        first: &str,
        second: &str,
        now: Time,
    ) -> Result<Option<i64>, Fault> {
        let serial = device.serial();
        if !self.attempts.begin(&serial, now) {
            return Ok(None);
        }
        let seed = self.seed(device)?;
        let found = totp::consecutive(&seed, totp::step(now), width, first, second);
        let found = found.filter(|step| *step > device.last_step);
        if found.is_some() {
            self.attempts.right(&serial);
        }
        Ok(found)
    }

    fn seed(&self, device: &MfaDevice) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let seed = self.vault.unseal(&device.serial(), &device.sealed_seed);
        seed.map_err(|_| Fault::internal("a device's seed does not open with this root key"))
    }
}
