//! Every service of AWS, its actions and its resources, by name: what reports and simulations speak of beyond the
//! services that this server has.
//!
//! `cargo xtask actions` writes the file and tells its layout. It is unpacked when first asked.

use std::io::Read;
use std::sync::OnceLock;

use crate::Access;

static DATA: &[u8] = include_bytes!("../data/services.bin");

/// One service.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// As policies write it before the colon: `dynamodb`.
    pub prefix: &'static str,
    /// `Amazon DynamoDB`.
    pub name: &'static str,
    /// The lines of its kinds and actions.
    lines: &'static str,
}

/// One action of a service.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// Without the service: `GetItem`.
    pub name: &'static str,
    pub access: Access,
    kinds: &'static str,
    service: Service,
}

/// All services, by prefix.
pub fn services() -> &'static [Service] {
    static ALL: OnceLock<Vec<Service>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut text = String::new();
        // The data is compiled in and a test unpacks all of it.
        let _ = flate2::read::DeflateDecoder::new(DATA).read_to_string(&mut text);
        // Once in the life of a process.
        let text: &'static str = text.leak();
        let text = text.strip_prefix('=').unwrap_or(text);
        let mut all: Vec<Service> = text.split("\n=").filter_map(Service::read).collect();
        all.sort_by_key(|service| service.prefix);
        all
    })
}

/// A service by its prefix, in any case.
pub fn service(prefix: &str) -> Option<Service> {
    let folded = prefix.to_ascii_lowercase();
    let all = services();
    all.binary_search_by_key(&folded.as_str(), |service| service.prefix)
        .ok()
        .and_then(|at| all.get(at))
        .copied()
}

/// An action as policies write it, `dynamodb:GetItem`, in any case.
pub fn action(name: &str) -> Option<Listed> {
    let (prefix, name) = name.split_once(':')?;
    service(prefix)?.actions().find(|action| action.name.eq_ignore_ascii_case(name))
}

impl Service {
    fn read(text: &'static str) -> Option<Service> {
        let (head, lines) = text.split_once('\n')?;
        let (prefix, name) = head.split_once('\t')?;
        Some(Service { prefix, name, lines })
    }

    fn lines(self, mark: char) -> impl Iterator<Item = &'static str> {
        self.lines.lines().filter_map(move |line| line.strip_prefix(mark))
    }

    /// Its actions, by name.
    pub fn actions(self) -> impl Iterator<Item = Listed> {
        self.lines('-').filter_map(move |line| {
            let (name, rest) = line.split_once('\t')?;
            let (level, kinds) = rest.split_once('\t')?;
            let access = match level {
                "L" => Access::List,
                "R" => Access::Read,
                "T" => Access::Tagging,
                "P" => Access::PermissionsManagement,
                _ => Access::Write,
            };
            Some(Listed { name, access, kinds, service: self })
        })
    }
}

impl Listed {
    pub fn service(&self) -> Service {
        self.service
    }

    /// The forms of the resources that it acts on, `arn:${Partition}:s3:::${BucketName}`; none for actions that are
    /// asked on `*`.
    pub fn templates(&self) -> impl Iterator<Item = &'static str> {
        let kinds = self.service.lines('#').filter_map(|line| line.split_once('\t'));
        let names = self.kinds;
        kinds.filter(move |(kind, _)| names.split(',').any(|name| name == *kind)).map(|(_, arn)| arn)
    }
}

/// Whether an ARN is of a template's form; each `${…}` stands for any text.
pub fn is_of_form(arn: &str, template: &str) -> bool {
    let Some((head, words)) = template.split_once("${") else { return arn == template };
    let Some(mut rest) = arn.strip_prefix(head) else { return false };
    let mut words =
        words.split("${").map(|word| word.split_once('}').map_or(word, |(_, behind)| behind)).peekable();
    while let Some(word) = words.next() {
        if words.peek().is_none() {
            return rest.ends_with(word);
        }
        let Some((_, behind)) = rest.split_once(word) else { return false };
        rest = behind;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_names_every_service_and_action() {
        assert!(services().len() > 400 && services().iter().all(|service| !service.name.is_empty()));
        assert!(services().iter().map(|service| service.actions().count()).sum::<usize>() > 20_000);
        assert_eq!(service("DynamoDB").map(|service| service.name), Some("Amazon DynamoDB"));
        assert!(service("nothing").is_none());
    }

    #[test]
    fn an_action_is_found_with_its_access_and_resources() {
        let found = action("S3:getobject").unwrap();
        assert_eq!((found.name, found.access), ("GetObject", Access::Read));
        assert!(found.templates().any(|arn| arn == "arn:${Partition}:s3:::${BucketName}/${ObjectName}"));
        assert_eq!(action("iam:CreateUser").map(|action| action.access), Some(Access::Write));
        assert_eq!(action("s3:ListAllMyBuckets").unwrap().templates().count(), 0);
        assert!(action("s3:NoSuchThing").is_none() && action("s3").is_none());
    }

    /// What AWS's model has and its reference does not: `xtask/src/actions/reference.rs` adds it to our rows.
    const UNLISTED: [&str; 1] = ["iam:UpdateDelegationRequest"];

    #[test]
    fn the_rows_of_the_services_here_agree_with_the_catalogue() {
        for rows in crate::services() {
            let listed: Vec<&str> =
                service(rows.service).unwrap().actions().map(|action| action.name).collect();
            let ours: Vec<&str> = rows
                .actions
                .iter()
                .filter(|row| !UNLISTED.contains(&row.name))
                .filter_map(|row| row.name.split_once(':'))
                .map(|(_, name)| name)
                .collect();
            assert_eq!(listed, ours);
        }
    }

    #[test]
    fn an_arn_is_told_by_its_form() {
        let object = "arn:${Partition}:s3:::${BucketName}/${KeyName}";
        assert!(is_of_form("arn:aws:s3:::b/a/k", object) && !is_of_form("arn:aws:s3:::b", object));
        let table = "arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}";
        assert!(is_of_form("arn:aws:dynamodb:*:111111111111:table/t", table));
        assert!(!is_of_form("arn:aws:dynamodb:us-east-1:111111111111:stream/t", table));
    }
}
