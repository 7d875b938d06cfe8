//! Keys that verify signatures: read out of X.509 certificates, used by `ring`.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// Bits of an RSA modulus, least and most.
const RSA_BITS: (usize, usize) = (2048, 8192);

/// Why a certificate or key is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadKey {
    /// Not DER, not X.509, or an extension that comes twice.
    Malformed,
    /// Neither RSA nor ECDSA on P-256 or P-384.
    Unsupported,
    /// An RSA key shorter than 2,048 bits, or longer than 8,192.
    Size,
}

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    RsaSha256,
    RsaSha384,
    RsaSha512,
    EcdsaSha256,
    EcdsaSha384,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
}

/// A public key that signs for a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    kind: Kind,
    /// As `ring` takes it: PKCS #1 of an RSA key, the uncompressed point of the others.
    bytes: Vec<u8>,
    spki: Vec<u8>,
}

impl PublicKey {
    /// The key of a certificate, DER. As with AWS, neither the certificate's dates nor its issuer matter: the metadata is
    /// what is trusted.
    ///
    /// # Errors
    /// See [`BadKey`].
    pub fn of_certificate(der: &[u8]) -> Result<PublicKey, BadKey> {
        let certificate = Certificate::from_der(der).map_err(|_| BadKey::Malformed)?;
        let certificate = certificate.tbs_certificate();
        let extensions = certificate.extensions().map(Vec::as_slice).unwrap_or_default();
        for (index, extension) in extensions.iter().enumerate() {
            if extensions.iter().take(index).any(|earlier| earlier.extn_id == extension.extn_id) {
                return Err(BadKey::Malformed);
            }
        }
        let spki = certificate.subject_public_key_info().to_der().map_err(|_| BadKey::Malformed)?;
        PublicKey::of_spki(&spki)
    }

    /// A key in the form that [`PublicKey::spki`] gives.
    ///
    /// # Errors
    /// See [`BadKey`].
    pub fn of_spki(der: &[u8]) -> Result<PublicKey, BadKey> {
        let spki = SubjectPublicKeyInfoOwned::from_der(der).map_err(|_| BadKey::Malformed)?;
        let bytes = spki.subject_public_key.as_bytes().ok_or(BadKey::Malformed)?.to_vec();
        let curve = || spki.algorithm.parameters.as_ref().and_then(|any| any.decode_as().ok());
        let kind = match spki.algorithm.oid {
            RSA => {
                let key = pkcs1::RsaPublicKey::from_der(&bytes).map_err(|_| BadKey::Malformed)?;
                // A modulus as long as `ring` counts it: without leading zeros, which DER does not have.
                let bytes = key.modulus.as_bytes();
                let leading = bytes.first().map_or(0, |first| first.leading_zeros() as usize);
                let bits = bytes.len() * 8 - leading.min(bytes.len() * 8);
                if bits < RSA_BITS.0 || bits > RSA_BITS.1 {
                    return Err(BadKey::Size);
                }
                Kind::Rsa
            }
            EC => match curve() {
                Some(P256) if bytes.len() == 65 => Kind::P256,
                Some(P384) if bytes.len() == 97 => Kind::P384,
                _ => return Err(BadKey::Unsupported),
            },
            _ => return Err(BadKey::Unsupported),
        };
        Ok(PublicKey { kind, bytes, spki: der.to_vec() })
    }

    /// SubjectPublicKeyInfo, DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Whether `signature` is this key's signature of `message`. XML signatures carry ECDSA's two numbers one after the
    /// other, each as long as the curve's order.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let how: &dyn VerificationAlgorithm = match (self.kind, algorithm) {
            (Kind::Rsa, Algorithm::RsaSha256) => &RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, Algorithm::RsaSha384) => &RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, Algorithm::RsaSha512) => &RSA_PKCS1_2048_8192_SHA512,
            (Kind::P256, Algorithm::EcdsaSha256) => &ECDSA_P256_SHA256_FIXED,
            (Kind::P384, Algorithm::EcdsaSha384) => &ECDSA_P384_SHA384_FIXED,
            _ => return false,
        };
        UnparsedPublicKey::new(how, &self.bytes).verify(message, signature).is_ok()
    }
}
