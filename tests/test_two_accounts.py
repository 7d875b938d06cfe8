"""Tutorial 1's two accounts: the role on an instance assumes a role of another account and reads its bucket."""

import json

import pytest
from botocore.exceptions import ClientError
from running import Keys, Server, trust

FIRST, SECOND = "111111111111", "222222222222"


def reads(bucket, *more):
    """The permissions policy as the tutorial prints it."""
    return {"Version": "2012-10-17", "Statement": [
        {"Sid": "AllowAccountLevelS3Actions", "Effect": "Allow",
         "Action": ["s3:ListAllMyBuckets", "s3:HeadBucket"], "Resource": "*"},
        {"Sid": "AllowListAndReadS3ActionOnMyBucket", "Effect": "Allow", "Action": ["s3:Get*", "s3:List*"],
         "Resource": [f"arn:aws:s3:::{bucket}/*", f"arn:aws:s3:::{bucket}"]},
        *more]}


SWITCH = {"Sid": "AllowIPToAssumeCrossAccountRole", "Effect": "Allow", "Action": "sts:AssumeRole",
          "Resource": f"arn:aws:iam::{SECOND}:role/efgh"}
ABCD_TRUST = {"Version": "2012-10-17", "Statement": [
    {"Sid": "abcdTrustPolicy", "Effect": "Allow", "Action": "sts:AssumeRole",
     "Principal": {"Service": "ec2.amazonaws.com"}}]}
EFGH_TRUST = {"Version": "2012-10-17", "Statement": [
    {"Sid": "efghTrustPolicy", "Effect": "Allow", "Action": "sts:AssumeRole",
     "Principal": {"AWS": f"arn:aws:iam::{FIRST}:role/abcd"}}]}


def code(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"]


def put_role(server, keys, name, trusting, permissions):
    iam = server.client("iam", keys)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trusting))
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(permissions))


def set_up(server):
    """Both accounts; gives the second one's root keys."""
    second = server.account(SECOND)
    put_role(server, server.root, "abcd", ABCD_TRUST, reads("my-bucket-1", SWITCH))
    put_role(server, second, "efgh", EFGH_TRUST, reads("my-bucket-2"))
    for keys, bucket in [(server.root, "my-bucket-1"), (second, "my-bucket-2"), (second, "my-bucket-3")]:
        s3 = server.client("s3", keys)
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="note", Body=b"in " + bucket.encode())
    return second


def check_efgh(server, keys):
    s3 = server.client("s3", keys)
    assert s3.get_object(Bucket="my-bucket-2", Key="note")["Body"].read() == b"in my-bucket-2"
    assert [o["Key"] for o in s3.list_objects_v2(Bucket="my-bucket-2")["Contents"]] == ["note"]
    assert {b["Name"] for b in s3.list_buckets()["Buckets"]} == {"my-bucket-2", "my-bucket-3"}
    assert code(s3.put_object, Bucket="my-bucket-2", Key="x", Body=b"") == "AccessDenied"
    assert code(s3.get_object, Bucket="my-bucket-3", Key="note") == "AccessDenied"
    assert code(s3.get_object, Bucket="my-bucket-1", Key="note") == "AccessDenied"
    assert code(server.client("iam", keys).list_users) == "AccessDenied"


def test_only_the_named_role_crosses_and_reads_that_bucket_alone():
    with Server("--account", FIRST, "--compute", "none") as server:
        second = set_up(server)
        # A stand-in for the instance: abcd trusts this user too.
        user = server.user("stand-in", {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]})
        iam = server.client("iam", server.root)
        both = {**ABCD_TRUST, "Statement": ABCD_TRUST["Statement"] + trust({"AWS": FIRST})["Statement"]}
        iam.update_assume_role_policy(RoleName="abcd", PolicyDocument=json.dumps(both))
        efgh = f"arn:aws:iam::{SECOND}:role/efgh"
        sts = server.client("sts", user)
        assert code(sts.assume_role, RoleArn=efgh, RoleSessionName="direct") == "AccessDenied"
        abcd = sts.assume_role(RoleArn=f"arn:aws:iam::{FIRST}:role/abcd", RoleSessionName="app")
        chained = server.client("sts", Keys.of(abcd["Credentials"])).assume_role(RoleArn=efgh, RoleSessionName="app")
        check_efgh(server, Keys.of(chained["Credentials"]))
        # The first account sees nothing of the second, its root included.
        assert code(server.client("s3", server.root).get_object, Bucket="my-bucket-2", Key="note") == "AccessDenied"
        # Deleting the trusted role ends it for good, even under the same name.
        iam.delete_role_policy(RoleName="abcd", PolicyName="own")
        iam.delete_role(RoleName="abcd")
        put_role(server, server.root, "abcd", both, reads("my-bucket-1", SWITCH))
        again = Keys.of(sts.assume_role(RoleArn=f"arn:aws:iam::{FIRST}:role/abcd", RoleSessionName="app")["Credentials"])
        assert code(server.client("sts", again).assume_role, RoleArn=efgh, RoleSessionName="app") == "AccessDenied"
        assert second


def test_only_the_first_accounts_root_makes_accounts(server):
    other = server.account(SECOND)
    refused = server.rolecall(other, "accounts", "create", "--account", "333333333333")
    assert refused.code == 1 and "000000000000" in refused.err
    nobody = server.user("nobody")
    assert server.rolecall(nobody, "accounts", "create", "--account", "333333333333").code == 1
    twice = server.rolecall(server.root, "accounts", "create", "--account", SECOND)
    assert twice.code == 1 and "already exists" in twice.err


def test_a_program_on_an_instance_switches_accounts(tmp_path):
    from conftest import GUEST_TOOLS
    from test_walk import Office, needs_machines

    tools = GUEST_TOOLS if GUEST_TOOLS.is_dir() else None
    with Server("--account", FIRST, guest_tools=tools) as server:
        needs_machines(server)
        set_up(server)
        office = Office(server, tmp_path)
        office.profile("abcd", "abcd")
        instance = office.running(office.admin, "--iam-instance-profile", "Name=abcd")
        said = office.inside(instance, f"aws sts assume-role --role-arn arn:aws:iam::{SECOND}:role/efgh "
                                       "--role-session-name app --output json").ok()
        check_efgh(server, Keys.of(json.loads(said)["Credentials"]))
        assert office.inside(instance, "aws s3 ls s3://my-bucket-1").code == 0
        assert office.inside(instance, "aws s3 ls s3://my-bucket-2").code != 0
