//! What an account decided for its instances in a region: reading and changing it.

use rolecall_base::Fault;
use rolecall_store::{Reader, Tx};

use crate::faults;
use crate::instance_types::InstanceType;
use crate::place::Place;
use crate::records::{AccountSettings, Instance, MetadataDefaults, MetadataOptions, SettingsOfAccounts};

/// What was decided.
///
/// # Errors
/// When the store can't be read.
pub fn of(db: &Reader, place: Place<'_>) -> Result<AccountSettings, Fault> {
    Ok(db.get::<SettingsOfAccounts>(&(place.account, place.region))?.unwrap_or_default())
}

/// Changes what was decided.
///
/// # Errors
/// When the store can't be read.
pub fn change(
    tx: &mut Tx,
    place: Place<'_>,
    change: impl FnOnce(&mut AccountSettings),
) -> Result<AccountSettings, Fault> {
    let mut own = of(tx, place)?;
    change(&mut own);
    tx.put::<SettingsOfAccounts>(&(place.account, place.region), &own)?;
    Ok(own)
}

impl MetadataDefaults {
    /// The account's wishes over those of an image.
    pub fn over(&self, options: MetadataOptions) -> MetadataOptions {
        MetadataOptions {
            tokens_required: self.tokens_required.unwrap_or(options.tokens_required),
            hop_limit: self.hop_limit.unwrap_or(options.hop_limit),
            enabled: self.enabled.unwrap_or(options.enabled),
            tags: self.tags.unwrap_or(options.tags),
            ..options
        }
    }

    /// Whether an instance may have these options. `doing` is what the caller tries.
    ///
    /// # Errors
    /// UnsupportedOperation when version 1 would be on although the account forbids it.
    pub fn check(&self, options: &MetadataOptions, doing: &str) -> Result<(), Fault> {
        if self.enforced != Some(true) || options.tokens_required {
            return Ok(());
        }
        let text = format!(
            "You can't {doing} with IMDSv1 because httpTokensEnforced is enabled for this account. Either launch the instance with httpTokens=required or contact your account owner to disable httpTokensEnforced using the ModifyInstanceMetadataDefaults API or the account settings in the EC2 console."
        );
        Err(faults::other("UnsupportedOperation", text))
    }
}

/// Families of which an account may say whether they burst without limit.
pub const BURSTABLE: [&str; 4] = ["t2", "t3", "t3a", "t4g"];

/// Checks that a family is one of them.
///
/// # Errors
/// InvalidParameterValue.
pub fn check_family(family: &str) -> Result<(), Fault> {
    if BURSTABLE.contains(&family) {
        return Ok(());
    }
    Err(faults::invalid_value(family, "instanceFamily", "It is no burstable performance instance family."))
}

impl AccountSettings {
    /// Whether new instances of a burstable family burst without limit: AWS's default is no for T2 alone.
    pub fn unlimited(&self, family: &str) -> bool {
        self.unlimited.get(family).copied().unwrap_or(family != "t2")
    }
}

/// Whether an instance of a burstable type bursts without limit; `None` for other types.
pub fn unlimited(instance: &Instance, size: &InstanceType) -> Option<bool> {
    size.burstable().then(|| instance.settings.unlimited.unwrap_or(size.family() != "t2"))
}

/// `unlimited` or `standard`
pub fn credits(unlimited: bool) -> &'static str {
    if unlimited { "unlimited" } else { "standard" }
}

/// Reads that word.
///
/// # Errors
/// InvalidParameterValue for another.
pub fn is_unlimited(word: &str) -> Result<bool, Fault> {
    match word {
        "unlimited" => Ok(true),
        "standard" => Ok(false),
        other => Err(faults::invalid_value(other, "cpuCredits", "It must be standard or unlimited.")),
    }
}
