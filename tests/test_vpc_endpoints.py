"""VPC endpoints: their policies and condition keys decide on what instances ask of S3."""

import json

import pytest
from botocore.exceptions import ClientError
from running import allow, wait_for
from test_machines import Machine

S3 = "com.amazonaws.us-east-1.s3"


def only_if(operator, key, value):
    """A bucket policy that denies reading unless a condition holds."""
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pics/*",
         "Condition": {operator: {key: value}}}]})


class Inside:
    """What a user may read from inside of an instance."""

    def __init__(self, machine, keys):
        self.machine = machine
        self.command = (f"curl -s -m 10 -o answer -D head -w '%{{http_code}}' --aws-sigv4 aws:amz:us-east-1:s3 "
                        f"--user '{keys.id}:{keys.secret}' -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "
                        "$AWS_ENDPOINT_URL/pics/cat")

    def read(self):
        return self.machine.shell(self.command)

    def request_id(self):
        head = self.machine.shell("cat head").lower().splitlines()
        return next(line.split(":", 1)[1].strip() for line in head if line.startswith("x-amz-request-id:"))


@pytest.fixture
def machine(machines, tmp_path):
    return Machine(machines, tmp_path)


def test_an_endpoint_and_its_policy_decide_on_what_instances_read(machine):
    server, ec2 = machine.server, machine.ec2
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    ann = server.user("ann", allow("s3:*"))
    s3 = server.client("s3", server.root)
    s3.create_bucket(Bucket="pics")
    s3.put_object(Bucket="pics", Key="cat", Body=b"meow")
    inside, outside = Inside(machine, ann), server.client("s3", ann)
    assert inside.read() == "200"

    vpc = machine.record()["VpcId"]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=S3, RouteTableIds=[tables[0]["RouteTableId"]])["VpcEndpoint"]
    endpoint = made["VpcEndpointId"]
    s3.put_bucket_policy(Bucket="pics", Policy=only_if("StringNotEquals", "aws:SourceVpce", endpoint))
    assert inside.read() == "200"
    with pytest.raises(ClientError) as refused:
        outside.get_object(Bucket="pics", Key="cat")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"

    private = machine.record()["PrivateIpAddress"]
    s3.put_bucket_policy(Bucket="pics", Policy=only_if("NotIpAddress", "aws:VpcSourceIp", f"{private}/32"))
    assert inside.read() == "200"
    s3.put_bucket_policy(Bucket="pics", Policy=only_if("StringNotEquals", "aws:SourceVpc", vpc))
    assert inside.read() == "200"

    # The endpoint's own policy counts from the next request on.
    listing = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": "*"}]}
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=json.dumps(listing))
    assert inside.read() == "403"
    assert "VPC endpoint policy" in machine.shell("cat answer")
    told = server.rolecall(server.root, "why", inside.request_id()).ok()
    assert "VPC endpoint policy" in told
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, ResetPolicy=True)
    assert inside.read() == "200"

    # Other services do not go through it.
    sts = f"curl -s -m 10 -o /dev/null -w '%{{http_code}}' --aws-sigv4 aws:amz:us-east-1:sts --user '{ann.id}:{ann.secret}' " \
        "$AWS_ENDPOINT_URL -d 'Action=GetCallerIdentity&Version=2011-06-15'"
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}))
    assert (machine.shell(sts), inside.read()) == ("200", "403")

    # Without an endpoint, requests come from the instance's public address.
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"] == []
    s3.put_bucket_policy(Bucket="pics", Policy=only_if("NotIpAddress", "aws:SourceIp", f"{machine.address}/32"))
    assert inside.read() == "200"
    s3.put_bucket_policy(Bucket="pics", Policy=only_if("StringNotEquals", "aws:SourceVpce", endpoint))
    assert inside.read() == "403"


def test_endpoints_are_made_and_found_by_the_cli(server):
    vpc = server.aws(server.root, "ec2", "describe-vpcs").json()["Vpcs"][0]["VpcId"]
    made = server.aws(server.root, "ec2", "create-vpc-endpoint", "--vpc-id", vpc, "--service-name", S3,
                      "--tag-specifications", "ResourceType=vpc-endpoint,Tags=[{Key=team,Value=a}]").json()["VpcEndpoint"]
    assert json.loads(made["PolicyDocument"])["Statement"][0]["Effect"] == "Allow"
    found = server.aws(server.root, "ec2", "describe-vpc-endpoints", "--filters", "Name=tag:team,Values=a").json()
    assert [one["VpcEndpointId"] for one in found["VpcEndpoints"]] == [made["VpcEndpointId"]]
    lists = server.aws(server.root, "ec2", "describe-prefix-lists", "--filters", f"Name=prefix-list-name,Values={S3}").json()
    assert len(lists["PrefixLists"]) == 1
    services = server.aws(server.root, "ec2", "describe-vpc-endpoint-services", "--filters",
                          "Name=service-type,Values=Gateway").json()
    assert S3 in services["ServiceNames"]
    # Who may use one VPC's endpoints may not make others.
    bob = server.user("bob", allow("ec2:CreateVpcEndpoint", "*", Condition={
        "StringEquals": {"ec2:VpceServiceName": "com.amazonaws.us-east-1.dynamodb"}}))
    refused = server.aws(bob, "ec2", "create-vpc-endpoint", "--vpc-id", vpc, "--service-name", S3)
    assert "UnauthorizedOperation" in refused.err
