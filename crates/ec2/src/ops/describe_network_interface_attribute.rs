//! DescribeNetworkInterfaceAttribute: one attribute of one interface.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::described_interface::{DescribedInterface, GroupNames, groups_to_wire};
use crate::faults;
use crate::interfaces;
use crate::model::{
    AttributeBooleanValue, AttributeValue, DescribeNetworkInterfaceAttribute,
    DescribeNetworkInterfaceAttributeRequest, DescribeNetworkInterfaceAttributeResult,
};
use crate::place::Place;
use crate::questions::anywhere;

impl Operation for DescribeNetworkInterfaceAttribute {
    type Access = Read;

    fn needs(_: &DescribeNetworkInterfaceAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeNetworkInterfaceAttribute, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeNetworkInterfaceAttributeResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let own = interfaces::get(req.db()?, place, &input.network_interface_id)?;
        let name = input.attribute.as_deref().ok_or_else(|| faults::missing("attribute"))?;
        faults::dry_run(input.dry_run)?;
        let names = GroupNames::of(req.db()?, place, std::iter::once(&own))?;
        let described = DescribedInterface::new(own, &names);
        let own = &described.interface;
        let mut answer = DescribeNetworkInterfaceAttributeResult {
            network_interface_id: Some(own.id.clone()),
            ..Default::default()
        };
        match name {
            "description" => {
                answer.description = Some(AttributeValue { value: Some(own.description.clone()) });
            }
            "groupSet" => answer.groups = Some(groups_to_wire(&described.groups)),
            "sourceDestCheck" => {
                answer.source_dest_check = Some(AttributeBooleanValue { value: Some(own.source_dest_check) });
            }
            "attachment" => answer.attachment = described.attachment(),
            "associatePublicIpAddress" => answer.associate_public_ip_address = Some(own.public),
            other => {
                let why = "It is not the name of a network interface attribute.";
                return Err(faults::invalid_value(other, "attribute", why));
            }
        }
        Ok(answer)
    }
}
