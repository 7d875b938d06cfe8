//! Public keys and certificates as clients bring them to EC2, to EC2 Instance Connect and to IAM.

use rolecall_base::Time;

const RSA: [&str; 3] = [
    include_str!("../../ec2/tests/keys/rsa.pub"),
    include_str!("../../ec2/tests/keys/rsa.ssh2"),
    include_str!("../../ec2/tests/keys/rsa.pem"),
];
const PEM: [&str; 2] =
    [include_str!("../../iam/tests/keys/rsa.pkcs1.pem"), include_str!("../../iam/tests/keys/rsa.spki.pem")];
const ED25519: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti me@here";

/// What each service makes of a key: a line of its own, which says nothing more and reads as the same key.
pub(crate) fn public(data: &[u8]) {
    if let Ok(read) = rolecall_ec2::read_public_key(data) {
        check(&read.line);
        let again = rolecall_ec2::read_public_key(read.line.as_bytes()).expect("its own line");
        assert_eq!(again.fingerprint, read.fingerprint);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(line) = rolecall_ec2_instance_connect::read_public_key(text) {
        check(&line);
        assert_eq!(rolecall_ec2_instance_connect::read_public_key(&line).ok().as_ref(), Some(&line));
    }
    if let Ok(read) = rolecall_iam::read_ssh_key(text) {
        check(&read.line);
        let again = rolecall_iam::read_ssh_key(&read.line).expect("its own line");
        assert_eq!(again.fingerprint, read.fingerprint);
    }
}

/// The line goes into `authorized_keys`: there it must be one line, and begin with no options.
fn check(line: &str) {
    assert!(!line.trim_end().contains(char::is_control), "{line:?}");
    assert!(line.starts_with("ssh-rsa ") || line.starts_with("ssh-ed25519 "), "{line:?}");
}

pub(crate) fn public_keys() -> Vec<Vec<u8>> {
    RSA.iter().chain(&PEM).chain([&ED25519]).map(|text| text.as_bytes().to_vec()).collect()
}

/// A certificate, a chain and a private key, one after the other: each part is tried as each.
pub(crate) fn certificates(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let parts: Vec<&str> = text.split("\n\n").take(4).collect();
    for part in &parts {
        let Ok(certificate) = rolecall_iam::read_certificate(part) else { continue };
        let _ = certificate.is_current(Time::default());
        for other in &parts {
            // Whether they fit is the certificate's to say.
            let _ = certificate.check_chain(other);
            let _ = certificate.check_key(other);
        }
    }
}

pub(crate) fn chains() -> Vec<Vec<u8>> {
    const RSA: [&str; 4] = [
        include_str!("../../iam/tests/certificates/rsa.pem"),
        include_str!("../../iam/tests/certificates/rsa.key"),
        include_str!("../../iam/tests/certificates/middle.pem"),
        include_str!("../../iam/tests/certificates/rsa.pkcs8.key"),
    ];
    const EC: [&str; 4] = [
        include_str!("../../iam/tests/certificates/ec.pem"),
        include_str!("../../iam/tests/certificates/ec.key"),
        include_str!("../../iam/tests/certificates/root.pem"),
        include_str!("../../iam/tests/certificates/ec.pkcs8.key"),
    ];
    [RSA, EC].iter().map(|parts| parts.join("\n\n").into_bytes()).collect()
}
