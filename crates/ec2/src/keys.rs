//! SSH keys: making them, reading the ones that users bring, and their fingerprints in EC2's forms.
//!
//! Source: EC2 User Guide, "Verify the fingerprint of your key pair": a created RSA key has the SHA-1 of its private
//! key in PKCS#8, an imported one the MD5 of its public key in DER; an ED25519 key has OpenSSH's SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Digest as _;
use pkcs1::EncodeRsaPrivateKey;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rolecall_base::Fault;
use rolecall_env::Env;
use rsa::pkcs8::{DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use ssh_key::private::{Ed25519Keypair, RsaKeypair};
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, Mpint, PrivateKey, PublicKey};

use crate::faults;
use crate::ppk::{self, Blob};
use crate::records::KeyType;

/// Bits of the RSA keys that EC2 makes.
const BITS: usize = 2048;

/// A new key pair.
pub struct Made {
    /// What the user keeps: PKCS#1 for RSA, OpenSSH's form for ED25519.
    pub private: String,
    pub public: Public,
}

/// A public key with what is shown of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Public {
    pub key_type: KeyType,
    /// OpenSSH's form, without a comment.
    pub line: String,
    pub fingerprint: String,
}

/// Makes a key pair.
///
/// # Errors
/// InternalFailure when the key can't be written down.
pub fn make(env: &Env, key_type: KeyType, form: Form<'_>) -> Result<Made, Fault> {
    let mut random = StdRng::from_seed(env.random());
    match key_type {
        KeyType::Rsa => make_rsa(&mut random, form),
        KeyType::Ed25519 => make_ed25519(&mut random, form),
    }
}

/// How the private half is written down.
#[derive(Clone, Copy, Debug)]
pub enum Form<'a> {
    Pem,
    /// PuTTY's, with this comment.
    Ppk(&'a str),
}

fn make_rsa(random: &mut StdRng, form: Form<'_>) -> Result<Made, Fault> {
    let key = rsa::RsaPrivateKey::new(random, BITS).map_err(Fault::internal)?;
    let pkcs8 = key.to_pkcs8_der().map_err(Fault::internal)?;
    let private = key.to_pkcs1_pem(LineEnding::LF).map_err(Fault::internal)?;
    let public = rsa_line(&key.to_public_key())?;
    let fingerprint = colons(&sha1::Sha1::digest(pkcs8.as_bytes()));
    // AWS ends the text at the dashes.
    let private = match form {
        Form::Pem => private.trim_end().to_owned(),
        Form::Ppk(comment) => rsa_ppk(&key, comment)?,
    };
    Ok(Made { private, public: Public { key_type: KeyType::Rsa, line: public, fingerprint } })
}

/// The number behind SSH's form of it.
fn digits(number: &Mpint) -> &[u8] {
    number.as_positive_bytes().unwrap_or_default()
}

fn rsa_ppk(key: &rsa::RsaPrivateKey, comment: &str) -> Result<String, Fault> {
    let pair = RsaKeypair::try_from(key).map_err(Fault::internal)?;
    let public = PublicKey::from(KeyData::Rsa(pair.public().clone())).to_bytes().map_err(Fault::internal)?;
    let own = pair.private();
    let private = Blob::default()
        .number(digits(own.d()))?
        .number(digits(own.p()))?
        .number(digits(own.q()))?
        .number(digits(own.iqmp()))?;
    ppk::file("ssh-rsa", comment, &public, &private)
}

fn ed25519_ppk(pair: &Ed25519Keypair, comment: &str) -> Result<String, Fault> {
    let public = PublicKey::from(KeyData::Ed25519(pair.public)).to_bytes().map_err(Fault::internal)?;
    // PuTTY has the seed as a number, its bytes as they stand.
    let private = Blob::default().string(&pair.private.to_bytes())?;
    ppk::file("ssh-ed25519", comment, &public, &private)
}

fn make_ed25519(random: &mut StdRng, form: Form<'_>) -> Result<Made, Fault> {
    let pair = Ed25519Keypair::random(random);
    let key = PrivateKey::from(pair.clone());
    let private = match form {
        Form::Pem => key.to_openssh(ssh_key::LineEnding::LF).map_err(Fault::internal)?.to_string(),
        Form::Ppk(comment) => ed25519_ppk(&pair, comment)?,
    };
    let public = ed25519(key.public_key())?;
    Ok(Made { private, public })
}

/// Reads a public key that a user brings: OpenSSH's line, the SSH2 form of RFC 4716, or base64 of DER.
///
/// # Errors
/// InvalidKey.Format for anything else, and for keys that are neither RSA nor ED25519.
pub fn read(material: &[u8]) -> Result<Public, Fault> {
    let wrong = || faults::other("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
    let text = std::str::from_utf8(material).map_err(|_| wrong())?.trim();
    let key = match PublicKey::from_openssh(text).ok().or_else(|| ssh2(text)) {
        Some(key) => key,
        None => der(text).ok_or_else(wrong)?,
    };
    match key.key_data() {
        KeyData::Rsa(own) => {
            let own = rsa::RsaPublicKey::try_from(own).map_err(|_| wrong())?;
            let der = own.to_public_key_der().map_err(Fault::internal)?;
            let fingerprint = colons(&md5::Md5::digest(der.as_bytes()));
            Ok(Public { key_type: KeyType::Rsa, line: rsa_line(&own)?, fingerprint })
        }
        KeyData::Ed25519(_) => ed25519(&key),
        _ => Err(wrong()),
    }
}

/// `---- BEGIN SSH2 PUBLIC KEY ----`, headers, base64.
fn ssh2(text: &str) -> Option<PublicKey> {
    let body = text.strip_prefix("---- BEGIN SSH2 PUBLIC KEY ----")?;
    let body = body.trim_end().strip_suffix("---- END SSH2 PUBLIC KEY ----")?;
    let (mut packed, mut header) = (String::new(), false);
    for line in body.lines() {
        let begins = line.contains(':');
        if begins || header {
            // A header goes on in the next line after a backslash.
            header = line.ends_with('\\');
            continue;
        }
        packed.push_str(line.trim());
    }
    PublicKey::from_bytes(&STANDARD.decode(packed).ok()?).ok()
}

/// Base64 of a public key in DER, with or without PEM's dashes.
fn der(text: &str) -> Option<PublicKey> {
    let packed: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let key = rsa::RsaPublicKey::from_public_key_der(&STANDARD.decode(packed).ok()?).ok()?;
    let key = ssh_key::public::RsaPublicKey::try_from(&key).ok()?;
    Some(PublicKey::from(KeyData::Rsa(key)))
}

fn rsa_line(key: &rsa::RsaPublicKey) -> Result<String, Fault> {
    let key = ssh_key::public::RsaPublicKey::try_from(key).map_err(Fault::internal)?;
    PublicKey::from(KeyData::Rsa(key)).to_openssh().map_err(Fault::internal)
}

fn ed25519(key: &PublicKey) -> Result<Public, Fault> {
    let bare = PublicKey::from(key.key_data().clone());
    let digest = bare.fingerprint(HashAlg::Sha256);
    Ok(Public {
        key_type: KeyType::Ed25519,
        line: bare.to_openssh().map_err(Fault::internal)?,
        fingerprint: STANDARD.encode(digest.as_bytes()),
    })
}

/// `1f:51:ae:…`
fn colons(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ed25519_key_is_read_back_as_it_was_made() {
        let made = make(&Env::sim(1), KeyType::Ed25519, Form::Pem).unwrap();
        assert!(made.private.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
        assert_eq!(read(made.public.line.as_bytes()).unwrap(), made.public);
        let private = PrivateKey::from_openssh(&made.private).unwrap();
        assert_eq!(private.public_key().to_openssh().unwrap(), made.public.line);
    }

    /// The key, its forms and its fingerprint are ssh-keygen's and openssl's.
    #[test]
    fn an_rsa_key_has_one_fingerprint_in_each_of_its_forms() {
        let line = include_str!("../tests/keys/rsa.pub");
        let expected = "16:06:99:06:f9:cd:03:48:38:dd:df:54:99:9d:ed:32";
        for form in [line, include_str!("../tests/keys/rsa.ssh2"), include_str!("../tests/keys/rsa.pem")] {
            let key = read(form.as_bytes()).unwrap();
            assert_eq!((key.key_type, key.fingerprint.as_str()), (KeyType::Rsa, expected));
            assert!(line.starts_with(&key.line));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for bad in ["", "ssh-rsa", "ssh-rsa AAAA", "ecdsa-sha2-nistp256 AAAA", "bm8ga2V5"] {
            assert_eq!(read(bad.as_bytes()).unwrap_err().code(), "InvalidKey.Format", "{bad}");
        }
    }
}
