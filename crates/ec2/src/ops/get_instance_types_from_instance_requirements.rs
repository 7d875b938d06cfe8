//! GetInstanceTypesFromInstanceRequirements: the types that fulfill what is asked of them.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults::{self, unsupported};
use crate::filters::matches;
use crate::instance_types::{self, InstanceType};
use crate::model::{
    GetInstanceTypesFromInstanceRequirements, GetInstanceTypesFromInstanceRequirementsRequest,
    GetInstanceTypesFromInstanceRequirementsResult, InstanceRequirementsRequest,
    InstanceTypeInfoFromInstanceRequirements,
};
use crate::paging::Turn;
use crate::questions::anywhere;

impl Operation for GetInstanceTypesFromInstanceRequirements {
    type Access = Read;

    fn needs(_: &GetInstanceTypesFromInstanceRequirementsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::GetInstanceTypesFromInstanceRequirements, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetInstanceTypesFromInstanceRequirementsResult, Fault> {
        let input = req.input;
        faults::dry_run(input.dry_run)?;
        refuse(&input.instance_requirements)?;
        let wish = &input.instance_requirements;
        let hvm = input.virtualization_types.iter().any(|kind| kind == "hvm");
        let fits = |own: &&InstanceType| {
            hvm && input.architecture_types.iter().any(|kind| kind == own.architecture())
                && fulfills(own, wish)
        };
        let found: Vec<_> = instance_types::all().iter().filter(fits).collect();
        let turn = Turn { least: 1, ..Turn::new(input.next_token.as_deref(), input.max_results) };
        let page = turn.cut(found, |own| own.name.clone())?;
        let wire = |own: &&InstanceType| InstanceTypeInfoFromInstanceRequirements {
            instance_type: Some(own.name.clone()),
        };
        Ok(GetInstanceTypesFromInstanceRequirementsResult {
            instance_types: Some(page.items.iter().map(wire).collect()),
            next_token: page.next,
        })
    }
}

/// What the table of types does not know. Limits of prices bind nothing, since there are none.
fn refuse(wish: &InstanceRequirementsRequest) -> Result<(), Fault> {
    let refused = [
        (wish.baseline_ebs_bandwidth_mbps.is_some(), "BaselineEbsBandwidthMbps"),
        (wish.baseline_performance_factors.is_some(), "BaselinePerformanceFactors"),
    ];
    match refused.iter().find(|(wished, _)| *wished) {
        Some((_, what)) => Err(unsupported(what)),
        None => Ok(()),
    }
}

/// `included`, `required` or `excluded`: the default of what is not said.
fn agrees(word: Option<&str>, unsaid: &str, has: bool) -> bool {
    match word.unwrap_or(unsaid) {
        "required" => has,
        "excluded" => !has,
        _ => true,
    }
}

fn within<T: PartialOrd>(value: T, least: Option<T>, most: Option<T>) -> bool {
    least.is_none_or(|least| value >= least) && most.is_none_or(|most| value <= most)
}

fn fulfills(own: &InstanceType, wish: &InstanceRequirementsRequest) -> bool {
    let named = |list: &Option<Vec<String>>| {
        list.as_deref().unwrap_or_default().iter().any(|pattern| matches(pattern, &own.name))
    };
    let some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    let maker = own.maker.manufacturer();
    let makers = wish.cpu_manufacturers.as_deref().unwrap_or_default();
    let generation = if own.current() { "current" } else { "previous" };
    let generations = wish.instance_generations.as_deref().unwrap_or_default();
    (!some(&wish.allowed_instance_types) || named(&wish.allowed_instance_types))
        && !named(&wish.excluded_instance_types)
        && (makers.is_empty() || makers.iter().any(|own| own == maker))
        && (generations.is_empty() || generations.iter().any(|own| own == generation))
        && agrees(wish.bare_metal.as_deref(), "excluded", own.metal)
        && agrees(wish.burstable_performance.as_deref(), "excluded", own.burstable())
        && agrees(wish.local_storage.as_deref(), "included", own.disks.is_some())
        && wish.require_hibernate_support != Some(true)
        && wish.require_encryption_in_transit != Some(true)
        && sized(own, wish)
        && stored(own, wish)
        && !accelerated(wish)
}

fn sized(own: &InstanceType, wish: &InstanceRequirementsRequest) -> bool {
    let (vcpus, memory) = (f64::from(own.vcpus), f64::from(own.memory));
    let whole = |number: Option<i32>| number.map(f64::from);
    let each = wish.memory_gi_b_per_v_cpu.as_ref();
    let cards = wish.network_interface_count.as_ref();
    let network = wish.network_bandwidth_gbps.as_ref();
    within(vcpus, whole(Some(wish.v_cpu_count.min)), whole(wish.v_cpu_count.max))
        && within(memory, whole(Some(wish.memory_mi_b.min)), whole(wish.memory_mi_b.max))
        && each.is_none_or(|each| within(memory / 1024.0 / vcpus, each.min, each.max))
        && cards.is_none_or(|own_cards| {
            within(f64::from(own.interfaces), whole(own_cards.min), whole(own_cards.max))
        })
        && network.is_none_or(|network| within(own.peak, network.min, network.max))
}

fn stored(own: &InstanceType, wish: &InstanceRequirementsRequest) -> bool {
    let kinds = wish.local_storage_types.as_deref().unwrap_or_default();
    let total = own.disks.map_or(0.0, |(count, size)| f64::from(count) * f64::from(size));
    let solid = kinds.is_empty() || kinds.iter().any(|kind| kind == "ssd") || own.disks.is_none();
    solid && wish.total_local_storage_gb.as_ref().is_none_or(|wish| within(total, wish.min, wish.max))
}

/// Whether accelerators are required: no type here has any.
fn accelerated(wish: &InstanceRequirementsRequest) -> bool {
    let some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    let least = |min: Option<i32>| min.is_some_and(|min| min > 0);
    wish.accelerator_count.as_ref().is_some_and(|own| least(own.min))
        || wish.accelerator_total_memory_mi_b.as_ref().is_some_and(|own| least(own.min))
        || some(&wish.accelerator_types)
        || some(&wish.accelerator_manufacturers)
        || some(&wish.accelerator_names)
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World};

    use crate::model::*;

    #[test]
    fn only_types_that_fulfill_all_are_named() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let find = |change: fn(&mut InstanceRequirementsRequest)| {
            let mut wish = InstanceRequirementsRequest {
                v_cpu_count: VCpuCountRangeRequest { min: 2, max: Some(2) },
                memory_mi_b: MemoryMiBRequest { min: 8192, max: Some(8192) },
                ..Default::default()
            };
            change(&mut wish);
            let input = GetInstanceTypesFromInstanceRequirementsRequest {
                architecture_types: vec!["x86_64".into()],
                virtualization_types: vec!["hvm".into()],
                instance_requirements: wish,
                ..Default::default()
            };
            let answer = world.call::<GetInstanceTypesFromInstanceRequirements>(&root, input).unwrap();
            let types = answer.instance_types.unwrap().into_iter();
            types.map(|own| own.instance_type.unwrap()).collect::<Vec<_>>()
        };
        let all = find(|_| {});
        assert!(all.contains(&"m5.large".to_owned()) && !all.contains(&"t3.large".to_owned()), "{all:?}");
        assert!(!all.contains(&"m6g.large".to_owned()));
        let small = find(|wish| wish.burstable_performance = Some("required".into()));
        assert_eq!(small, ["t2.large", "t3.large", "t3a.large"]);
        let amd = find(|wish| wish.cpu_manufacturers = Some(vec!["amd".into()]));
        assert_eq!(amd, ["m5a.large", "m6a.large", "m7a.large"]);
        let some = find(|wish| wish.allowed_instance_types = Some(vec!["m5*".into()]));
        assert_eq!(some, ["m5.large", "m5a.large", "m5d.large"]);
        let stored = find(|wish| wish.local_storage = Some("required".into()));
        assert_eq!(stored, ["m5d.large", "m6id.large"]);
        assert!(find(|wish| wish.accelerator_types = Some(vec!["gpu".into()])).is_empty());
    }
}
