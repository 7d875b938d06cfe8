//! What the tests of this crate begin with: profiles and instances in a world of one seed.

use rolecall_base::Fault;
use rolecall_door::Visitor;
use rolecall_identity::records::{
    Entities, Entity, Holder, InstanceProfile, InstanceProfileIds, InstanceProfiles, Mark, ProfilePlace,
    ProfilesOfRole, Role, Roles, fold,
};
use rolecall_testkit::{ACCOUNT, World};

use crate::images;
use crate::model::{
    AttachInternetGateway, AttachInternetGatewayRequest, AuthorizeSecurityGroupIngressRequest,
    CreateInternetGateway, CreateLaunchTemplateRequest, CreateRouteTable, CreateRouteTableRequest,
    CreateSecurityGroup, CreateSecurityGroupRequest, CreateSubnet, CreateSubnetRequest, CreateVpc,
    CreateVpcRequest, DescribeInstances, DescribeInstancesRequest, DescribeRouteTables,
    DescribeRouteTablesRequest, Filter, IamInstanceProfileSpecification, Instance, IpPermission, IpRange,
    RequestLaunchTemplateData, Reservation, RouteTable, RunInstances, RunInstancesRequest, StopInstances,
    StopInstancesRequest, Tag, TagSpecification, Vpc,
};

/// Writes a role that EC2 may take on.
pub fn role(world: &World, name: &str) {
    let trust = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "ec2.amazonaws.com"}}}"#;
    let role = Role {
        account: ACCOUNT,
        name: name.into(),
        path: "/".into(),
        id: world.env.unique_id("AROA"),
        created: world.env.now(),
        trust: trust.into(),
        description: None,
        max_session: 3600,
        tags: Default::default(),
        boundary: None,
        template: None,
    };
    world.write(|tx| {
        tx.put::<Roles>(&(ACCOUNT, fold(name)), &role)?;
        let entity = Entity { account: ACCOUNT, holder: Holder::Role, name: fold(name) };
        tx.put::<Entities>(&role.id, &entity)?;
        Ok(())
    });
}

/// Writes an instance profile, with the role of that name if it is to have one.
pub fn profile(world: &World, name: &str, role: Option<&str>) -> InstanceProfile {
    let profile = InstanceProfile {
        account: ACCOUNT,
        name: name.into(),
        path: "/".into(),
        id: world.env.unique_id("AIPA"),
        created: world.env.now(),
        role: role.map(fold),
        tags: Default::default(),
    };
    world.write(|tx| {
        tx.put::<InstanceProfiles>(&(ACCOUNT, fold(name)), &profile)?;
        let place = ProfilePlace { account: ACCOUNT, name: fold(name) };
        tx.put::<InstanceProfileIds>(&profile.id, &place)?;
        if let Some(role) = role {
            tx.put::<ProfilesOfRole>(&(ACCOUNT, fold(role), fold(name)), &Mark {})?;
        }
        Ok(())
    });
    profile
}

/// One instance of the default image.
pub fn request() -> RunInstancesRequest {
    RunInstancesRequest {
        image_id: Some(images::DEFAULT.into()),
        instance_type: Some("t3.micro".into()),
        min_count: 1,
        max_count: 1,
        ..Default::default()
    }
}

/// A launch template of the default image.
pub fn template(name: &str, instance_type: &str) -> CreateLaunchTemplateRequest {
    CreateLaunchTemplateRequest {
        launch_template_name: name.into(),
        launch_template_data: RequestLaunchTemplateData {
            image_id: Some(images::DEFAULT.into()),
            instance_type: Some(instance_type.into()),
            ..Default::default()
        },
        ..Default::default()
    }
}

pub fn named(name: &str) -> Option<IamInstanceProfileSpecification> {
    Some(IamInstanceProfileSpecification { name: Some(name.into()), arn: None })
}

pub fn tagged(kind: &str, key: &str, value: &str) -> Option<Vec<TagSpecification>> {
    let tag = Tag { key: Some(key.into()), value: Some(value.into()) };
    Some(vec![TagSpecification { resource_type: Some(kind.into()), tags: Some(vec![tag]) }])
}

pub fn run(world: &World, visitor: &Visitor, input: RunInstancesRequest) -> Result<Reservation, Fault> {
    world.call::<RunInstances>(visitor, input)
}

/// Launches one instance as root; gives its id.
pub fn launch(world: &World, input: RunInstancesRequest) -> String {
    let reservation = run(world, &world.root(ACCOUNT), input).unwrap();
    reservation.instances.unwrap()[0].instance_id.clone().unwrap()
}

/// Stops an instance as root.
pub fn stop(world: &World, id: &str) {
    let input = StopInstancesRequest { instance_ids: vec![id.into()], ..Default::default() };
    world.call::<StopInstances>(&world.root(ACCOUNT), input).unwrap();
}

/// An instance as root sees it.
pub fn seen(world: &World, id: &str) -> Instance {
    let input = DescribeInstancesRequest { instance_ids: Some(vec![id.into()]), ..Default::default() };
    let answer = world.call::<DescribeInstances>(&world.root(ACCOUNT), input).unwrap();
    answer.reservations.unwrap().remove(0).instances.unwrap().remove(0)
}

/// The name of an instance's state.
pub fn state(world: &World, id: &str) -> String {
    seen(world, id).state.unwrap().name.unwrap()
}

/// A VPC of a block, made by root.
pub fn new_vpc(world: &World, cidr: &str) -> Vpc {
    let input = CreateVpcRequest { cidr_block: Some(cidr.into()), ..Default::default() };
    world.call::<CreateVpc>(&world.root(ACCOUNT), input).unwrap().vpc.unwrap()
}

/// What CreateSubnet takes for a subnet of a block.
pub fn subnet_request(vpc: &str, cidr: &str) -> CreateSubnetRequest {
    CreateSubnetRequest { vpc_id: vpc.into(), cidr_block: Some(cidr.into()), ..Default::default() }
}

/// A subnet of a block, made by root; its id.
pub fn new_subnet(world: &World, vpc: &str, cidr: &str) -> String {
    let made = world.call::<CreateSubnet>(&world.root(ACCOUNT), subnet_request(vpc, cidr)).unwrap();
    made.subnet.unwrap().subnet_id.unwrap()
}

/// A route table, made by root; its id.
pub fn new_table(world: &World, vpc: &str) -> String {
    let input = CreateRouteTableRequest { vpc_id: vpc.into(), ..Default::default() };
    let made = world.call::<CreateRouteTable>(&world.root(ACCOUNT), input).unwrap();
    made.route_table.unwrap().route_table_id.unwrap()
}

/// An internet gateway, made by root and attached to a VPC if that is named; its id.
pub fn new_gateway(world: &World, vpc: Option<&str>) -> String {
    let root = world.root(ACCOUNT);
    let made = world.call::<CreateInternetGateway>(&root, Default::default()).unwrap();
    let id = made.internet_gateway.unwrap().internet_gateway_id.unwrap();
    if let Some(vpc) = vpc {
        let input = AttachInternetGatewayRequest {
            internet_gateway_id: id.clone(),
            vpc_id: vpc.into(),
            ..Default::default()
        };
        world.call::<AttachInternetGateway>(&root, input).unwrap();
    }
    id
}

/// A route table as root sees it.
pub fn seen_table(world: &World, id: &str) -> RouteTable {
    let input = DescribeRouteTablesRequest { route_table_ids: Some(vec![id.into()]), ..Default::default() };
    let answer = world.call::<DescribeRouteTables>(&world.root(ACCOUNT), input).unwrap();
    answer.route_tables.unwrap().remove(0)
}

pub fn filter(name: &str, value: &str) -> Option<Vec<Filter>> {
    Some(vec![Filter { name: Some(name.into()), values: Some(vec![value.into()]) }])
}

/// A security group of the default VPC, yet to be made.
pub fn group(name: &str) -> CreateSecurityGroupRequest {
    CreateSecurityGroupRequest {
        group_name: name.into(),
        description: "a group".into(),
        ..Default::default()
    }
}

/// Makes a security group in the default VPC; gives its id.
pub fn new_group(world: &World, name: &str) -> String {
    world.call::<CreateSecurityGroup>(&world.root(ACCOUNT), group(name)).unwrap().group_id.unwrap()
}

pub fn permission(protocol: &str, from: i32, to: i32, blocks: &[&str]) -> IpPermission {
    let range = |cidr: &&str| IpRange { cidr_ip: Some((*cidr).into()), ..Default::default() };
    IpPermission {
        ip_protocol: Some(protocol.into()),
        from_port: Some(from),
        to_port: Some(to),
        ip_ranges: Some(blocks.iter().map(range).collect()),
        ..Default::default()
    }
}

pub fn authorize(id: &str, list: Vec<IpPermission>) -> AuthorizeSecurityGroupIngressRequest {
    AuthorizeSecurityGroupIngressRequest {
        group_id: Some(id.into()),
        ip_permissions: Some(list),
        ..Default::default()
    }
}
