//! The categories of an instance as a tree of names: what the instance has no data for is not there.

use std::collections::BTreeMap;

use bytes::Bytes;
use rolecall_base::Time;

use crate::documents;
use crate::instance::{Details, InstanceView, Interface, LifeCycle};

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
    Proof(Proof),
    Own(Own),
    Dir(Dir),
}

/// What proves the identity document.
#[derive(Clone, Copy, Debug)]
pub enum Proof {
    /// `signature`
    Bare,
    /// `pkcs7`, `rsa2048`
    Enveloped,
}

/// What `identity-credentials/ec2` holds.
#[derive(Clone, Copy, Debug)]
pub enum Own {
    Info,
    Credentials,
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

    /// The same for what may be absent.
    fn maybe(&mut self, path: &str, value: Option<impl Into<Bytes>>) {
        if let Some(value) = value {
            self.value(path, value);
        }
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
    pub fn find(&self, path: &[&str]) -> Option<&Node> {
        let (name, rest) = path.split_first()?;
        match (self.entries.get(*name)?, rest) {
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

/// Everything below a version: `meta-data`, `dynamic`, `user-data`. `meta-data/iam` is an empty folder here: its contents
/// change by themselves and are answered apart.
pub fn of(version: &str, instance: &InstanceView, details: &Details, now: Time) -> Dir {
    let since = Since::of(version);
    let mut root = Dir::default();
    root.put(&["meta-data"], Node::Dir(meta_data(since, instance, details, now)));
    let mut names = vec!["meta-data"];
    if since.has("2009-04-04") {
        root.put(&["dynamic"], Node::Dir(dynamic(since, instance, details)));
        names.insert(0, "dynamic");
    }
    if let Some(data) = &details.user_data {
        root.put(&["user-data"], Node::Octets(data.clone().into()));
        names.push("user-data");
    }
    // The one listing of EC2 that shows folders without a slash.
    root.listing = Some(names.join("\n"));
    root
}

/// Which categories a version has: those of its day.
#[derive(Clone, Copy)]
struct Since<'a>(&'a str);

impl<'a> Since<'a> {
    fn of(version: &'a str) -> Since<'a> {
        match version {
            // Before and after every date, as texts compare.
            "1.0" => Since("0"),
            "latest" => Since("9"),
            date => Since(date),
        }
    }

    fn has(self, date: &str) -> bool {
        self.0 >= date
    }
}

fn dynamic(since: Since<'_>, instance: &InstanceView, details: &Details) -> Dir {
    let mut dir = Dir::default();
    dir.value("fws/instance-monitoring", if details.monitored { "enabled" } else { "disabled" });
    dir.value("instance-identity/document", documents::identity(instance, details));
    dir.put(&["instance-identity", "pkcs7"], Node::Proof(Proof::Enveloped));
    dir.put(&["instance-identity", "signature"], Node::Proof(Proof::Bare));
    if since.has("2015-01-29") {
        dir.put(&["instance-identity", "rsa2048"], Node::Proof(Proof::Enveloped));
    }
    dir
}

fn meta_data(since: Since<'_>, instance: &InstanceView, details: &Details, now: Time) -> Dir {
    let mut dir = Dir::default();
    dir.value("ami-id", instance.image.clone());
    dir.value("ami-launch-index", instance.launch_index.to_string());
    dir.value("ami-manifest-path", "(unknown)");
    dir.value("hostname", details.hostname.clone());
    dir.value("instance-id", instance.id.clone());
    dir.value("local-ipv4", instance.private_ip.to_string());
    dir.value("reservation-id", instance.reservation.clone());
    dir.value("hibernation/configured", if details.hibernation { "true" } else { "false" });
    dir.value("profile", "default-hvm");
    dir.value("system", "nitro");
    let primary = details.interfaces.first();
    dir.value("security-groups", primary.map_or_else(String::new, group_names));
    if let Some(key) = &instance.key {
        let mut keys = Dir { listing: Some(format!("0={}", key.name)), ..Dir::default() };
        keys.value("0/openssh-key", key.public_key.clone());
        dir.put(&["public-keys"], Node::Dir(keys));
    }
    if since.has("2007-01-19") {
        dir.value("local-hostname", details.hostname.clone());
        dir.maybe("public-hostname", details.public_hostname.clone());
        dir.maybe("public-ipv4", instance.public_ip.map(|address| address.to_string()));
    }
    if since.has("2007-08-29") {
        dir.value("instance-type", instance.instance_type.clone());
    }
    if since.has("2007-12-15") {
        for (name, device) in &details.devices {
            dir.put(&["block-device-mapping", name], Node::Value(device.clone().into()));
        }
    }
    if since.has("2008-09-01") {
        dir.value("instance-action", "none");
    }
    placement(&mut dir, since, instance, details);
    network(&mut dir, since, instance, details);
    life(&mut dir, since, details);
    services(&mut dir, since);
    access(&mut dir, since, instance, details, now);
    dir
}

fn placement(dir: &mut Dir, since: Since<'_>, instance: &InstanceView, details: &Details) {
    let placement = &details.placement;
    if since.has("2008-02-01") {
        dir.value("placement/availability-zone", instance.zone.clone());
    }
    if since.has("2019-10-01") {
        dir.value("placement/availability-zone-id", placement.zone_id.clone());
    }
    if since.has("2020-08-24") {
        dir.value("placement/region", instance.region.clone());
        dir.maybe("placement/group-name", placement.group.clone());
        dir.maybe("placement/host-id", placement.host.clone());
        dir.maybe("placement/partition-number", placement.partition.map(|number| number.to_string()));
    }
}

fn network(dir: &mut Dir, since: Since<'_>, instance: &InstanceView, details: &Details) {
    if !since.has("2011-01-01") {
        return;
    }
    dir.value("mac", instance.mac.clone());
    for own in &details.interfaces {
        let mut inner = interface(own);
        if since.has("2016-06-30") {
            newer_than_2016(&mut inner, own);
        }
        dir.put(&["network", "interfaces", "macs", &own.mac], Node::Dir(inner));
    }
    let first = details.interfaces.first().and_then(|own| own.ipv6s.first());
    if since.has("2021-01-03") {
        dir.maybe("ipv6", first.map(|address| address.to_string()));
    }
}

/// `network/interfaces/macs/MAC`
fn interface(own: &Interface) -> Dir {
    let mut dir = Dir::default();
    dir.value("device-number", own.device_number.to_string());
    dir.value("interface-id", own.id.clone());
    dir.value("local-hostname", own.local_hostname.clone());
    dir.value("local-ipv4s", lines(&own.private_ips));
    dir.value("mac", own.mac.clone());
    dir.value("owner-id", own.owner.to_string());
    dir.maybe("public-hostname", own.public_hostname.clone());
    dir.value("security-group-ids", join(own.security_groups.iter().map(|(id, _)| id.clone())));
    dir.value("security-groups", group_names(own));
    dir.value("subnet-id", own.subnet.id.clone());
    dir.maybe("subnet-ipv4-cidr-block", own.subnet.blocks.first().cloned());
    dir.value("vpc-id", own.vpc.id.clone());
    dir.maybe("vpc-ipv4-cidr-block", own.vpc.blocks.first().cloned());
    if !own.public_ips.is_empty() {
        dir.value("public-ipv4s", join(own.public_ips.iter().map(|(public, _)| public.to_string())));
    }
    for (public, private) in &own.public_ips {
        let path = ["ipv4-associations", &public.to_string()];
        dir.put(&path, Node::Value(private.to_string().into()));
    }
    dir
}

fn newer_than_2016(dir: &mut Dir, own: &Interface) {
    dir.value("vpc-ipv4-cidr-blocks", join(own.vpc.blocks.iter().cloned()));
    dir.value("network-card", own.network_card.to_string());
    let some = |all: &[String]| (!all.is_empty()).then(|| all.join("\n"));
    dir.maybe("ipv6s", (!own.ipv6s.is_empty()).then(|| lines(&own.ipv6s)));
    dir.maybe("ipv4-prefix", some(&own.prefixes));
    dir.maybe("subnet-ipv6-cidr-blocks", some(&own.subnet.ipv6_blocks));
    dir.maybe("vpc-ipv6-cidr-blocks", some(&own.vpc.ipv6_blocks));
}

/// What is planned with the instance. Nothing here ever schedules maintenance.
fn life(dir: &mut Dir, since: Since<'_>, details: &Details) {
    if since.has("2018-08-17") {
        dir.value("events/maintenance/history", "[]");
        dir.value("events/maintenance/scheduled", "[]");
    }
    if since.has("2019-10-01") {
        let is_spot = matches!(details.life, LifeCycle::Spot(_));
        dir.value("instance-life-cycle", if is_spot { "spot" } else { "on-demand" });
    }
    if let LifeCycle::Spot(Some((action, at))) = details.life {
        if since.has("2014-11-05") && action == crate::SpotAction::Terminate {
            dir.value("spot/termination-time", at.iso_seconds());
        }
        if since.has("2016-11-15") {
            dir.value("spot/instance-action", documents::spot_action(action, at));
        }
    }
}

fn services(dir: &mut Dir, since: Since<'_>) {
    if since.has("2011-05-01") {
        // All that EC2 has left of it.
        dir.value("metrics/vhostmd", r#"<?xml version="1.0" encoding="UTF-8"?>"#);
    }
    if since.has("2014-02-25") {
        dir.value("services/domain", "amazonaws.com");
    }
    if since.has("2015-10-20") {
        dir.value("services/partition", "aws");
    }
}

/// Credentials, pushed keys, tags.
fn access(dir: &mut Dir, since: Since<'_>, instance: &InstanceView, details: &Details, now: Time) {
    if since.has("2012-01-12") && instance.profile.is_some() {
        dir.put(&["iam"], Node::Dir(Dir::default()));
    }
    if since.has("2018-05-23") {
        let own = ["identity-credentials", "ec2", "security-credentials", "ec2-instance"];
        dir.put(&own, Node::Own(Own::Credentials));
        dir.put(&["identity-credentials", "ec2", "info"], Node::Own(Own::Info));
    }
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for key in details.pushed_keys.iter().filter(|key| now < key.until) {
        users.entry(&key.user).or_default().push(&key.line);
    }
    for (user, lines) in users {
        let path = ["managed-ssh-keys", "active-keys", user];
        dir.put(&path, Node::Value(lines.join("\n").into()));
    }
    if since.has("2021-03-23") && instance.options.tags {
        for (key, value) in &details.tags {
            dir.put(&["tags", "instance", key], Node::Value(value.clone().into()));
        }
    }
}

fn group_names(own: &Interface) -> String {
    join(own.security_groups.iter().map(|(_, name)| name.clone()))
}

fn lines<T: ToString>(all: &[T]) -> String {
    join(all.iter().map(ToString::to_string))
}

fn join(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join("\n")
}
