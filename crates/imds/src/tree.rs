//! The categories of an instance as a tree of names: what the instance has no data for is not there.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::documents;
use crate::instance::{Details, InstanceView};

/// The dated versions that `/` lists; any other date is understood too.
pub const VERSIONS: [&str; 30] = [
    "1.0",
    "2007-01-19",
    "2007-03-01",
    "2007-08-29",
    "2007-10-10",
    "2007-12-15",
    "2008-02-01",
    "2008-09-01",
    "2009-04-04",
    "2011-01-01",
    "2011-05-01",
    "2012-01-12",
    "2014-02-25",
    "2014-11-05",
    "2015-10-20",
    "2016-04-19",
    "2016-06-30",
    "2016-09-02",
    "2018-03-28",
    "2018-08-17",
    "2018-09-24",
    "2019-10-01",
    "2020-10-27",
    "2021-01-03",
    "2021-03-23",
    "2021-07-15",
    "2022-07-09",
    "2022-09-24",
    "2024-04-11",
    "latest",
];

/// Whether a first path element names a version.
pub fn is_version(name: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_date = || match name.split('-').collect::<Vec<_>>().as_slice() {
        [year, month, day] => {
            year.len() == 4
                && month.len() == 2
                && day.len() == 2
                && [year, month, day].iter().all(|part| digits(part))
        }
        _ => false,
    };
    name == "latest" || name == "1.0" || is_date()
}

/// What a path names.
#[derive(Debug)]
pub enum Node {
    Value(Bytes),
    /// User data.
    Octets(Bytes),
    Dir(Dir),
}

/// A folder, sorted by name as EC2 lists it.
#[derive(Debug, Default)]
pub struct Dir {
    entries: BTreeMap<String, Node>,
    /// What its listing says in place of the names.
    listing: Option<String>,
}

impl Dir {
    fn value(&mut self, path: &str, value: impl Into<Bytes>) {
        let path: Vec<&str> = path.split('/').collect();
        self.put(&path, Node::Value(value.into()));
    }

    fn put(&mut self, path: &[&str], node: Node) {
        match path {
            [] => {}
            [name] => {
                self.entries.insert((*name).to_owned(), node);
            }
            [name, rest @ ..] => {
                let inner =
                    self.entries.entry((*name).to_owned()).or_insert_with(|| Node::Dir(Dir::default()));
                if let Node::Dir(dir) = inner {
                    dir.put(rest, node);
                }
            }
        }
    }

    /// What a path below this folder names.
    pub fn find(&self, path: &[String]) -> Option<&Node> {
        let (name, rest) = path.split_first()?;
        match (self.entries.get(name)?, rest) {
            (node, []) => Some(node),
            (Node::Dir(dir), rest) => dir.find(rest),
            _ => None,
        }
    }

    /// The names, one a line without a last line's end; those of folders end in `/`.
    pub fn list(&self) -> String {
        if let Some(listing) = &self.listing {
            return listing.clone();
        }
        let line = |(name, node): (&String, &Node)| match node {
            Node::Dir(_) => format!("{name}/"),
            _ => name.clone(),
        };
        self.entries.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Everything below a version: `meta-data`, `dynamic`, `user-data`. `meta-data/iam` is an empty folder here; its
/// contents change by themselves and are answered apart.
pub fn of(instance: &InstanceView, details: &Details) -> Dir {
    let mut root = Dir::default();
    root.put(&["meta-data"], Node::Dir(meta_data(instance, details)));
    root.value("dynamic/instance-identity/document", documents::identity(instance, details));
    root.value("dynamic/fws/instance-monitoring", "disabled");
    let mut names = vec!["dynamic", "meta-data"];
    if let Some(data) = &details.user_data {
        root.put(&["user-data"], Node::Octets(data.clone().into()));
        names.push("user-data");
    }
    // The one listing of EC2 that shows folders without a slash.
    root.listing = Some(names.join("\n"));
    root
}

fn meta_data(instance: &InstanceView, details: &Details) -> Dir {
    let mut dir = Dir::default();
    dir.value("ami-id", instance.image.clone());
    dir.value("ami-launch-index", instance.launch_index.to_string());
    dir.value("ami-manifest-path", "(unknown)");
    dir.value("block-device-mapping/ami", details.root_device.clone());
    dir.value("block-device-mapping/root", details.root_device.clone());
    dir.value("events/maintenance/history", "[]");
    dir.value("events/maintenance/scheduled", "[]");
    dir.value("hibernation/configured", "false");
    dir.value("hostname", details.hostname.clone());
    dir.value("instance-action", "none");
    dir.value("instance-id", instance.id.clone());
    dir.value("instance-life-cycle", "on-demand");
    dir.value("instance-type", instance.instance_type.clone());
    dir.value("local-hostname", details.hostname.clone());
    dir.value("local-ipv4", instance.private_ip.to_string());
    dir.value("mac", instance.mac.clone());
    dir.value("placement/availability-zone", instance.zone.clone());
    dir.value("placement/availability-zone-id", details.zone_id.clone());
    dir.value("placement/region", instance.region.clone());
    dir.value("reservation-id", instance.reservation.clone());
    dir.value("security-groups", lines(&details.security_groups, |(_, name)| name));
    dir.value("services/domain", "amazonaws.com");
    dir.value("services/partition", "aws");
    dir.put(&["network", "interfaces", "macs", &instance.mac], Node::Dir(interface(instance, details)));
    if instance.profile.is_some() {
        dir.put(&["iam"], Node::Dir(Dir::default()));
    }
    if let Some(key) = &instance.key {
        let mut keys = Dir { listing: Some(format!("0={}", key.name)), ..Dir::default() };
        keys.value("0/openssh-key", key.public_key.clone());
        dir.put(&["public-keys"], Node::Dir(keys));
    }
    if let Some(address) = instance.public_ip {
        dir.value("public-ipv4", address.to_string());
    }
    if let Some(name) = &details.public_hostname {
        dir.value("public-hostname", name.clone());
    }
    if instance.options.tags {
        for (key, value) in &details.tags {
            dir.put(&["tags", "instance", key], Node::Value(value.clone().into()));
        }
    }
    dir
}

/// `network/interfaces/macs/MAC`
fn interface(instance: &InstanceView, details: &Details) -> Dir {
    let mut dir = Dir::default();
    dir.value("device-number", "0");
    dir.value("interface-id", instance.interface.clone());
    dir.value("local-hostname", details.hostname.clone());
    dir.value("local-ipv4s", instance.private_ip.to_string());
    dir.value("mac", instance.mac.clone());
    dir.value("owner-id", instance.account.to_string());
    dir.value("security-group-ids", lines(&details.security_groups, |(id, _)| id));
    dir.value("security-groups", lines(&details.security_groups, |(_, name)| name));
    dir.value("subnet-id", instance.subnet.clone());
    dir.value("subnet-ipv4-cidr-block", details.subnet_cidr.clone());
    dir.value("vpc-id", instance.vpc.clone());
    dir.value("vpc-ipv4-cidr-block", details.vpc_cidr.clone());
    dir.value("vpc-ipv4-cidr-blocks", details.vpc_cidr.clone());
    if let Some(address) = instance.public_ip {
        let address = address.to_string();
        dir.put(&["ipv4-associations", &address], Node::Value(instance.private_ip.to_string().into()));
        dir.value("public-ipv4s", address);
    }
    if let Some(name) = &details.public_hostname {
        dir.value("public-hostname", name.clone());
    }
    dir
}

fn lines<T>(all: &[T], text: impl Fn(&T) -> &String) -> String {
    all.iter().map(|one| text(one).as_str()).collect::<Vec<_>>().join("\n")
}
