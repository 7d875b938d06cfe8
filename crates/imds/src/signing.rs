//! What proves instance identity documents: each region has a key, made when it is first needed and kept sealed, and a
//! certificate that the server publishes. Why RSA stands behind all three proofs: docs/decisions/0021.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos};
use const_oid::db::{rfc5911, rfc5912};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rcgen::{CertificateParams, DnType, KeyPair};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rolecall_base::Fault;
use rolecall_env::Env;
use rolecall_identity::{Identity, Vault};
use rolecall_store::{Record, Table};
use rsa::pkcs8::EncodePrivateKey as _;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use x509_cert::Certificate;
use x509_cert::der::asn1::{Any, Null, OctetString, SetOfVec};
use x509_cert::der::{Decode as _, Encode as _, Tag};
use x509_cert::spki::AlgorithmIdentifierOwned;

/// Bits of a region's key.
const BITS: usize = 2048;
/// Years that a certificate is good for, as AWS's.
const YEARS: i64 = 200;
/// Characters of a line of Base64.
const LINE: usize = 64;

/// A region's key and certificate.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityKey {
    /// PKCS#8, sealed with the region's name.
    pub sealed: Vec<u8>,
    /// X.509, in DER.
    pub certificate: Vec<u8>,
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityKey")
    }
}

impl Record for IdentityKey {
    const VERSION: u8 = 1;
}

/// Region → its key.
#[derive(Debug)]
pub struct IdentityKeys;

impl Table for IdentityKeys {
    const ID: u16 = 180;
    const NAME: &'static str = "instance_identity_keys";
    type Key = String;
    type Row = IdentityKey;
}

/// The keys of all regions.
pub struct Signers {
    identity: Arc<Identity>,
    known: RwLock<HashMap<String, Arc<Signer>>>,
    /// Held while one is made: it takes a while, and one of each is enough.
    making: Mutex<()>,
}

impl Signers {
    pub fn new(identity: Arc<Identity>) -> Signers {
        Signers { identity, known: RwLock::default(), making: Mutex::default() }
    }

    /// A region's key, if it is there already.
    pub fn known(&self, region: &str) -> Option<Arc<Signer>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(region).cloned()
    }

    /// A region's key, unless it has none yet.
    ///
    /// # Errors
    /// When the store can't be read, or a stored key does not open.
    pub async fn existing(&self, region: &str) -> Result<Option<Arc<Signer>>, Fault> {
        let exists = self.known(region).is_some()
            || self.identity.store.read()?.exists::<IdentityKeys>(&region.to_owned())?;
        if exists { self.of(region).await.map(Some) } else { Ok(None) }
    }

    /// A region's key: that which it has, or a new one.
    ///
    /// # Errors
    /// When the store can't be read or written, or a stored key does not open.
    pub async fn of(&self, region: &str) -> Result<Arc<Signer>, Fault> {
        if let Some(known) = self.known(region) {
            return Ok(known);
        }
        let _alone = self.making.lock().await;
        if let Some(known) = self.known(region) {
            return Ok(known);
        }
        let Identity { env, vault, store, .. } = &*self.identity;
        let stored = store.read()?.get::<IdentityKeys>(&region.to_owned())?;
        let key = match stored {
            Some(key) => key,
            None => {
                let (env, vault, name) = (env.clone(), vault.clone(), region.to_owned());
                let made = tokio::task::spawn_blocking(move || make(&env, &vault, &name));
                let key = made.await.map_err(Fault::internal)??;
                let mut tx = store.begin()?;
                tx.put::<IdentityKeys>(&region.to_owned(), &key)?;
                store.commit(tx).await.map_err(Fault::internal)?;
                key
            }
        };
        let signer = Arc::new(Signer::open(vault, region, &key)?);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(region.to_owned(), signer.clone());
        Ok(signer)
    }
}

impl fmt::Debug for Signers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signers")
    }
}

fn make(env: &Env, vault: &Vault, region: &str) -> Result<IdentityKey, Fault> {
    let mut random = StdRng::from_seed(env.random());
    let key = rsa::RsaPrivateKey::new(&mut random, BITS).map_err(Fault::internal)?;
    let private = key.to_pkcs8_der().map_err(Fault::internal)?;
    let sealed = vault.seal(env, &owner(region), private.as_bytes());
    let sealed = sealed.map_err(|_| Fault::internal("an identity key could not be sealed"))?;
    let certificate = certify(private.as_bytes(), region, env)?;
    Ok(IdentityKey { sealed, certificate })
}

fn certify(private: &[u8], region: &str, env: &Env) -> Result<Vec<u8>, Fault> {
    let key = KeyPair::try_from(private).map_err(Fault::internal)?;
    let mut asked = CertificateParams::default();
    asked.distinguished_name.push(DnType::OrganizationName, "Rolecall");
    asked.distinguished_name.push(DnType::CommonName, format!("instance identity {region}"));
    let start = time::OffsetDateTime::from_unix_timestamp(env.now().seconds()).map_err(Fault::internal)?;
    asked.not_before = start;
    asked.not_after = start + time::Duration::days(YEARS * 365);
    // Positive, and never with a first byte of zero.
    let [first, rest @ ..] = env.random::<16>();
    let serial: Vec<u8> = std::iter::once(first & 0x3f | 0x40).chain(rest).collect();
    asked.serial_number = Some(serial.into());
    let made = asked.self_signed(&key).map_err(Fault::internal)?;
    Ok(made.der().to_vec())
}

fn owner(region: &str) -> String {
    format!("instance-identity/{region}")
}

/// Signs the documents of a region.
pub struct Signer {
    pair: RsaKeyPair,
    issuer: IssuerAndSerialNumber,
    /// `-----BEGIN CERTIFICATE-----` …
    pub certificate: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

/// The proofs of one document.
#[derive(Clone, Debug)]
pub struct Proofs {
    /// `signature`: Base64 of the bare signature.
    pub signature: Bytes,
    /// `pkcs7` and `rsa2048`: Base64 of signed data that carries the document.
    pub signed: Bytes,
}

impl Signer {
    fn open(vault: &Vault, region: &str, key: &IdentityKey) -> Result<Signer, Fault> {
        let private = vault.unseal(&owner(region), &key.sealed);
        let private =
            private.map_err(|_| Fault::internal("an identity key does not open with this root key"))?;
        let pair = RsaKeyPair::from_pkcs8(&private).map_err(Fault::internal)?;
        let certificate = Certificate::from_der(&key.certificate).map_err(Fault::internal)?;
        let inner = certificate.tbs_certificate();
        let issuer = IssuerAndSerialNumber {
            issuer: inner.issuer().clone(),
            serial_number: inner.serial_number().clone(),
        };
        let body = lines(&key.certificate);
        let certificate = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        Ok(Signer { pair, issuer, certificate })
    }

    /// Proves a document.
    ///
    /// # Errors
    /// When it can't be signed.
    pub fn prove(&self, document: &[u8]) -> Result<Proofs, Fault> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), document, &mut signature)
            .map_err(Fault::internal)?;
        let signed = self.signed_data(document, &signature).map_err(Fault::internal)?;
        Ok(Proofs { signature: lines(&signature).into(), signed: lines(&signed).into() })
    }

    /// CMS's SignedData around the document, without signed attributes: its signature is the bare one.
    fn signed_data(&self, document: &[u8], signature: &[u8]) -> Result<Vec<u8>, x509_cert::der::Error> {
        let digest = AlgorithmIdentifierOwned { oid: rfc5912::ID_SHA_256, parameters: None };
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(self.issuer.clone()),
            digest_alg: digest.clone(),
            signed_attrs: None,
            signature_algorithm: AlgorithmIdentifierOwned {
                oid: rfc5912::RSA_ENCRYPTION,
                parameters: Some(Any::encode_from(&Null)?),
            },
            signature: OctetString::new(signature)?,
            unsigned_attrs: None,
        };
        let data = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![digest])?,
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: rfc5911::ID_DATA,
                econtent: Some(Any::new(Tag::OctetString, document)?),
            },
            certificates: None,
            crls: None,
            signer_infos: SignerInfos(SetOfVec::try_from(vec![signer])?),
        };
        ContentInfo { content_type: rfc5911::ID_SIGNED_DATA, content: Any::encode_from(&data)? }.to_der()
    }
}

/// Base64 in lines, as openssl reads it.
fn lines(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let mut out = String::with_capacity(text.len() + text.len() / LINE);
    for (index, character) in text.chars().enumerate() {
        if index > 0 && index % LINE == 0 {
            out.push('\n');
        }
        out.push(character);
    }
    out
}

/// The proofs of the document that was asked about last.
#[derive(Debug, Default)]
pub struct Proved(std::sync::Mutex<Option<(Bytes, Proofs)>>);

impl Proved {
    /// The proofs of a document; signs it only if it is another one.
    ///
    /// # Errors
    /// When it can't be signed.
    pub fn of(&self, signer: &Signer, document: Bytes) -> Result<Proofs, Fault> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, proofs)) = last.as_ref().filter(|(known, _)| *known == document) {
            return Ok(proofs.clone());
        }
        let proofs = signer.prove(&document)?;
        *last = Some((document, proofs.clone()));
        Ok(proofs)
    }
}

/// Whether a path asks for a proof.
pub fn is_proof(path: &str) -> bool {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    path.contains("/instance-identity/") && matches!(last, "pkcs7" | "signature" | "rsa2048")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_asks_for_a_proof_is_told_from_others() {
        for path in ["/latest/dynamic/instance-identity/pkcs7", "/1.0/dynamic//instance-identity/rsa2048/"] {
            assert!(is_proof(path), "{path}");
        }
        for path in
            ["/latest/dynamic/instance-identity/document", "/pkcs7", "/latest/dynamic/instance-identity/"]
        {
            assert!(!is_proof(path), "{path}");
        }
    }

    #[test]
    fn base64_is_cut_into_lines_without_a_last_end() {
        assert_eq!(lines(&[0; 48]).len(), 64);
        assert_eq!(lines(&[0; 96]).lines().map(str::len).collect::<Vec<_>>(), [64, 64]);
    }
}
