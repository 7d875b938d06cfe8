//! The images that every account finds in every region. All of them boot the host's own `/usr`, shown read-only; they go by
//! the names that templates look for, and make the login user that people of each distribution expect.
//!
//! Sources: "Find the latest AMI" of each distribution's documentation; Systems Manager User Guide, "Calling AMI public
//! parameters".

use std::sync::LazyLock;

use rolecall_base::{AccountId, Time};
use sha2::{Digest, Sha256};

use super::ROOT_GIB;
use crate::records::{Bytes, Image, ImageDisk, ImageState};

/// The id that AWS's own documentation uses in its examples, so that they can be pasted.
pub const DEFAULT: &str = "ami-0abcdef1234567890";
/// The id that Amazon Linux 2023 always had here.
const AMAZON_LINUX: &str = "ami-0a1b2c3d4e5f67890";
/// Amazon's account for its own images, Canonical's and Debian's.
pub const AMAZON: &str = "137112412989";
const CANONICAL: &str = "099720109477";
const DEBIAN: &str = "136693071363";
/// The login user of Amazon's images.
const LOGIN: &str = "ec2-user";
/// When the images say they were made: 2026-01-01, as their names do.
const CREATED: i64 = 1_767_225_600;

/// A family of images: one for each architecture.
struct Family {
    /// `{arch}` is EC2's word, `{deb}` the one of Debian and Ubuntu.
    name: &'static str,
    about: &'static str,
    owner: &'static str,
    login: &'static str,
    device: &'static str,
    /// The public parameters that name it.
    parameters: &'static [&'static str],
}

const AMAZON_SPACE: &str = "/aws/service/ami-amazon-linux-latest/";

static FAMILIES: [Family; 12] = [
    Family {
        name: "al2023-ami-2023.9.20260101.0-kernel-6.1-{arch}",
        about: "Amazon Linux 2023",
        owner: AMAZON,
        login: LOGIN,
        device: "/dev/xvda",
        parameters: &["al2023-ami-kernel-default-{arch}", "al2023-ami-kernel-6.1-{arch}"],
    },
    Family {
        name: "al2023-ami-2023.9.20260101.0-kernel-6.12-{arch}",
        about: "Amazon Linux 2023",
        owner: AMAZON,
        login: LOGIN,
        device: "/dev/xvda",
        parameters: &["al2023-ami-kernel-6.12-{arch}"],
    },
    Family {
        name: "al2023-ami-minimal-2023.9.20260101.0-kernel-6.1-{arch}",
        about: "Amazon Linux 2023 minimal",
        owner: AMAZON,
        login: LOGIN,
        device: "/dev/xvda",
        parameters: &[
            "al2023-ami-minimal-kernel-default-{arch}",
            "al2023-ami-minimal-kernel-6.1-{arch}",
            "al2023-ami-minimal-kernel-6.12-{arch}",
        ],
    },
    Family {
        name: "amzn2-ami-hvm-2.0.20260101.0-{arch}-gp2",
        about: "Amazon Linux 2",
        owner: AMAZON,
        login: LOGIN,
        device: "/dev/xvda",
        parameters: &[
            "amzn2-ami-hvm-{arch}-gp2",
            "amzn2-ami-hvm-{arch}-ebs",
            "amzn2-ami-minimal-hvm-{arch}-ebs",
        ],
    },
    Family {
        name: "amzn2-ami-kernel-5.10-hvm-2.0.20260101.0-{arch}-gp2",
        about: "Amazon Linux 2 with kernel 5.10",
        owner: AMAZON,
        login: LOGIN,
        device: "/dev/xvda",
        parameters: &["amzn2-ami-kernel-5.10-hvm-{arch}-gp2", "amzn2-ami-kernel-5.10-hvm-{arch}-ebs"],
    },
    Family {
        name: "ubuntu/images/hvm-ssd/ubuntu-xenial-16.04-{deb}-server-20260101",
        about: "Canonical, Ubuntu, 16.04 LTS",
        owner: CANONICAL,
        login: "ubuntu",
        device: "/dev/sda1",
        parameters: &["16.04", "xenial"],
    },
    Family {
        name: "ubuntu/images/hvm-ssd/ubuntu-bionic-18.04-{deb}-server-20260101",
        about: "Canonical, Ubuntu, 18.04 LTS",
        owner: CANONICAL,
        login: "ubuntu",
        device: "/dev/sda1",
        parameters: &["18.04", "bionic"],
    },
    Family {
        name: "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-{deb}-server-20260101",
        about: "Canonical, Ubuntu, 20.04 LTS",
        owner: CANONICAL,
        login: "ubuntu",
        device: "/dev/sda1",
        parameters: &["20.04", "focal"],
    },
    Family {
        name: "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-{deb}-server-20260101",
        about: "Canonical, Ubuntu, 22.04 LTS",
        owner: CANONICAL,
        login: "ubuntu",
        device: "/dev/sda1",
        parameters: &["22.04", "jammy"],
    },
    Family {
        name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{deb}-server-20260101",
        about: "Canonical, Ubuntu, 24.04 LTS",
        owner: CANONICAL,
        login: "ubuntu",
        device: "/dev/sda1",
        parameters: &["24.04", "noble"],
    },
    Family {
        name: "debian-12-{deb}-20260101-2000",
        about: "Debian 12",
        owner: DEBIAN,
        login: "admin",
        device: "/dev/xvda",
        parameters: &["12", "bookworm"],
    },
    Family {
        name: "debian-13-{deb}-20260101-2000",
        about: "Debian 13",
        owner: DEBIAN,
        login: "admin",
        device: "/dev/xvda",
        parameters: &["13", "trixie"],
    },
];

/// Both architectures, in EC2's words and Debian's.
const ARCHITECTURES: [(&str, &str); 2] = [("x86_64", "amd64"), ("arm64", "arm64")];

static IMAGES: LazyLock<Vec<Image>> = LazyLock::new(|| {
    let mut images = vec![Image {
        id: DEFAULT.to_owned(),
        ..image(
            &format!("rolecall-host-usr-{}", architecture()),
            "This host's /usr, read-only, with a fresh /etc, /home and /var",
            (AMAZON, LOGIN, "/dev/xvda"),
            architecture(),
        )
    }];
    for family in &FAMILIES {
        for (word, deb) in ARCHITECTURES {
            let name = family.name.replace("{arch}", word).replace("{deb}", deb);
            let about = format!("{}: this host's /usr under the name that templates look for", family.about);
            let mut image = image(&name, &about, (family.owner, family.login, family.device), word);
            if word == architecture() && family.parameters.contains(&"al2023-ami-kernel-default-{arch}") {
                image.id = AMAZON_LINUX.to_owned();
            }
            images.push(image);
        }
    }
    images
});

/// All of them.
pub fn built_in() -> &'static [Image] {
    &IMAGES
}

fn image(name: &str, about: &str, who: (&str, &str, &str), architecture: &str) -> Image {
    let (owner, login, device) = who;
    let hash: String = Sha256::digest(name).iter().take(9).map(|byte| format!("{byte:02x}")).collect();
    Image {
        account: owner.parse().unwrap_or(AccountId::ZERO),
        region: String::new(),
        id: format!("ami-{}", hash.get(..17).unwrap_or(&hash)),
        name: name.to_owned(),
        description: Some(about.to_owned()),
        state: ImageState::Available,
        reason: None,
        architecture: architecture.to_owned(),
        created: Time::from_seconds(CREATED),
        root_device: device.to_owned(),
        disks: vec![ImageDisk {
            device: device.to_owned(),
            snapshot: None,
            size: ROOT_GIB,
            volume_type: "gp3".into(),
            iops: Some(3000),
            throughput: Some(125),
            delete_on_termination: true,
            encrypted: false,
        }],
        bytes: Bytes::Host,
        login: login.to_owned(),
        public: true,
        shared: Vec::new(),
        deprecated: None,
        kept: false,
        tokens_required: false,
        location: format!("{}/{name}", if owner == AMAZON { "amazon" } else { owner }),
        from_instance: None,
        from_image: None,
    }
}

/// The architecture of this host, in EC2's words.
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        "x86" => "i386",
        other => other,
    }
}

/// The public parameters that name images, each with the id of its image.
pub fn parameters() -> Vec<(String, &'static str)> {
    let mut all = Vec::new();
    for family in &FAMILIES {
        for (word, deb) in ARCHITECTURES {
            let name = family.name.replace("{arch}", word).replace("{deb}", deb);
            let Some(image) = built_in().iter().find(|image| image.name == name) else { continue };
            for parameter in family.parameters {
                all.extend(
                    names(family.owner, parameter, word, deb)
                        .into_iter()
                        .map(|name| (name, image.id.as_str())),
                );
            }
        }
    }
    all
}

fn names(owner: &str, parameter: &str, word: &str, deb: &str) -> Vec<String> {
    match owner {
        CANONICAL => ["gp2", "gp3"]
            .map(|disk| {
                format!("/aws/service/canonical/ubuntu/server/{parameter}/stable/current/{deb}/hvm/ebs-{disk}/ami-id")
            })
            .into(),
        DEBIAN => vec![format!("/aws/service/debian/release/{parameter}/latest/{deb}")],
        _ => vec![format!("{AMAZON_SPACE}{}", parameter.replace("{arch}", word))],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_image_has_an_id_and_a_name_of_its_own_and_an_owner() {
        let ids: BTreeSet<&str> = built_in().iter().map(|image| image.id.as_str()).collect();
        let names: BTreeSet<&str> = built_in().iter().map(|image| image.name.as_str()).collect();
        assert_eq!((ids.len(), names.len()), (built_in().len(), built_in().len()));
        assert!(built_in().iter().all(|image| image.account != AccountId::ZERO));
        assert!(built_in().iter().all(|image| super::super::check_id(&image.id).is_ok()));
    }

    #[test]
    fn the_documented_parameters_lead_to_images() {
        let all = parameters();
        for name in [
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
            "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-arm64",
            "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2",
            "/aws/service/canonical/ubuntu/server/16.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
            "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
            "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id",
            "/aws/service/debian/release/12/latest/amd64",
        ] {
            let found = all.iter().find(|(own, _)| own == name);
            assert!(found.is_some_and(|(_, id)| built_in().iter().any(|image| image.id == *id)), "{name}");
        }
    }
}
