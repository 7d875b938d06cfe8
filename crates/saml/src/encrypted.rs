//! Encrypted assertions: the key that came with them is opened with one of the provider's private keys, and they with it.

use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use rand::SeedableRng;
use rand::rngs::StdRng;
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use roxmltree::Node;
use rsa::Oaep;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use crate::private_key::PrivateKey;
use crate::xml::{self, DSIG, XENC, XENC11};

/// Keys that may come with one assertion: one for each who may read it.
const KEYS: usize = 4;
/// Bytes of a nonce of AES-GCM, and of a first block of AES-CBC.
const NONCE: usize = 12;
const BLOCK: usize = 16;

/// How the assertion is encrypted.
#[derive(Clone, Copy)]
enum Cipher {
    Gcm(usize),
    Cbc(usize),
}

/// The text of an `EncryptedAssertion`; `None` for whatever reason, so that nobody learns which.
pub(crate) fn open(node: Node<'_, '_>, keys: &[PrivateKey], seed: [u8; 32]) -> Option<String> {
    let data = xml::only(node, XENC, "EncryptedData")?;
    let cipher = match algorithm(data)? {
        "http://www.w3.org/2009/xmlenc11#aes128-gcm" => Cipher::Gcm(16),
        "http://www.w3.org/2009/xmlenc11#aes256-gcm" => Cipher::Gcm(32),
        "http://www.w3.org/2001/04/xmlenc#aes128-cbc" => Cipher::Cbc(16),
        "http://www.w3.org/2001/04/xmlenc#aes256-cbc" => Cipher::Cbc(32),
        _ => return None,
    };
    let sealed = value(data)?;
    let wrapped = node.descendants().filter(|own| xml::is(*own, XENC, "EncryptedKey")).take(KEYS);
    let mut random = StdRng::from_seed(seed);
    for wrapped in wrapped {
        for key in keys {
            let Some(secret) = unwrap(wrapped, key, &mut random) else { continue };
            if let Some(text) = decrypt(cipher, &secret, &sealed) {
                return String::from_utf8(text).ok();
            }
        }
    }
    None
}

fn algorithm<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    xml::only(node, XENC, "EncryptionMethod")?.attribute("Algorithm")
}

fn value(node: Node<'_, '_>) -> Option<Vec<u8>> {
    xml::base64(xml::text(xml::only(xml::only(node, XENC, "CipherData")?, XENC, "CipherValue")?)?)
}

/// Opens a key. RSA-OAEP only: the padding of RSA 1.5 tells an attacker too much.
fn unwrap(node: Node<'_, '_>, key: &PrivateKey, random: &mut StdRng) -> Option<Vec<u8>> {
    let method = xml::only(node, XENC, "EncryptionMethod")?;
    let parameter =
        |namespace: &'static str, name: &'static str| match xml::named(method, namespace, name).next() {
            Some(found) => found.attribute("Algorithm").map(Some),
            None => Some(None),
        };
    let sha1 = "http://www.w3.org/2000/09/xmldsig#sha1";
    let sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    let sha512 = "http://www.w3.org/2001/04/xmlenc#sha512";
    let hash = parameter(DSIG, "DigestMethod")?.unwrap_or(sha1);
    let mask = parameter(XENC11, "MGF")?.unwrap_or("http://www.w3.org/2009/xmlenc11#mgf1sha1");
    let mask = match (method.attribute("Algorithm")?, mask) {
        ("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", _)
        | ("http://www.w3.org/2009/xmlenc11#rsa-oaep", "http://www.w3.org/2009/xmlenc11#mgf1sha1") => sha1,
        ("http://www.w3.org/2009/xmlenc11#rsa-oaep", "http://www.w3.org/2009/xmlenc11#mgf1sha256") => sha256,
        ("http://www.w3.org/2009/xmlenc11#rsa-oaep", "http://www.w3.org/2009/xmlenc11#mgf1sha512") => sha512,
        _ => return None,
    };
    let sealed = value(node)?;
    let key = &key.0;
    let opened = match (hash, mask) {
        (h, m) if h == sha1 && m == sha1 => key.decrypt_blinded(random, Oaep::<Sha1>::new(), &sealed),
        (h, m) if h == sha256 && m == sha1 => {
            key.decrypt_blinded(random, Oaep::<Sha256, Sha1>::new_with_mgf_hash(), &sealed)
        }
        (h, m) if h == sha512 && m == sha1 => {
            key.decrypt_blinded(random, Oaep::<Sha512, Sha1>::new_with_mgf_hash(), &sealed)
        }
        (h, m) if h == sha256 && m == sha256 => key.decrypt_blinded(random, Oaep::<Sha256>::new(), &sealed),
        (h, m) if h == sha512 && m == sha512 => key.decrypt_blinded(random, Oaep::<Sha512>::new(), &sealed),
        _ => return None,
    };
    opened.ok()
}

fn decrypt(cipher: Cipher, secret: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    match cipher {
        Cipher::Gcm(size) if secret.len() == size => {
            let algorithm = if size == 16 { &AES_128_GCM } else { &AES_256_GCM };
            let key = LessSafeKey::new(UnboundKey::new(algorithm, secret).ok()?);
            let (nonce, body) = sealed.split_first_chunk::<NONCE>()?;
            let mut body = body.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let length = key.open_in_place(nonce, Aad::empty(), &mut body).ok()?.len();
            body.truncate(length);
            Some(body)
        }
        Cipher::Cbc(size) if secret.len() == size => {
            let (first, body) = sealed.split_first_chunk::<BLOCK>()?;
            let mut body = body.to_vec();
            let plain = if size == 16 {
                let cipher = cbc::Decryptor::<aes::Aes128>::new_from_slices(secret, first).ok()?;
                cipher.decrypt_padded::<NoPadding>(&mut body).ok()?
            } else {
                let cipher = cbc::Decryptor::<aes::Aes256>::new_from_slices(secret, first).ok()?;
                cipher.decrypt_padded::<NoPadding>(&mut body).ok()?
            };
            // XML's padding: anything, and in the last byte how much of it.
            let fill = usize::from(*plain.last()?);
            let length = plain.len().checked_sub(fill)?;
            (1..=BLOCK).contains(&fill).then(|| plain.get(..length).unwrap_or_default().to_vec())
        }
        _ => None,
    }
}
