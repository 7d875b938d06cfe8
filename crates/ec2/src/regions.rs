//! Regions and their availability zones. Every region name works; these are the ones that are listed.

/// Region, its long name, and whether an account must opt in first.
/// Source: EC2 User Guide, "Regions and Availability Zones".
const REGIONS: [(&str, &str, bool); 28] = [
    ("af-south-1", "Africa (Cape Town)", true),
    ("ap-east-1", "Asia Pacific (Hong Kong)", true),
    ("ap-northeast-1", "Asia Pacific (Tokyo)", false),
    ("ap-northeast-2", "Asia Pacific (Seoul)", false),
    ("ap-northeast-3", "Asia Pacific (Osaka)", false),
    ("ap-south-1", "Asia Pacific (Mumbai)", false),
    ("ap-south-2", "Asia Pacific (Hyderabad)", true),
    ("ap-southeast-1", "Asia Pacific (Singapore)", false),
    ("ap-southeast-2", "Asia Pacific (Sydney)", false),
    ("ap-southeast-3", "Asia Pacific (Jakarta)", true),
    ("ap-southeast-4", "Asia Pacific (Melbourne)", true),
    ("ca-central-1", "Canada (Central)", false),
    ("ca-west-1", "Canada West (Calgary)", true),
    ("eu-central-1", "Europe (Frankfurt)", false),
    ("eu-central-2", "Europe (Zurich)", true),
    ("eu-north-1", "Europe (Stockholm)", false),
    ("eu-south-1", "Europe (Milan)", true),
    ("eu-south-2", "Europe (Spain)", true),
    ("eu-west-1", "Europe (Ireland)", false),
    ("eu-west-2", "Europe (London)", false),
    ("eu-west-3", "Europe (Paris)", false),
    ("il-central-1", "Israel (Tel Aviv)", true),
    ("me-central-1", "Middle East (UAE)", true),
    ("me-south-1", "Middle East (Bahrain)", true),
    ("sa-east-1", "South America (Sao Paulo)", false),
    ("us-east-1", "US East (N. Virginia)", false),
    ("us-east-2", "US East (Ohio)", false),
    ("us-west-2", "US West (Oregon)", false),
];

/// One of them, where none is asked about.
pub const FIRST: &str = "us-east-1";

/// The letters of the zones that each region has here.
pub const ZONES: [&str; 3] = ["a", "b", "c"];

/// A region as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    pub name: String,
    pub long_name: String,
    /// `opt-in-not-required` or `opted-in`: every region may be used here.
    pub opt_in: &'static str,
}

/// The listed regions, and `here` if it is not among them.
pub fn all(here: &str) -> Vec<Region> {
    let mut regions: Vec<_> = REGIONS.iter().map(|(name, long, opt)| region(name, long, *opt)).collect();
    if !regions.iter().any(|region| region.name == here) {
        regions.push(region(here, here, false));
    }
    regions
}

fn region(name: &str, long_name: &str, opt: bool) -> Region {
    let opt_in = if opt { "opted-in" } else { "opt-in-not-required" };
    Region { name: name.to_owned(), long_name: long_name.to_owned(), opt_in }
}

/// The long name of a region.
pub fn long_name(region: &str) -> String {
    let known = REGIONS.iter().find(|(name, ..)| *name == region);
    known.map_or(region, |(_, long, _)| long).to_owned()
}

/// The beginning of a region's zone ids: `us-east-1` → `use1`, `ap-southeast-2` → `apse2`.
pub fn short_name(region: &str) -> String {
    let mut words = region.split('-');
    let mut short = words.next().unwrap_or_default().to_owned();
    for word in words {
        short.push_str(match word {
            "northeast" => "ne",
            "northwest" => "nw",
            "southeast" => "se",
            "southwest" => "sw",
            number if number.bytes().all(|b| b.is_ascii_digit()) => number,
            other => other.get(..1).unwrap_or_default(),
        });
    }
    short
}

/// A region's zones, each with its id.
pub fn zones(region: &str) -> Vec<(String, String)> {
    let short = short_name(region);
    let zone = |(n, letter): (usize, &&str)| (format!("{region}{letter}"), format!("{short}-az{}", n + 1));
    ZONES.iter().enumerate().map(zone).collect()
}

/// The id of a zone by its name: `us-east-1a` → `use1-az1`.
pub fn zone_id(region: &str, name: &str) -> Option<String> {
    zones(region).into_iter().find(|(zone, _)| zone == name).map(|(_, id)| id)
}

/// The domain of private host names.
pub fn private_domain(region: &str) -> String {
    if region == "us-east-1" { "ec2.internal".to_owned() } else { format!("{region}.compute.internal") }
}

/// The domain of public host names.
pub fn public_domain(region: &str) -> String {
    match region {
        "us-east-1" => "compute-1.amazonaws.com".to_owned(),
        other => format!("{other}.compute.amazonaws.com"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_ids_begin_with_the_short_name_of_their_region() {
        for (region, short) in [
            ("us-east-1", "use1"),
            ("eu-central-1", "euc1"),
            ("ap-southeast-2", "apse2"),
            ("us-gov-west-1", "usgw1"),
        ] {
            assert_eq!(short_name(region), short);
        }
        assert_eq!(zones("us-east-1")[2], ("us-east-1c".into(), "use1-az3".into()));
    }

    #[test]
    fn an_unlisted_region_that_is_used_is_listed() {
        assert!(all("moon-1").iter().any(|region| region.name == "moon-1"));
        assert_eq!(all("us-east-1").len(), REGIONS.len());
    }
}
