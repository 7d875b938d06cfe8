"""What a simulation says is what the server does: random policies from a seed, real calls beside SimulatePrincipalPolicy."""

import json
import random

import pytest
from botocore.exceptions import ClientError
from running import REGION, Server

ACCOUNT = "000000000000"
IAM = f"arn:aws:iam::{ACCOUNT}:"
# Action, resource, and the call that asks for it; every call succeeds for who may make it.
CALLS = [
    ("iam:GetUser", IAM + "user/ann", ("iam", "get_user", {"UserName": "ann"})),
    ("iam:GetUser", IAM + "user/team/bob", ("iam", "get_user", {"UserName": "bob"})),
    ("iam:GetRole", IAM + "role/r", ("iam", "get_role", {"RoleName": "r"})),
    ("iam:ListRoleTags", IAM + "role/r", ("iam", "list_role_tags", {"RoleName": "r"})),
    ("iam:ListGroupsForUser", IAM + "user/ann", ("iam", "list_groups_for_user", {"UserName": "ann"})),
    ("iam:GetGroup", IAM + "group/g", ("iam", "get_group", {"GroupName": "g"})),
    ("iam:ListAccountAliases", "*", ("iam", "list_account_aliases", {})),
    ("s3:ListAllMyBuckets", "*", ("s3", "list_buckets", {})),
    ("s3:ListBucket", "arn:aws:s3:::photos", ("s3", "list_objects_v2", {"Bucket": "photos"})),
    ("s3:GetObject", "arn:aws:s3:::photos/cat", ("s3", "get_object", {"Bucket": "photos", "Key": "cat"})),
    ("s3:GetObject", "arn:aws:s3:::photos/dog", ("s3", "get_object", {"Bucket": "photos", "Key": "dog"})),
    ("ec2:DescribeInstances", "*", ("ec2", "describe_instances", {})),
    ("ec2:DescribeVpcs", "*", ("ec2", "describe_vpcs", {})),
]
ACTIONS = ["*", "iam:*", "iam:Get*", "iam:List*", "iam:GetUser", "IAM:getrole", "s3:*", "s3:Get*", "s3:List*", "s3:GetObject",
           "ec2:Describe*", "ec2:DescribeVpcs", "sts:*"]
RESOURCES = ["*", IAM + "*", IAM + "user/*", IAM + "user/team/*", IAM + "user/${aws:username}", IAM + "role/r", "arn:aws:s3:::photos",
             "arn:aws:s3:::photos/*", "arn:aws:s3:::photos/c?t", "arn:aws:s3:::*", "arn:aws:ec2:*:*:*"]
CONDITIONS = [
    {"StringEquals": {"aws:RequestedRegion": REGION}},
    {"StringNotEquals": {"aws:RequestedRegion": REGION}},
    {"StringLike": {"aws:username": "b*"}},
    {"StringEqualsIfExists": {"aws:PrincipalTag/none": "x"}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"Null": {"aws:MultiFactorAuthAge": "true"}},
    {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
]
# What the calls bring, as a simulation must be told.
CONTEXT = [
    ("aws:RequestedRegion", REGION, "string"), ("aws:username", "bob", "string"),
    ("aws:SecureTransport", "false", "boolean"), ("aws:SourceIp", "127.0.0.1", "ip"),
]
ROUNDS = 40


def statement(draw):
    out = {"Effect": draw.choice(["Allow", "Allow", "Allow", "Deny"])}
    out[draw.choice(["Action"] * 6 + ["NotAction"])] = draw.sample(ACTIONS, draw.randint(1, 3))
    out[draw.choice(["Resource"] * 6 + ["NotResource"])] = draw.sample(RESOURCES, draw.randint(1, 3))
    if draw.random() < 0.3:
        out["Condition"] = draw.choice(CONDITIONS)
    return out


def document(draw):
    statements = [statement(draw) for _ in range(draw.randint(1, 3))]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture(scope="module")
def office():
    with Server("--compute", "none") as server:
        keys = server.user("ann")
        iam, s3 = server.client("iam", server.root), server.client("s3", server.root)
        iam.create_user(UserName="bob", Path="/team/")
        key = iam.create_access_key(UserName="bob")["AccessKey"]
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}}))
        iam.create_group(GroupName="g")
        s3.create_bucket(Bucket="photos")
        for name in ("cat", "dog"):
            s3.put_object(Bucket="photos", Key=name, Body=b"x")
        yield server, iam, type(keys).of(key)


def enforced(server, keys, call):
    service, name, parameters = call
    try:
        getattr(server.client(service, keys), name)(**parameters)
        return True
    except ClientError as refused:
        assert refused.response["Error"]["Code"] in ("AccessDenied", "UnauthorizedOperation"), refused
        return False


def simulated(iam, action, resource):
    context = [{"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": kind} for name, value, kind in CONTEXT]
    answer = iam.simulate_principal_policy(
        PolicySourceArn=IAM + "user/team/bob", ActionNames=[action], ResourceArns=[resource], ContextEntries=context)
    (result,) = answer["EvaluationResults"]
    return result["EvalDecision"]


def test_every_simulation_is_what_is_enforced(office):
    server, iam, bob = office
    draw, seen = random.Random(7), {}
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=document(draw))["Policy"]["Arn"]
    for turn in range(ROUNDS):
        own = document(draw)
        iam.put_user_policy(UserName="bob", PolicyName="own", PolicyDocument=own)
        bounded = draw.random() < 0.3
        if bounded:
            iam.put_user_permissions_boundary(UserName="bob", PermissionsBoundary=limit)
        for action, resource, call in CALLS:
            said, done = simulated(iam, action, resource), enforced(server, bob, call)
            assert (said == "allowed") == done, (turn, bounded, action, resource, said, own)
            seen[said] = seen.get(said, 0) + 1
        if bounded:
            iam.delete_user_permissions_boundary(UserName="bob")
    assert min(seen.get(word, 0) for word in ("allowed", "explicitDeny", "implicitDeny")) > 20, seen
