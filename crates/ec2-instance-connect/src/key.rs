//! Public keys as clients send them.

use rolecall_base::Fault;
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, PublicKey};

use crate::model::fault;

/// Reads a key; gives its line for `authorized_keys`, without comment.
///
/// # Errors
/// InvalidArgsException for what is no public key in OpenSSH's form, or of another kind than RSA and Ed25519.
pub fn line(text: &str) -> Result<String, Fault> {
    let invalid = || fault::invalid_args("Invalid SSH public key.");
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(invalid());
    }
    let mut key = PublicKey::from_openssh(text).map_err(|_| invalid())?;
    let fits = match (key.algorithm(), key.key_data()) {
        (Algorithm::Ed25519, _) => true,
        (_, KeyData::Rsa(rsa)) => (2048..=8192).contains(&rsa.key_size()),
        _ => false,
    };
    if !fits {
        return Err(invalid());
    }
    key.set_comment("");
    key.to_openssh().map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti me@here";

    #[test]
    fn a_key_is_kept_without_its_comment() {
        assert_eq!(line(ED25519).unwrap(), ED25519.strip_suffix(" me@here").unwrap());
        assert_eq!(line(&format!("{ED25519}\n")).unwrap(), line(ED25519).unwrap());
    }

    #[test]
    fn what_is_no_key_or_has_more_than_one_line_or_options_is_refused() {
        let two = format!("{ED25519}\n{ED25519}");
        let options = format!("command=\"true\" {ED25519}");
        let ecdsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHwf2HMM5TRXvo2SQJjsNkiDD5KqiiNjrGVv3UUh+mMT5RHxiRtOnlqvjhQtBq0VpmpCV/PwUdhOig4vkbqAcEc=";
        for text in [&two, &options, "ssh-ed25519", "", ecdsa, "ssh-rsa AAAA"] {
            assert!(line(text).is_err(), "{text}");
        }
    }
}
