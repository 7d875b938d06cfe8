//! X.509: certificates, chains and private keys as clients send them, read and held against each other.

use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5912, rfc8410};
use p256::elliptic_curve::sec1::ToSec1Point;
use pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey};
use ring::signature as sig;
use rolecall_base::{Fault, Time};
use rsa::pkcs8::DecodePrivateKey;
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

use crate::model::fault;
use crate::pem;

/// A certificate that was read.
#[derive(Debug)]
pub struct Parsed {
    certificate: Certificate,
    pub not_before: Time,
    pub not_after: Time,
    /// SHA-256 of the DER, hexadecimal.
    pub digest: String,
}

/// Reads one certificate in PEM.
///
/// # Errors
/// MalformedCertificate.
pub fn parse(text: &str) -> Result<Parsed, Fault> {
    let block = pem::one(text).filter(|(label, _)| is_certificate(label));
    let (_, der) = block.ok_or_else(unreadable)?;
    read(&der)
}

fn read(der: &[u8]) -> Result<Parsed, Fault> {
    let certificate = Certificate::from_der(der).map_err(|_| unreadable())?;
    let validity = certificate.tbs_certificate().validity();
    let time = |time: &x509_cert::time::Time| {
        Time::from_seconds(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX / 1000))
    };
    let (not_before, not_after) = (time(&validity.not_before), time(&validity.not_after));
    let digest = Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Parsed { certificate, not_before, not_after, digest })
}

fn is_certificate(label: &str) -> bool {
    matches!(label, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")
}

fn unreadable() -> Fault {
    fault::malformed_certificate(
        "Unable to parse certificate. Please ensure the certificate is in PEM format.",
    )
}

impl Parsed {
    /// Whether the certificate is good at this time.
    pub fn is_current(&self, now: Time) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Whether `key` is the private key of this certificate.
    ///
    /// # Errors
    /// MalformedCertificate for what is no unencrypted private key in PEM; KeyPairMismatch.
    pub fn check_key(&self, key: &str) -> Result<(), Fault> {
        let unreadable = || {
            fault::malformed_certificate(
                "Unable to parse private key. Please ensure the key is unencrypted and in PEM format.",
            )
        };
        let key = public_of(key).ok_or_else(unreadable)?;
        let info = self.certificate.tbs_certificate().subject_public_key_info();
        let own = info.subject_public_key.as_bytes().unwrap_or_default();
        let same = match key {
            Public::Rsa(key) => {
                info.algorithm.oid == rfc5912::RSA_ENCRYPTION
                    && RsaPublicKey::from_pkcs1_der(own).is_ok_and(|own| own == key)
            }
            Public::Ec(curve, point) => {
                info.algorithm.oid == rfc5912::ID_EC_PUBLIC_KEY && self.curve() == Some(curve) && own == point
            }
        };
        if same {
            return Ok(());
        }
        Err(fault::key_pair_mismatch("The private key does not match the public key certificate."))
    }

    /// The chain must begin with the certificate that signed this one, each followed by its signer.
    ///
    /// # Errors
    /// MalformedCertificate.
    pub fn check_chain(&self, chain: &str) -> Result<(), Fault> {
        let blocks = pem::all(chain).filter(|blocks| !blocks.is_empty()).ok_or_else(unreadable)?;
        let mut signers = Vec::new();
        for (label, der) in &blocks {
            if !is_certificate(label) {
                return Err(unreadable());
            }
            signers.push(read(der)?);
        }
        let all = std::iter::once(self).chain(&signers);
        for (index, (signed, signer)) in all.zip(&signers).enumerate() {
            if !signed.is_signed_by(signer) {
                // AWS counts from the certificate itself, which is -1.
                let place = i64::try_from(index).unwrap_or(i64::MAX) - 1;
                return Err(fault::malformed_certificate(format!(
                    "Unable to validate certificate chain. The certificate chain must start with the immediate \
                     signing certificate, followed by any intermediaries in order. The index within the chain of \
                     the invalid certificate is: {place}"
                )));
            }
        }
        Ok(())
    }

    fn is_signed_by(&self, signer: &Parsed) -> bool {
        let (own, theirs) = (self.certificate.tbs_certificate(), signer.certificate.tbs_certificate());
        let key = theirs.subject_public_key_info().subject_public_key.as_bytes();
        let parts = (own.to_der(), self.certificate.signature().as_bytes(), key, self.method(signer));
        let (Ok(message), Some(signature), Some(key), Some(method)) = parts else { return false };
        own.issuer() == theirs.subject()
            && sig::UnparsedPublicKey::new(method, key).verify(&message, signature).is_ok()
    }

    /// How this certificate's signature is verified with the key of `signer`; `None` for other methods.
    fn method(&self, signer: &Parsed) -> Option<&'static dyn sig::VerificationAlgorithm> {
        let curve = signer.curve();
        let oid = self.certificate.signature_algorithm().oid;
        Some(match oid {
            rfc5912::SHA_1_WITH_RSA_ENCRYPTION => &sig::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            rfc5912::SHA_256_WITH_RSA_ENCRYPTION => &sig::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            rfc5912::SHA_384_WITH_RSA_ENCRYPTION => &sig::RSA_PKCS1_2048_8192_SHA384,
            rfc5912::SHA_512_WITH_RSA_ENCRYPTION => &sig::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            rfc5912::ECDSA_WITH_SHA_256 if curve == Some(P256) => &sig::ECDSA_P256_SHA256_ASN1,
            rfc5912::ECDSA_WITH_SHA_384 if curve == Some(P256) => &sig::ECDSA_P256_SHA384_ASN1,
            rfc5912::ECDSA_WITH_SHA_256 if curve == Some(P384) => &sig::ECDSA_P384_SHA256_ASN1,
            rfc5912::ECDSA_WITH_SHA_384 if curve == Some(P384) => &sig::ECDSA_P384_SHA384_ASN1,
            rfc8410::ID_ED_25519 => &sig::ED25519,
            _ => return None,
        })
    }

    /// The curve of an elliptic key.
    fn curve(&self) -> Option<ObjectIdentifier> {
        let info = self.certificate.tbs_certificate().subject_public_key_info();
        info.algorithm.parameters.as_ref()?.decode_as().ok()
    }
}

const P256: ObjectIdentifier = rfc5912::SECP_256_R_1;
const P384: ObjectIdentifier = rfc5912::SECP_384_R_1;

/// The public half of a private key.
enum Public {
    Rsa(RsaPublicKey),
    /// Curve, and point as X.509 has it.
    Ec(ObjectIdentifier, Vec<u8>),
}

fn public_of(key: &str) -> Option<Public> {
    let blocks = pem::all(key)?;
    // OpenSSL writes the curve in a block of its own before the key.
    let mut keys = blocks.iter().filter(|(label, _)| *label != "EC PARAMETERS");
    let ((label, der), None) = (keys.next()?, keys.next()) else { return None };
    let rsa = match *label {
        "RSA PRIVATE KEY" => RsaPrivateKey::from_pkcs1_der(der).ok(),
        "PRIVATE KEY" => RsaPrivateKey::from_pkcs8_der(der).ok(),
        _ => None,
    };
    if let Some(rsa) = rsa {
        return Some(Public::Rsa(rsa.to_public_key()));
    }
    let (small, large) = match *label {
        "EC PRIVATE KEY" => {
            (p256::SecretKey::from_sec1_der(der).ok(), p384::SecretKey::from_sec1_der(der).ok())
        }
        "PRIVATE KEY" => {
            (p256::SecretKey::from_pkcs8_der(der).ok(), p384::SecretKey::from_pkcs8_der(der).ok())
        }
        _ => return None,
    };
    match (small, large) {
        (Some(key), _) => Some(Public::Ec(P256, key.public_key().to_sec1_point(false).as_bytes().to_vec())),
        (_, Some(key)) => Some(Public::Ec(P384, key.public_key().to_sec1_point(false).as_bytes().to_vec())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: &str = include_str!("../tests/certificates/rsa.pem");
    const EC: &str = include_str!("../tests/certificates/ec.pem");
    const RSA_KEY: &str = include_str!("../tests/certificates/rsa.key");
    const EC_KEY: &str = include_str!("../tests/certificates/ec.key");
    const MIDDLE: &str = include_str!("../tests/certificates/middle.pem");
    const ROOT: &str = include_str!("../tests/certificates/root.pem");

    /// Certificates and keys are made by OpenSSL.
    #[test]
    fn a_certificate_matches_its_key_in_each_form_and_no_other() {
        let (rsa, ec) = (parse(RSA).unwrap(), parse(EC).unwrap());
        for key in [RSA_KEY, include_str!("../tests/certificates/rsa.pkcs8.key")] {
            rsa.check_key(key).unwrap();
            assert_eq!(ec.check_key(key).unwrap_err().code(), "KeyPairMismatch");
        }
        for key in [EC_KEY, include_str!("../tests/certificates/ec.pkcs8.key")] {
            ec.check_key(key).unwrap();
            assert_eq!(rsa.check_key(key).unwrap_err().code(), "KeyPairMismatch");
        }
        for bad in ["", "key", RSA, &RSA_KEY.replace("RSA PRIVATE", "ENCRYPTED PRIVATE")] {
            assert_eq!(rsa.check_key(bad).unwrap_err().code(), "MalformedCertificate", "{bad}");
        }
    }

    #[test]
    fn a_chain_is_signed_link_by_link() {
        let chain = format!("{MIDDLE}\n{ROOT}");
        for leaf in [RSA, EC] {
            parse(leaf).unwrap().check_chain(&chain).unwrap();
            parse(leaf).unwrap().check_chain(MIDDLE).unwrap();
        }
        let index = |chain: &str| {
            let fault = parse(RSA).unwrap().check_chain(chain).unwrap_err();
            assert_eq!(fault.code(), "MalformedCertificate");
            fault.message().rsplit(' ').next().unwrap().to_owned()
        };
        assert_eq!(index(&format!("{ROOT}{MIDDLE}")), "-1");
        assert_eq!(index(&format!("{MIDDLE}{EC}")), "0");
        // A signer's name is not enough.
        assert_eq!(index(include_str!("../tests/certificates/false-middle.pem")), "-1");
        assert_eq!(index("some text"), "format.");
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for bad in ["", "x", RSA_KEY, &RSA.replace("MII", "AAA"), &format!("{RSA}{EC}")] {
            let fault = parse(bad).unwrap_err();
            assert_eq!(
                fault.message(),
                "Unable to parse certificate. Please ensure the certificate is in PEM format."
            );
        }
        let old = parse(include_str!("../tests/certificates/old.pem")).unwrap();
        assert!(
            !old.is_current(Time::from_seconds(1_767_225_600))
                && old.is_current(Time::from_seconds(1_600_000_000))
        );
    }
}
