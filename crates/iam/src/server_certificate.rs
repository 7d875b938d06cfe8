//! Server certificates in the store: what is shown of them, and their texts in pieces.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolecall_actions::iam::kind;
use rolecall_base::{AccountId, Fault, Tags};
use rolecall_door::Resource;
use rolecall_env::Env;
use rolecall_identity::Vault;
use rolecall_store::{Reader, Table, Tx};

use crate::entity::{self, Entity};
use crate::model::{self, fault};
use crate::quota::{self, Quotas};
use crate::records::{CertificatePart, CertificateParts, ServerCertificate, ServerCertificates};

/// Bytes of one piece of a text.
const PIECE: usize = 32 * 1024;

/// The texts of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Body,
    Chain,
    Key,
}

impl Part {
    fn word(self) -> &'static str {
        match self {
            Part::Body => "body",
            Part::Chain => "chain",
            Part::Key => "key",
        }
    }
}

impl Resource for ServerCertificate {
    type Kind = kind::ServerCertificate;

    fn arn(&self) -> String {
        self.arn()
    }

    fn account(&self) -> AccountId {
        self.account
    }

    fn tags(&self) -> Tags {
        self.tags.clone()
    }
}

impl Entity for ServerCertificate {
    type Table = ServerCertificates;
    const WORD: &'static str = "server-certificate";

    fn name(&self) -> &str {
        &self.name
    }

    fn path(&self) -> &str {
        &self.path
    }

    fn missing(name: &str) -> Fault {
        fault::no_such_entity(format!("The Server Certificate with name {name} cannot be found."))
    }

    fn taken(name: &str) -> Fault {
        fault::entity_already_exists(format!("The Server Certificate with name {name} already exists."))
    }
}

/// Writes a new one.
///
/// # Errors
/// EntityAlreadyExists; LimitExceeded at the account's quota.
pub(crate) fn create(tx: &mut Tx, certificate: &ServerCertificate, quotas: &Quotas) -> Result<(), Fault> {
    entity::vacant::<ServerCertificate>(tx, certificate.account, &certificate.name)?;
    let count = tx.count::<ServerCertificates>(&(certificate.account,))?;
    quota::room("ServerCertificatesPerAccount", count, quotas.server_certificates)?;
    entity::put(tx, certificate)
}

/// Writes one of its texts, which is ASCII.
pub(crate) fn write(
    tx: &mut Tx,
    certificate: &ServerCertificate,
    part: Part,
    text: &str,
) -> Result<(), Fault> {
    for (number, piece) in (0_u32..).zip(text.as_bytes().chunks(PIECE)) {
        let text = std::str::from_utf8(piece).map_err(Fault::internal)?.to_owned();
        tx.put::<CertificateParts>(&place(certificate, part, number), &CertificatePart { text })?;
    }
    Ok(())
}

/// Writes the private key, sealed.
pub(crate) fn write_key(
    tx: &mut Tx,
    env: &Env,
    vault: &Vault,
    certificate: &ServerCertificate,
    key: &str,
) -> Result<(), Fault> {
    let sealed = vault.seal(env, &certificate.id, key.as_bytes());
    let sealed = sealed.map_err(|_| Fault::internal("a private key could not be sealed"))?;
    write(tx, certificate, Part::Key, &STANDARD.encode(sealed))
}

/// One of its texts; empty when it has none.
pub(crate) fn read(db: &Reader, certificate: &ServerCertificate, part: Part) -> Result<String, Fault> {
    let (account, id, word, _) = place(certificate, part, 0);
    let pieces = db.scan::<CertificateParts>(&(account, id, word), None, usize::MAX)?;
    Ok(pieces.into_iter().map(|(_, piece)| piece.text).collect())
}

/// Puts `new` in the place of `old`, of the same id.
///
/// # Errors
/// EntityAlreadyExists when the new name is another's.
pub(crate) fn replace(tx: &mut Tx, old: &ServerCertificate, new: &ServerCertificate) -> Result<(), Fault> {
    if old.key() != new.key() {
        entity::vacant::<ServerCertificate>(tx, new.account, &new.name)?;
        tx.delete::<ServerCertificates>(&old.key())?;
    }
    entity::put(tx, new)
}

pub(crate) fn delete(tx: &mut Tx, certificate: &ServerCertificate) -> Result<(), Fault> {
    tx.delete_prefix::<CertificateParts>(&(certificate.account, certificate.id.clone()))?;
    Ok(tx.delete::<ServerCertificates>(&certificate.key())?)
}

/// As lists show it.
pub(crate) fn to_wire(certificate: &ServerCertificate) -> model::ServerCertificateMetadata {
    model::ServerCertificateMetadata {
        path: certificate.path.clone(),
        server_certificate_name: certificate.name.clone(),
        server_certificate_id: certificate.id.clone(),
        arn: certificate.arn(),
        upload_date: Some(certificate.uploaded),
        expiration: Some(certificate.expires),
    }
}

fn place(certificate: &ServerCertificate, part: Part, number: u32) -> <CertificateParts as Table>::Key {
    (certificate.account, certificate.id.clone(), part.word().to_owned(), number)
}
