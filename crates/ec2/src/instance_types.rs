//! Instance types: how many CPUs and how much memory an instance gets.
//!
//! Source: EC2 User Guide, "Instance types": within a family, memory grows with the number of CPUs.

/// The size of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceType {
    /// `t3.micro`
    pub name: String,
    pub vcpus: u32,
    /// MiB.
    pub memory: u32,
    /// Graviton.
    pub arm: bool,
    /// Earns CPU credits.
    pub burstable: bool,
}

impl InstanceType {
    /// Threads of each core.
    pub fn threads(&self) -> i32 {
        if self.arm || self.vcpus == 1 || self.name.starts_with("t2.") { 1 } else { 2 }
    }
}

/// What RunInstances takes when the caller does not say.
pub const DEFAULT: &str = "m1.small";

/// Sizes of the burstable families: vCPUs of the T2 family, of the others, and MiB.
const BURSTABLE: [(&str, u32, u32, u32); 7] = [
    ("nano", 1, 2, 512),
    ("micro", 1, 2, 1024),
    ("small", 1, 2, 2048),
    ("medium", 2, 2, 4096),
    ("large", 2, 2, 8192),
    ("xlarge", 4, 4, 16384),
    ("2xlarge", 8, 8, 32768),
];

/// Families whose memory is a multiple of their vCPUs: GiB a vCPU, and the sizes in vCPUs.
const FAMILIES: [(&str, u32, &[u32]); 21] = [
    ("m5", 4, WIDE),
    ("m5a", 4, WIDE),
    ("m6a", 4, WIDE),
    ("m6i", 4, WIDE),
    ("m7a", 4, WIDE),
    ("m7i", 4, WIDE),
    ("m6g", 4, GRAVITON),
    ("m7g", 4, GRAVITON),
    ("m8g", 4, GRAVITON),
    ("c5", 2, &[2, 4, 8, 16, 36, 48, 72, 96]),
    ("c6a", 2, WIDE),
    ("c6i", 2, WIDE),
    ("c7a", 2, WIDE),
    ("c7i", 2, WIDE),
    ("c6g", 2, GRAVITON),
    ("c7g", 2, GRAVITON),
    ("r5", 8, WIDE),
    ("r6a", 8, WIDE),
    ("r6i", 8, WIDE),
    ("r7i", 8, WIDE),
    ("r6g", 8, GRAVITON),
];

const WIDE: &[u32] = &[2, 4, 8, 16, 32, 48, 64, 96];
const GRAVITON: &[u32] = &[1, 2, 4, 8, 16, 32, 48, 64];

/// Every type, sorted by name.
pub fn all() -> Vec<InstanceType> {
    let mut types = vec![plain("m1.small", 1, 1740)];
    for family in ["t2", "t3", "t3a", "t4g"] {
        for (size, old, new, memory) in BURSTABLE {
            let vcpus = if family == "t2" { old } else { new };
            let arm = family == "t4g";
            types.push(InstanceType {
                burstable: true,
                arm,
                ..plain(&format!("{family}.{size}"), vcpus, memory)
            });
        }
    }
    for (family, gib, sizes) in FAMILIES {
        for vcpus in sizes {
            let name = format!("{family}.{}", size(*vcpus));
            types.push(InstanceType {
                arm: family.ends_with('g'),
                ..plain(&name, *vcpus, vcpus * gib * 1024)
            });
        }
    }
    types.sort_by(|a, b| a.name.cmp(&b.name));
    types
}

pub fn find(name: &str) -> Option<InstanceType> {
    all().into_iter().find(|own| own.name == name)
}

fn plain(name: &str, vcpus: u32, memory: u32) -> InstanceType {
    InstanceType { name: name.to_owned(), vcpus, memory, arm: false, burstable: false }
}

fn size(vcpus: u32) -> String {
    match vcpus {
        1 => "medium".to_owned(),
        2 => "large".to_owned(),
        4 => "xlarge".to_owned(),
        more => format!("{}xlarge", more / 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_aws() {
        for (name, vcpus, memory) in [
            ("t2.micro", 1, 1024),
            ("t3.micro", 2, 1024),
            ("m5.large", 2, 8192),
            ("m5.24xlarge", 96, 393_216),
            ("c5.9xlarge", 36, 73_728),
            ("r5.xlarge", 4, 32_768),
            ("m7g.medium", 1, 4096),
        ] {
            let found = find(name).unwrap();
            assert_eq!((found.vcpus, found.memory), (vcpus, memory), "{name}");
        }
        assert_eq!(find("t9.micro"), None);
    }

    #[test]
    fn no_type_is_listed_twice() {
        let mut names: Vec<_> = all().into_iter().map(|own| own.name).collect();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
