"""What calls leave behind: events that are found again, trails that bring them to a bucket, and no secret anywhere."""

import gzip
import json
import re
import signal
import time

import pytest
from running import Keys, Server, allow, trust, wait_for

ACCOUNT = "000000000000"
ARN = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/all"


def looked_up(server, **attribute):
    """Events by one attribute, with the real CLI, newest first."""
    [(key, value)] = attribute.items()
    words = ["cloudtrail", "lookup-events", "--lookup-attributes", f"AttributeKey={key},AttributeValue={value}"]
    events = server.aws(server.root, *words).json()["Events"]
    return [json.loads(event["CloudTrailEvent"]) for event in events]


def bucket_for_trails(server, name, arn=ARN, keys=None, below=f"p/AWSLogs/{ACCOUNT}"):
    """A bucket with the policy that AWS's documentation has for trails."""
    s3 = server.client("s3", keys or server.root)
    s3.create_bucket(Bucket=name)
    by, source = {"Service": "cloudtrail.amazonaws.com"}, {"aws:SourceArn": arn}
    statements = [
        {"Effect": "Allow", "Principal": by, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{name}",
         "Condition": {"StringEquals": source}},
        {"Effect": "Allow", "Principal": by, "Action": "s3:PutObject",
         "Resource": f"arn:aws:s3:::{name}/{below}/*",
         "Condition": {"StringEquals": source | {"s3:x-amz-acl": "bucket-owner-full-control"}}},
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    return s3


def files(s3, bucket):
    """All records of a trail's files, by the files' keys."""
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    read = {}
    for found in listed:
        if "CloudTrail-Digest" in found["Key"]:
            continue
        body = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
        read[found["Key"]] = json.loads(gzip.decompress(body))["Records"]
    return read


def delivered(s3, bucket, wanted):
    """Waits for the record that fits."""
    def look():
        records = [record for part in files(s3, bucket).values() for record in part]
        return next((record for record in records if wanted(record)), None)
    return wait_for("a record in the bucket", look)


def segments(folder):
    return b"".join(path.read_bytes() for path in (folder / "audit").glob("*.jsonl"))


def test_a_denied_call_is_found_at_once_with_its_error(server):
    ann = server.user("ann")
    server.aws(ann, "iam", "list-users").refused("AccessDenied")
    [event] = looked_up(server, EventName="ListUsers")
    assert event["errorCode"] == "AccessDenied" and "iam:ListUsers" in event["errorMessage"]
    assert event["userIdentity"]["userName"] == "ann" and event["eventSource"] == "iam.amazonaws.com"
    assert looked_up(server, Username="ann")[0]["eventID"] == event["eventID"]
    assert looked_up(server, AccessKeyId=ann.id)[0]["eventID"] == event["eventID"]
    # And the change before it, with what it asked for and what it gave.
    created = looked_up(server, EventName="CreateUser")[0]
    assert created["requestParameters"] == {"userName": "ann"} and created["readOnly"] is False
    assert created["responseElements"]["user"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/ann"
    assert created["eventID"] in [event["eventID"] for event in looked_up(server, ResourceName="ann")]


def test_another_accounts_events_are_not_shown(server):
    other = server.account("222222222222")
    events = server.aws(other, "cloudtrail", "lookup-events").json()["Events"]
    assert events == [] or all(json.loads(e["CloudTrailEvent"])["recipientAccountId"] == "222222222222" for e in events)
    ann = server.user("ann")
    server.aws(ann, "cloudtrail", "lookup-events").refused("AccessDeniedException")


def test_pages_of_events_follow_each_other(server):
    for n in range(7):
        server.client("iam", server.root).create_group(GroupName=f"g{n}")
    words = ["--lookup-attributes", "AttributeKey=EventName,AttributeValue=CreateGroup", "--page-size", "3"]
    events = server.aws(server.root, "cloudtrail", "lookup-events", *words).json()["Events"]
    names = [json.loads(event["CloudTrailEvent"])["requestParameters"]["groupName"] for event in events]
    assert names == [f"g{n}" for n in reversed(range(7))]


def test_assume_role_tells_its_session_and_the_sessions_calls_tell_their_issuer(server):
    iam = server.client("iam", server.root)
    actions = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    ann = server.user("ann", allow(actions))
    document = json.dumps(trust({"AWS": ACCOUNT}, actions))
    arn = iam.create_role(RoleName="r", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    given = server.client("sts", ann).assume_role(RoleArn=arn, RoleSessionName="s1", SourceIdentity="ann")
    [event] = looked_up(server, EventName="AssumeRole")
    assert event["requestParameters"]["roleSessionName"] == "s1"
    assert event["responseElements"]["credentials"]["accessKeyId"] == given["Credentials"]["AccessKeyId"]
    assert event["responseElements"]["assumedRoleUser"]["arn"].endswith("assumed-role/r/s1")
    assert event["resources"] == [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": arn}]
    session = Keys.of(given["Credentials"])
    server.aws(session, "iam", "list-roles").refused("AccessDenied")
    context = looked_up(server, EventName="ListRoles")[0]["userIdentity"]["sessionContext"]
    assert context["sessionIssuer"]["arn"] == arn and context["sourceIdentity"] == "ann"
    for secret in (session.secret, session.token, ann.secret):
        assert secret not in json.dumps(looked_up(server, Username="s1") + looked_up(server, Username="ann"))


def test_a_trail_brings_events_to_its_bucket_and_goes_on_after_a_restart(tmp_path):
    with Server("--compute", "none", "--trail-seconds", "1", data=tmp_path) as server:
        root, port = server.root, server.port
        server.client("s3", root).create_bucket(Bucket="closed")
        trail = ["cloudtrail", "create-trail", "--name", "all", "--s3-key-prefix", "p", "--s3-bucket-name"]
        server.aws(root, *trail, "absent").refused("S3BucketDoesNotExistException")
        server.aws(root, *trail, "closed").refused("InsufficientS3BucketPolicyException")
        s3 = bucket_for_trails(server, "logs")
        assert server.aws(root, *trail, "logs").json()["TrailARN"] == ARN
        server.client("iam", root).create_group(GroupName="too-early")
        time.sleep(1.1)
        server.aws(root, "cloudtrail", "start-logging", "--name", "all").ok()
        selectors = [{"ReadWriteType": "All", "IncludeManagementEvents": True,
                      "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::closed/in/"]}]}]
        server.aws(root, "cloudtrail", "put-event-selectors", "--trail-name", "all", "--event-selectors",
                   json.dumps(selectors)).ok()
        server.client("iam", root).create_group(GroupName="g1")
        role = server.client("iam", root).create_role(
            RoleName="r", AssumeRolePolicyDocument=json.dumps(trust({"AWS": ACCOUNT})))["Role"]["Arn"]
        server.client("iam", root).put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(allow("s3:*")))
        ann = server.user("ann", allow("sts:AssumeRole"))
        session = server.client("sts", ann).assume_role(RoleArn=role, RoleSessionName="i-1")["Credentials"]
        work = server.client("s3", Keys.of(session))
        work.put_object(Bucket="closed", Key="out/1", Body=b"not wanted")
        work.put_object(Bucket="closed", Key="in/1", Body=b"wanted")
        put = delivered(s3, "logs", lambda record: record["eventName"] == "PutObject")
        assert put["requestParameters"]["key"] == "in/1" and put["eventCategory"] == "Data"
        assert put["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == role
        delivered(s3, "logs", lambda record: (record["requestParameters"] or {}).get("groupName") == "g1")
        key = re.compile(rf"p/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/\d{{4}}/\d\d/\d\d/"
                         rf"{ACCOUNT}_CloudTrail_us-east-1_\d{{8}}T\d{{4}}Z_\w{{16}}\.json\.gz")
        assert all(key.fullmatch(name) for name in files(s3, "logs"))
        status = server.aws(root, "cloudtrail", "get-trail-status", "--name", "all").json()
        assert status["IsLogging"] and status["LatestDeliveryTime"] and "LatestDeliveryError" not in status
        server.stop(signal.SIGKILL)
    with Server("--compute", "none", "--trail-seconds", "1", data=tmp_path, port=port) as again:
        again.root = root
        s3 = again.client("s3", root)
        again.client("iam", root).create_group(GroupName="g2")
        delivered(s3, "logs", lambda record: (record["requestParameters"] or {}).get("groupName") == "g2")
        records = [record for part in files(s3, "logs").values() for record in part]
        groups = [(record["requestParameters"] or {}).get("groupName") for record in records]
        assert "too-early" not in groups and "g1" in groups
        # What happened before the restart is found after it.
        assert looked_up(again, EventName="CreateGroup")[-1]["requestParameters"]["groupName"] == "too-early"
        # A bucket that lets nobody write any more: the trail says so, and nothing is lost.
        s3.delete_bucket_policy(Bucket="logs")
        again.client("iam", root).create_group(GroupName="g3")
        cloudtrail = again.client("cloudtrail", root)
        wait_for("the error", lambda: cloudtrail.get_trail_status(Name="all").get("LatestDeliveryError") == "AccessDenied")


def test_no_secret_is_in_any_record(tmp_path):
    with Server("--compute", "none", data=tmp_path) as server:
        root = server.root
        secrets = [root.secret]
        iam, sts, ec2 = (server.client(name, root) for name in ("iam", "sts", "ec2"))
        ann = server.user("ann", allow("*"))
        secrets.append(ann.secret)
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust({"AWS": ACCOUNT})))
        mine = server.client("sts", ann)
        for given in (mine.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/r", RoleSessionName="s1"),
                      mine.get_federation_token(Name="fed")):
            secrets += [given["Credentials"]["SecretAccessKey"], given["Credentials"]["SessionToken"]]
        pair = ec2.create_key_pair(KeyName="k")
        secrets += [line for line in pair["KeyMaterial"].splitlines() if line and "-----" not in line]
        secrets.append(server.account("333333333333").secret)
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, UserData="my-database-password")
        secrets += ["my-database-password", "bXktZGF0YWJhc2UtcGFzc3dvcmQ"]
        s3 = server.client("s3", root)
        s3.create_bucket(Bucket="pics")
        url = s3.generate_presigned_url("get_object", Params={"Bucket": "pics", "Key": "k"})
        secrets.append(re.search(r"Signature=([^&]+)", url).group(1))
        sts.get_caller_identity()
        # Waits until the log has everything.
        assert server.client("cloudtrail", root).lookup_events()["Events"]
        log = segments(tmp_path).decode()
        assert "CreateAccessKey" in log and "RunInstances" in log and "<sensitiveDataRemoved>" in log
        assert [secret for secret in secrets if secret in log] == []


@pytest.mark.parametrize("name", ["CreateEventDataStore", "StartQuery", "PutInsightSelectors"])
def test_what_is_missing_says_so(server, name):
    words = {"CreateEventDataStore": ["--name", "abc"], "StartQuery": ["--query-statement", "x"],
             "PutInsightSelectors": ["--trail-name", "abc", "--insight-selectors", "[]"]}[name]
    command = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
    server.aws(server.root, "cloudtrail", command, *words).refused("NotImplemented")


def digests(s3, bucket):
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return [item["Key"] for item in listed if "CloudTrail-Digest" in item["Key"]]


def test_log_files_are_digested_and_a_changed_one_shows():
    with Server("--compute", "none", "--trail-seconds", "1") as server:
        root = server.root
        s3 = bucket_for_trails(server, "logs")
        create = ["cloudtrail", "create-trail", "--name", "all", "--s3-bucket-name", "logs", "--s3-key-prefix", "p"]
        made = server.aws(root, *create, "--enable-log-file-validation").json()
        assert made["LogFileValidationEnabled"]
        begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
        server.aws(root, "cloudtrail", "start-logging", "--name", "all").ok()
        server.client("iam", root).create_group(GroupName="g1")
        wait_for("two digests", lambda: len(digests(s3, "logs")) >= 2, seconds=90)
        server.aws(root, "cloudtrail", "stop-logging", "--name", "all").ok()
        status = server.aws(root, "cloudtrail", "get-trail-status", "--name", "all").json()
        assert status["LatestDigestDeliveryTime"] and "LatestDigestDeliveryError" not in status
        validate = ["cloudtrail", "validate-logs", "--trail-arn", ARN, "--start-time", begun, "--verbose"]
        said = server.aws(root, *validate).ok()
        assert re.search(r"\d+/\d+ digest files valid", said) and re.search(r"\d+/\d+ log files valid", said), said
        log = next(iter(files(s3, "logs")))
        s3.put_object(Bucket="logs", Key=log, Body=gzip.compress(b'{"Records":[]}'))
        changed = server.aws(root, *validate)
        assert changed.code == 1 and "INVALID: hash value doesn't match" in changed.err, changed
        s3.copy_object(Bucket="logs", Key=digests(s3, "logs")[0], CopySource={"Bucket": "logs", "Key": log})
        forged = server.aws(root, *validate)
        assert forged.code == 1 and "Digest file" in forged.err, forged


def test_an_organization_trail_has_the_events_of_members():
    member = "222222222222"
    with Server("--account", ACCOUNT, "--compute", "none", "--trail-seconds", "1") as server:
        root = server.root
        organizations = server.client("organizations", root)
        created = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
        other = server.account(member)
        organizations.invite_account_to_organization(Target={"Id": member, "Type": "ACCOUNT"})
        own = server.client("organizations", other)
        own.accept_handshake(HandshakeId=own.list_handshakes_for_account()["Handshakes"][0]["Id"])
        s3 = bucket_for_trails(server, "logs", below=f"AWSLogs/{created}")
        create = ["cloudtrail", "create-trail", "--name", "all", "--s3-bucket-name", "logs", "--is-organization-trail",
                  "--is-multi-region-trail"]
        server.aws(root, *create).refused("CloudTrailAccessNotEnabledException")
        organizations.enable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
        server.aws(other, *create).refused("NotOrganizationMasterAccountException")
        assert server.aws(root, *create).json()["IsOrganizationTrail"]
        server.aws(root, "cloudtrail", "start-logging", "--name", "all").ok()
        [seen] = server.client("cloudtrail", other).describe_trails()["trailList"]
        assert (seen["Name"], seen["IsOrganizationTrail"]) == ("all", True)
        server.client("iam", other).create_group(GroupName="theirs")
        delivered(s3, "logs", lambda record: (record["requestParameters"] or {}).get("groupName") == "theirs")
        assert any(name.startswith(f"AWSLogs/{created}/{member}/CloudTrail/") for name in files(s3, "logs"))
