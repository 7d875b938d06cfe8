//! Machine images: what an instance can boot from.
//!
//! There is one, the host's own `/usr` shown read-only. It goes by two ids: under its own name, and under the name
//! that templates look for when they want the newest Amazon Linux.

/// A machine image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    pub id: &'static str,
    name: &'static str,
    pub description: &'static str,
}

/// The id that AWS's own documentation uses in its examples, so that they can be pasted.
pub const DEFAULT: &str = "ami-0abcdef1234567890";

static IMAGES: [Image; 2] = [
    Image {
        id: DEFAULT,
        name: "rolecall-host-usr-{arch}",
        description: "This host's /usr, read-only, with a fresh /etc, /home and /var",
    },
    Image {
        id: "ami-0a1b2c3d4e5f67890",
        name: "al2023-ami-2023.9.20260101.0-kernel-6.1-{arch}",
        description: "This host's /usr under the name that templates for Amazon Linux look for",
    },
];

/// When the images say they were made.
pub const CREATED: &str = "2026-01-01T00:00:00.000Z";
/// Amazon's account for its own images.
pub const OWNER: &str = "137112412989";

pub fn all() -> &'static [Image] {
    &IMAGES
}

pub fn find(id: &str) -> Option<&'static Image> {
    IMAGES.iter().find(|image| image.id == id)
}

/// The architecture of this host and so of every image, in EC2's words.
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        "x86" => "i386",
        other => other,
    }
}

impl Image {
    pub fn name(&self) -> String {
        self.name.replace("{arch}", architecture())
    }

    pub fn arn(&self, region: &str) -> String {
        arn(region, self.id)
    }
}

/// An image's ARN: it names no account.
pub fn arn(region: &str, id: &str) -> String {
    format!("arn:aws:ec2:{region}::image/{id}")
}
