//! Outbound web identity federation: an account's issuer of web identity tokens, on or off.

use rolecall_base::{AccountId, Fault};
use rolecall_env::Env;
use rolecall_identity::outbound_federation;
use rolecall_identity::records::{IssuerOwner, IssuerOwners, OutboundFederation, OutboundFederations};
use rolecall_store::{Reader, Tx};

use crate::model::fault;

/// Switches the feature on. The first time makes the issuer; later it is the same again.
///
/// # Errors
/// FeatureEnabled when it is on.
pub(crate) fn enable(tx: &mut Tx, env: &Env, account: AccountId) -> Result<OutboundFederation, Fault> {
    let old = tx.get::<OutboundFederations>(&account)?;
    if old.as_ref().is_some_and(|old| old.enabled) {
        return Err(fault::feature_enabled(
            "Outbound web identity federation is already enabled for this account.",
        ));
    }
    let issuer_id = old.map_or_else(|| env.uuid(), |old| old.issuer_id);
    let row = OutboundFederation { issuer_id, enabled: true };
    tx.put::<IssuerOwners>(&row.issuer_id, &IssuerOwner { account })?;
    tx.put::<OutboundFederations>(&account, &row)?;
    Ok(row)
}

/// # Errors
/// FeatureDisabled when it is off.
pub(crate) fn disable(tx: &mut Tx, account: AccountId) -> Result<(), Fault> {
    let row = current(tx, account)?;
    Ok(tx.put::<OutboundFederations>(&account, &OutboundFederation { enabled: false, ..row })?)
}

/// The account's issuer.
///
/// # Errors
/// FeatureDisabled when it is off.
pub(crate) fn current(db: &Reader, account: AccountId) -> Result<OutboundFederation, Fault> {
    outbound_federation(db, account)?.ok_or_else(|| {
        fault::feature_disabled("Outbound web identity federation is not enabled for this account.")
    })
}
