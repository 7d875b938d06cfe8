//! Categories, listings, versions.

use std::time::Duration;

use rolecall_imds::{LifeCycle, PushedKey, SpotAction};

use crate::world::{Guest, header, interface, text};

fn value(guest: &Guest, path: &str) -> String {
    let answer = guest.get(path);
    assert_eq!(answer.status, 200, "{path}");
    assert_eq!(header(&answer, "content-type").as_deref(), Some("text/plain"), "{path}");
    text(&answer)
}

#[test]
fn the_root_lists_versions_and_any_date_is_one() {
    let guest = Guest::new();
    let versions = value(&guest, "/");
    assert!(versions.starts_with("1.0\n2007-01-19\n"));
    assert!(versions.ends_with("\n2024-04-11\nlatest"));
    for version in ["1.0", "2009-04-04", "2021-03-23", "2031-12-24", "latest"] {
        assert_eq!(value(&guest, &format!("/{version}/meta-data/instance-id")), guest.instance.id);
    }
    for version in ["1.1", "2009-4-4", "newest", "2009-04-04-1"] {
        assert_eq!(guest.get(&format!("/{version}/meta-data/")).status, 404, "{version}");
    }
}

#[test]
fn a_version_lists_its_three_parts() {
    assert_eq!(value(&Guest::new(), "/latest/"), "dynamic\nmeta-data\nuser-data");
    assert_eq!(value(&Guest::new(), "/latest"), "dynamic\nmeta-data\nuser-data");
}

#[test]
fn a_listing_has_a_line_for_each_name_with_slashes_on_folders_and_no_last_end_of_line() {
    let guest = Guest::with_role();
    let listing = value(&guest, "/latest/meta-data/");
    let expected = "ami-id\nami-launch-index\nami-manifest-path\nblock-device-mapping/\nevents/\nhibernation/\n\
                    hostname\niam/\nidentity-credentials/\ninstance-action\ninstance-id\ninstance-life-cycle\ninstance-type\n\
                    local-hostname\nlocal-ipv4\nmac\nmetrics/\nnetwork/\nplacement/\nprofile\npublic-ipv4\n\
                    public-keys/\nreservation-id\nsecurity-groups\nservices/\nsystem";
    assert_eq!(listing, expected);
    assert_eq!(value(&guest, "/latest/meta-data"), expected);
    assert_eq!(value(&guest, "/latest//meta-data//"), expected);
    assert_eq!(value(&guest, "/latest/dynamic/"), "fws/\ninstance-identity/");
}

#[test]
fn every_listed_name_leads_to_something() {
    let guest = Guest::with_role();
    guest.sign();
    let mut open = vec!["/latest/meta-data/".to_owned(), "/latest/dynamic/".to_owned()];
    let mut seen = 0;
    while let Some(folder) = open.pop() {
        for name in value(&guest, &folder).lines() {
            // `0=mine` is the key at `0/`.
            let name = name.split_once('=').map_or(name.to_owned(), |(number, _)| format!("{number}/"));
            let path = format!("{folder}{name}");
            assert!(!value(&guest, &path).is_empty(), "{path}");
            seen += 1;
            if name.ends_with('/') {
                open.push(path);
            }
        }
    }
    assert!(seen > 55, "{seen}");
}

#[test]
fn values_are_the_instances_own() {
    let guest = Guest::new();
    let mac = "/latest/meta-data/network/interfaces/macs/0a:11:22:33:44:55";
    for (path, expected) in [
        ("/latest/meta-data/ami-id", "ami-0bbbbbbbbbbbbbbbb"),
        ("/latest/meta-data/instance-type", "t3.micro"),
        ("/latest/meta-data/local-ipv4", "172.31.5.6"),
        ("/latest/meta-data/local-ipv4/", "172.31.5.6"),
        ("/latest/meta-data/public-ipv4", "127.64.0.9"),
        ("/latest/meta-data/placement/region", "eu-west-1"),
        ("/latest/meta-data/placement/availability-zone", "eu-west-1a"),
        ("/latest/meta-data/security-groups", "default\nweb"),
        ("/latest/meta-data/public-keys/", "0=mine"),
        ("/latest/meta-data/public-keys/0", "openssh-key"),
        ("/latest/meta-data/public-keys/0/openssh-key", "ssh-ed25519 AAAA mine"),
        ("/latest/meta-data/services/partition", "aws"),
        (&format!("{mac}/vpc-id"), "vpc-0ddddddddddddddd"),
        (&format!("{mac}/ipv4-associations/127.64.0.9"), "172.31.5.6"),
    ] {
        assert_eq!(value(&guest, path), expected, "{path}");
    }
}

#[test]
fn what_the_instance_does_not_have_is_not_there() {
    let mut guest = Guest::new();
    guest.instance.public_ip = None;
    guest.instance.key = None;
    guest.details.user_data = None;
    for path in [
        "meta-data/public-ipv4",
        "meta-data/public-keys/",
        "meta-data/iam/",
        "meta-data/iam/info",
        "meta-data/iam/security-credentials/",
        "meta-data/spot/instance-action",
        "meta-data/tags/",
        "meta-data/ipv6",
        "meta-data/managed-ssh-keys/",
        "meta-data/placement/group-name",
        "meta-data/spot/",
        "meta-data/autoscaling/target-lifecycle-state",
        "user-data",
    ] {
        assert_eq!(guest.get(&format!("/latest/{path}")).status, 404, "{path}");
    }
    assert_eq!(value(&guest, "/latest/"), "dynamic\nmeta-data");
}

#[test]
fn user_data_is_served_byte_by_byte() {
    let guest = Guest::new();
    let answer = guest.get("/latest/user-data");
    assert_eq!(answer.body, guest.details.user_data.clone().unwrap());
    assert_eq!(header(&answer, "content-type").as_deref(), Some("application/octet-stream"));
}

#[test]
fn tags_are_shown_where_that_is_switched_on() {
    let mut guest = Guest::new();
    assert_eq!(guest.get("/latest/meta-data/tags/instance/").status, 404);
    guest.instance.options.tags = true;
    assert_eq!(value(&guest, "/latest/meta-data/tags/"), "instance/");
    assert_eq!(value(&guest, "/latest/meta-data/tags/instance/"), "Name\nteam:x");
    assert_eq!(value(&guest, "/latest/meta-data/tags/instance/Name"), "web 1");
    assert_eq!(value(&guest, "/latest/meta-data/tags/instance/team%3Ax"), "blue");
}

#[test]
fn the_identity_document_says_who_the_instance_is() {
    let document = value(&Guest::new(), "/latest/dynamic/instance-identity/document");
    let expected = r#"{
  "accountId" : "000000000000",
  "architecture" : "x86_64",
  "availabilityZone" : "eu-west-1a",
  "billingProducts" : null,
  "devpayProductCodes" : null,
  "marketplaceProductCodes" : null,
  "imageId" : "ami-0bbbbbbbbbbbbbbbb",
  "instanceId" : "i-0123456789abcdef0",
  "instanceType" : "t3.micro",
  "kernelId" : null,
  "pendingTime" : "2026-01-01T00:00:00Z",
  "privateIp" : "172.31.5.6",
  "ramdiskId" : null,
  "region" : "eu-west-1",
  "version" : "2017-09-30"
}"#;
    assert_eq!(document, expected);
}

#[test]
fn each_interface_has_its_own_folder() {
    let mut guest = Guest::new();
    let mut second = interface("eni-0fffffffffffffff", "0a:11:22:33:44:66", 1);
    second.public_ips.clear();
    second.private_ips = vec![[172, 31, 9, 9].into()];
    second.ipv6s = vec!["2600:1f18::9".parse().unwrap()];
    second.vpc.blocks.push("10.9.0.0/16".into());
    guest.details.interfaces.push(second);
    let macs = "/latest/meta-data/network/interfaces/macs/";
    assert_eq!(value(&guest, macs), "0a:11:22:33:44:55/\n0a:11:22:33:44:66/");
    let (first, second) = (format!("{macs}0a:11:22:33:44:55/"), format!("{macs}0a:11:22:33:44:66/"));
    assert_eq!(value(&guest, &format!("{first}local-ipv4s")), "172.31.5.6\n172.31.5.7");
    assert_eq!(value(&guest, &format!("{first}public-ipv4s")), "127.64.0.9");
    for (name, expected) in [
        ("device-number", "1"),
        ("interface-id", "eni-0fffffffffffffff"),
        ("local-ipv4s", "172.31.9.9"),
        ("ipv6s", "2600:1f18::9"),
        ("security-group-ids", "sg-1\nsg-2"),
        ("subnet-ipv4-cidr-block", "172.31.0.0/20"),
        ("vpc-ipv4-cidr-blocks", "172.31.0.0/16\n10.9.0.0/16"),
        ("owner-id", "000000000000"),
    ] {
        assert_eq!(value(&guest, &format!("{second}{name}")), expected, "{name}");
    }
    assert_eq!(guest.get(&format!("{second}public-ipv4s")).status, 404);
    assert_eq!(guest.get(&format!("{second}ipv4-associations/")).status, 404);
}

#[test]
fn a_dated_version_has_the_categories_of_its_day() {
    let guest = Guest::with_role();
    let oldest = "ami-id\nami-launch-index\nami-manifest-path\nhibernation/\nhostname\ninstance-id\nlocal-ipv4\nprofile\n\
                  public-keys/\nreservation-id\nsecurity-groups\nsystem";
    assert_eq!(value(&guest, "/1.0/meta-data/"), oldest);
    assert_eq!(value(&guest, "/1.0/"), "meta-data\nuser-data");
    assert_eq!(guest.get("/2009-04-04/meta-data/mac").status, 404);
    assert_eq!(guest.get("/2009-04-04/meta-data/placement/region").status, 404);
    assert_eq!(value(&guest, "/2009-04-04/meta-data/placement/availability-zone"), "eu-west-1a");
    assert_eq!(value(&guest, "/2021-03-23/meta-data/mac"), guest.instance.mac);
}

#[test]
fn a_spot_instance_says_so_and_what_is_planned_only_once_it_is_marked() {
    let mut guest = Guest::new();
    assert_eq!(value(&guest, "/latest/meta-data/instance-life-cycle"), "on-demand");
    guest.details.life = LifeCycle::Spot(None);
    assert_eq!(value(&guest, "/latest/meta-data/instance-life-cycle"), "spot");
    assert_eq!(guest.get("/latest/meta-data/spot/instance-action").status, 404);
    let at = guest.world.env.now() + Duration::from_secs(120);
    guest.details.life = LifeCycle::Spot(Some((SpotAction::Terminate, at)));
    let action = r#"{"action": "terminate", "time": "2026-01-01T00:02:00Z"}"#;
    assert_eq!(value(&guest, "/latest/meta-data/spot/instance-action"), action);
    assert_eq!(value(&guest, "/latest/meta-data/spot/termination-time"), "2026-01-01T00:02:00Z");
}

#[test]
fn a_pushed_key_is_shown_until_its_end() {
    let mut guest = Guest::new();
    let until = guest.world.env.now() + Duration::from_secs(60);
    let key = |user: &str, line: &str| PushedKey { user: user.into(), line: line.into(), until };
    guest.details.pushed_keys =
        vec![key("ec2-user", "ssh-ed25519 A"), key("ec2-user", "ssh-ed25519 B"), key("ubuntu", "ssh-rsa C")];
    let keys = "/latest/meta-data/managed-ssh-keys/active-keys/";
    assert_eq!(value(&guest, keys), "ec2-user\nubuntu");
    assert_eq!(value(&guest, &format!("{keys}ec2-user/")), "ssh-ed25519 A\nssh-ed25519 B");
    guest.world.env.advance(Duration::from_secs(60));
    assert_eq!(guest.get(keys).status, 404);
    assert_eq!(guest.get(&format!("{keys}ec2-user/")).status, 404);
}
