"""Networks, as people build them with the aws CLI and boto3: whole ones, their tags and filters, their errors, their end."""

import pytest
from botocore.exceptions import ClientError
from running import allow

ANYWHERE = "0.0.0.0/0"




def refusal(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


def code(call, **parameters):
    return refusal(call, **parameters)[0]


def tags(kind, **values):
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in values.items()]}]


def by(name, *values):
    return [{"Name": name, "Values": list(values)}]


@pytest.fixture
def ec2(server):
    return server.client("ec2", server.root)


class Network:
    """A VPC with a public and a private subnet, each with its route table, a gateway, options and an access list."""

    def __init__(self, ec2):
        self.ec2 = ec2
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags("vpc", Name="net"))["Vpc"]["VpcId"]
        ec2.get_waiter("vpc_available").wait(VpcIds=[self.vpc])
        self.public = self.subnet("10.0.0.0/24", "us-east-1a", "public")
        self.private = self.subnet("10.0.1.0/24", "us-east-1b", "private")
        gateway = ec2.create_internet_gateway(TagSpecifications=tags("internet-gateway", Name="net"))
        self.gateway = gateway["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        table = ec2.create_route_table(VpcId=self.vpc, TagSpecifications=tags("route-table", Name="net"))
        self.table = table["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=self.table, DestinationCidrBlock=ANYWHERE, GatewayId=self.gateway)
        self.association = ec2.associate_route_table(RouteTableId=self.table, SubnetId=self.public)["AssociationId"]
        options = ec2.create_dhcp_options(
            DhcpConfigurations=[{"Key": "domain-name", "Values": ["corp.example"]},
                                {"Key": "domain-name-servers", "Values": ["10.0.0.2", "10.0.0.3"]}],
            TagSpecifications=tags("dhcp-options", Name="net"))
        self.options = options["DhcpOptions"]["DhcpOptionsId"]
        ec2.associate_dhcp_options(DhcpOptionsId=self.options, VpcId=self.vpc)
        acl = ec2.create_network_acl(VpcId=self.vpc, TagSpecifications=tags("network-acl", Name="net"))
        self.acl = acl["NetworkAcl"]["NetworkAclId"]
        for egress in (False, True):
            ec2.create_network_acl_entry(NetworkAclId=self.acl, RuleNumber=100, Protocol="6", RuleAction="allow",
                                         Egress=egress, CidrBlock=ANYWHERE, PortRange={"From": 0, "To": 65535})
        self.put_under(self.private, self.acl)

    def subnet(self, block, zone, name):
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=block, AvailabilityZone=zone,
                                      TagSpecifications=tags("subnet", Name="net", Tier=name))["Subnet"]["SubnetId"]
        self.ec2.get_waiter("subnet_available").wait(SubnetIds=[made])
        return made

    def put_under(self, subnet, acl):
        held = self.ec2.describe_network_acls(Filters=by("association.subnet-id", subnet))["NetworkAcls"][0]
        own = next(each for each in held["Associations"] if each["SubnetId"] == subnet)
        self.ec2.replace_network_acl_association(AssociationId=own["NetworkAclAssociationId"], NetworkAclId=acl)
        return held["NetworkAclId"]

    def default_acl(self):
        lists = self.ec2.describe_network_acls(Filters=by("vpc-id", self.vpc) + by("default", "true"))
        return lists["NetworkAcls"][0]["NetworkAclId"]

    def everything(self):
        """All that is described, to see whether anything has changed."""
        ec2, here = self.ec2, by("vpc-id", self.vpc)
        return [
            ec2.describe_vpcs(VpcIds=[self.vpc])["Vpcs"], ec2.describe_subnets(Filters=here)["Subnets"],
            ec2.describe_route_tables(Filters=here)["RouteTables"], ec2.describe_network_acls(Filters=here)["NetworkAcls"],
            ec2.describe_internet_gateways(InternetGatewayIds=[self.gateway])["InternetGateways"],
            ec2.describe_dhcp_options(DhcpOptionsIds=[self.options])["DhcpOptions"],
            ec2.describe_security_groups(Filters=here)["SecurityGroups"],
        ]

    def tear_down(self):
        ec2 = self.ec2
        ec2.disassociate_route_table(AssociationId=self.association)
        ec2.delete_route(RouteTableId=self.table, DestinationCidrBlock=ANYWHERE)
        ec2.delete_route_table(RouteTableId=self.table)
        self.put_under(self.private, self.default_acl())
        ec2.delete_network_acl(NetworkAclId=self.acl)
        for subnet in (self.public, self.private):
            ec2.delete_subnet(SubnetId=subnet)
        ec2.detach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        ec2.delete_internet_gateway(InternetGatewayId=self.gateway)
        ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=self.vpc)
        ec2.delete_dhcp_options(DhcpOptionsId=self.options)
        ec2.delete_vpc(VpcId=self.vpc)


def test_a_network_is_built_found_and_torn_down(ec2):
    net = Network(ec2)
    found = {
        "vpc": ec2.describe_vpcs(Filters=by("tag:Name", "net"))["Vpcs"][0]["VpcId"],
        "gateway": ec2.describe_internet_gateways(Filters=by("attachment.vpc-id", net.vpc))["InternetGateways"][0],
        "table": ec2.describe_route_tables(Filters=by("association.subnet-id", net.public))["RouteTables"][0],
        "main": ec2.describe_route_tables(Filters=by("vpc-id", net.vpc) + by("association.main", "true"))["RouteTables"],
        "options": ec2.describe_dhcp_options(Filters=by("value", "corp.example"))["DhcpOptions"][0],
        "acl": ec2.describe_network_acls(Filters=by("tag-key", "Name"))["NetworkAcls"][0],
        "private": ec2.describe_subnets(Filters=by("tag:Tier", "private"))["Subnets"][0],
    }
    assert found["vpc"] == net.vpc
    assert found["gateway"]["Attachments"] == [{"State": "available", "VpcId": net.vpc}]
    assert [(r["DestinationCidrBlock"], r["GatewayId"], r["Origin"], r["State"]) for r in found["table"]["Routes"]] == [
        ("10.0.0.0/16", "local", "CreateRouteTable", "active"), (ANYWHERE, net.gateway, "CreateRoute", "active")]
    assert len(found["main"]) == 1 and found["main"][0]["RouteTableId"] != net.table
    assert found["options"]["DhcpConfigurations"][1]["Values"] == [{"Value": "10.0.0.2"}, {"Value": "10.0.0.3"}]
    assert found["acl"]["NetworkAclId"] == net.acl
    assert [entry["RuleNumber"] for entry in found["acl"]["Entries"]] == [100, 32767, 100, 32767]
    assert found["private"]["AvailableIpAddressCount"] == 251
    kinds = {tag["ResourceType"] for tag in ec2.describe_tags(Filters=by("key", "Name"))["Tags"]}
    assert kinds == {"vpc", "subnet", "internet-gateway", "route-table", "dhcp-options", "network-acl"}
    net.tear_down()
    assert code(ec2.describe_vpcs, VpcIds=[net.vpc]) == "InvalidVpcID.NotFound"
    assert ec2.describe_tags()["Tags"] == []


def test_a_network_is_not_torn_down_in_the_wrong_order(ec2):
    net = Network(ec2)
    before = net.everything()
    held = [
        (ec2.delete_vpc, {"VpcId": net.vpc}, f"The vpc '{net.vpc}' has dependencies and cannot be deleted."),
        (ec2.delete_route_table, {"RouteTableId": net.table},
         f"The routeTable '{net.table}' has dependencies and cannot be deleted."),
        (ec2.delete_internet_gateway, {"InternetGatewayId": net.gateway},
         f"The internetGateway '{net.gateway}' has dependencies and cannot be deleted."),
        (ec2.delete_dhcp_options, {"DhcpOptionsId": net.options},
         f"The dhcpOptions '{net.options}' has dependencies and cannot be deleted."),
        (ec2.delete_network_acl, {"NetworkAclId": net.acl},
         f"The networkAcl '{net.acl}' has dependencies and cannot be deleted."),
    ]
    for call, parameters, text in held:
        assert refusal(call, **parameters) == ("DependencyViolation", text)
    assert net.everything() == before


def test_what_would_not_fit_is_refused_as_documented(ec2):
    net = Network(ec2)
    before = net.everything()
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    main = ec2.describe_route_tables(Filters=by("vpc-id", net.vpc) + by("association.main", "true"))["RouteTables"][0]
    main = main["Associations"][0]["RouteTableAssociationId"]
    route = {"RouteTableId": net.table, "DestinationCidrBlock": ANYWHERE}
    entry = {"NetworkAclId": net.acl, "RuleNumber": 100, "Protocol": "-1", "RuleAction": "deny", "Egress": False}
    for expected, call, parameters in [
        ("InvalidVpc.Range", ec2.create_vpc, {"CidrBlock": "10.0.0.0/8"}),
        ("InvalidParameterValue", ec2.create_vpc, {"CidrBlock": "ten"}),
        ("UnsupportedOperation", ec2.create_vpc, {"CidrBlock": "10.9.0.0/16", "AmazonProvidedIpv6CidrBlock": True}),
        ("InvalidSubnet.Conflict", ec2.create_subnet, {"VpcId": net.vpc, "CidrBlock": "10.0.1.128/25"}),
        ("InvalidSubnet.Range", ec2.create_subnet, {"VpcId": net.vpc, "CidrBlock": "10.1.0.0/24"}),
        ("InvalidVpcID.NotFound", ec2.create_subnet, {"VpcId": "vpc-0", "CidrBlock": "10.1.0.0/24"}),
        ("InvalidSubnetID.NotFound", ec2.delete_subnet, {"SubnetId": "subnet-0"}),
        ("RouteAlreadyExists", ec2.create_route, route | {"InstanceId": "i-0123456789abcdef0"}),
        ("InvalidRoute.NotFound", ec2.delete_route, route | {"DestinationCidrBlock": "1.2.3.0/24"}),
        ("InvalidGatewayID.NotFound", ec2.create_route, route | {"GatewayId": "igw-0"}),
        ("Resource.AlreadyAssociated", ec2.attach_internet_gateway, {"InternetGatewayId": net.gateway, "VpcId": other}),
        ("Gateway.NotAttached", ec2.detach_internet_gateway, {"InternetGatewayId": net.gateway, "VpcId": other}),
        ("InvalidInternetGatewayID.NotFound", ec2.delete_internet_gateway, {"InternetGatewayId": "igw-0"}),
        ("InvalidParameterValue", ec2.disassociate_route_table, {"AssociationId": main}),
        ("InvalidAssociationID.NotFound", ec2.disassociate_route_table, {"AssociationId": "rtbassoc-0"}),
        ("NetworkAclEntryAlreadyExists", ec2.create_network_acl_entry, entry | {"CidrBlock": ANYWHERE}),
        ("InvalidNetworkAclEntry.NotFound", ec2.delete_network_acl_entry,
         {"NetworkAclId": net.acl, "RuleNumber": 7, "Egress": True}),
        ("InvalidNetworkAclID.NotFound", ec2.delete_network_acl, {"NetworkAclId": "acl-0"}),
        ("InvalidParameterValue", ec2.delete_network_acl, {"NetworkAclId": net.default_acl()}),
        ("InvalidDhcpOptionID.NotFound", ec2.associate_dhcp_options, {"VpcId": net.vpc, "DhcpOptionsId": "dopt-0"}),
        ("DefaultVpcAlreadyExists", ec2.create_default_vpc, {}),
        ("DefaultSubnetAlreadyExistsInAvailabilityZone", ec2.create_default_subnet, {"AvailabilityZone": "us-east-1a"}),
        ("DryRunOperation", ec2.create_vpc, {"CidrBlock": "10.9.0.0/16", "DryRun": True}),
    ]:
        if expected == "RouteAlreadyExists":
            # Its target is looked up first.
            expected = "InvalidInstanceID.NotFound"
        assert code(call, **parameters) == expected, (call.__name__, parameters)
    assert net.everything() == before


def test_many_subnets_are_listed_page_by_page(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = {ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"] for n in range(12)}
    pages = list(ec2.get_paginator("describe_subnets").paginate(Filters=by("vpc-id", vpc), PaginationConfig={"PageSize": 5}))
    assert [len(page["Subnets"]) for page in pages] == [5, 5, 2]
    assert {subnet["SubnetId"] for page in pages for subnet in page["Subnets"]} == made
    zones = {subnet["AvailabilityZone"] for page in pages for subnet in page["Subnets"]}
    assert zones == {"us-east-1a", "us-east-1b", "us-east-1c"}


def test_regions_and_accounts_have_networks_of_their_own(server, ec2):
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    elsewhere = server.client("ec2", server.root, region="eu-west-1")
    other = server.client("ec2", server.account("111111111111"))
    for client in (elsewhere, other):
        assert code(client.describe_vpcs, VpcIds=[vpc]) == "InvalidVpcID.NotFound"
        assert code(client.delete_vpc, VpcId=vpc) == "InvalidVpcID.NotFound"
        assert [own["IsDefault"] for own in client.describe_vpcs()["Vpcs"]] == [True]


class TestPolicies:
    def test_tags_and_regions_decide(self, server, ec2):
        mine = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags("vpc", team="a"))["Vpc"]["VpcId"]
        theirs = ec2.create_vpc(CidrBlock="10.1.0.0/16", TagSpecifications=tags("vpc", team="b"))["Vpc"]["VpcId"]
        condition = {"StringEquals": {"ec2:ResourceTag/team": "a", "ec2:Region": "us-east-1"}}
        ann = server.client("ec2", server.user("ann", allow("ec2:DeleteVpc", Condition=condition)))
        assert code(ann.delete_vpc, VpcId=theirs) == "UnauthorizedOperation"
        assert code(ann.delete_vpc, VpcId="vpc-0123456789abcdef0") == "UnauthorizedOperation"
        ann.delete_vpc(VpcId=mine)

    def test_what_is_in_a_vpc_is_told_by_it(self, server, ec2):
        vpcs = [ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in range(2)]
        tables = [ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for vpc in vpcs]
        arn = f"arn:aws:ec2:us-east-1:000000000000:vpc/{vpcs[0]}"
        policy = allow("ec2:DeleteRouteTable", Condition={"ArnEquals": {"ec2:Vpc": arn}})
        ann = server.client("ec2", server.user("ann", policy))
        assert code(ann.delete_route_table, RouteTableId=tables[1]) == "UnauthorizedOperation"
        ann.delete_route_table(RouteTableId=tables[0])

    def test_tags_may_be_given_only_where_something_is_made(self, server):
        policy = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["ec2:CreateVpc", "ec2:CreateInternetGateway"], "Resource": "*"},
            {"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "*",
             "Condition": {"StringEquals": {"ec2:CreateAction": "CreateVpc"}}}]}
        ann = server.client("ec2", server.user("ann", policy))
        vpc = ann.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags("vpc", team="a"))["Vpc"]["VpcId"]
        assert code(ann.create_tags, Resources=[vpc], Tags=[{"Key": "x", "Value": "y"}]) == "UnauthorizedOperation"
        wish = tags("internet-gateway", team="a")
        assert code(ann.create_internet_gateway, TagSpecifications=wish) == "UnauthorizedOperation"
        ann.create_internet_gateway()


def test_the_aws_cli_builds_and_waits(server):
    def aws(*words):
        return server.aws(server.root, "ec2", *words)

    vpc = aws("create-vpc", "--cidr-block", "10.0.0.0/16").json()["Vpc"]["VpcId"]
    aws("wait", "vpc-exists", "--vpc-ids", vpc).ok()
    aws("wait", "vpc-available", "--vpc-ids", vpc).ok()
    subnet = aws("create-subnet", "--vpc-id", vpc, "--cidr-block", "10.0.0.0/24").json()["Subnet"]["SubnetId"]
    aws("wait", "subnet-available", "--subnet-ids", subnet).ok()
    made = aws("create-internet-gateway", "--tag-specifications", "ResourceType=internet-gateway,Tags=[{Key=a,Value=b}]")
    gateway = made.json()["InternetGateway"]["InternetGatewayId"]
    aws("wait", "internet-gateway-exists", "--internet-gateway-ids", gateway).ok()
    aws("attach-internet-gateway", "--internet-gateway-id", gateway, "--vpc-id", vpc).ok()
    aws("modify-vpc-attribute", "--vpc-id", vpc, "--enable-dns-hostnames", '{"Value":true}').ok()
    seen = aws("describe-vpc-attribute", "--vpc-id", vpc, "--attribute", "enableDnsHostnames").json()
    assert seen["EnableDnsHostnames"] == {"Value": True}
    aws("modify-subnet-attribute", "--subnet-id", subnet, "--map-public-ip-on-launch").ok()
    shown = aws("describe-subnets", "--subnet-ids", subnet, "--query", "Subnets[0].MapPublicIpOnLaunch").json()
    assert shown is True
    aws("delete-vpc", "--vpc-id", vpc).refused("DependencyViolation")
    aws("delete-subnet", "--subnet-id", subnet).ok()
    aws("detach-internet-gateway", "--internet-gateway-id", gateway, "--vpc-id", vpc).ok()
    aws("delete-vpc", "--vpc-id", vpc).ok()


def test_a_nat_gateway_is_waited_for_and_ends(server):
    def aws(*words):
        return server.aws(server.root, "ec2", *words)

    vpc = aws("create-vpc", "--cidr-block", "10.0.0.0/16").json()["Vpc"]["VpcId"]
    subnet = aws("create-subnet", "--vpc-id", vpc, "--cidr-block", "10.0.0.0/24").json()["Subnet"]["SubnetId"]
    gateway = aws("create-internet-gateway").json()["InternetGateway"]["InternetGatewayId"]
    aws("attach-internet-gateway", "--internet-gateway-id", gateway, "--vpc-id", vpc).ok()
    allocation = aws("allocate-address", "--domain", "vpc").json()["AllocationId"]
    made = aws("create-nat-gateway", "--subnet-id", subnet, "--allocation-id", allocation).json()["NatGateway"]
    nat = made["NatGatewayId"]
    aws("wait", "nat-gateway-available", "--nat-gateway-ids", nat).ok()
    table = aws("create-route-table", "--vpc-id", vpc).json()["RouteTable"]["RouteTableId"]
    aws("create-route", "--route-table-id", table, "--destination-cidr-block", ANYWHERE, "--nat-gateway-id", nat).ok()
    aws("delete-subnet", "--subnet-id", subnet).refused("DependencyViolation")
    aws("release-address", "--allocation-id", allocation).refused("InvalidIPAddress.InUse")
    aws("delete-nat-gateway", "--nat-gateway-id", nat).ok()
    aws("wait", "nat-gateway-deleted", "--nat-gateway-ids", nat).ok()
    state = aws("describe-route-tables", "--route-table-ids", table, "--query", "RouteTables[0].Routes[1].State").json()
    assert state == "blackhole"
    aws("release-address", "--allocation-id", allocation).ok()
    aws("delete-subnet", "--subnet-id", subnet).ok()
