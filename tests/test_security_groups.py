"""Security groups by the aws CLI and boto3, and policies that look at them."""

import pytest
from botocore.exceptions import ClientError
from running import allow


def code(refused):
    return refused.value.response["Error"]["Code"]


def test_a_group_is_made_changed_described_and_deleted_by_the_cli(server):
    ec2 = lambda *words: server.aws(server.root, "ec2", *words)  # noqa: E731
    web = ec2("create-security-group", "--group-name", "web", "--description", "front").json()["GroupId"]
    ec2("wait", "security-group-exists", "--group-ids", web).ok()
    added = ec2("authorize-security-group-ingress", "--group-id", web, "--protocol", "tcp", "--port", "443",
                "--cidr", "10.1.2.3/8").json()["SecurityGroupRules"]
    assert (added[0]["CidrIpv4"], added[0]["FromPort"], added[0]["IsEgress"]) == ("10.0.0.0/8", 443, False)
    ec2("authorize-security-group-ingress", "--group-id", web, "--protocol", "icmp", "--port", "-1", "--cidr",
        "0.0.0.0/0").ok()
    again = ec2("authorize-security-group-ingress", "--group-id", web, "--protocol", "tcp", "--port", "443",
                "--cidr", "10.0.0.0/8")
    assert "InvalidPermission.Duplicate" in again.err
    shown = ec2("describe-security-groups", "--filters", "Name=ip-permission.cidr,Values=10.0.0.0/8").json()
    assert [one["GroupId"] for one in shown["SecurityGroups"]] == [web]
    rule = added[0]["SecurityGroupRuleId"]
    ec2("create-tags", "--resources", rule, "--tags", "Key=use,Value=https").ok()
    rules = ec2("describe-security-group-rules", "--filters", "Name=tag:use,Values=https").json()["SecurityGroupRules"]
    assert [one["SecurityGroupRuleId"] for one in rules] == [rule]
    ec2("modify-security-group-rules", "--group-id", web, "--security-group-rules",
        f"SecurityGroupRuleId={rule},SecurityGroupRule={{IpProtocol=tcp,FromPort=8443,ToPort=8443,CidrIpv4=10.0.0.0/8}}").ok()
    gone = ec2("revoke-security-group-ingress", "--group-id", web, "--security-group-rule-ids", rule).json()
    assert gone["RevokedSecurityGroupRules"][0]["FromPort"] == 8443
    ec2("delete-security-group", "--group-id", web).ok()
    assert "InvalidGroup.NotFound" in ec2("describe-security-groups", "--group-ids", web).err


def test_groups_refer_to_each_other_and_unknown_rules_are_told_as_in_aws(server):
    ec2 = server.client("ec2", server.root)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    groups = {name: ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
              for name in ("web", "db")}
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": groups["web"]}]}
    ec2.authorize_security_group_ingress(GroupId=groups["db"], IpPermissions=[rule])
    with pytest.raises(ClientError) as refused:
        ec2.delete_security_group(GroupId=groups["web"])
    assert code(refused) == "DependencyViolation"
    ec2.revoke_security_group_ingress(GroupId=groups["db"], IpPermissions=[rule])
    # Outside of the default VPC a rule that is not there is an error.
    with pytest.raises(ClientError) as refused:
        ec2.revoke_security_group_ingress(GroupId=groups["db"], IpPermissions=[rule])
    assert code(refused) == "InvalidPermission.NotFound"
    default = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]},
                                                    {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"][0]
    with pytest.raises(ClientError) as refused:
        ec2.delete_security_group(GroupId=default["GroupId"])
    assert code(refused) == "CannotDelete"
    for id in groups.values():
        ec2.delete_security_group(GroupId=id)
    ec2.delete_vpc(VpcId=vpc)


def test_policies_look_at_the_groups_vpc_id_and_tags(server):
    root = server.client("ec2", server.root)
    vpc = root.describe_vpcs()["Vpcs"][0]["VpcId"]
    team = [{"ResourceType": "security-group", "Tags": [{"Key": "team", "Value": "a"}]}]
    mine = root.create_security_group(GroupName="mine", Description="a", TagSpecifications=team)["GroupId"]
    other = root.create_security_group(GroupName="other", Description="b")["GroupId"]
    rule = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    conditions = {
        "tags": {"StringEquals": {"ec2:ResourceTag/team": "a"}},
        "ids": {"StringEquals": {"ec2:SecurityGroupID": mine}},
        "vpcs": {"ArnEquals": {"ec2:Vpc": f"arn:aws:ec2:us-east-1:000000000000:vpc/{vpc}"}},
    }
    for name, condition in conditions.items():
        keys = server.user(name, allow("ec2:*SecurityGroupIngress", "*", Condition=condition))
        ec2 = server.client("ec2", keys)
        ec2.authorize_security_group_ingress(GroupId=mine, IpPermissions=rule)
        ec2.revoke_security_group_ingress(GroupId=mine, IpPermissions=rule)
        if name == "vpcs":
            continue
        with pytest.raises(ClientError) as refused:
            ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=rule)
        assert code(refused) == "UnauthorizedOperation"
    # Whether a group exists is told only to who may ask.
    with pytest.raises(ClientError) as refused:
        ec2 = server.client("ec2", server.user("nobody"))
        ec2.delete_security_group(GroupId="sg-0123456789abcdef0")
    assert code(refused) == "UnauthorizedOperation"
