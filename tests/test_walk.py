"""The main job, as tutorials 0, 1 and 3 tell it: a program on an instance reads a bucket with nothing but its role."""

import json
import re

import pytest
from botocore.exceptions import ClientError
from running import Keys, Server, trust, wait_for

ACCOUNT = "000000000000"
GET_PICS = f"arn:aws:iam::{ACCOUNT}:role/Get-pics"
TRUST_TEXT = trust({"Service": "ec2.amazonaws.com"})
TRUST_LIST = trust({"Service": ["ec2.amazonaws.com"]}, ["sts:AssumeRole"])
DEVELOPER = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["ec2:RunInstances", "ec2:Describe*", "iam:ListInstanceProfiles"], "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": GET_PICS},
    ],
}
READ = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": ["arn:aws:s3:::photos", "arn:aws:s3:::photos/*"]}
    ],
}
READ_AND_WRITE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*", "s3:PutObject"],
         "Resource": ["arn:aws:s3:::photos", "arn:aws:s3:::photos/*"]}
    ],
}
IMDS = "http://169.254.169.254/latest"


class Office:
    """An administrator, a developer, and what they have set up."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.admin = self.user("admin")
        self.as_admin("iam", "attach-user-policy", "--user-name", "admin",
                      "--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess", keys=server.root).ok()

    def user(self, name):
        server = self.server
        server.aws(server.root, "iam", "create-user", "--user-name", name).ok()
        made = server.aws(server.root, "iam", "create-access-key", "--user-name", name).json()
        return Keys.of(made["AccessKey"])

    def as_admin(self, *words, keys=None):
        return self.server.aws(keys or self.admin, *words)

    def file(self, name, document):
        path = self.folder / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return f"file://{path}"

    def developer(self):
        keys = self.user("dev")
        self.as_admin("iam", "put-user-policy", "--user-name", "dev", "--policy-name", "launch",
                      "--policy-document", self.file("dev.json", DEVELOPER)).ok()
        return keys

    def role(self, name="Get-pics", document=TRUST_TEXT):
        self.as_admin("iam", "create-role", "--role-name", name, "--assume-role-policy-document",
                      self.file("trust-policy.json", document)).ok()

    def inline(self, document, role="Get-pics"):
        self.as_admin("iam", "put-role-policy", "--role-name", role, "--policy-name", "photos",
                      "--policy-document", self.file("permissions.json", document)).ok()

    def profile(self, name, role):
        self.as_admin("iam", "create-instance-profile", "--instance-profile-name", name).ok()
        self.as_admin("iam", "add-role-to-instance-profile", "--instance-profile-name", name, "--role-name", role).ok()

    def bucket(self, name="photos"):
        self.as_admin("s3", "mb", f"s3://{name}").ok()
        picture = self.folder / "cat.txt"
        picture.write_text("a picture of a cat\n")
        self.as_admin("s3", "cp", picture, f"s3://{name}/cat.txt").ok()

    def image(self):
        found = self.as_admin("ec2", "describe-images", "--owners", "amazon").json()["Images"]
        return found[0]["ImageId"]

    def launch(self, keys, *words):
        done = self.server.aws(keys, "ec2", "run-instances", "--image-id", self.image(), "--instance-type", "t3.micro", *words)
        return done

    def running(self, keys, *words):
        """Launches an instance, and waits until commands run in it."""
        instance = self.launch(keys, *words).json()["Instances"][0]["InstanceId"]
        self.server.aws(self.admin, "ec2", "wait", "instance-running", "--instance-ids", instance).ok()
        return instance

    def inside(self, instance, command):
        return self.server.rolecall(self.admin, "exec", instance, "--", "bash", "-lc", command)


@pytest.fixture
def office(machines, tmp_path):
    return Office(machines, tmp_path)


@pytest.fixture
def desk(server, tmp_path):
    """An office without machines."""
    return Office(server, tmp_path)


def needs_machines(server):
    if "records only" in server.said():
        pytest.skip("this computer can run no instances: " + server.said())


@pytest.mark.parametrize("document", [TRUST_TEXT, TRUST_LIST], ids=["text", "list"])
def test_the_administrator_makes_a_role_and_puts_it_in_a_profile(desk, document):
    desk.role(document=document)
    desk.inline(READ)
    made = desk.as_admin("iam", "create-policy", "--policy-name", "photos-read",
                         "--policy-document", desk.file("p.json", READ)).json()
    desk.as_admin("iam", "attach-role-policy", "--role-name", "Get-pics", "--policy-arn", made["Policy"]["Arn"]).ok()
    desk.as_admin("iam", "attach-role-policy", "--role-name", "Get-pics",
                  "--policy-arn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess").ok()
    desk.profile("pics", "Get-pics")
    profile = desk.as_admin("iam", "get-instance-profile", "--instance-profile-name", "pics").json()
    role = profile["InstanceProfile"]["Roles"][0]
    assert (role["RoleName"], role["Arn"]) == ("Get-pics", GET_PICS)
    assert role["AssumeRolePolicyDocument"] == document

    desk.role("second", document)
    desk.as_admin("iam", "add-role-to-instance-profile", "--instance-profile-name", "pics",
                  "--role-name", "second").refused("LimitExceeded")
    desk.profile("other", "Get-pics")


def test_the_developer_may_pass_that_role_and_no_other(desk):
    desk.role()
    desk.profile("pics", "Get-pics")
    desk.role("Admins-only")
    desk.profile("admins", "Admins-only")
    dev = desk.developer()

    launched = desk.launch(dev, "--iam-instance-profile", "Name=pics").json()["Instances"][0]
    assert launched["IamInstanceProfile"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:instance-profile/pics"

    said = desk.launch(dev, "--iam-instance-profile", "Name=admins").refused("UnauthorizedOperation")
    assert "is not authorized to perform: iam:PassRole on resource: " \
        f"arn:aws:iam::{ACCOUNT}:role/Admins-only because no identity-based policy allows the iam:PassRole action" in said
    encoded = re.search(r"Encoded authorization failure message: (\S+)", said).group(1)
    opened = desk.as_admin("sts", "decode-authorization-message", "--encoded-message", encoded).json()
    context = json.loads(opened["DecodedMessage"])["context"]
    assert (context["action"], context["resource"]) == ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Admins-only")

    desk.server.aws(dev, "sts", "decode-authorization-message", "--encoded-message", encoded).refused("AccessDenied")
    desk.server.aws(dev, "iam", "list-instance-profiles").ok()
    desk.server.aws(dev, "iam", "list-users").refused("AccessDenied")
    desk.server.aws(dev, "s3api", "list-buckets").refused("AccessDenied")
    desk.server.aws(dev, "ec2", "terminate-instances", "--instance-ids",
                    launched["InstanceId"]).refused("UnauthorizedOperation")
    desk.launch(dev, "--iam-instance-profile", "Name=pics", "--dry-run").refused("DryRunOperation")


def test_a_program_on_an_instance_reads_a_bucket_with_nothing_but_its_role(office):
    needs_machines(office.server)
    office.role()
    office.inline(READ)
    office.profile("pics", "Get-pics")
    office.bucket()
    instance = office.running(office.developer(), "--iam-instance-profile", "Name=pics")
    inside = lambda command: office.inside(instance, command)

    # The metadata service, versions 1 and 2.
    assert inside(f"curl -s {IMDS}/meta-data/instance-id").ok() == instance
    assert inside(f"curl -s {IMDS}/meta-data/iam/security-credentials/").ok() == "Get-pics"
    token = f"T=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {IMDS}/api/token)"
    said = inside(f"{token}; curl -s -H \"X-aws-ec2-metadata-token: $T\" {IMDS}/meta-data/iam/security-credentials/Get-pics")
    given = json.loads(said.ok())
    assert given["Code"] == "Success" and given["AccessKeyId"].startswith("ASIA") and given["Expiration"]

    # Nobody typed or stored a key there.
    assert inside("env | grep -c AWS_ACCESS_KEY_ID; ls ~/.aws 2>/dev/null").out.strip() == "0"
    me = json.loads(inside("aws sts get-caller-identity").ok())
    assert me["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Get-pics/{instance}"

    inside("aws s3 cp s3://photos/cat.txt /tmp/cat.txt").ok()
    assert inside("cat /tmp/cat.txt").ok() == "a picture of a cat\n"
    refused = inside("aws s3 cp /tmp/cat.txt s3://photos/dog.txt")
    assert refused.code == 1 and "(AccessDenied)" in refused.err, refused

    # The very next call after an edit is decided by the edit.
    office.inline(READ_AND_WRITE)
    inside("aws s3 cp /tmp/cat.txt s3://photos/dog.txt").ok()
    office.as_admin("iam", "delete-role-policy", "--role-name", "Get-pics", "--policy-name", "photos").ok()
    assert "(AccessDenied)" in inside("aws s3 cp /tmp/cat.txt s3://photos/dog.txt").err

    managed = office.as_admin("iam", "create-policy", "--policy-name", "photos",
                              "--policy-document", office.file("m.json", READ)).json()["Policy"]["Arn"]
    office.as_admin("iam", "attach-role-policy", "--role-name", "Get-pics", "--policy-arn", managed).ok()
    inside("aws s3 cp s3://photos/cat.txt /tmp/cat2.txt").ok()
    assert "(AccessDenied)" in inside("aws s3 cp /tmp/cat.txt s3://photos/dog.txt").err
    office.as_admin("iam", "create-policy-version", "--policy-arn", managed, "--set-as-default",
                    "--policy-document", office.file("m2.json", READ_AND_WRITE)).ok()
    inside("aws s3 cp /tmp/cat.txt s3://photos/dog.txt").ok()
    office.as_admin("iam", "detach-role-policy", "--role-name", "Get-pics", "--policy-arn", managed).ok()
    assert "(AccessDenied)" in inside("aws s3 cp /tmp/cat.txt s3://photos/dog.txt").err
    office.as_admin("iam", "attach-role-policy", "--role-name", "Get-pics",
                    "--policy-arn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess").ok()
    assert "cat.txt" in inside("aws s3 ls s3://photos").ok()


def test_a_role_is_swapped_on_a_running_instance(office):
    needs_machines(office.server)
    for name in ["Get-pics", "Other"]:
        office.role(name)
        office.profile(name, name)
    instance = office.running(office.admin)
    assert "404" in office.inside(instance, f"curl -s -o /dev/null -w '%{{http_code}}' {IMDS}/meta-data/iam/").out

    def who():
        return json.loads(office.inside(instance, "aws sts get-caller-identity").ok())["Arn"].split("/")[1]

    made = office.as_admin("ec2", "associate-iam-instance-profile", "--instance-id", instance,
                           "--iam-instance-profile", "Name=Get-pics").json()["IamInstanceProfileAssociation"]
    assert who() == "Get-pics"
    made = office.as_admin("ec2", "replace-iam-instance-profile-association", "--association-id", made["AssociationId"],
                           "--iam-instance-profile", "Name=Other").json()["IamInstanceProfileAssociation"]
    assert who() == "Other"
    office.as_admin("ec2", "disassociate-iam-instance-profile", "--association-id", made["AssociationId"]).ok()
    gone = office.inside(instance, "aws sts get-caller-identity")
    assert gone.code != 0 and "Unable to locate credentials" in gone.err, gone


def test_an_instance_is_stopped_started_and_keeps_its_disk(office):
    needs_machines(office.server)
    instance = office.running(office.admin, "--user-data", "#!/bin/sh\necho it boots\n")
    console = lambda: office.as_admin("ec2", "get-console-output", "--instance-id", instance, "--latest").json().get("Output", "")
    wait_for("the user data's output", lambda: "it boots" in console())
    office.inside(instance, "echo kept > /home/note").ok()
    for verb, state in [("stop-instances", "instance-stopped"), ("start-instances", "instance-running")]:
        office.as_admin("ec2", verb, "--instance-ids", instance).ok()
        office.as_admin("ec2", "wait", state, "--instance-ids", instance).ok()
    assert office.inside(instance, "cat /home/note").ok() == "kept\n"
    office.as_admin("ec2", "terminate-instances", "--instance-ids", instance).ok()
    office.as_admin("ec2", "wait", "instance-terminated", "--instance-ids", instance).ok()
    assert office.inside(instance, "true").code != 0


def test_a_key_pair_opens_the_instance_by_ssh(office, tmp_path):
    needs_machines(office.server)
    made = office.as_admin("ec2", "create-key-pair", "--key-name", "mine", "--key-type", "ed25519").json()
    key = tmp_path / "mine.pem"
    key.write_text(made["KeyMaterial"])
    key.chmod(0o600)
    instance = office.running(office.admin, "--key-name", "mine")
    described = office.as_admin("ec2", "describe-instances", "--instance-ids", instance).json()
    address = described["Reservations"][0]["Instances"][0].get("PublicIpAddress")
    group = described["Reservations"][0]["Instances"][0]["SecurityGroups"][0]["GroupId"]
    office.as_admin("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "22",
                    "--cidr", "0.0.0.0/0").ok()
    from running import clean, run

    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
               "-o", "BatchMode=yes", "-i", key]
    said = wait_for("ssh", lambda: run(["ssh", *options, f"ec2-user@{address}", "whoami; hostname"], clean({})).out)
    assert said.splitlines()[0] == "ec2-user"
    stranger = tmp_path / "other"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", stranger], clean({}))
    options[-1] = stranger
    refused = run(["ssh", *options, "-o", "IdentitiesOnly=yes", f"ec2-user@{address}", "true"], clean({}))
    assert refused.code == 255 and "Permission denied" in refused.err


def test_credentials_rotate_before_they_end_and_the_old_ones_work_until_then(tmp_path):
    with Server("--role-seconds", "20") as server:
        needs_machines(server)
        office = Office(server, tmp_path)
        office.role()
        office.inline(READ)
        office.profile("pics", "Get-pics")
        office.bucket()
        instance = office.running(office.admin, "--iam-instance-profile", "Name=pics")
        path = f"{IMDS}/meta-data/iam/security-credentials/Get-pics"
        given = lambda: json.loads(office.inside(instance, f"curl -s {path}").ok())

        old = given()
        new = wait_for("new credentials", lambda: (now := given())["AccessKeyId"] != old["AccessKeyId"] and now)
        # The old ones first: they have the least time.
        for pair in [old, new]:
            keys = Keys(pair["AccessKeyId"], pair["SecretAccessKey"], pair["Token"])
            assert f"Get-pics/{instance}" in server.client("sts", keys).get_caller_identity()["Arn"]
            assert server.client("s3", keys).get_object(Bucket="photos", Key="cat.txt")["Body"].read()

        def fault(call):
            try:
                call()
            except ClientError as refused:
                return refused.response["Error"]["Code"]
            return None

        over = Keys(old["AccessKeyId"], old["SecretAccessKey"], old["Token"])
        sts, s3 = server.client("sts", over), server.client("s3", over)
        assert wait_for("the end of the old ones", lambda: fault(sts.get_caller_identity)) == "ExpiredToken"
        assert fault(lambda: s3.get_object(Bucket="photos", Key="cat.txt")) == "ExpiredToken"
