//! PuTTY's form of a private key, version 2, without a passphrase.
//!
//! Source: PuTTY's manual, appendix "PPK file format".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rolecall_base::Fault;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

/// Characters of a line.
const LINE: usize = 64;
const MAC_KEY: &[u8] = b"putty-private-key-file-mac-key";

/// A blob of SSH's strings and numbers.
#[derive(Default)]
pub struct Blob(pub Zeroizing<Vec<u8>>);

impl Blob {
    /// # Errors
    /// InternalFailure for what is too long for any key.
    pub fn string(mut self, bytes: &[u8]) -> Result<Blob, Fault> {
        let length = u32::try_from(bytes.len()).map_err(Fault::internal)?;
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
        Ok(self)
    }

    /// A number that is not negative: without leading zeros but the one that keeps its sign.
    ///
    /// # Errors
    /// As [`Blob::string`].
    pub fn number(self, bytes: &[u8]) -> Result<Blob, Fault> {
        let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
        let digits = bytes.get(start..).unwrap_or_default();
        if digits.first().is_some_and(|first| *first >= 0x80) {
            let signed = Zeroizing::new([&[0], digits].concat());
            return self.string(&signed);
        }
        self.string(digits)
    }
}

/// The file of a key: its algorithm's name, its public and its private blob.
///
/// # Errors
/// InternalFailure when it can't be written down.
pub fn file(algorithm: &str, comment: &str, public: &[u8], private: &Blob) -> Result<String, Fault> {
    let signed = Blob::default()
        .string(algorithm.as_bytes())?
        .string(b"none")?
        .string(comment.as_bytes())?
        .string(public)?
        .string(&private.0)?;
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(&Sha1::digest(MAC_KEY)).map_err(Fault::internal)?;
    mac.update(&signed.0);
    let mac: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let (public_count, public) = lines(public);
    let (private_count, private) = lines(&private.0);
    Ok(format!(
        "PuTTY-User-Key-File-2: {algorithm}\nEncryption: none\nComment: {comment}\nPublic-Lines: {public_count}\n{public}\
         Private-Lines: {private_count}\n{private}Private-MAC: {mac}"
    ))
}

fn lines(bytes: &[u8]) -> (usize, String) {
    let text = STANDARD.encode(bytes);
    let mut all = String::new();
    let mut count = 0;
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE));
        all.push_str(line);
        all.push('\n');
        count += 1;
        rest = more;
    }
    (count, all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_sign_and_no_zeros() {
        let blob = |bytes: &[u8]| Blob::default().number(bytes).unwrap().0.to_vec();
        assert_eq!(blob(&[0, 0, 1]), [0, 0, 0, 1, 1]);
        assert_eq!(blob(&[0x80]), [0, 0, 0, 2, 0, 0x80]);
        assert_eq!(blob(&[0]), [0, 0, 0, 0]);
    }

    /// The MAC is that of another implementation: Python's hmac over the same bytes.
    #[test]
    fn a_file_says_how_many_lines_follow_and_is_signed() {
        let private = Blob::default().string(&[7; 32]).unwrap();
        let text = file("ssh-ed25519", "mine", &[9; 51], &private).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "PuTTY-User-Key-File-2: ssh-ed25519");
        assert_eq!((lines[3], lines[6]), ("Public-Lines: 2", "Private-Lines: 1"));
        assert_eq!(lines[8], "Private-MAC: 73c6b81be10356097fc66e72ef663da16a9067ed");
    }
}
