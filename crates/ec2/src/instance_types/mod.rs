//! Instance types: how many CPUs and how much memory an instance gets, and what else is told of each type.

mod families;
mod limits;

use std::sync::LazyLock;

pub use families::Maker;
use families::{FAMILIES, Family};

/// The size of an instance.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceType {
    /// `t3.micro`
    pub name: String,
    pub vcpus: u32,
    /// MiB.
    pub memory: u32,
    pub maker: Maker,
    /// GHz.
    pub clock: f64,
    /// Runs on the Nitro hypervisor; Xen otherwise, or none at all for bare metal.
    pub nitro: bool,
    pub metal: bool,
    /// Network interfaces, and addresses of each.
    pub interfaces: u32,
    pub addresses: u32,
    /// Gbps: what it always has, and what it can have for a while.
    pub baseline: f64,
    pub peak: f64,
    /// Local disks: how many, and GB of each.
    pub disks: Option<(u32, u32)>,
}

/// What RunInstances takes when the caller does not say.
pub const DEFAULT: &str = "m1.small";

/// Every type, sorted by name.
static TYPES: LazyLock<Vec<InstanceType>> = LazyLock::new(|| {
    let mut types: Vec<_> = FAMILIES.iter().flat_map(of_family).collect();
    types.sort_by(|a, b| a.name.cmp(&b.name));
    types
});

pub fn all() -> &'static [InstanceType] {
    &TYPES
}

pub fn find(name: &str) -> Option<&'static InstanceType> {
    let at = TYPES.binary_search_by(|own| own.name.as_str().cmp(name)).ok()?;
    TYPES.get(at)
}

impl InstanceType {
    /// `t3` of `t3.micro`.
    pub fn family(&self) -> &str {
        self.name.split_once('.').map_or(self.name.as_str(), |(family, _)| family)
    }

    /// Graviton.
    pub fn arm(&self) -> bool {
        self.maker == Maker::Aws
    }

    /// Earns CPU credits.
    pub fn burstable(&self) -> bool {
        self.name.starts_with('t')
    }

    /// In EC2's words.
    pub fn architecture(&self) -> &'static str {
        if self.arm() { "arm64" } else { "x86_64" }
    }

    /// Threads of each core.
    pub fn threads(&self) -> u32 {
        let whole = matches!(self.family(), "t2" | "m7a" | "c7a" | "r7a");
        if self.arm() || self.vcpus == 1 || whole { 1 } else { 2 }
    }

    pub fn cores(&self) -> u32 {
        self.vcpus / self.threads()
    }

    /// How many cores an instance may be told to have: any even number, and one.
    pub fn valid_cores(&self) -> impl Iterator<Item = u32> + use<> {
        let most = self.cores();
        (1..=most).filter(move |count| *count == 1 || *count == most || count % 2 == 0)
    }

    /// Whether instances of the type can still be launched as new ones.
    pub fn current(&self) -> bool {
        self.family() != "m1"
    }
}

fn of_family(family: &Family) -> impl Iterator<Item = InstanceType> + '_ {
    family.sizes.split(' ').filter_map(|word| of_size(family, word))
}

/// One type. The data of this crate is well-formed, which a test holds.
fn of_size(family: &Family, word: &str) -> Option<InstanceType> {
    let (size, special) = word.split_once('=').map_or((word, None), |(size, special)| (size, Some(special)));
    let (vcpus, memory) = match special {
        None => (usual(size)?, None),
        Some(text) => match text.split_once('x') {
            Some((vcpus, mib)) => (vcpus.parse().ok()?, Some(mib.parse().ok()?)),
            None => (text.parse().ok()?, None),
        },
    };
    let network = value(family.network, size)?;
    let (baseline, peak) = network.split_once('/').unwrap_or((network, network));
    let disks = value(family.disks, size).and_then(|text| text.split_once('x'));
    let (interfaces, addresses) = limits::interfaces(family.name, size);
    Some(InstanceType {
        name: format!("{}.{size}", family.name),
        vcpus,
        memory: memory.unwrap_or(vcpus * family.mib),
        maker: family.maker,
        clock: f64::from(family.clock) / 10.0,
        nitro: family.nitro,
        metal: size.starts_with("metal"),
        interfaces,
        addresses,
        baseline: baseline.parse().ok()?,
        peak: peak.parse().ok()?,
        disks: disks.and_then(|(count, size)| Some((count.parse().ok()?, size.parse().ok()?))),
    })
}

/// The part of a text of `NAME=VALUE` words.
fn value<'a>(words: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = words.split(' ').filter_map(|word| word.split_once('='));
    pairs.find(|(own, _)| *own == name).map(|(_, value)| value)
}

/// How many vCPUs a size has in most families.
fn usual(size: &str) -> Option<u32> {
    match size {
        "medium" => Some(1),
        "large" => Some(2),
        "xlarge" => Some(4),
        more => Some(more.strip_suffix("xlarge")?.parse::<u32>().ok()? * 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_aws() {
        for (name, vcpus, memory, interfaces, addresses) in [
            ("t2.micro", 1, 1024, 2, 2),
            ("t3.micro", 2, 1024, 2, 2),
            ("t3.2xlarge", 8, 32_768, 4, 15),
            ("m5.large", 2, 8192, 3, 10),
            ("m5.24xlarge", 96, 393_216, 15, 50),
            ("c5.9xlarge", 36, 73_728, 8, 30),
            ("c4.8xlarge", 36, 61_440, 8, 30),
            ("r5.xlarge", 4, 32_768, 4, 15),
            ("r4.large", 2, 15_616, 3, 10),
            ("m7g.medium", 1, 4096, 2, 4),
            ("m7i.metal-48xl", 192, 786_432, 15, 50),
        ] {
            let found = find(name).unwrap();
            let own = (found.vcpus, found.memory, found.interfaces, found.addresses);
            assert_eq!(own, (vcpus, memory, interfaces, addresses), "{name}");
        }
        assert_eq!(find("t9.micro"), None);
    }

    #[test]
    fn every_word_of_the_data_is_a_type_and_none_comes_twice() {
        let words: usize = FAMILIES.iter().map(|family| family.sizes.split(' ').count()).sum();
        let mut names: Vec<_> = all().iter().map(|own| own.name.as_str()).collect();
        assert_eq!(names.len(), words);
        names.dedup();
        assert_eq!(names.len(), words);
        for family in FAMILIES.iter().filter(|family| !family.disks.is_empty()) {
            assert!(of_family(family).all(|own| own.disks.is_some()), "{}", family.name);
        }
    }
}
