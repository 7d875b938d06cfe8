//! A key that encrypted assertions are opened with.

use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use rsa::traits::PublicKeyParts;

use crate::certificate::BadKey;

/// A key that encrypted assertions are opened with: RSA, 2,048 to 8,192 bits.
#[derive(Clone)]
pub struct PrivateKey(pub(crate) RsaPrivateKey);

impl PrivateKey {
    /// Reads PEM: PKCS #8 or PKCS #1, not encrypted.
    ///
    /// # Errors
    /// See [`BadKey`].
    pub fn of_pem(text: &str) -> Result<PrivateKey, BadKey> {
        let text = text.trim();
        let key = RsaPrivateKey::from_pkcs8_pem(text).or_else(|_| RsaPrivateKey::from_pkcs1_pem(text));
        PrivateKey::sized(key.map_err(|_| BadKey::Malformed)?)
    }

    /// Reads PKCS #8 in DER.
    ///
    /// # Errors
    /// See [`BadKey`].
    pub fn of_pkcs8(der: &[u8]) -> Result<PrivateKey, BadKey> {
        PrivateKey::sized(RsaPrivateKey::from_pkcs8_der(der).map_err(|_| BadKey::Malformed)?)
    }

    /// PKCS #8 in DER.
    ///
    /// # Errors
    /// Malformed, which no key that was read is.
    pub fn pkcs8(&self) -> Result<Vec<u8>, BadKey> {
        Ok(self.0.to_pkcs8_der().map_err(|_| BadKey::Malformed)?.as_bytes().to_vec())
    }

    fn sized(key: RsaPrivateKey) -> Result<PrivateKey, BadKey> {
        if (256..=1024).contains(&key.size()) { Ok(PrivateKey(key)) } else { Err(BadKey::Size) }
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey")
    }
}
