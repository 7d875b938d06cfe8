"""Condition keys and regions, as requests of real clients fill them."""

import hashlib
import json
import urllib.request

import pytest
from botocore.exceptions import ClientError
from running import Server, allow, free_port


def code(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"]


def test_a_policy_may_demand_presigned_urls(server):
    s3 = server.client("s3", server.root)
    s3.create_bucket(Bucket="photos")
    s3.put_object(Bucket="photos", Key="cat", Body=b"meow")
    condition = {"StringEquals": {"s3:authType": "REST-QUERY-STRING"}, "NumericLessThan": {"s3:signatureAge": "60000"}}
    ann = server.user("ann", allow("s3:GetObject", "arn:aws:s3:::photos/*", Condition=condition))
    client = server.client("s3", ann, signature_version="s3v4")
    assert code(client.get_object, Bucket="photos", Key="cat") == "AccessDenied"
    url = client.generate_presigned_url("get_object", Params={"Bucket": "photos", "Key": "cat"})
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"meow"


def test_a_policy_may_demand_tls_and_an_address(server):
    ann = server.user("ann", allow("iam:GetUser", Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}))
    assert server.client("iam", ann).get_user()["User"]["UserName"] == "ann"
    bob = server.user("bob", allow("iam:GetUser", Condition={"Bool": {"aws:SecureTransport": "true"}}))
    assert code(server.client("iam", bob).get_user) == "AccessDenied"


def test_a_policy_may_demand_a_version_of_tls(tmp_path):
    port = free_port()
    with Server("--compute", "none", "--tls-listen", f"127.0.0.1:{port}", data=tmp_path / "d") as server:
        new = {"NumericGreaterThanEquals": {"s3:TlsVersion": "1.3"}, "Bool": {"aws:SecureTransport": "true"}}
        ann = server.user("ann", allow("s3:ListAllMyBuckets", Condition=new))
        bob = server.user("bob", allow("s3:ListAllMyBuckets", Condition={"NumericLessThan": {"s3:TlsVersion": "1.2"}}))
        for keys in (ann, bob):
            assert code(server.client("s3", keys).list_buckets) == "AccessDenied"
        server.url = f"https://localhost:{port}"
        server.client("s3", ann, verify=tmp_path / "d" / "tls" / "cert.pem").list_buckets()
        assert code(server.client("s3", bob, verify=tmp_path / "d" / "tls" / "cert.pem").list_buckets) == "AccessDenied"


def test_a_variable_stands_for_the_callers_name(server):
    s3 = server.client("s3", server.root)
    s3.create_bucket(Bucket="homes")
    for name in ["ann", "bob"]:
        s3.put_object(Bucket="homes", Key=f"{name}/note", Body=name.encode())
    ann = server.client("s3", server.user("ann", allow("s3:GetObject", "arn:aws:s3:::homes/${aws:username}/*")))
    assert ann.get_object(Bucket="homes", Key="ann/note")["Body"].read() == b"ann"
    assert code(ann.get_object, Bucket="homes", Key="bob/note") == "AccessDenied"


def test_regions_are_apart(server):
    here, there = (server.client("ec2", server.root, region) for region in ["us-east-1", "eu-west-1"])
    here.create_key_pair(KeyName="mine")
    assert here.describe_key_pairs()["KeyPairs"] and not there.describe_key_pairs()["KeyPairs"]
    condition = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    ann = server.user("ann", allow("ec2:DescribeKeyPairs", Condition=condition))
    assert server.client("ec2", ann, "eu-west-1").describe_key_pairs()["KeyPairs"] == []
    assert code(server.client("ec2", ann).describe_key_pairs) == "UnauthorizedOperation"


def test_a_bucket_policy_lets_another_accounts_user_in_and_denies_beat_it(server):
    second = server.account("222222222222")
    ann = server.user("ann", allow("s3:GetObject"), keys=second)
    s3 = server.client("s3", server.root)
    s3.create_bucket(Bucket="photos")
    s3.put_object(Bucket="photos", Key="cat", Body=b"meow")
    assert code(server.client("s3", ann).get_object, Bucket="photos", Key="cat") == "AccessDenied"
    statement = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:user/ann"},
                 "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket="photos", Policy=json.dumps(policy))
    assert server.client("s3", ann).get_object(Bucket="photos", Key="cat")["Body"].read() == b"meow"
    policy["Statement"].append({**statement, "Effect": "Deny"})
    s3.put_bucket_policy(Bucket="photos", Policy=json.dumps(policy))
    assert code(server.client("s3", ann).get_object, Bucket="photos", Key="cat") == "AccessDenied"


def test_a_boundary_limits_what_a_user_is_granted(server):
    iam = server.client("iam", server.root)
    policy = iam.create_policy(PolicyName="edge", PolicyDocument=json.dumps(allow("iam:Get*")))["Policy"]["Arn"]
    ann = server.user("ann", allow("iam:*"))
    server.client("iam", ann).list_users()
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=policy)
    with pytest.raises(ClientError) as refused:
        server.client("iam", ann).list_users()
    message = refused.value.response["Error"]["Message"]
    assert message.endswith("because no permissions boundary allows the iam:ListUsers action"), message
    assert server.client("iam", ann).get_user()["User"]["UserName"] == "ann"


def test_a_document_that_differs_from_its_checksum_is_not_stored(server):
    from test_strangers import AWSRequest, send, signed

    s3 = server.client("s3", server.root)
    s3.create_bucket(Bucket="photos")
    body = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}]})
    headers = {"Content-MD5": "XUFAKrxLKna5cZ2REBfFkg==", "x-amz-content-sha256": hashlib.sha256(body.encode()).hexdigest()}
    request = signed(server, server.root, "s3",
                     request=AWSRequest("PUT", server.url + "/photos?policy", data=body, headers=headers))
    status, answer = send(request, body.encode())
    assert (status, "BadDigest" in answer) == (400, True), answer
    assert code(s3.get_bucket_policy, Bucket="photos") == "NoSuchBucketPolicy"


def test_five_hundred_instances_are_launched_and_ended_by_one_call_each(server):
    ec2 = server.client("ec2", server.root)
    launched = ec2.run_instances(ImageId="ami-0abcdef1234567890", InstanceType="t3.micro", MinCount=500, MaxCount=500)
    ids = [instance["InstanceId"] for instance in launched["Instances"]]
    assert len(set(ids)) == 500
    assert len(ec2.terminate_instances(InstanceIds=ids)["TerminatingInstances"]) == 500
    assert code(ec2.run_instances, ImageId="ami-0abcdef1234567890", MinCount=501, MaxCount=501) == "InstanceLimitExceeded"
