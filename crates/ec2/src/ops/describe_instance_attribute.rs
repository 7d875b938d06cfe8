//! DescribeInstanceAttribute: one attribute of one instance.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::describe;
use crate::faults;
use crate::interfaces;
use crate::lifecycle;
use crate::model::{
    AttributeBooleanValue, AttributeValue, DescribeInstanceAttribute, DescribeInstanceAttributeRequest,
    EnclaveOptions, InstanceAttribute,
};
use crate::place::Place;
use crate::questions::on_instance;

impl Operation for DescribeInstanceAttribute {
    type Access = Read;

    fn needs(input: &DescribeInstanceAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_instance(ec2::DescribeInstanceAttribute, at, &input.instance_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<InstanceAttribute, Fault> {
        let place = Place::here(req);
        let instance = lifecycle::get(req.db()?, place, &req.input.instance_id, req.now)?;
        faults::dry_run(req.input.dry_run)?;
        let text = |value: &str| Some(AttributeValue { value: Some(value.to_owned()) });
        let flag = |value: bool| Some(AttributeBooleanValue { value: Some(value) });
        let mut answer = InstanceAttribute { instance_id: Some(instance.id.clone()), ..Default::default() };
        match req.input.attribute.as_str() {
            "instanceType" => answer.instance_type = text(&instance.instance_type),
            "userData" => answer.user_data = Some(AttributeValue { value: instance.user_data }),
            "disableApiTermination" => answer.disable_api_termination = flag(instance.keep),
            "disableApiStop" => answer.disable_api_stop = flag(instance.keep_running),
            "instanceInitiatedShutdownBehavior" => {
                answer.instance_initiated_shutdown_behavior = text(instance.shutdown.word());
            }
            "rootDeviceName" => answer.root_device_name = text(&instance.boot.root_device),
            "sourceDestCheck" => {
                let own = interfaces::of(req.db()?, &instance)?.into_iter().next();
                answer.source_dest_check = own.and_then(|own| flag(own.source_dest_check));
            }
            "ebsOptimized" => answer.ebs_optimized = flag(instance.settings.ebs_optimized),
            "enaSupport" => answer.ena_support = flag(true),
            "enclaveOptions" => answer.enclave_options = Some(EnclaveOptions { enabled: Some(false) }),
            "productCodes" => answer.product_codes = Some(Vec::new()),
            "kernel" => answer.kernel_id = Some(AttributeValue::default()),
            "ramdisk" => answer.ramdisk_id = Some(AttributeValue::default()),
            "sriovNetSupport" => answer.sriov_net_support = Some(AttributeValue::default()),
            name @ ("groupSet" | "blockDeviceMapping") => {
                let described = describe::describe(req.db()?, place, vec![instance])?;
                let Some(own) = described.first() else { return Ok(answer) };
                if name == "groupSet" {
                    answer.groups = Some(own.groups());
                } else {
                    answer.block_device_mappings = Some(own.disks());
                }
            }
            other => {
                let why = "It is not the name of an instance attribute.";
                return Err(faults::invalid_value(other, "attribute", why));
            }
        }
        Ok(answer)
    }
}
