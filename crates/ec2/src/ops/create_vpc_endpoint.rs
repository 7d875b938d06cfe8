//! CreateVpcEndpoint: a way from a VPC to a service, with a policy of its own.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::endpoints::{self, on_parts, service_name};
use crate::faults::{self, unsupported};
use crate::groups;
use crate::model::{CreateVpcEndpoint, CreateVpcEndpointRequest, CreateVpcEndpointResult};
use crate::network::questions::on_existing;
use crate::network::{self, Network, must, rows, token};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::{Vpc, VpcEndpoint, VpcEndpoints, Vpcs};
use crate::tags;

impl Operation for CreateVpcEndpoint {
    type Access = Write;

    fn needs(input: &CreateVpcEndpointRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let (place, action) = (Place::of(at), ec2::CreateVpcEndpoint);
        let question = on_existing(action, kind::Vpc, at, &input.vpc_id)?;
        let needs = question.key(key::VpcID, Some(input.vpc_id.as_str())).done();
        let made = place.resource::<kind::VpcEndpoint>("*");
        let made = to_make(action, &made, place, input.tag_specifications.as_deref(), |question| {
            question
                .key(key::VpceServiceName, input.service_name.as_deref())
                .key(key::VpceServiceOwner, input.service_name.as_ref().map(|_| "amazon"))
        });
        let list = |list: &'_ Option<Vec<String>>| list.clone().unwrap_or_default();
        let (tables, subnets) = (list(&input.route_table_ids), list(&input.subnet_ids));
        let groups = list(&input.security_group_ids);
        let parts = on_parts(action, at, tables.iter(), subnets.iter(), groups.iter())?;
        Ok(needs.and(made).and(parts))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateVpcEndpointResult, Fault> {
        let (place, env, input) = (Place::here(req), req.env, req.input);
        let gateway = refuse(place, input)?;
        let kind = "vpc-endpoint";
        let new = tags::of_request(input.tag_specifications.as_deref(), &[kind], kind)?;
        let tx = req.tx()?;
        let once = token::of("CreateVpcEndpoint", input.client_token.as_deref(), input)?;
        if let Some(id) = token::made(tx, place, once.as_ref())? {
            let found = endpoints::get(tx, place, &id)?;
            return answer(tx, place, input, found);
        }
        Network::settle(tx, place)?;
        let vpc = must::<Vpcs>(tx, place, &input.vpc_id, faults::no_vpc)?;
        let name = input.service_name.as_deref().ok_or_else(|| faults::missing("ServiceName"))?;
        let service = endpoints::service(place.region, name, gateway)?;
        let policy = input.policy_document.as_deref().filter(|text| !text.is_empty());
        let policy = policy.map(|text| endpoints::accept(tx, text)).transpose()?;
        let private_dns = !gateway && input.private_dns_enabled.unwrap_or(true);
        if private_dns {
            check_private_dns(&rows::<VpcEndpoints>(tx, place)?, &vpc, place, service)?;
        }
        let list = |list: &'_ Option<Vec<String>>| list.clone().unwrap_or_default();
        let groups = match gateway {
            true => Vec::new(),
            false => groups::for_interface(tx, place, &vpc.id, &list(&input.security_group_ids))?,
        };
        let mut own = VpcEndpoint {
            id: env.resource_id("vpce"),
            vpc: vpc.id.clone(),
            service: service.to_owned(),
            gateway,
            policy,
            subnets: Vec::new(),
            groups,
            private_dns,
            created: env.now(),
            token: once.as_ref().map(|once| once.name.clone()),
        };
        endpoints::add_routes(tx, place, &own, &list(&input.route_table_ids))?;
        endpoints::add_interfaces(tx, env, place, &mut own, &list(&input.subnet_ids))?;
        faults::dry_run(input.dry_run)?;
        token::keep(tx, place, once.as_ref(), &own.id)?;
        network::put_in(tx, place, &vpc.id, &own.id)?;
        tx.put::<VpcEndpoints>(&place.key(&own.id), &own)?;
        tags::put(tx, place, &own.id, new)?;
        answer(tx, place, input, own)
    }
}

fn answer(
    db: &rolecall_store::Reader,
    place: Place<'_>,
    input: &CreateVpcEndpointRequest,
    own: VpcEndpoint,
) -> Result<CreateVpcEndpointResult, Fault> {
    let shown = endpoints::show(db, place, vec![own])?;
    Ok(CreateVpcEndpointResult {
        vpc_endpoint: shown.first().map(endpoints::Shown::to_wire),
        client_token: input.client_token.clone(),
    })
}

/// Private names need the VPC's own names, and lead to one endpoint only.
fn check_private_dns(
    others: &[VpcEndpoint],
    vpc: &Vpc,
    place: Place<'_>,
    service: &str,
) -> Result<(), Fault> {
    if !vpc.dns_support || !vpc.dns_hostnames {
        let text = format!(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {}",
            vpc.id
        );
        return Err(faults::other("InvalidParameter", text));
    }
    let same = |own: &VpcEndpoint| own.vpc == vpc.id && own.service == service && own.private_dns;
    if others.iter().any(same) {
        let text = format!(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {} in the VPC {}",
            service_name(place.region, service),
            vpc.id
        );
        return Err(faults::other("InvalidParameter", text));
    }
    Ok(())
}

/// Refuses what can't be honored; says whether it is to be a gateway.
fn refuse(place: Place<'_>, input: &CreateVpcEndpointRequest) -> Result<bool, Fault> {
    let some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    let gateway = match input.vpc_endpoint_type.as_deref() {
        None | Some("Gateway") => true,
        Some("Interface") => false,
        Some(other) => return Err(unsupported(&format!("The endpoint type {other}"))),
    };
    let wishes = [
        (input.service_network_arn.is_some(), "ServiceNetworkArn"),
        (input.resource_configuration_arn.is_some(), "ResourceConfigurationArn"),
        (input.subnet_configurations.as_ref().is_some_and(|list| !list.is_empty()), "SubnetConfiguration"),
        (input.ip_address_type.as_deref().is_some_and(|kind| kind != "ipv4"), "IPv6"),
        (input.dns_options.as_ref().is_some_and(endpoints::changes_names), "DnsOptions"),
        (
            input.service_region.as_deref().is_some_and(|region| region != place.region),
            "A service of another region",
        ),
    ];
    if let Some((_, what)) = wishes.iter().find(|(wished, _)| *wished) {
        return Err(unsupported(what));
    }
    let wrong = match gateway {
        true if some(&input.subnet_ids) => Some("SubnetIds"),
        true if some(&input.security_group_ids) => Some("SecurityGroupIds"),
        true if input.private_dns_enabled == Some(true) => Some("PrivateDnsEnabled"),
        false if some(&input.route_table_ids) => Some("RouteTableIds"),
        _ => None,
    };
    match wrong {
        Some(parameter) => {
            let kind = if gateway { "Gateway" } else { "Interface" };
            let text = format!("{parameter} can't be used with an endpoint of type {kind}.");
            Err(faults::other("InvalidParameter", text))
        }
        None => Ok(gateway),
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{new_table, new_vpc, seen_table};

    const S3: &str = "com.amazonaws.us-east-1.s3";

    fn gateway(vpc: &str, tables: &[&str]) -> CreateVpcEndpointRequest {
        CreateVpcEndpointRequest {
            vpc_id: vpc.into(),
            service_name: Some(S3.into()),
            route_table_ids: Some(tables.iter().map(|id| (*id).into()).collect()),
            ..Default::default()
        }
    }

    #[test]
    fn a_gateway_is_a_route_in_each_of_its_tables() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let (a, b) = (new_table(&world, &vpc), new_table(&world, &vpc));
        let made =
            world.call::<CreateVpcEndpoint>(&root, gateway(&vpc, &[&a])).unwrap().vpc_endpoint.unwrap();
        let id = made.vpc_endpoint_id.unwrap();
        assert_eq!(made.route_table_ids.unwrap(), std::slice::from_ref(&a));
        let route = seen_table(&world, &a).routes.unwrap().pop().unwrap();
        assert_eq!(route.gateway_id.as_ref(), Some(&id));
        assert!(route.destination_prefix_list_id.unwrap().starts_with("pl-"));
        check_fault(world.call::<CreateVpcEndpoint>(&root, gateway(&vpc, &[&a])), "RouteAlreadyExists");
        let change = ModifyVpcEndpointRequest {
            vpc_endpoint_id: id.clone(),
            add_route_table_ids: Some(vec![b.clone()]),
            remove_route_table_ids: Some(vec![a.clone()]),
            ..Default::default()
        };
        world.call::<ModifyVpcEndpoint>(&root, change.clone()).unwrap();
        let look = || {
            let answer = world.call::<DescribeVpcEndpoints>(&root, Default::default()).unwrap();
            answer.vpc_endpoints.unwrap()
        };
        assert_eq!(look()[0].route_table_ids.as_ref().unwrap(), std::slice::from_ref(&b));
        let gone = DeleteVpcRequest { vpc_id: vpc.clone(), ..Default::default() };
        check_fault(world.call::<DeleteVpc>(&root, gone), "DependencyViolation");
        let delete = DeleteVpcEndpointsRequest {
            vpc_endpoint_ids: vec![id.clone(), "vpce-0123456789abcdef0".into()],
            ..Default::default()
        };
        let failed = world.call::<DeleteVpcEndpoints>(&root, delete).unwrap().unsuccessful.unwrap();
        assert_eq!(failed[0].error.as_ref().unwrap().code.as_deref(), Some("InvalidVpcEndpoint.NotFound"));
        assert_eq!((look().len(), seen_table(&world, &b).routes.unwrap().len()), (0, 1));
        check_fault(world.call::<ModifyVpcEndpoint>(&root, change), "InvalidVpcEndpointId.NotFound");
    }

    #[test]
    fn an_interface_endpoint_has_an_interface_that_only_the_service_changes() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let subnets = world.call::<DescribeSubnets>(&root, Default::default()).unwrap().subnets.unwrap();
        let input = CreateVpcEndpointRequest {
            vpc_id: subnets[0].vpc_id.clone().unwrap(),
            vpc_endpoint_type: Some("Interface".into()),
            service_name: Some("com.amazonaws.us-east-1.sts".into()),
            subnet_ids: Some(vec![subnets[0].subnet_id.clone().unwrap()]),
            ..Default::default()
        };
        let made = world.call::<CreateVpcEndpoint>(&root, input.clone()).unwrap().vpc_endpoint.unwrap();
        let eni = made.network_interface_ids.unwrap().remove(0);
        let gone = DeleteNetworkInterfaceRequest { network_interface_id: eni.clone(), ..Default::default() };
        check_fault(world.call::<DeleteNetworkInterface>(&root, gone), "OperationNotPermitted");
        let look =
            DescribeNetworkInterfacesRequest { network_interface_ids: Some(vec![eni]), ..Default::default() };
        let seen = world.call::<DescribeNetworkInterfaces>(&root, look.clone()).unwrap();
        let seen = seen.network_interfaces.unwrap().remove(0);
        assert_eq!(
            (seen.interface_type.as_deref(), seen.requester_managed),
            (Some("vpc_endpoint"), Some(true))
        );
        check_fault(world.call::<CreateVpcEndpoint>(&root, input), "InvalidParameter");
        let ids = vec![made.vpc_endpoint_id.unwrap()];
        let delete = DeleteVpcEndpointsRequest { vpc_endpoint_ids: ids, ..Default::default() };
        world.call::<DeleteVpcEndpoints>(&root, delete).unwrap();
        check_fault(
            world.call::<DescribeNetworkInterfaces>(&root, look),
            "InvalidNetworkInterfaceID.NotFound",
        );
    }

    #[test]
    fn policies_and_services_are_checked() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = new_vpc(&world, "10.0.0.0/16").vpc_id.unwrap();
        let call = |change: fn(&mut CreateVpcEndpointRequest)| {
            let mut input = gateway(&vpc, &[]);
            change(&mut input);
            world.call::<CreateVpcEndpoint>(&root, input)
        };
        check_fault(call(|own| own.policy_document = Some("{}".into())), "InvalidPolicyDocument");
        check_fault(
            call(|own| own.service_name = Some("com.amazonaws.us-east-1.x".into())),
            "InvalidServiceName",
        );
        check_fault(
            call(|own| own.service_name = Some("com.amazonaws.us-east-1.sts".into())),
            "InvalidParameter",
        );
        check_fault(call(|own| own.vpc_endpoint_type = Some("Tunnel".into())), "UnsupportedOperation");
        call(|_| {}).unwrap();
    }
}
