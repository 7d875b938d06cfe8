//! Tests that whatever takes `ec2:Attribute` and `ec2:Attribute/NAME` is asked about with them, by one list of every
//! attribute that any operation here sets.

use std::collections::BTreeSet;

use http::HeaderMap;
use rolecall_actions::row;
use rolecall_base::Fault;
use rolecall_door::{Operation, Visitor};
use rolecall_testkit::World;
use rolecall_wire::{Message, Shape};

use crate::images;
use crate::model::*;

const NAME: &str = "ec2:Attribute";
const VALUE: &str = "ec2:Attribute/${AttributeName}";

/// A request of one operation that sets one attribute.
struct Sets {
    operation: &'static str,
    /// Beside what it names the resource by.
    member: &'static str,
    attribute: &'static str,
    /// None where policies are told that it is set, but not to what.
    value: Option<&'static str>,
    call: fn(&World, &Visitor, &str) -> Result<(), Fault>,
}

/// Calls an operation with what a client sends for it.
fn call<Op: Operation + Shape>(world: &World, visitor: &Visitor, body: &str) -> Result<(), Fault> {
    let headers = HeaderMap::new();
    let message = Message { method: "POST", path: "/", query: "", headers: &headers, body: body.as_bytes() };
    let input = rolecall_wire::read::<Op>(&message).unwrap();
    world.call::<Op>(visitor, input).map(|_| ())
}

fn sets<Op: Operation + Shape>(member: &'static str, attribute: &'static str, value: &'static str) -> Sets {
    Sets { operation: Op::META.name, member, attribute, value: Some(value), call: call::<Op> }
}

fn names<Op: Operation + Shape>(member: &'static str, attribute: &'static str) -> Sets {
    Sets { operation: Op::META.name, member, attribute, value: None, call: call::<Op> }
}

/// What the resource of any operation is named by; members that an operation does not have it does not read.
fn resource() -> String {
    let ids = [
        ("AllocationId", "eipalloc-0123456789abcdef0"),
        ("ImageId", images::DEFAULT),
        ("InstanceId", "i-0123456789abcdef0"),
        ("LaunchTemplateId", "lt-0123456789abcdef0"),
        ("NetworkInterfaceId", "eni-0123456789abcdef0"),
        ("PrefixListId", "pl-0123456789abcdef0"),
        ("SnapshotId", "snap-0123456789abcdef0"),
        ("SubnetId", "subnet-0123456789abcdef0"),
        ("VolumeId", "vol-0123456789abcdef0"),
        ("VpcId", "vpc-0123456789abcdef0"),
        ("VpcEndpointId", "vpce-0123456789abcdef0"),
        ("InstanceCreditSpecification.1.InstanceId", "i-0123456789abcdef0"),
    ];
    ids.map(|(name, id)| format!("{name}={id}")).join("&")
}

#[rustfmt::skip]
fn all() -> Vec<Sets> {
    vec![
        sets::<ModifyAddressAttribute>("DomainName=a.example.com", "DomainName", "a.example.com"),
        sets::<ModifyImageAttribute>("Description.Value=base", "Description", "base"),
        sets::<ModifyImageAttribute>("Attribute=description&Value=base", "Description", "base"),
        sets::<ModifyImageAttribute>("ImdsSupport.Value=v2.0", "ImdsSupport", "v2.0"),
        names::<ModifyImageAttribute>("LaunchPermission.Add.1.Group=all", "LaunchPermission"),
        names::<ModifyImageAttribute>("OperationType=add&UserId.1=111111111111", "LaunchPermission"),
        sets::<ModifyInstanceAttribute>("DisableApiStop.Value=true", "DisableApiStop", "true"),
        sets::<ModifyInstanceAttribute>("DisableApiTermination.Value=false", "DisableApiTermination", "false"),
        sets::<ModifyInstanceAttribute>("Attribute=disableApiTermination&Value=false", "DisableApiTermination", "false"),
        sets::<ModifyInstanceAttribute>("EbsOptimized.Value=true", "EbsOptimized", "true"),
        sets::<ModifyInstanceAttribute>("EnaSupport.Value=true", "EnaSupport", "true"),
        sets::<ModifyInstanceAttribute>("GroupId.1=sg-1&GroupId.2=sg-2", "Groups", r#"[\"sg-1\",\"sg-2\"]"#),
        sets::<ModifyInstanceAttribute>("InstanceInitiatedShutdownBehavior.Value=stop", "InstanceInitiatedShutdownBehavior", "stop"),
        sets::<ModifyInstanceAttribute>("InstanceType.Value=t3.large", "InstanceType", "t3.large"),
        sets::<ModifyInstanceAttribute>("SourceDestCheck.Value=false", "SourceDestCheck", "false"),
        names::<ModifyInstanceAttribute>("UserData.Value=c2VjcmV0", "UserData"),
        sets::<ModifyInstanceCpuOptions>("CoreCount=1", "CoreCount", "1"),
        sets::<ModifyInstanceCpuOptions>("ThreadsPerCore=1", "ThreadsPerCore", "1"),
        sets::<ModifyInstanceCpuOptions>("NestedVirtualization=disabled", "NestedVirtualization", "disabled"),
        sets::<ModifyInstanceCreditSpecification>("InstanceCreditSpecification.1.CpuCredits=unlimited", "CpuCredits", "unlimited"),
        sets::<ModifyInstanceMaintenanceOptions>("AutoRecovery=disabled", "AutoRecovery", "disabled"),
        sets::<ModifyInstanceMaintenanceOptions>("RebootMigration=disabled", "RebootMigration", "disabled"),
        sets::<ModifyInstanceMetadataDefaults>("HttpEndpoint=enabled", "HttpEndpoint", "enabled"),
        sets::<ModifyInstanceMetadataDefaults>("HttpPutResponseHopLimit=3", "HttpPutResponseHopLimit", "3"),
        sets::<ModifyInstanceMetadataDefaults>("HttpTokens=optional", "HttpTokens", "optional"),
        sets::<ModifyInstanceMetadataDefaults>("HttpTokensEnforced=disabled", "HttpTokensEnforced", "disabled"),
        sets::<ModifyInstanceMetadataDefaults>("InstanceMetadataTags=enabled", "InstanceMetadataTags", "enabled"),
        sets::<ModifyInstanceMetadataOptions>("HttpEndpoint=enabled", "HttpEndpoint", "enabled"),
        sets::<ModifyInstanceMetadataOptions>("HttpProtocolIpv6=disabled", "HttpProtocolIpv6", "disabled"),
        sets::<ModifyInstanceMetadataOptions>("HttpPutResponseHopLimit=3", "HttpPutResponseHopLimit", "3"),
        sets::<ModifyInstanceMetadataOptions>("HttpTokens=optional", "HttpTokens", "optional"),
        sets::<ModifyInstanceMetadataOptions>("InstanceMetadataTags=enabled", "InstanceMetadataTags", "enabled"),
        sets::<ModifyInstancePlacement>("Affinity=default", "Affinity", "default"),
        sets::<ModifyInstancePlacement>("GroupId=pg-0123456789abcdef0", "GroupId", "pg-0123456789abcdef0"),
        sets::<ModifyInstancePlacement>("GroupName=near", "GroupName", "near"),
        sets::<ModifyInstancePlacement>("HostId=h-1", "HostId", "h-1"),
        sets::<ModifyInstancePlacement>("HostResourceGroupArn=arn", "HostResourceGroupArn", "arn"),
        sets::<ModifyInstancePlacement>("PartitionNumber=2", "PartitionNumber", "2"),
        sets::<ModifyInstancePlacement>("Tenancy=default", "Tenancy", "default"),
        sets::<ModifyLaunchTemplate>("SetDefaultVersion=2", "DefaultVersion", "2"),
        names::<ModifyManagedPrefixList>("CurrentVersion=1&AddEntry.1.Cidr=10.0.0.0/8", "AddEntries"),
        names::<ModifyManagedPrefixList>("CurrentVersion=1&RemoveEntry.1.Cidr=10.0.0.0/8", "RemoveEntries"),
        sets::<ModifyManagedPrefixList>("IpamPrefixListResolverSyncEnabled=false", "IpamPrefixListResolverSyncEnabled", "false"),
        sets::<ModifyManagedPrefixList>("MaxEntries=5", "MaxEntries", "5"),
        sets::<ModifyManagedPrefixList>("PrefixListName=offices", "PrefixListName", "offices"),
        sets::<ModifyNetworkInterfaceAttribute>("AssociatePublicIpAddress=true", "AssociatePublicIpAddress", "true"),
        names::<ModifyNetworkInterfaceAttribute>("Attachment.AttachmentId=eni-attach-1&Attachment.DeleteOnTermination=true", "Attachment"),
        sets::<ModifyNetworkInterfaceAttribute>("Description.Value=front", "Description", "front"),
        sets::<ModifyNetworkInterfaceAttribute>("SecurityGroupId.1=sg-1", "Groups", r#"[\"sg-1\"]"#),
        sets::<ModifyNetworkInterfaceAttribute>("SourceDestCheck.Value=false", "SourceDestCheck", "false"),
        sets::<ModifyPrivateDnsNameOptions>("EnableResourceNameDnsAAAARecord=false", "EnableResourceNameDnsAAAARecord", "false"),
        sets::<ModifyPrivateDnsNameOptions>("EnableResourceNameDnsARecord=true", "EnableResourceNameDnsARecord", "true"),
        sets::<ModifyPrivateDnsNameOptions>("PrivateDnsHostnameType=ip-name", "PrivateDnsHostnameType", "ip-name"),
        names::<ModifySnapshotAttribute>("CreateVolumePermission.Add.1.Group=all", "CreateVolumePermission"),
        names::<ModifySnapshotAttribute>("OperationType=remove&UserId.1=111111111111", "CreateVolumePermission"),
        sets::<ModifySubnetAttribute>("AssignIpv6AddressOnCreation.Value=false", "AssignIpv6AddressOnCreation", "false"),
        sets::<ModifySubnetAttribute>("CustomerOwnedIpv4Pool=pool", "CustomerOwnedIpv4Pool", "pool"),
        sets::<ModifySubnetAttribute>("DisableLniAtDeviceIndex.Value=true", "DisableLniAtDeviceIndex", "true"),
        sets::<ModifySubnetAttribute>("EnableDns64.Value=false", "EnableDns64", "false"),
        sets::<ModifySubnetAttribute>("EnableLniAtDeviceIndex=1", "EnableLniAtDeviceIndex", "1"),
        sets::<ModifySubnetAttribute>("EnableResourceNameDnsAAAARecordOnLaunch.Value=false", "EnableResourceNameDnsAAAARecordOnLaunch", "false"),
        sets::<ModifySubnetAttribute>("EnableResourceNameDnsARecordOnLaunch.Value=false", "EnableResourceNameDnsARecordOnLaunch", "false"),
        sets::<ModifySubnetAttribute>("MapCustomerOwnedIpOnLaunch.Value=false", "MapCustomerOwnedIpOnLaunch", "false"),
        sets::<ModifySubnetAttribute>("MapPublicIpOnLaunch.Value=true", "MapPublicIpOnLaunch", "true"),
        sets::<ModifySubnetAttribute>("PrivateDnsHostnameTypeOnLaunch=ip-name", "PrivateDnsHostnameTypeOnLaunch", "ip-name"),
        sets::<ModifyVolume>("Iops=4000", "Iops", "4000"),
        sets::<ModifyVolume>("MultiAttachEnabled=false", "MultiAttachEnabled", "false"),
        sets::<ModifyVolume>("Size=100", "Size", "100"),
        sets::<ModifyVolume>("Throughput=200", "Throughput", "200"),
        sets::<ModifyVolume>("VolumeType=gp3", "VolumeType", "gp3"),
        sets::<ModifyVolumeAttribute>("AutoEnableIO.Value=true", "AutoEnableIO", "true"),
        sets::<ModifyVpcAttribute>("EnableDnsHostnames.Value=true", "EnableDnsHostnames", "true"),
        sets::<ModifyVpcAttribute>("EnableDnsSupport.Value=false", "EnableDnsSupport", "false"),
        sets::<ModifyVpcAttribute>("EnableNetworkAddressUsageMetrics.Value=true", "EnableNetworkAddressUsageMetrics", "true"),
        sets::<ModifyVpcEndpoint>("AddRouteTableId.1=rtb-1", "AddRouteTableIds", r#"[\"rtb-1\"]"#),
        sets::<ModifyVpcEndpoint>("AddSecurityGroupId.1=sg-1", "AddSecurityGroupIds", r#"[\"sg-1\"]"#),
        sets::<ModifyVpcEndpoint>("AddSubnetId.1=subnet-1", "AddSubnetIds", r#"[\"subnet-1\"]"#),
        names::<ModifyVpcEndpoint>("DnsOptions.DnsRecordIpType=ipv4", "DnsOptions"),
        sets::<ModifyVpcEndpoint>("IpAddressType=ipv4", "IpAddressType", "ipv4"),
        sets::<ModifyVpcEndpoint>("PolicyDocument=%7B%7D", "PolicyDocument", "{}"),
        sets::<ModifyVpcEndpoint>("PrivateDnsEnabled=true", "PrivateDnsEnabled", "true"),
        sets::<ModifyVpcEndpoint>("RemoveRouteTableId.1=rtb-1", "RemoveRouteTableIds", r#"[\"rtb-1\"]"#),
        sets::<ModifyVpcEndpoint>("RemoveSecurityGroupId.1=sg-1", "RemoveSecurityGroupIds", r#"[\"sg-1\"]"#),
        sets::<ModifyVpcEndpoint>("RemoveSubnetId.1=subnet-1", "RemoveSubnetIds", r#"[\"subnet-1\"]"#),
        sets::<ModifyVpcEndpoint>("ResetPolicy=true", "ResetPolicy", "true"),
        names::<ModifyVpcEndpoint>("SubnetConfiguration.1.SubnetId=subnet-1", "SubnetConfigurations"),
        sets::<ModifyVpcTenancy>("InstanceTenancy=default", "InstanceTenancy", "default"),
        // A reset says of an attribute that it is set, and not to what.
        names::<ResetAddressAttribute>("Attribute=domain-name", "DomainName"),
        names::<ResetImageAttribute>("Attribute=launchPermission", "LaunchPermission"),
        names::<ResetSnapshotAttribute>("Attribute=createVolumePermission", "CreateVolumePermission"),
    ]
}

/// Users by the condition under which they may not do what they else may: everything of EC2.
struct Denied<'w> {
    world: &'w World,
    count: std::cell::Cell<u32>,
}

impl Denied<'_> {
    /// Whether a request is refused under a condition.
    fn by(&self, body: &str, call: fn(&World, &Visitor, &str) -> Result<(), Fault>, condition: &str) -> bool {
        self.count.set(self.count.get() + 1);
        let policy = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}},
                {{"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": {{{condition}}}}}]}}"#
        );
        let user = self.world.user(&format!("user-{}", self.count.get()), &policy);
        call(self.world, &user, body).is_err_and(|fault| fault.code() == "UnauthorizedOperation")
    }
}

fn is(key: &str, value: &str) -> String {
    format!(r#""StringEquals": {{"{key}": "{value}"}}"#)
}

/// Where a question has the key at all.
fn is_other(key: &str, value: &str) -> String {
    format!(r#""StringNotEquals": {{"{key}": "{value}"}}, "Null": {{"{key}": "false"}}"#)
}

fn takes(operation: &str, key: &str) -> bool {
    row(&format!("ec2:{operation}")).is_some_and(|row| row.keys.contains(&key))
}

#[test]
fn every_operation_that_takes_the_keys_of_attributes_is_in_the_list() {
    let here = crate::ops::OPERATIONS.iter().map(|row| row.meta.name);
    let take: BTreeSet<_> = here.filter(|name| takes(name, NAME) || takes(name, VALUE)).collect();
    let listed: BTreeSet<_> = all().iter().map(|sets| sets.operation).collect();
    assert!(take.len() > 20);
    assert_eq!(listed, take);
}

#[test]
fn a_policy_may_forbid_any_attribute_and_any_value_of_it() {
    let world = World::new(1);
    let denied = Denied { world: &world, count: Default::default() };
    let mut wrong = Vec::new();
    for sets in all() {
        let body = format!("{}&{}", resource(), sets.member);
        let mut expect = |refused, condition: String| {
            if denied.by(&body, sets.call, &condition) != refused {
                wrong.push(format!("{} {} by {condition}", sets.operation, sets.member));
            }
        };
        if takes(sets.operation, NAME) {
            expect(true, is(NAME, sets.attribute));
            expect(false, is_other(NAME, sets.attribute));
        }
        let key = format!("{NAME}/{}", sets.attribute);
        match sets.value {
            Some(value) => {
                expect(true, is(&key, value));
                expect(false, is_other(&key, value));
            }
            None => expect(false, format!(r#""Null": {{"{key}": "false"}}"#)),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn of_several_attributes_in_one_request_none_hides_another() {
    let world = World::new(1);
    let denied = Denied { world: &world, count: Default::default() };
    let all = all();
    let combined = [
        ("ModifyInstanceMetadataOptions", 5),
        ("ModifyInstancePlacement", 7),
        ("ModifyManagedPrefixList", 5),
        ("ModifySubnetAttribute", 10),
        ("ModifyVolume", 5),
        ("ModifyVpcAttribute", 3),
        ("ModifyVpcEndpoint", 12),
    ];
    let mut wrong = Vec::new();
    for (operation, count) in combined {
        let own: Vec<_> = all.iter().filter(|sets| sets.operation == operation).collect();
        assert_eq!(own.len(), count, "{operation}");
        let members: Vec<_> = own.iter().map(|sets| sets.member).collect();
        let body = format!("{}&{}", resource(), members.join("&"));
        for sets in &own {
            for condition in [is(NAME, sets.attribute), is_other(NAME, sets.attribute)] {
                if !denied.by(&body, sets.call, &condition) {
                    wrong.push(format!("{operation} by {condition}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
