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

impl Operation for DescribeInstanceTypes {
    type Access = Read;

    fn needs(_: &DescribeInstanceTypesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeInstanceTypes, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeInstanceTypesResult, Fault> {
        let input = req.input;
        faults::dry_run(input.dry_run)?;
        let mut found = instance_types::all();
        if let Some(names) = input.instance_types.as_deref().filter(|names| !names.is_empty()) {
            let unknown: Vec<_> =
                names.iter().filter(|name| !found.iter().any(|own| own.name == **name)).cloned().collect();
            if !unknown.is_empty() {
                let text =
                    format!("The following supplied instance types do not exist: [{}]", unknown.join(", "));
                return Err(faults::other("InvalidInstanceType", text));
            }
            found.retain(|own| names.contains(&own.name));
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn { greatest: 100, ..Turn::new(input.next_token.as_deref(), input.max_results) };
        let page = turn.cut(found, |own| own.name.clone())?;
        let types = page.items.iter().map(to_wire).collect();
        Ok(DescribeInstanceTypesResult { instance_types: Some(types), next_token: page.next })
    }
}

fn to_wire(own: &InstanceType) -> InstanceTypeInfo {
    let text = |text: &str| vec![text.to_owned()];
    let count = i32::try_from(own.vcpus).unwrap_or(i32::MAX);
    InstanceTypeInfo {
        instance_type: Some(own.name.clone()),
        current_generation: Some(current(own)),
        free_tier_eligible: Some(own.name == "t3.micro"),
        supported_usage_classes: Some(text("on-demand")),
        supported_root_device_types: Some(text("ebs")),
        supported_virtualization_types: Some(text("hvm")),
        bare_metal: Some(false),
        hypervisor: Some(if current(own) && !own.name.starts_with("t2.") { "nitro" } else { "xen" }.into()),
        processor_info: Some(model::ProcessorInfo {
            supported_architectures: Some(text(architecture(own))),
            ..Default::default()
        }),
        v_cpu_info: Some(model::VCpuInfo {
            default_v_cpus: Some(count),
            default_cores: Some(count / own.threads()),
            default_threads_per_core: Some(own.threads()),
            ..Default::default()
        }),
        memory_info: Some(model::MemoryInfo { size_in_mi_b: Some(i64::from(own.memory)) }),
        instance_storage_supported: Some(false),
        network_info: Some(model::NetworkInfo {
            maximum_network_interfaces: Some(1),
            maximum_network_cards: Some(1),
            default_network_card_index: Some(0),
            ipv4_addresses_per_interface: Some(1),
            ipv6_addresses_per_interface: Some(0),
            ipv6_supported: Some(false),
            ena_support: Some("supported".into()),
            efa_supported: Some(false),
            ..Default::default()
        }),
        placement_group_info: Some(model::PlacementGroupInfo { supported_strategies: Some(Vec::new()) }),
        hibernation_supported: Some(false),
        burstable_performance_supported: Some(own.burstable),
        dedicated_hosts_supported: Some(false),
        auto_recovery_supported: Some(true),
        supported_boot_modes: Some(text("uefi")),
        ..Default::default()
    }
}

fn current(own: &InstanceType) -> bool {
    own.name != instance_types::DEFAULT
}

fn architecture(own: &InstanceType) -> &'static str {
    if own.arm { "arm64" } else { "x86_64" }
}

impl Filtered for InstanceType {
    const NAMES: &'static [&'static str] = &[
        "auto-recovery-supported",
        "bare-metal",
        "burstable-performance-supported",
        "current-generation",
        "dedicated-hosts-supported",
        "free-tier-eligible",
        "hibernation-supported",
        "hypervisor",
        "instance-storage-supported",
        "instance-type",
        "memory-info.size-in-mib",
        "processor-info.supported-architecture",
        "supported-boot-mode",
        "supported-root-device-type",
        "supported-usage-class",
        "supported-virtualization-type",
        "vcpu-info.default-cores",
        "vcpu-info.default-threads-per-core",
        "vcpu-info.default-vcpus",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let info = to_wire(self);
        vec![match name {
            "auto-recovery-supported" => "true".to_owned(),
            "burstable-performance-supported" => self.burstable.to_string(),
            "current-generation" => current(self).to_string(),
            "free-tier-eligible" => (self.name == "t3.micro").to_string(),
            "hypervisor" => info.hypervisor.unwrap_or_default(),
            "instance-type" => self.name.clone(),
            "memory-info.size-in-mib" => self.memory.to_string(),
            "processor-info.supported-architecture" => architecture(self).to_owned(),
            "supported-boot-mode" => "uefi".to_owned(),
            "supported-root-device-type" => "ebs".to_owned(),
            "supported-usage-class" => "on-demand".to_owned(),
            "supported-virtualization-type" => "hvm".to_owned(),
            "vcpu-info.default-cores" => (i64::from(self.vcpus) / i64::from(self.threads())).to_string(),
            "vcpu-info.default-threads-per-core" => self.threads().to_string(),
            "vcpu-info.default-vcpus" => self.vcpus.to_string(),
            _ => "false".to_owned(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        None
    }
}
