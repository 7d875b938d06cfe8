"""Bugs that comparable systems shipped, one test each. None of them is here."""

import json
import re
import urllib.error
import urllib.request

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from running import BINARY, Keys, Server, allow, clean, free_port, run, trust

ACCOUNT, OTHER = "000000000000", "111111111111"
TOKEN = "x-aws-ec2-metadata-token"


def code(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"]


def role(server, name, trusting, policy=None, keys=None):
    iam = server.client("iam", keys or server.root)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trusting))
    if policy:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))


def assume(server, keys, name, account=ACCOUNT, **more):
    sts = server.client("sts", keys)
    arn = f"arn:aws:iam::{account}:role/{name}"
    return Keys.of(sts.assume_role(RoleArn=arn, RoleSessionName="session", **more)["Credentials"])


def bucket(server, keys, name, policy=None):
    s3 = server.client("s3", keys)
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="cat", Body=b"meow")
    if policy:
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    return s3


def send(request, data=None):
    headers = {name: value for name, value in request.headers.items()}
    plain = urllib.request.Request(request.url, data=data, headers=headers, method=request.method)
    try:
        with urllib.request.urlopen(plain) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


CONDITIONS = [
    {"StringEquals": {"aws:PrincipalAccount": OTHER}},
    {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}},
    {"StringLike": {"aws:userid": "nobody*"}},
    {"StringEquals": {"aws:RequestedRegion": "eu-west-9"}},
    {"IpAddress": {"aws:SourceIp": "10.9.8.0/24"}},
    {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
    {"Bool": {"aws:SecureTransport": "true"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"DateGreaterThan": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}},
    {"NumericGreaterThan": {"aws:EpochTime": "99999999999"}},
    {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::000000000000:user/nobody"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::000000000000:role/*"}},
    {"Null": {"aws:PrincipalArn": "true"}},
    {"StringEquals": {"aws:PrincipalTag/team": "red"}},
    {"ForAllValues:StringEquals": {"aws:PrincipalArn": "x"}},
    {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}},
    {"StringEqualsIfExists": {"aws:username": "nobody"}},
    {"BinaryEquals": {"aws:username": "bm9ib2R5"}},
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda c: next(iter(c)) + " " + next(iter(c[next(iter(c))])))
def test_a_condition_is_never_accepted_and_ignored(server, condition):
    """The statement with its condition grants nothing; the same one without grants."""
    policy = allow("iam:ListRoles")
    user = server.user("ann", policy)
    server.client("iam", user).list_roles()
    policy["Statement"][0]["Condition"] = condition
    server.client("iam", server.root).put_user_policy(
        UserName="ann", PolicyName="own", PolicyDocument=json.dumps(policy))
    assert code(server.client("iam", user).list_roles) == "AccessDenied"


@pytest.mark.parametrize("condition", [
    {"StringEqualz": {"aws:username": "ann"}}, {"StringEquals": "ann"}, {"Bool": ["true"]},
    {"ForEveryValue:StringEquals": {"aws:username": "ann"}}, "everything", [{}],
])
def test_a_condition_that_is_none_is_refused_when_saved(server, condition):
    policy = allow("iam:ListRoles", Condition=condition)
    server.client("iam", server.root).create_user(UserName="ann")
    put = server.client("iam", server.root).put_user_policy
    assert code(put, UserName="ann", PolicyName="own", PolicyDocument=json.dumps(policy)) == "MalformedPolicyDocument"


def test_a_trust_policys_condition_is_not_ignored(server):
    trusting = trust({"AWS": ACCOUNT})
    trusting["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": "secret"}}
    role(server, "guarded", trusting)
    user = server.user("ann", allow("sts:AssumeRole"))
    arn = f"arn:aws:iam::{ACCOUNT}:role/guarded"
    sts = server.client("sts", user)
    assert code(sts.assume_role, RoleArn=arn, RoleSessionName="session") == "AccessDenied"
    assert code(sts.assume_role, RoleArn=arn, RoleSessionName="session", ExternalId="Secret") == "AccessDenied"
    assume(server, user, "guarded", ExternalId="secret")


def test_credentials_of_the_metadata_service_are_real_and_end_with_their_role(machines):
    """Not placeholders: they sign, they are the instance's role, and what the role may not do is denied."""
    role(machines, "worker", trust({"Service": "ec2.amazonaws.com"}), allow("s3:ListAllMyBuckets"))
    iam = machines.client("iam", machines.root)
    iam.create_instance_profile(InstanceProfileName="worker")
    iam.add_role_to_instance_profile(InstanceProfileName="worker", RoleName="worker")
    ec2 = machines.client("ec2", machines.root)
    image = ec2.describe_images()["Images"][0]["ImageId"]
    launched = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                                 IamInstanceProfile={"Name": "worker"})["Instances"][0]["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[launched], WaiterConfig={"Delay": 1})
    base = "http://169.254.169.254/latest"
    script = (f"t=$(curl -sX PUT -H '{TOKEN}-ttl-seconds: 60' {base}/api/token);"
              f"curl -s -H \"{TOKEN}: $t\" {base}/meta-data/iam/security-credentials/worker")
    said = machines.rolecall(machines.root, "exec", launched, "--", "sh", "-c", script)
    if said.code != 0 and "can't" in said.err:
        pytest.skip(said.err)
    found = json.loads(said.ok())
    keys = Keys(found["AccessKeyId"], found["SecretAccessKey"], found["Token"])
    assert f":assumed-role/worker/{launched}" in machines.client("sts", keys).get_caller_identity()["Arn"]
    machines.client("s3", keys).list_buckets()
    assert code(machines.client("iam", keys).list_users) == "AccessDenied"
    assert code(machines.client("sts", Keys(keys.id, "x" * 40, keys.token)).get_caller_identity) == "SignatureDoesNotMatch"


def test_a_boundary_limits_identity_policies_and_not_what_a_resource_grants_to_the_user_itself(server):
    user = server.user("ann", allow("s3:*"))
    arn = f"arn:aws:iam::{ACCOUNT}:user/ann"
    iam = server.client("iam", server.root)
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=json.dumps(allow("sts:*")))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=limit)
    bucket(server, server.root, "plain")
    grant = allow("s3:GetObject", "arn:aws:s3:::granted/*", Principal={"AWS": arn})
    bucket(server, server.root, "granted", grant)
    s3 = server.client("s3", user)
    assert code(s3.get_object, Bucket="plain", Key="cat") == "AccessDenied"
    # POLICY.md 4: a grant to the user itself passes by the boundary's silence, in the user's own account.
    assert s3.get_object(Bucket="granted", Key="cat")["Body"].read() == b"meow"


def test_a_boundary_and_a_session_policy_hold_across_accounts_too(server):
    other = server.account(OTHER)
    user, role_name = server.user("ann", allow("s3:*")), "reader"
    role(server, role_name, trust({"AWS": ACCOUNT}), allow("s3:*"))
    everybody = [f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:user/ann",
                 f"arn:aws:iam::{ACCOUNT}:role/{role_name}"]
    grant = allow("s3:GetObject", "arn:aws:s3:::theirs/*", Principal={"AWS": everybody})
    bucket(server, other, "theirs", grant)
    assert server.client("s3", user).get_object(Bucket="theirs", Key="cat")["Body"].read() == b"meow"
    assumer = server.user("assumer", allow("sts:AssumeRole"))
    wide = assume(server, assumer, role_name)
    server.client("s3", wide).get_object(Bucket="theirs", Key="cat")
    narrow = assume(server, assumer, role_name, Policy=json.dumps(allow("sts:*")))
    assert code(server.client("s3", narrow).get_object, Bucket="theirs", Key="cat") == "AccessDenied"
    iam = server.client("iam", server.root)
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=json.dumps(allow("sts:*")))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=limit)
    iam.put_role_permissions_boundary(RoleName=role_name, PermissionsBoundary=limit)
    for keys in (user, wide):
        assert code(server.client("s3", keys).get_object, Bucket="theirs", Key="cat") == "AccessDenied"


def test_no_way_to_a_roles_token_skips_its_trust_policy(server):
    """Neither an administrator, nor the account's root, nor a session of the role itself, nor an instance."""
    role(server, "service-only", trust({"Service": "lambda.amazonaws.com"}), allow("*"))
    arn = f"arn:aws:iam::{ACCOUNT}:role/service-only"
    role(server, "any", trust({"AWS": ACCOUNT}), allow("*"))
    admin = server.user("admin", allow("*"))
    for keys in (admin, assume(server, admin, "any"), server.root):
        assert code(server.client("sts", keys).assume_role, RoleArn=arn, RoleSessionName="session") == "AccessDenied"
    sts = server.client("sts", admin)
    unsigned = {"RoleArn": arn, "RoleSessionName": "session"}
    try:
        sts.assume_role_with_web_identity(WebIdentityToken="not.a.token", **unsigned)
        raise AssertionError("a token of nobody was taken")
    except ClientError as refused:
        assert 400 <= refused.response["ResponseMetadata"]["HTTPStatusCode"] < 502
    assertion = {"RoleArn": arn, "PrincipalArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/none", "SAMLAssertion": "bm9uZQ=="}
    with pytest.raises(ClientError):
        sts.assume_role_with_saml(**assertion)


def test_a_federated_name_like_a_key_a_user_or_root_is_only_a_name(server):
    keys = server.user("ann", allow(["sts:GetFederationToken", "iam:*"]))
    sts = server.client("sts", keys)
    policy = json.dumps(allow("iam:ListUsers"))
    for name in ("root", "ann", ACCOUNT, keys.id, server.root.id):
        credentials = Keys.of(sts.get_federation_token(Name=name, Policy=policy)["Credentials"])
        arn = server.client("sts", credentials).get_caller_identity()["Arn"]
        assert arn == f"arn:aws:sts::{ACCOUNT}:federated-user/{name}"
        # Federated users have no IAM at all, and nothing of whom they are called like.
        assert code(server.client("iam", credentials).list_users) in ("AccessDenied", "InvalidClientTokenId")
        assert code(server.client("s3", credentials).list_buckets) == "AccessDenied"
    role(server, "r", trust({"AWS": ACCOUNT}), allow("s3:ListAllMyBuckets"))
    assumer = server.user("assumer", allow("sts:AssumeRole"))
    assumed = server.client("sts", assumer).assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/r", RoleSessionName=server.root.id)
    assert code(server.client("iam", Keys.of(assumed["Credentials"])).list_users) == "AccessDenied"


@pytest.mark.parametrize("spoil", [
    lambda url: re.sub(r"(X-Amz-Signature=)[0-9a-f]{8}", r"\g<1>00000000", url),
    lambda url: url.replace("/cat?", "/dog?"),
    lambda url: url.replace("X-Amz-Expires=60", "X-Amz-Expires=600000"),
    lambda url: re.sub(r"&X-Amz-Signature=[0-9a-f]+", "", url),
    lambda url: re.sub(r"X-Amz-Credential=[^%]+", "X-Amz-Credential=AKIAQAAAAAAAAAAAAAAA", url),
    lambda url: url + "&versionId=null",
])
def test_presigned_urls_are_verified(server, spoil):
    bucket(server, server.root, "photos")
    request = AWSRequest("GET", server.url + "/photos/cat")
    S3SigV4QueryAuth(Credentials(server.root.id, server.root.secret), "s3", "us-east-1", expires=60).add_auth(request)
    assert send(request) == (200, "meow")
    spoiled = AWSRequest("GET", spoil(request.url))
    assert spoiled.url != request.url
    status, body = send(spoiled)
    assert status in (400, 403) and "meow" not in body, (status, body)


def test_presigned_urls_are_bound_to_the_headers_that_they_sign(server):
    bucket(server, server.root, "photos")
    request = AWSRequest("PUT", server.url + "/photos/dog", headers={"x-amz-acl": "private", "content-type": "text/plain"})
    S3SigV4QueryAuth(Credentials(server.root.id, server.root.secret), "s3", "us-east-1", expires=60).add_auth(request)
    signed = {"x-amz-acl": "private", "content-type": "text/plain"}
    for headers in ({}, {"content-type": "text/plain"}, signed | {"content-type": "text/html"},
                    signed | {"x-amz-acl": "public-read"}, signed | {"x-amz-meta-extra": "1"}):
        status, body = send(AWSRequest("PUT", request.url, headers=headers), b"woof")
        assert status in (400, 403), (headers, body)
    s3 = server.client("s3", server.root)
    assert [o["Key"] for o in s3.list_objects_v2(Bucket="photos")["Contents"]] == ["cat"]
    assert send(AWSRequest("PUT", request.url, headers=signed), b"woof")[0] == 200


def test_s3_is_decided_by_documented_actions_and_not_by_the_names_of_operations(server):
    """`s3:ListBuckets`, `s3:ListObjectsV2`, `s3:HeadObject` and the like are no actions: they grant nothing, deny nothing."""
    s3 = bucket(server, server.root, "photos")
    upload = s3.create_multipart_upload(Bucket="photos", Key="big")["UploadId"]
    names = ["s3:ListBuckets", "s3:ListObjects", "s3:ListObjectsV2", "s3:HeadObject", "s3:HeadBucket", "s3:CopyObject",
             "s3:DeleteObjects", "s3:UploadPart", "s3:CreateMultipartUpload", "s3:ListParts", "s3:GetBucketEncryption"]
    user = server.user("ann", allow(names))
    own = server.client("s3", user)
    calls = [
        (own.list_buckets, {}, "s3:ListAllMyBuckets"),
        (own.list_objects_v2, {"Bucket": "photos"}, "s3:ListBucket"),
        (own.head_object, {"Bucket": "photos", "Key": "cat"}, "s3:GetObject"),
        (own.head_bucket, {"Bucket": "photos"}, "s3:ListBucket"),
        (own.get_bucket_encryption, {"Bucket": "photos"}, "s3:GetEncryptionConfiguration"),
        (own.list_parts, {"Bucket": "photos", "Key": "big", "UploadId": upload}, "s3:ListMultipartUploadParts"),
        (own.upload_part, {"Bucket": "photos", "Key": "big", "UploadId": upload, "PartNumber": 1, "Body": b"x"},
         "s3:PutObject"),
    ]
    for call, parameters, _ in calls:
        assert code(call, **parameters) in ("AccessDenied", "403"), call
    iam = server.client("iam", server.root)
    deny = {"Effect": "Deny", "Action": names, "Resource": "*"}
    for call, parameters, action in calls:
        document = {"Version": "2012-10-17", "Statement": [*allow(action)["Statement"], deny]}
        iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=json.dumps(document))
        call(**parameters)


def test_temporary_keys_are_refused_without_or_with_another_sessions_token(server):
    role(server, "r", trust({"AWS": ACCOUNT}), allow("iam:*"))
    user = server.user("ann", allow("sts:AssumeRole"))
    one, other = assume(server, user, "r"), assume(server, user, "r")
    bucket(server, server.root, "photos")
    for token in (None, other.token, one.token[:-4] + "AAA=", ""):
        mixed = Keys(one.id, one.secret, token)
        assert code(server.client("iam", mixed).list_users) in ("InvalidClientTokenId", "SignatureDoesNotMatch")
        assert code(server.client("s3", mixed).list_buckets) in ("InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch")
    # A long-term key with somebody's token is neither.
    assert code(server.client("iam", Keys(user.id, user.secret, one.token)).list_users) == "InvalidClientTokenId"
    server.client("iam", one).list_users()


@pytest.mark.parametrize("scoped", ["s3", "sts", "ec2"])
def test_a_signature_for_another_service_does_nothing_here(server, scoped):
    """Signed for one service; the form is IAM's, and the scope is altered back afterwards or left."""
    body = b"Action=CreateUser&Version=2010-05-08&UserName=stranger"
    for rewrite in (False, True):
        request = AWSRequest("POST", server.url + "/", data=body, headers={
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
        SigV4Auth(Credentials(server.root.id, server.root.secret), scoped, "us-east-1").add_auth(request)
        if rewrite:
            header = request.headers["Authorization"].replace(f"/{scoped}/", "/iam/")
            request.headers.replace_header("Authorization", header)
        status, text = send(request, body)
        assert 400 <= status < 500, text
    assert "stranger" not in str(server.client("iam", server.root).list_users())


def test_a_signature_for_another_region_does_nothing_in_this_one(server):
    """What is signed for one region is done in that region: altered in the scope, it is nobody's."""
    body = b"Action=CreateKeyPair&Version=2016-11-15&KeyName=mine"
    for rewrite in ("eu-west-1", None):
        request = AWSRequest("POST", server.url + "/", data=body, headers={
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
        SigV4Auth(Credentials(server.root.id, server.root.secret), "ec2", "us-east-1").add_auth(request)
        if rewrite:
            header = request.headers["Authorization"].replace("/us-east-1/", f"/{rewrite}/")
            request.headers.replace_header("Authorization", header)
            assert send(request, body)[0] in (401, 403)
        else:
            assert send(request, body)[0] == 200
    assert server.client("ec2", server.root, region="eu-west-1").describe_key_pairs()["KeyPairs"] == []
    assert len(server.client("ec2", server.root).describe_key_pairs()["KeyPairs"]) == 1


def test_a_body_that_differs_from_its_signed_hash_is_not_stored(server):
    s3 = bucket(server, server.root, "photos")
    for size in (4, 100_000):
        body, other = b"w" * size, b"v" * size
        request = AWSRequest("PUT", server.url + "/photos/dog", data=body)
        S3SigV4Auth(Credentials(server.root.id, server.root.secret), "s3", "us-east-1").add_auth(request)
        status, text = send(request, other)
        assert status in (400, 403) and "<Error>" in text, text
        assert [o["Key"] for o in s3.list_objects_v2(Bucket="photos")["Contents"]] == ["cat"]
        assert send(request, body)[0] == 200
        s3.delete_object(Bucket="photos", Key="dog")
    policy = json.dumps(allow("s3:GetObject", "arn:aws:s3:::photos/*", Principal="*")).encode()
    request = AWSRequest("PUT", server.url + "/photos?policy", data=policy)
    S3SigV4Auth(Credentials(server.root.id, server.root.secret), "s3", "us-east-1").add_auth(request)
    assert send(request, policy.replace(b"GetObject", b"PutObject"))[0] in (400, 403)
    assert code(s3.get_bucket_policy, Bucket="photos") == "NoSuchBucketPolicy"


def test_a_role_that_trusts_the_account_root_is_not_assumed_by_a_caller_without_a_policy(server):
    """The account's number in a trust policy leaves it to the account who; it lets in nobody by itself."""
    other = server.account(OTHER)
    role(server, "shared", trust({"AWS": [ACCOUNT, f"arn:aws:iam::{OTHER}:root"]}), allow("s3:*"))
    arn = f"arn:aws:iam::{ACCOUNT}:role/shared"
    for boss in (server.root, other):
        nobody = server.user("nobody", keys=boss)
        unrelated = server.user("unrelated", allow("s3:*"), boss)
        elsewhere = server.user("elsewhere", allow("sts:AssumeRole", arn + "2"), boss)
        for keys in (nobody, unrelated, elsewhere):
            assert code(server.client("sts", keys).assume_role, RoleArn=arn, RoleSessionName="session") == "AccessDenied"
        assume(server, server.user("allowed", allow("sts:AssumeRole", arn), boss), "shared")


@pytest.mark.parametrize("words, variables", [
    (["--enforce"], {}), (["--no-auth"], {}), (["--enforce-iam=false"], {}), (["--ephemral"], {}),
    ([], {"ROLECALL_ENFORCE_IAM": "0"}), ([], {"ROLECALL_ROOT_ACESS_KEY_ID": "AKIAQAAAAAAAAAAAAAAA"}), ([], {"ROLECALL_": ""}),
    ([], {"ROLECALL_ROOT_ACCESS_KEY_ID": "AKIAQAAAAAAAAAAAAAAA"}),
])
def test_a_mistyped_flag_or_variable_stops_the_start(words, variables):
    listen = ["--listen", f"127.0.0.1:{free_port()}"]
    done = run([BINARY, "up", "--ephemeral", "--compute", "none", *listen, *words], clean(variables), seconds=20)
    word = next(iter(variables), words[0].split("=")[0] if words else "")
    assert done.code == 2 and word in done.err and "Rolecall is ready" not in done.out, done


def test_the_start_says_what_is_enforced(server):
    assert "enforced: every signature, every policy, on every call" in server.said()


def test_a_user_made_again_has_nothing_of_its_predecessor(server):
    """Neither keys, nor policies, groups, a boundary's absence, nor a place in others' trust and bucket policies."""
    iam = server.client("iam", server.root)
    old = server.user("ann", allow("s3:*"))
    arn = f"arn:aws:iam::{ACCOUNT}:user/ann"
    iam.create_group(GroupName="team")
    iam.put_group_policy(GroupName="team", PolicyName="own", PolicyDocument=json.dumps(allow("iam:List*")))
    iam.add_user_to_group(GroupName="team", UserName="ann")
    role(server, "hers", trust({"AWS": arn}), allow("s3:*"))
    bucket(server, server.root, "photos", allow("s3:GetObject", "arn:aws:s3:::photos/*", Principal={"AWS": arn}))
    session = Keys.of(server.client("sts", old).get_session_token()["Credentials"])
    server.client("s3", session).get_object(Bucket="photos", Key="cat")
    iam.delete_access_key(UserName="ann", AccessKeyId=old.id)
    iam.delete_user_policy(UserName="ann", PolicyName="own")
    iam.remove_user_from_group(GroupName="team", UserName="ann")
    iam.delete_user(UserName="ann")
    new = server.user("ann")
    assert code(server.client("iam", old).list_users) == "InvalidClientTokenId"
    assert code(server.client("s3", session).list_buckets) in ("InvalidToken", "InvalidAccessKeyId")
    s3 = server.client("s3", new)
    assert code(s3.get_object, Bucket="photos", Key="cat") == "AccessDenied"
    assert code(server.client("iam", new).list_users) == "AccessDenied"
    hers = f"arn:aws:iam::{ACCOUNT}:role/hers"
    assert code(server.client("sts", new).assume_role, RoleArn=hers, RoleSessionName="session") == "AccessDenied"


def test_a_role_made_again_has_nothing_of_its_predecessor(server):
    iam = server.client("iam", server.root)
    user = server.user("ann", allow("sts:AssumeRole"))
    role(server, "r", trust({"AWS": ACCOUNT}), allow("s3:*"))
    arn = f"arn:aws:iam::{ACCOUNT}:role/r"
    bucket(server, server.root, "photos", allow("s3:GetObject", "arn:aws:s3:::photos/*", Principal={"AWS": arn}))
    role(server, "next", trust({"AWS": arn}), allow("s3:*"))
    old = assume(server, user, "r")
    server.client("s3", old).get_object(Bucket="photos", Key="cat")
    iam.delete_role_policy(RoleName="r", PolicyName="own")
    iam.delete_role(RoleName="r")
    role(server, "r", trust({"AWS": ACCOUNT}))
    assert code(server.client("s3", old).list_buckets) in ("InvalidToken", "InvalidAccessKeyId")
    new = assume(server, user, "r")
    assert code(server.client("s3", new).get_object, Bucket="photos", Key="cat") == "AccessDenied"
    onward = f"arn:aws:iam::{ACCOUNT}:role/next"
    assert code(server.client("sts", new).assume_role, RoleArn=onward, RoleSessionName="session") == "AccessDenied"


def test_root_keys_of_the_environment_take_the_place_of_those_before(tmp_path):
    with Server("--compute", "none", data=tmp_path / "d") as server:
        before = server.root
    own = Keys("AKIAQAAAAAAAAAAAAAAA", "s" * 40)
    variables = {"ROLECALL_ROOT_ACCESS_KEY_ID": own.id, "ROLECALL_ROOT_SECRET_ACCESS_KEY": own.secret}
    with Server("--compute", "none", data=tmp_path / "d", environment=variables) as server:
        server.client("iam", own).list_users()
        assert code(server.client("iam", before).list_users) == "InvalidClientTokenId"
        assert before.id in server.said() and "inactive" in server.said()


def test_root_may_give_a_federated_user_a_share_of_its_rights(server):
    sts = server.client("sts", server.root)
    share = sts.get_federation_token(Name="guest", Policy=json.dumps(allow("s3:ListAllMyBuckets")), DurationSeconds=900)
    guest = Keys.of(share["Credentials"])
    server.client("s3", guest).list_buckets()
    assert code(server.client("s3", guest).create_bucket, Bucket="photos") == "AccessDenied"
    nothing = Keys.of(sts.get_federation_token(Name="guest", DurationSeconds=900)["Credentials"])
    assert code(server.client("s3", nothing).list_buckets) == "AccessDenied"
