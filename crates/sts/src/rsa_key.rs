//! RSA keys that AWS's services sign with: tokens about callers, digests of trails.

use rand::SeedableRng;
use rand::rngs::StdRng;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rolecall_base::Fault;
use rolecall_env::Env;
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use zeroize::Zeroizing;

/// Bits of a key.
const BITS: usize = 2_048;

/// A new key.
#[derive(Debug)]
pub struct RsaKey {
    /// PKCS#8 DER.
    pub private: Zeroizing<Vec<u8>>,
    /// PKCS#1 DER.
    pub public: Vec<u8>,
    pub modulus: Vec<u8>,
    pub exponent: Vec<u8>,
}

/// Makes a key; takes a while.
///
/// # Errors
/// InternalFailure.
pub fn make(env: &Env) -> Result<RsaKey, Fault> {
    let mut random = StdRng::from_seed(env.random());
    let key = rsa::RsaPrivateKey::new(&mut random, BITS).map_err(Fault::internal)?;
    let private = key.to_pkcs8_der().map_err(Fault::internal)?;
    let public = key.to_public_key().to_pkcs1_der().map_err(Fault::internal)?;
    Ok(RsaKey {
        private: private.as_bytes().to_vec().into(),
        public: public.as_bytes().to_vec(),
        modulus: key.n().to_be_bytes_trimmed_vartime().to_vec(),
        exponent: key.e().to_be_bytes_trimmed_vartime().to_vec(),
    })
}

/// Signs by PKCS#1 v1.5 with SHA-256.
///
/// # Errors
/// InternalFailure for what is no key.
pub fn sign(pkcs8: &[u8], message: &[u8]) -> Result<Vec<u8>, Fault> {
    let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(Fault::internal)?;
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).map_err(Fault::internal)?;
    Ok(signature)
}
