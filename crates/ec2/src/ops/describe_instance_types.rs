//! DescribeInstanceTypes: the sizes that instances come in.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::instance_types::{self, InstanceType};
use crate::model::{
    self, DescribeInstanceTypes, DescribeInstanceTypesRequest, DescribeInstanceTypesResult, InstanceTypeInfo,
};
use crate::paging::Turn;
use crate::questions::anywhere;

/// Types that one call may name.
const MOST: usize = 100;

impl Operation for DescribeInstanceTypes {
    type Access = Read;

    fn needs(_: &DescribeInstanceTypesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeInstanceTypes, at)
    }

    /// Every region has every type, so `IncludeUnsupportedInRegion` adds none.
    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeInstanceTypesResult, Fault> {
        let input = req.input;
        faults::dry_run(input.dry_run)?;
        let names = input.instance_types.as_deref().unwrap_or_default();
        if names.len() > MOST {
            return Err(faults::invalid(format!(
                "At most {MOST} instance types can be named in one request."
            )));
        }
        if !names.is_empty() && input.max_results.is_some() {
            let text = "The parameter InstanceTypes cannot be used with the parameter MaxResults";
            return Err(faults::combination(text));
        }
        let unknown: Vec<_> =
            names.iter().filter(|name| instance_types::find(name).is_none()).cloned().collect();
        if !unknown.is_empty() {
            let text =
                format!("The following supplied instance types do not exist: [{}]", unknown.join(", "));
            return Err(faults::other("InvalidInstanceType", text));
        }
        let every = instance_types::all().iter();
        let found = every.filter(|own| names.is_empty() || names.contains(&own.name)).map(Shown);
        let found = pick(found.collect(), input.filters.as_deref())?;
        // An answer holds no more than this, whether the caller says so or not.
        let max = input.max_results.filter(|max| *max != 0).or(Some(100));
        let turn = Turn { greatest: 100, ..Turn::new(input.next_token.as_deref(), max) };
        let page = turn.cut(found, |own| own.0.name.clone())?;
        let types = page.items.iter().map(Shown::to_wire).collect();
        Ok(DescribeInstanceTypesResult { instance_types: Some(types), next_token: page.next })
    }
}

/// A type as it is described.
struct Shown(&'static InstanceType);

fn text(text: &str) -> Vec<String> {
    vec![text.to_owned()]
}

fn word(yes: bool) -> Option<String> {
    Some(if yes { "supported" } else { "unsupported" }.to_owned())
}

fn number(number: u32) -> Option<i32> {
    i32::try_from(number).ok()
}

impl Shown {
    fn to_wire(&self) -> InstanceTypeInfo {
        let own = self.0;
        let virtual_only = own.nitro && !own.metal;
        InstanceTypeInfo {
            instance_type: Some(own.name.clone()),
            current_generation: Some(own.current()),
            free_tier_eligible: Some(own.name == "t3.micro"),
            supported_usage_classes: Some(vec!["on-demand".to_owned(), "spot".to_owned()]),
            supported_root_device_types: Some(text("ebs")),
            supported_virtualization_types: Some(text("hvm")),
            bare_metal: Some(own.metal),
            hypervisor: (!own.metal).then(|| if own.nitro { "nitro" } else { "xen" }.to_owned()),
            processor_info: Some(model::ProcessorInfo {
                supported_architectures: Some(text(own.architecture())),
                sustained_clock_speed_in_ghz: Some(own.clock),
                manufacturer: Some(own.maker.name().to_owned()),
                ..Default::default()
            }),
            v_cpu_info: Some(cpus(own)),
            memory_info: Some(model::MemoryInfo { size_in_mi_b: Some(i64::from(own.memory)) }),
            instance_storage_supported: Some(own.disks.is_some()),
            instance_storage_info: storage(own),
            ebs_info: Some(model::EbsInfo {
                ebs_optimized_support: Some(if own.nitro { "default" } else { "unsupported" }.to_owned()),
                encryption_support: word(true),
                nvme_support: Some(if own.nitro { "required" } else { "unsupported" }.to_owned()),
                maximum_ebs_attachments: Some(if own.nitro { 28 } else { 40 }),
                attachment_limit_type: Some(if own.nitro { "shared" } else { "dedicated" }.to_owned()),
                ..Default::default()
            }),
            network_info: Some(network(own)),
            placement_group_info: Some(model::PlacementGroupInfo {
                supported_strategies: Some(strategies(own)),
            }),
            hibernation_supported: Some(false),
            burstable_performance_supported: Some(own.burstable()),
            dedicated_hosts_supported: Some(false),
            auto_recovery_supported: Some(!own.metal),
            supported_boot_modes: Some(modes(own)),
            nitro_enclaves_support: word(false),
            nitro_tpm_support: word(false),
            phc_support: word(false),
            reboot_migration_support: word(virtual_only && !own.burstable()),
            supported_in_region: Some(true),
            ..Default::default()
        }
    }
}

fn cpus(own: &InstanceType) -> model::VCpuInfo {
    let threads = 1..=own.threads();
    model::VCpuInfo {
        default_v_cpus: number(own.vcpus),
        default_cores: number(own.cores()),
        default_threads_per_core: number(own.threads()),
        valid_cores: Some(own.valid_cores().filter_map(number).collect()),
        valid_threads_per_core: Some(threads.filter_map(number).collect()),
    }
}

fn storage(own: &InstanceType) -> Option<model::InstanceStorageInfo> {
    let (count, size) = own.disks?;
    Some(model::InstanceStorageInfo {
        total_size_in_gb: Some(i64::from(count) * i64::from(size)),
        disks: Some(vec![model::DiskInfo {
            size_in_gb: Some(size.into()),
            count: number(count),
            type_: Some("ssd".to_owned()),
        }]),
        nvme_support: Some("required".to_owned()),
        encryption_support: Some("required".to_owned()),
    })
}

fn network(own: &InstanceType) -> model::NetworkInfo {
    let performance = if own.peak > own.baseline {
        format!("Up to {} Gigabit", own.peak)
    } else {
        format!("{} Gigabit", own.peak)
    };
    let card = model::NetworkCardInfo {
        network_card_index: Some(0),
        network_performance: Some(performance.clone()),
        maximum_network_interfaces: number(own.interfaces),
        baseline_bandwidth_in_gbps: Some(own.baseline),
        peak_bandwidth_in_gbps: Some(own.peak),
        ..Default::default()
    };
    model::NetworkInfo {
        network_performance: Some(performance),
        maximum_network_interfaces: number(own.interfaces),
        maximum_network_cards: Some(1),
        default_network_card_index: Some(0),
        network_cards: Some(vec![card]),
        ipv4_addresses_per_interface: number(own.addresses),
        ipv6_addresses_per_interface: number(if own.current() { own.addresses } else { 0 }),
        ipv6_supported: Some(own.current()),
        ena_support: Some(if own.nitro { "required" } else { "unsupported" }.to_owned()),
        efa_supported: Some(false),
        encryption_in_transit_supported: Some(false),
        ena_srd_supported: Some(false),
        ..Default::default()
    }
}

/// Burstable types go into no cluster.
fn strategies(own: &InstanceType) -> Vec<String> {
    let all = ["cluster", "partition", "spread"];
    all.iter().filter(|name| !own.burstable() || **name != "cluster").map(|name| (*name).to_owned()).collect()
}

fn modes(own: &InstanceType) -> Vec<String> {
    let all: &[&str] = match (own.arm(), own.nitro) {
        (true, _) => &["uefi"],
        (false, true) => &["legacy-bios", "uefi"],
        (false, false) => &["legacy-bios"],
    };
    all.iter().map(|mode| (*mode).to_owned()).collect()
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "auto-recovery-supported",
        "bare-metal",
        "burstable-performance-supported",
        "current-generation",
        "dedicated-hosts-supported",
        "ebs-info.attachment-limit-type",
        "ebs-info.maximum-ebs-attachments",
        "ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps",
        "ebs-info.ebs-optimized-info.baseline-iops",
        "ebs-info.ebs-optimized-info.baseline-throughput-in-mbps",
        "ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps",
        "ebs-info.ebs-optimized-info.maximum-iops",
        "ebs-info.ebs-optimized-info.maximum-throughput-in-mbps",
        "ebs-info.ebs-optimized-support",
        "ebs-info.encryption-support",
        "ebs-info.nvme-support",
        "free-tier-eligible",
        "hibernation-supported",
        "hypervisor",
        "instance-storage-info.disk.count",
        "instance-storage-info.disk.size-in-gb",
        "instance-storage-info.disk.type",
        "instance-storage-info.encryption-support",
        "instance-storage-info.nvme-support",
        "instance-storage-info.total-size-in-gb",
        "instance-storage-supported",
        "instance-type",
        "memory-info.size-in-mib",
        "network-info.bandwidth-weightings",
        "network-info.efa-info.maximum-efa-interfaces",
        "network-info.efa-supported",
        "network-info.ena-support",
        "network-info.encryption-in-transit-supported",
        "network-info.flexible-ena-queues-support",
        "network-info.ipv4-addresses-per-interface",
        "network-info.ipv6-addresses-per-interface",
        "network-info.ipv6-supported",
        "network-info.maximum-network-cards",
        "network-info.maximum-network-interfaces",
        "network-info.network-performance",
        "nitro-enclaves-support",
        "nitro-tpm-info.supported-versions",
        "nitro-tpm-support",
        "processor-info.supported-architecture",
        "processor-info.supported-features",
        "processor-info.sustained-clock-speed-in-ghz",
        "reboot-migration-support",
        "supported-boot-mode",
        "supported-root-device-type",
        "supported-usage-class",
        "supported-virtualization-type",
        "vcpu-info.default-cores",
        "vcpu-info.default-threads-per-core",
        "vcpu-info.default-vcpus",
        "vcpu-info.valid-cores",
        "vcpu-info.valid-threads-per-core",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let info = self.to_wire();
        let (group, rest) = name.split_once('.').unwrap_or((name, ""));
        match group {
            "ebs-info" => info.ebs_info.map(|own| ebs_values(&own, rest)).unwrap_or_default(),
            "instance-storage-info" => storage_values(self.0, rest),
            "network-info" => info.network_info.map(|own| network_values(&own, rest)).unwrap_or_default(),
            "processor-info" | "vcpu-info" | "memory-info" => cpu_values(self.0, name),
            _ => plain_values(info, name),
        }
    }

    fn tags(&self) -> Option<&Tags> {
        None
    }
}

fn one<T: ToString>(value: Option<T>) -> Vec<String> {
    value.iter().map(ToString::to_string).collect()
}

fn plain_values(info: InstanceTypeInfo, name: &str) -> Vec<String> {
    match name {
        "auto-recovery-supported" => one(info.auto_recovery_supported),
        "bare-metal" => one(info.bare_metal),
        "burstable-performance-supported" => one(info.burstable_performance_supported),
        "current-generation" => one(info.current_generation),
        "dedicated-hosts-supported" => one(info.dedicated_hosts_supported),
        "free-tier-eligible" => one(info.free_tier_eligible),
        "hibernation-supported" => one(info.hibernation_supported),
        "hypervisor" => one(info.hypervisor),
        "instance-storage-supported" => one(info.instance_storage_supported),
        "instance-type" => one(info.instance_type),
        "nitro-enclaves-support" => one(info.nitro_enclaves_support),
        "nitro-tpm-support" => one(info.nitro_tpm_support),
        "reboot-migration-support" => one(info.reboot_migration_support),
        "supported-boot-mode" => info.supported_boot_modes.unwrap_or_default(),
        "supported-root-device-type" => info.supported_root_device_types.unwrap_or_default(),
        "supported-usage-class" => info.supported_usage_classes.unwrap_or_default(),
        "supported-virtualization-type" => info.supported_virtualization_types.unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn cpu_values(own: &InstanceType, name: &str) -> Vec<String> {
    match name {
        "memory-info.size-in-mib" => vec![own.memory.to_string()],
        "processor-info.supported-architecture" => text(own.architecture()),
        "processor-info.sustained-clock-speed-in-ghz" => vec![own.clock.to_string()],
        "vcpu-info.default-cores" => vec![own.cores().to_string()],
        "vcpu-info.default-threads-per-core" => vec![own.threads().to_string()],
        "vcpu-info.default-vcpus" => vec![own.vcpus.to_string()],
        "vcpu-info.valid-cores" => own.valid_cores().map(|cores| cores.to_string()).collect(),
        "vcpu-info.valid-threads-per-core" => (1..=own.threads()).map(|count| count.to_string()).collect(),
        _ => Vec::new(),
    }
}

fn ebs_values(own: &model::EbsInfo, name: &str) -> Vec<String> {
    match name {
        "attachment-limit-type" => one(own.attachment_limit_type.as_ref()),
        "maximum-ebs-attachments" => one(own.maximum_ebs_attachments),
        "ebs-optimized-support" => one(own.ebs_optimized_support.as_ref()),
        "encryption-support" => one(own.encryption_support.as_ref()),
        "nvme-support" => one(own.nvme_support.as_ref()),
        _ => Vec::new(),
    }
}

fn storage_values(own: &InstanceType, name: &str) -> Vec<String> {
    let Some((count, size)) = own.disks else { return Vec::new() };
    match name {
        "disk.count" => vec![count.to_string()],
        "disk.size-in-gb" => vec![size.to_string()],
        "disk.type" => text("ssd"),
        "total-size-in-gb" => vec![(u64::from(count) * u64::from(size)).to_string()],
        _ => text("required"),
    }
}

fn network_values(own: &model::NetworkInfo, name: &str) -> Vec<String> {
    match name {
        "efa-supported" => one(own.efa_supported),
        "ena-support" => one(own.ena_support.as_ref()),
        "encryption-in-transit-supported" => one(own.encryption_in_transit_supported),
        "ipv4-addresses-per-interface" => one(own.ipv4_addresses_per_interface),
        "ipv6-addresses-per-interface" => one(own.ipv6_addresses_per_interface),
        "ipv6-supported" => one(own.ipv6_supported),
        "maximum-network-cards" => one(own.maximum_network_cards),
        "maximum-network-interfaces" => one(own.maximum_network_interfaces),
        "network-performance" => one(own.network_performance.as_ref()),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;

    #[test]
    fn types_are_described_by_name_by_filter_and_in_pages() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let call = |input| world.call::<DescribeInstanceTypes>(&root, input);
        let named = DescribeInstanceTypesRequest {
            instance_types: Some(vec!["m5d.large".into()]),
            ..Default::default()
        };
        let own = call(named.clone()).unwrap().instance_types.unwrap().remove(0);
        assert_eq!(own.v_cpu_info.unwrap().default_cores, Some(1));
        assert_eq!(own.instance_storage_info.unwrap().total_size_in_gb, Some(75));
        assert_eq!(own.network_info.unwrap().network_performance.as_deref(), Some("Up to 10 Gigabit"));
        let mut none = named.clone();
        none.instance_types = Some(vec!["x9.tiny".into()]);
        let text = check_fault(call(none), "InvalidInstanceType");
        assert_eq!(text, "The following supplied instance types do not exist: [x9.tiny]");
        let filter =
            |name: &str, value: &str| Filter { name: Some(name.into()), values: Some(vec![value.into()]) };
        let filters = vec![
            filter("processor-info.supported-architecture", "arm64"),
            filter("burstable-performance-supported", "true"),
        ];
        let small = call(DescribeInstanceTypesRequest { filters: Some(filters), ..Default::default() });
        assert_eq!(small.unwrap().instance_types.unwrap().len(), 7);
        let mut both = named;
        both.max_results = Some(5);
        check_fault(call(both), "InvalidParameterCombination");
        let (mut token, mut seen) = (None, 0);
        loop {
            let input = DescribeInstanceTypesRequest { next_token: token, ..Default::default() };
            let answer = call(input).unwrap();
            seen += answer.instance_types.unwrap().len();
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, crate::instance_types::all().len());
    }
}
