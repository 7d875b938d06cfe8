//! Signing certificates of users and of the root user.

use rolecall_base::{AccountId, Fault};
use rolecall_identity::records::{KeyOwner, User};
use rolecall_store::{Reader, Tx};

use crate::access_key;
use crate::holder::conflict;
use crate::model::{self, fault};
use crate::quota;
use crate::records::{
    SigningCertificate, SigningCertificateOwner, SigningCertificateOwners, SigningCertificates,
};

/// Writes a new one.
///
/// # Errors
/// DuplicateCertificate when a user of the account has it; LimitExceeded above two.
pub(crate) fn add(
    tx: &mut Tx,
    account: AccountId,
    owner: &KeyOwner,
    certificate: &SigningCertificate,
) -> Result<(), Fault> {
    let index = (account, certificate.digest.clone());
    if tx.exists::<SigningCertificateOwners>(&index)? {
        return Err(fault::duplicate_certificate(
            "The same certificate is already associated with an IAM user in this account.",
        ));
    }
    let count = tx.count::<SigningCertificates>(&(account, owner.word().to_owned()))?;
    quota::room("SigningCertificatesPerUser", count, quota::SIGNING_CERTIFICATES_PER_USER)?;
    tx.put::<SigningCertificateOwners>(&index, &SigningCertificateOwner { owner: owner.word().to_owned() })?;
    Ok(tx.put::<SigningCertificates>(&place(account, owner, &certificate.id), certificate)?)
}

/// # Errors
/// NoSuchEntity when it is not one of this owner.
pub(crate) fn get(
    db: &Reader,
    account: AccountId,
    owner: &KeyOwner,
    id: &str,
) -> Result<SigningCertificate, Fault> {
    let row = db.get::<SigningCertificates>(&place(account, owner, id))?;
    row.ok_or_else(|| fault::no_such_entity(format!("The Certificate with id {id} cannot be found.")))
}

/// # Errors
/// InvalidInput for a status that certificates can't be given.
pub(crate) fn set_status(
    tx: &mut Tx,
    account: AccountId,
    owner: &KeyOwner,
    mut certificate: SigningCertificate,
    status: &str,
) -> Result<(), Fault> {
    certificate.active = match status {
        "Active" => true,
        "Inactive" => false,
        other => {
            return Err(fault::invalid_input(format!(
                "Status {other} cannot be set on a signing certificate."
            )));
        }
    };
    Ok(tx.put::<SigningCertificates>(&place(account, owner, &certificate.id), &certificate)?)
}

pub(crate) fn delete(
    tx: &mut Tx,
    account: AccountId,
    owner: &KeyOwner,
    certificate: &SigningCertificate,
) -> Result<(), Fault> {
    tx.delete::<SigningCertificateOwners>(&(account, certificate.digest.clone()))?;
    Ok(tx.delete::<SigningCertificates>(&place(account, owner, &certificate.id))?)
}

/// The owner's, at most two.
pub(crate) fn all(
    db: &Reader,
    account: AccountId,
    owner: &KeyOwner,
) -> Result<Vec<SigningCertificate>, Fault> {
    let rows = db.scan::<SigningCertificates>(&(account, owner.word().to_owned()), None, usize::MAX)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// # Errors
/// DeleteConflict while the user has signing certificates.
pub(crate) fn check_none(db: &Reader, user: &User) -> Result<(), Fault> {
    match db.any::<SigningCertificates>(&(user.account, user.id.clone()))? {
        true => Err(conflict("must delete signing certificates first.")),
        false => Ok(()),
    }
}

/// As answers show it.
pub(crate) fn to_wire(name: Option<&str>, certificate: SigningCertificate) -> model::SigningCertificate {
    model::SigningCertificate {
        // The root user has no name.
        user_name: name.unwrap_or_default().to_owned(),
        certificate_id: certificate.id,
        certificate_body: certificate.body,
        status: access_key::status(certificate.active).to_owned(),
        upload_date: Some(certificate.uploaded),
    }
}

fn place(account: AccountId, owner: &KeyOwner, id: &str) -> (AccountId, String, String) {
    (account, owner.word().to_owned(), id.to_owned())
}
