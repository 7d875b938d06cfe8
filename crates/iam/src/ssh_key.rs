//! SSH public keys of users: reading them in the two forms that IAM takes, keeping them, showing them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Digest as _;
use pkcs1::DecodeRsaPublicKey;
use rolecall_base::{AccountId, Fault};
use rolecall_identity::records::User;
use rolecall_store::{Reader, Tx};
use rsa::RsaPublicKey;
use rsa::pkcs8::{DecodePublicKey, EncodePublicKey};
use rsa::traits::PublicKeyParts;
use ssh_key::PublicKey;
use ssh_key::public::KeyData;

use crate::holder::conflict;
use crate::model::{self, fault};
use crate::pem;
use crate::quota;
use crate::records::{SshKey, SshKeys};

/// Keys of one user.
const KEYS_PER_USER: usize = 5;
/// Bits of the shortest key.
const BITS: usize = 2048;

/// A key that was read.
#[derive(Debug)]
pub struct Parsed {
    pub line: String,
    pub fingerprint: String,
}

/// Reads a key in OpenSSH's form or in PEM.
///
/// # Errors
/// UnrecognizedPublicKeyEncoding for another form; InvalidPublicKey for what is no RSA key of 2,048 bits at least.
pub fn parse(text: &str) -> Result<Parsed, Fault> {
    let invalid = || fault::invalid_public_key("The public key is malformed or otherwise invalid.");
    let key = if text.trim_start().starts_with("ssh-") {
        let key = PublicKey::from_openssh(text.trim()).map_err(|_| invalid())?;
        let KeyData::Rsa(key) = key.key_data() else { return Err(invalid()) };
        RsaPublicKey::try_from(key).map_err(|_| invalid())?
    } else if let Some((label, der)) = pem::one(text) {
        match label {
            "PUBLIC KEY" => RsaPublicKey::from_public_key_der(&der).map_err(|_| invalid())?,
            "RSA PUBLIC KEY" => RsaPublicKey::from_pkcs1_der(&der).map_err(|_| invalid())?,
            _ => return Err(unrecognized()),
        }
    } else {
        return Err(unrecognized());
    };
    if key.n().bits() < u32::try_from(BITS).unwrap_or(u32::MAX) {
        return Err(fault::invalid_public_key(format!("The public key must have {BITS} bits at least.")));
    }
    let key = ssh_key::public::RsaPublicKey::try_from(&key).map_err(|_| invalid())?;
    let key = PublicKey::from(KeyData::Rsa(key));
    let digest = md5::Md5::digest(key.to_bytes().map_err(Fault::internal)?);
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Parsed { line: key.to_openssh().map_err(Fault::internal)?, fingerprint: pairs.join(":") })
}

fn unrecognized() -> Fault {
    fault::unrecognized_public_key_encoding("The public key is neither in ssh-rsa format nor in PEM format.")
}

/// The key in the form `SSH` or `PEM`.
///
/// # Errors
/// UnrecognizedPublicKeyEncoding for another form.
fn encoded(key: &SshKey, encoding: &str) -> Result<String, Fault> {
    match encoding {
        "SSH" => Ok(key.line.clone()),
        "PEM" => {
            let own = PublicKey::from_openssh(&key.line).map_err(Fault::internal)?;
            let KeyData::Rsa(own) = own.key_data() else {
                return Err(Fault::internal("a key that is not RSA"));
            };
            let own = RsaPublicKey::try_from(own).map_err(Fault::internal)?;
            let der = own.to_public_key_der().map_err(Fault::internal)?;
            Ok(pem::encode("PUBLIC KEY", &STANDARD.encode(der.as_bytes())))
        }
        _ => Err(unrecognized()),
    }
}

/// Writes a new key.
///
/// # Errors
/// DuplicateSSHPublicKey when the user has it; LimitExceeded above five.
pub(crate) fn add(tx: &mut Tx, user: &User, key: &SshKey) -> Result<(), Fault> {
    let mine = all(tx, user)?;
    if mine.iter().any(|other| other.line == key.line) {
        return Err(fault::duplicate_ssh_public_key(format!(
            "The SSH public key is already associated with the user {}.",
            user.name
        )));
    }
    quota::room("SSHPublicKeysPerUser", mine.len(), KEYS_PER_USER)?;
    Ok(tx.put::<SshKeys>(&place(user, &key.id), key)?)
}

/// # Errors
/// NoSuchEntity when it is not a key of this user.
pub(crate) fn get(db: &Reader, user: &User, id: &str) -> Result<SshKey, Fault> {
    let key = db.get::<SshKeys>(&place(user, id))?;
    key.ok_or_else(|| fault::no_such_entity(format!("The Public Key with id {id} cannot be found.")))
}

/// # Errors
/// InvalidInput for a status that keys can't be given.
pub(crate) fn set_status(tx: &mut Tx, user: &User, mut key: SshKey, status: &str) -> Result<(), Fault> {
    key.active = match status {
        "Active" => true,
        "Inactive" => false,
        other => {
            return Err(fault::invalid_input(format!("Status {other} cannot be set on an SSH public key.")));
        }
    };
    Ok(tx.put::<SshKeys>(&place(user, &key.id), &key)?)
}

pub(crate) fn delete(tx: &mut Tx, user: &User, key: &SshKey) -> Result<(), Fault> {
    Ok(tx.delete::<SshKeys>(&place(user, &key.id))?)
}

/// The user's keys, at most five.
pub(crate) fn all(db: &Reader, user: &User) -> Result<Vec<SshKey>, Fault> {
    let rows = db.scan::<SshKeys>(&(user.account, user.id.clone()), None, KEYS_PER_USER)?;
    Ok(rows.into_iter().map(|(_, key)| key).collect())
}

/// # Errors
/// DeleteConflict while the user has keys.
pub(crate) fn check_none(db: &Reader, user: &User) -> Result<(), Fault> {
    match db.any::<SshKeys>(&(user.account, user.id.clone()))? {
        true => Err(conflict("must delete SSH public keys first.")),
        false => Ok(()),
    }
}

/// As answers show it, in the form `SSH`, `PEM` or (`None`) as it was uploaded.
///
/// # Errors
/// UnrecognizedPublicKeyEncoding for another form.
pub(crate) fn to_wire(
    user: &User,
    key: &SshKey,
    encoding: Option<&str>,
) -> Result<model::SSHPublicKey, Fault> {
    Ok(model::SSHPublicKey {
        user_name: user.name.clone(),
        ssh_public_key_id: key.id.clone(),
        fingerprint: key.fingerprint.clone(),
        ssh_public_key_body: match encoding {
            Some(encoding) => encoded(key, encoding)?,
            None => key.body.clone(),
        },
        status: crate::access_key::status(key.active).to_owned(),
        upload_date: Some(key.uploaded),
    })
}

fn place(user: &User, id: &str) -> (AccountId, String, String) {
    (user.account, user.id.clone(), id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SSH: &str = include_str!("../tests/keys/rsa.pub");

    /// The key, its forms and its fingerprint are ssh-keygen's.
    #[test]
    fn an_rsa_key_is_the_same_in_each_of_its_forms() {
        let spki = include_str!("../tests/keys/rsa.spki.pem");
        for form in [SSH, spki, include_str!("../tests/keys/rsa.pkcs1.pem")] {
            let key = parse(form).unwrap();
            assert!(SSH.starts_with(&key.line));
            assert_eq!(key.fingerprint, "03:fe:65:f4:37:65:3c:0d:d7:d0:a9:39:87:bf:62:cf");
        }
        let Parsed { line, fingerprint } = parse(SSH).unwrap();
        let key = SshKey {
            id: "APKA".into(),
            body: SSH.into(),
            line,
            fingerprint,
            active: true,
            uploaded: Default::default(),
        };
        assert_eq!(encoded(&key, "PEM").unwrap().trim(), spki.trim());
        assert_eq!(encoded(&key, "DER").unwrap_err().code(), "UnrecognizedPublicKeyEncoding");
    }

    #[test]
    fn short_keys_other_kinds_and_other_texts_are_refused() {
        let code = |text: &str| parse(text).unwrap_err().code().to_owned();
        assert_eq!(code(include_str!("../tests/keys/small.pub")), "InvalidPublicKey");
        assert_eq!(code(include_str!("../tests/keys/ed25519.pub")), "InvalidPublicKey");
        for bad in ["ssh-rsa", "ssh-rsa AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] {
            assert_eq!(code(bad), "InvalidPublicKey", "{bad}");
        }
        let certificate = include_str!("../tests/certificates/rsa.pem");
        for bad in ["hello", "-----BEGIN PUBLIC KEY-----", certificate] {
            assert_eq!(code(bad), "UnrecognizedPublicKeyEncoding", "{bad}");
        }
    }
}
