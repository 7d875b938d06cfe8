//! ModifyVpcEndpoint: another policy, other route tables, subnets or groups. What it says counts from the next request.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::endpoints::{self, on_endpoint, on_parts};
use crate::faults::{self, unsupported};
use crate::model::{ModifyVpcEndpoint, ModifyVpcEndpointRequest, ModifyVpcEndpointResult};
use crate::place::Place;
use crate::questions::{listed, said, with_named};
use crate::records::{VpcEndpoint, VpcEndpoints};

fn list(list: &Option<Vec<String>>) -> &[String] {
    list.as_deref().unwrap_or_default()
}

impl Operation for ModifyVpcEndpoint {
    type Access = Write;

    fn needs(input: &ModifyVpcEndpointRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let action = ec2::ModifyVpcEndpoint;
        let given = [
            ("ResetPolicy", said(input.reset_policy)),
            ("PolicyDocument", input.policy_document.clone()),
            ("AddRouteTableIds", listed(input.add_route_table_ids.as_deref())),
            ("RemoveRouteTableIds", listed(input.remove_route_table_ids.as_deref())),
            ("AddSubnetIds", listed(input.add_subnet_ids.as_deref())),
            ("RemoveSubnetIds", listed(input.remove_subnet_ids.as_deref())),
            ("AddSecurityGroupIds", listed(input.add_security_group_ids.as_deref())),
            ("RemoveSecurityGroupIds", listed(input.remove_security_group_ids.as_deref())),
            ("IpAddressType", input.ip_address_type.clone()),
            ("PrivateDnsEnabled", said(input.private_dns_enabled)),
        ];
        let named = [
            ("DnsOptions", input.dns_options.is_some()),
            ("SubnetConfigurations", input.subnet_configurations.as_ref().is_some_and(|own| !own.is_empty())),
        ];
        let question = on_endpoint(action, at, &input.vpc_endpoint_id)?;
        let needs = with_named(question, &given, &named);
        let both = |a, b| list(a).iter().chain(list(b));
        let parts = on_parts(
            action,
            at,
            both(&input.add_route_table_ids, &input.remove_route_table_ids),
            both(&input.add_subnet_ids, &input.remove_subnet_ids),
            both(&input.add_security_group_ids, &input.remove_security_group_ids),
        )?;
        Ok(needs.and(parts))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyVpcEndpointResult, Fault> {
        let (place, env, input) = (Place::here(req), req.env, req.input);
        let tx = req.tx()?;
        let mut own = endpoints::get(tx, place, &input.vpc_endpoint_id)?;
        check(input, &own)?;
        match (&input.policy_document, input.reset_policy) {
            (Some(_), Some(true)) => {
                return Err(faults::combination("PolicyDocument and ResetPolicy can't be used together."));
            }
            (Some(text), _) => own.policy = Some(endpoints::accept(tx, text)?),
            (None, Some(true)) => own.policy = None,
            (None, _) => {}
        }
        if !list(&input.remove_route_table_ids).is_empty() {
            endpoints::remove_routes(tx, place, &own, Some(list(&input.remove_route_table_ids)))?;
        }
        if !list(&input.add_route_table_ids).is_empty() {
            endpoints::add_routes(tx, place, &own, list(&input.add_route_table_ids))?;
        }
        endpoints::remove_interfaces(tx, place, &mut own, Some(list(&input.remove_subnet_ids)))?;
        endpoints::add_interfaces(tx, env, place, &mut own, list(&input.add_subnet_ids))?;
        let (more, fewer) = (list(&input.add_security_group_ids), list(&input.remove_security_group_ids));
        if !more.is_empty() || !fewer.is_empty() {
            let mut ids: Vec<_> = own.groups.iter().filter(|id| !fewer.contains(id)).cloned().collect();
            ids.extend(more.iter().cloned());
            endpoints::set_groups(tx, place, &mut own, &ids)?;
        }
        if let Some(yes) = input.private_dns_enabled {
            own.private_dns = yes;
        }
        faults::dry_run(input.dry_run)?;
        tx.put::<VpcEndpoints>(&place.key(&own.id), &own)?;
        Ok(ModifyVpcEndpointResult { return_: Some(true) })
    }
}

fn check(input: &ModifyVpcEndpointRequest, own: &VpcEndpoint) -> Result<(), Fault> {
    let wishes = [
        (input.subnet_configurations.as_ref().is_some_and(|list| !list.is_empty()), "SubnetConfiguration"),
        (input.ip_address_type.as_deref().is_some_and(|kind| kind != "ipv4"), "IPv6"),
        (input.dns_options.as_ref().is_some_and(endpoints::changes_names), "DnsOptions"),
    ];
    if let Some((_, what)) = wishes.iter().find(|(wished, _)| *wished) {
        return Err(unsupported(what));
    }
    let some = |own: &Option<Vec<String>>| !list(own).is_empty();
    let of_gateway = some(&input.add_route_table_ids) || some(&input.remove_route_table_ids);
    let of_interface = some(&input.add_subnet_ids)
        || some(&input.remove_subnet_ids)
        || some(&input.add_security_group_ids)
        || some(&input.remove_security_group_ids)
        || input.private_dns_enabled == Some(true);
    if (own.gateway && of_interface) || (!own.gateway && of_gateway) {
        let kind = if own.gateway { "Gateway" } else { "Interface" };
        let text = format!("This can't be changed of an endpoint of type {kind}.");
        return Err(faults::other("InvalidParameter", text));
    }
    Ok(())
}
