//! AWS's own managed policies (`arn:aws:iam::aws:policy/…`), all of them, as data in the binary.
//!
//! `cargo xtask aws-policies` writes the file and tells its layout. Documents are unpacked one at a time.

use std::io::Read;
use std::sync::OnceLock;

use rolecall_base::Time;
use sha2::{Digest, Sha256};

static DATA: &[u8] = include_bytes!("../data/aws-policies.bin");

/// One of AWS's managed policies. Only its version in force is known.
#[derive(Debug)]
pub struct AwsPolicy {
    /// `/` or such as `/service-role/`.
    pub path: String,
    pub name: String,
    /// `v3`.
    pub version: String,
    pub created: Time,
    pub updated: Time,
    packed: &'static [u8],
}

impl AwsPolicy {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::aws:policy{}{}", self.path, self.name)
    }

    /// An id in AWS's form, the same on every server. AWS's true ids are not public.
    pub fn id(&self) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let digest = Sha256::digest(self.arn().as_bytes());
        let tail = digest
            .iter()
            .take(17)
            .map(|byte| char::from(LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'A')));
        "ANPA".chars().chain(tail).collect()
    }

    /// The document's text.
    pub fn document(&self) -> String {
        let mut text = String::new();
        // The data is compiled in and a test unpacks all of it.
        let _ = flate2::read::DeflateDecoder::new(self.packed).read_to_string(&mut text);
        text
    }
}

/// All of them, by path and name.
pub fn all() -> &'static [AwsPolicy] {
    static ALL: OnceLock<Vec<AwsPolicy>> = OnceLock::new();
    ALL.get_or_init(|| unpack().unwrap_or_default())
}

/// One by its ARN.
pub fn find(arn: &str) -> Option<&'static AwsPolicy> {
    let place = arn.strip_prefix("arn:aws:iam::aws:policy")?;
    let found =
        all().binary_search_by(|policy| policy.path.bytes().chain(policy.name.bytes()).cmp(place.bytes()));
    all().get(found.ok()?)
}

fn unpack() -> Option<Vec<AwsPolicy>> {
    let (length, rest) = DATA.split_first_chunk::<4>()?;
    let (index, bodies) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let mut text = String::new();
    flate2::read::DeflateDecoder::new(index).read_to_string(&mut text).ok()?;
    text.lines().map(|line| policy(line, bodies)).collect()
}

fn policy(line: &str, bodies: &'static [u8]) -> Option<AwsPolicy> {
    let mut fields = line.split('\t');
    let place = fields.next()?;
    let (path, name) = place.split_at(place.rfind('/')? + 1);
    let version = fields.next()?.to_owned();
    let created = Time::parse_iso(fields.next()?)?;
    let updated = Time::parse_iso(fields.next()?)?;
    let offset: usize = fields.next()?.parse().ok()?;
    let length: usize = fields.next()?.parse().ok()?;
    let packed = bodies.get(offset..offset.checked_add(length)?)?;
    Some(AwsPolicy { path: path.to_owned(), name: name.to_owned(), version, created, updated, packed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_there_and_each_unpacks_to_a_document() {
        assert!(all().len() > 1500, "{}", all().len());
        for policy in all() {
            assert!(policy.document().starts_with('{'), "{}", policy.name);
            assert!(std::ptr::eq(find(&policy.arn()).unwrap(), policy), "{}", policy.name);
        }
    }

    #[test]
    fn the_policy_of_the_tutorial_is_found_by_its_arn() {
        let policy = find("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess").unwrap();
        assert_eq!((policy.path.as_str(), policy.version.as_str()), ("/", "v3"));
        assert_eq!(policy.id().len(), 21);
        assert!(policy.document().contains("s3:Get*"));
        assert!(find("arn:aws:iam::aws:policy/NoSuchPolicy").is_none());
    }
}
