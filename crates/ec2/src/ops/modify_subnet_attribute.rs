//! ModifySubnetAttribute: whether instances of a subnet get public addresses.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{
    AttributeBooleanValue, ModifySubnetAttribute, ModifySubnetAttributeRequest, ModifySubnetAttributeResponse,
};
use crate::network::questions::on_subnet;
use crate::network::{Network, must};
use crate::place::Place;
use crate::questions::{said, with_attributes};
use crate::records::Subnets;

impl Operation for ModifySubnetAttribute {
    type Access = Write;

    fn needs(input: &ModifySubnetAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let flag = |given: &Option<AttributeBooleanValue>| said(given.as_ref().and_then(|own| own.value));
        let given = [
            ("MapPublicIpOnLaunch", flag(&input.map_public_ip_on_launch)),
            ("AssignIpv6AddressOnCreation", flag(&input.assign_ipv6_address_on_creation)),
            ("MapCustomerOwnedIpOnLaunch", flag(&input.map_customer_owned_ip_on_launch)),
            ("CustomerOwnedIpv4Pool", input.customer_owned_ipv4_pool.clone()),
            ("EnableDns64", flag(&input.enable_dns64)),
            ("PrivateDnsHostnameTypeOnLaunch", input.private_dns_hostname_type_on_launch.clone()),
            (
                "EnableResourceNameDnsARecordOnLaunch",
                flag(&input.enable_resource_name_dns_a_record_on_launch),
            ),
            (
                "EnableResourceNameDnsAAAARecordOnLaunch",
                flag(&input.enable_resource_name_dns_aaaa_record_on_launch),
            ),
            ("EnableLniAtDeviceIndex", said(input.enable_lni_at_device_index)),
            ("DisableLniAtDeviceIndex", flag(&input.disable_lni_at_device_index)),
        ];
        Ok(with_attributes(on_subnet(ec2::ModifySubnetAttribute, at, &input.subnet_id)?, &given))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifySubnetAttributeResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let mut subnet = must::<Subnets>(tx, place, &input.subnet_id, faults::no_subnet)?;
        refuse(input)?;
        match input.map_public_ip_on_launch.as_ref().and_then(|given| given.value) {
            Some(public) => subnet.public = public,
            None if nothing(input) => return Err(faults::missing("Attribute")),
            None => {}
        }
        tx.put::<Subnets>(&place.key(&subnet.id), &subnet)?;
        Ok(ModifySubnetAttributeResponse {})
    }
}

/// What instances of a subnet can't have here. To set it to what it is changes nothing.
fn refuse(input: &ModifySubnetAttributeRequest) -> Result<(), Fault> {
    let on =
        |given: &Option<AttributeBooleanValue>| given.as_ref().is_some_and(|own| own.value == Some(true));
    let wishes = [
        ("AssignIpv6AddressOnCreation", on(&input.assign_ipv6_address_on_creation)),
        ("MapCustomerOwnedIpOnLaunch", on(&input.map_customer_owned_ip_on_launch)),
        ("CustomerOwnedIpv4Pool", input.customer_owned_ipv4_pool.is_some()),
        ("EnableDns64", on(&input.enable_dns64)),
        (
            "PrivateDnsHostnameTypeOnLaunch",
            input.private_dns_hostname_type_on_launch.as_deref() == Some("resource-name"),
        ),
        ("EnableResourceNameDnsARecordOnLaunch", on(&input.enable_resource_name_dns_a_record_on_launch)),
        (
            "EnableResourceNameDnsAAAARecordOnLaunch",
            on(&input.enable_resource_name_dns_aaaa_record_on_launch),
        ),
        ("EnableLniAtDeviceIndex", input.enable_lni_at_device_index.is_some()),
    ];
    match wishes.iter().find(|(_, wished)| *wished) {
        Some((name, _)) => Err(faults::unsupported(&format!("The attribute {name}"))),
        None => Ok(()),
    }
}

fn nothing(input: &ModifySubnetAttributeRequest) -> bool {
    let flags = [
        &input.map_public_ip_on_launch,
        &input.assign_ipv6_address_on_creation,
        &input.map_customer_owned_ip_on_launch,
        &input.enable_dns64,
        &input.enable_resource_name_dns_a_record_on_launch,
        &input.enable_resource_name_dns_aaaa_record_on_launch,
        &input.disable_lni_at_device_index,
    ];
    flags.iter().all(|flag| flag.is_none()) && input.private_dns_hostname_type_on_launch.is_none()
}
