//! SAML providers by ARN, their metadata, and the keys that open what they encrypt.

use std::io::{Read, Write};
use std::time::Duration;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rolecall_actions::iam::kind;
use rolecall_base::{AccountId, Arn, Fault, Time};
use rolecall_door::{At, Authorized, ByArn, Operation};
use rolecall_identity::records::{SamlDocument, SamlDocuments, SamlPrivateKey, SamlProvider, SamlProviders};
use rolecall_saml::{Metadata, PrivateKey};
use rolecall_store::{Reader, Tx};

use crate::model::fault;

/// Providers of one account.
pub(crate) const PROVIDERS: usize = 100;
/// Private keys of one provider.
const KEYS: usize = 2;
/// Characters of the longest document, which is all that comes out of a row.
const LONGEST: u64 = 40_000_000;
/// How long metadata holds that does not say: a hundred years.
const VALID: Duration = Duration::from_secs(36_525 * 86_400);

/// What a mode of encryption is called.
pub(crate) const REQUIRED: &str = "Required";
const ALLOWED: &str = "Allowed";

/// A provider as the thing that an operation is about.
///
/// # Errors
/// InvalidInput for what is no provider's ARN.
pub(crate) fn target(at: &At<'_>, arn: &str) -> Result<ByArn<kind::SamlProvider>, Fault> {
    let (account, _) = parse(arn)?;
    let tags = find(at.db()?, at.account(), arn)?.map(|provider| provider.tags).unwrap_or_default();
    Ok(ByArn::new(arn, account).tagged(tags))
}

/// # Errors
/// NoSuchEntity, also for another account's.
pub(crate) fn get(db: &Reader, account: AccountId, arn: &str) -> Result<SamlProvider, Fault> {
    find(db, account, arn)?.ok_or_else(|| fault::no_such_entity(format!("Manifest not found for arn {arn}")))
}

fn find(db: &Reader, account: AccountId, arn: &str) -> Result<Option<SamlProvider>, Fault> {
    let (owner, name) = parse(arn)?;
    if owner != account {
        return Ok(None);
    }
    Ok(db.get::<SamlProviders>(&(account, name.to_owned()))?)
}

pub(crate) fn put(tx: &mut Tx, provider: &SamlProvider) -> Result<(), Fault> {
    Ok(tx.put::<SamlProviders>(&(provider.account, provider.name.clone()), provider)?)
}

pub(crate) fn delete(tx: &mut Tx, provider: &SamlProvider) -> Result<(), Fault> {
    let key = (provider.account, provider.name.clone());
    tx.delete::<SamlProviders>(&key)?;
    Ok(tx.delete::<SamlDocuments>(&key)?)
}

fn parse(arn: &str) -> Result<(AccountId, &str), Fault> {
    let parsed = Arn::parse(arn).ok().filter(|parsed| parsed.service == "iam" && parsed.region.is_empty());
    let place = parsed.and_then(|parsed| {
        let (word, name) = parsed.kind_and_rest();
        let account = parsed.account_id()?;
        (word == "saml-provider" && !name.is_empty()).then_some((account, name))
    });
    place.ok_or_else(|| fault::invalid_input(format!("Invalid ARN: {arn}")))
}

/// Reads metadata into the provider. The document itself goes to [`put_document`].
///
/// # Errors
/// InvalidInput for what is no usable metadata; the log says why.
pub(crate) fn describe(provider: &mut SamlProvider, document: &str, now: Time) -> Result<(), Fault> {
    let metadata = Metadata::parse(document);
    let metadata = metadata.map_err(|bad| fault::invalid_input("Could not parse metadata").because(bad.0))?;
    provider.valid_until = metadata.valid_until.unwrap_or(now.whole_seconds() + VALID);
    provider.signing_keys = metadata.keys.iter().map(|key| key.spki().to_vec()).collect();
    provider.entity_id = metadata.entity_id;
    Ok(())
}

pub(crate) fn put_document(tx: &mut Tx, provider: &SamlProvider, document: &str) -> Result<(), Fault> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let deflated = encoder.write_all(document.as_bytes()).and_then(|()| encoder.finish());
    let row = SamlDocument { deflated: deflated.map_err(Fault::internal)? };
    Ok(tx.put::<SamlDocuments>(&(provider.account, provider.name.clone()), &row)?)
}

pub(crate) fn document(db: &Reader, provider: &SamlProvider) -> Result<String, Fault> {
    let row = db.get::<SamlDocuments>(&(provider.account, provider.name.clone()))?;
    let row = row.ok_or_else(|| Fault::internal("a SAML provider without its document"))?;
    let mut text = String::new();
    let read = DeflateDecoder::new(&*row.deflated).take(LONGEST).read_to_string(&mut text);
    read.map(|_| text).map_err(Fault::internal)
}

/// Adds a private key to the provider, sealed.
///
/// # Errors
/// InvalidInput for what is no RSA key in PEM; LimitExceeded above two.
pub(crate) fn add_key<Op: Operation>(
    req: &Authorized<'_, Op>,
    provider: &mut SamlProvider,
    pem: &str,
) -> Result<(), Fault> {
    if provider.private_keys.len() >= KEYS {
        return Err(fault::limit_exceeded(format!("Private key limit of {KEYS} is reached.")));
    }
    let invalid = |_| fault::invalid_input("Invalid private key.");
    let pkcs8 = PrivateKey::of_pem(pem).and_then(|key| key.pkcs8()).map_err(invalid)?;
    let id = req.env.unique_id("SAMLPK");
    let owner = SamlPrivateKey::owner(&provider.uuid, &id);
    let sealed = req.identity.vault.seal(req.env, &owner, &pkcs8);
    let sealed = sealed.map_err(|_| Fault::internal("a private key could not be sealed"))?;
    provider.private_keys.push(SamlPrivateKey { id, added: req.now.whole_seconds(), sealed });
    Ok(())
}

/// Sets whether assertions must be encrypted.
///
/// # Errors
/// InvalidInput when they must be, and no key could open them.
pub(crate) fn encrypt(provider: &mut SamlProvider, mode: Option<&str>) -> Result<(), Fault> {
    if let Some(mode) = mode {
        provider.must_encrypt = mode == REQUIRED;
    }
    if provider.must_encrypt && provider.private_keys.is_empty() {
        return Err(fault::invalid_input(
            "Unable to set assertion encryption mode to Required because no private key is provided.",
        ));
    }
    Ok(())
}

pub(crate) fn mode(provider: &SamlProvider) -> &'static str {
    if provider.must_encrypt { REQUIRED } else { ALLOWED }
}

#[cfg(test)]
pub(crate) mod sample {
    //! A provider's metadata, and a key for what it encrypts.

    use crate::model::{CreateSAMLProvider, CreateSAMLProviderRequest};
    use crate::scene::Scene;

    pub(crate) const METADATA: &str = include_str!("../../saml/tests/data/metadata.xml");
    pub(crate) const PRIVATE_KEY: &str = include_str!("../../saml/tests/data/decrypt.pem");

    pub(crate) fn create(name: &str) -> CreateSAMLProviderRequest {
        CreateSAMLProviderRequest {
            name: name.into(),
            saml_metadata_document: METADATA.into(),
            ..Default::default()
        }
    }

    /// A provider; answers its ARN.
    pub(crate) fn provider(scene: &Scene, name: &str) -> String {
        scene.call::<CreateSAMLProvider>(create(name)).unwrap().saml_provider_arn.unwrap()
    }
}
