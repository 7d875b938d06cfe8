//! EC2's encoded authorization message: what was asked and why it was refused, sealed so that only
//! `sts:DecodeAuthorizationMessage` tells it.

use std::io::{Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rolecall_base::{AccountId, Fault};
use rolecall_env::Env;
use rolecall_identity::{NotOurs, Vault};
use rolecall_policy::Decision;
use serde_json::{Value, json};

use crate::needs::{Ask, KeyValue};
use crate::operation::Place;

/// A message opens only in the account that it was made in: who was refused there must not read it by another account's
/// rights.
fn owner(account: AccountId) -> String {
    format!("rolecall/authorization-message/2/{account}")
}

/// Bytes of an opened message; what we write is far smaller.
const MAX: u64 = 64 * 1024;

/// The text for one denial; empty when it can't be sealed, which leaves the denial itself as it is.
pub(crate) fn encode(
    env: &Env,
    vault: &Vault,
    place: &Place<'_>,
    ask: &Ask,
    decision: &Decision<'_>,
) -> String {
    let plain = document(place, ask, decision).to_string();
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    let packed = encoder.write_all(plain.as_bytes()).and_then(|()| encoder.finish());
    let sealed =
        packed.map_err(|_| NotOurs).and_then(|packed| vault.seal(env, &owner(place.caller.account), &packed));
    sealed.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).unwrap_or_default()
}

/// Opens an encoded message of an account.
///
/// # Errors
/// InvalidAuthorizationMessageException for any text that we did not make, or made for another account.
pub fn decode(vault: &Vault, account: AccountId, text: &str) -> Result<String, Fault> {
    let invalid = || {
        let message = "The encoded message is invalid.";
        Fault::new("InvalidAuthorizationMessageException", 400, message)
    };
    let sealed = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
    let packed = vault.unseal(&owner(account), &sealed).map_err(|_| invalid())?;
    let mut plain = String::new();
    DeflateDecoder::new(&packed[..]).take(MAX).read_to_string(&mut plain).map_err(|_| invalid())?;
    Ok(plain)
}

fn document(place: &Place<'_>, ask: &Ask, decision: &Decision<'_>) -> Value {
    let caller = place.caller;
    let conditions = ask.keys.iter().map(|(key, value)| {
        let values: Vec<Value> = match value {
            KeyValue::One(text) => vec![json!({ "value": text })],
            KeyValue::Many(list) => list.iter().map(|text| json!({ "value": text })).collect(),
        };
        json!({ "key": key, "values": { "items": values } })
    });
    let statements: Vec<Value> = decision
        .matched
        .iter()
        .map(|matched| {
            json!({
                "statementId": matched.sid.unwrap_or_default(),
                "effect": "DENY",
                "source": matched.policy.to_string(),
                "statement": matched.statement,
            })
        })
        .collect();
    json!({
        "allowed": false,
        "explicitDeny": decision.is_explicit_deny(),
        "matchedStatements": { "items": statements },
        "failures": { "items": [] },
        "context": {
            "principal": {
                "id": caller.user_id,
                "name": caller.session_name().or(caller.user_name.as_deref()).unwrap_or_default(),
                "arn": caller.arn,
            },
            "action": ask.action,
            "resource": ask.resource,
            "conditions": { "items": conditions.collect::<Vec<_>>() },
        },
    })
}
