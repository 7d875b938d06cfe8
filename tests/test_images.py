"""Images by the aws CLI and boto3: those that templates look for, aliases, sharing, and one made of a running instance."""

import io
import json
import tarfile

import pytest
from botocore.exceptions import ClientError
from running import Server, allow, wait_for

DEFAULT = "ami-0abcdef1234567890"
REAL = "ami-0c02fb55956c7d316"


def code(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"]


@pytest.fixture
def ec2(server):
    return server.client("ec2", server.root)


def run(ec2, image, **more):
    made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, **more)
    return made["Instances"][0]["InstanceId"]


@pytest.mark.parametrize("owner, name, login", [
    ("amazon", "al2023-ami-2023.*-x86_64", "Amazon"),
    ("amazon", "amzn2-ami-hvm-*-x86_64-gp2", "Amazon"),
    ("099720109477", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*", "Ubuntu"),
    ("099720109477", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*", "Ubuntu"),
    ("136693071363", "debian-12-amd64-*", "Debian"),
])
def test_templates_find_the_newest_image(ec2, owner, name, login):
    found = ec2.describe_images(Owners=[owner], Filters=[{"Name": "name", "Values": [name]}, {"Name": "state", "Values": ["available"]}])
    newest = max(found["Images"], key=lambda image: image["CreationDate"])
    assert login in newest["Description"] and newest["RootDeviceType"] == "ebs"


def test_an_alias_launches_and_an_unknown_id_is_not_there():
    with Server("--compute", "none", "--image-alias", f"{REAL}=default") as server:
        ec2 = server.client("ec2", server.root)
        id = run(ec2, REAL)
        shown = ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]
        assert shown["ImageId"] == REAL
        assert ec2.describe_images(ImageIds=[REAL])["Images"][0]["ImageId"] == REAL
        assert code(run, ec2=ec2, image="ami-00000000000000001") == "InvalidAMIID.NotFound"
        assert code(run, ec2=ec2, image="ami-xyz") == "InvalidAMIID.Malformed"


def test_an_image_is_made_shared_launched_and_deregistered(server, ec2):
    aws = lambda *words: server.aws(server.root, "ec2", *words)
    id = run(ec2, DEFAULT)
    ec2.get_waiter("instance_running").wait(InstanceIds=[id])
    image = aws("create-image", "--instance-id", id, "--name", "golden").json()["ImageId"]
    aws("wait", "image-exists", "--image-ids", image).ok()
    aws("wait", "image-available", "--image-ids", image).ok()
    aws("create-image", "--instance-id", id, "--name", "golden").refused("InvalidAMIName.Duplicate")
    assert [i["ImageId"] for i in aws("describe-images", "--owners", "self").json()["Images"]] == [image]
    other = server.account("111111111111")
    theirs = server.client("ec2", other)
    assert code(run, ec2=theirs, image=image) == "InvalidAMIID.NotFound"
    aws("modify-image-attribute", "--image-id", image, "--launch-permission", "Add=[{UserId=111111111111}]").ok()
    run(theirs, image)
    shown = ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")["LaunchPermissions"]
    assert shown == [{"UserId": "111111111111"}]
    assert code(theirs.deregister_image, ImageId=image) == "AuthFailure"
    disk = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"][0]
    snapshot = disk["Ebs"]["SnapshotId"]
    assert code(ec2.delete_snapshot, SnapshotId=snapshot) == "InvalidSnapshot.InUse"
    gone = ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)
    assert gone["DeleteSnapshotResults"] == [{"SnapshotId": snapshot, "ReturnCode": "success"}]
    assert code(run, ec2=ec2, image=image) == "InvalidAMIID.NotFound"


def archive(files):
    """A root file system's tar."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
    return packed.getvalue()


def test_an_image_comes_from_an_object_that_the_caller_may_read(server, ec2):
    s3 = server.client("s3", server.root)
    s3.create_bucket(Bucket="disks")
    s3.put_object(Bucket="disks", Key="root.tar", Body=archive({"etc/motd": b"hello"}))
    writer = server.client("ec2", server.user("writer", allow("ec2:RegisterImage")))
    both = server.client("ec2", server.user("both", allow(["ec2:RegisterImage", "s3:GetObject"])))
    wish = {"Name": "from-tar", "ImageLocation": "disks/root.tar"}
    assert code(writer.register_image, **wish) == "UnauthorizedOperation"
    assert code(both.register_image, Name="none", ImageLocation="disks/none.tar") == "InvalidManifest"
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
                                                    "Resource": "arn:aws:s3:::disks/*"}]}
    s3.put_bucket_policy(Bucket="disks", Policy=json.dumps(deny))
    assert code(both.register_image, **wish) == "UnauthorizedOperation"
    s3.delete_bucket_policy(Bucket="disks")
    deny["Statement"][0]["Condition"] = {"StringEquals": {"s3:ExistingObjectTag/class": "secret"}}
    s3.put_bucket_policy(Bucket="disks", Policy=json.dumps(deny))
    s3.put_object(Bucket="disks", Key="secret.tar", Body=archive({"etc/motd": b"hello"}), Tagging="class=secret")
    assert code(both.register_image, Name="secret", ImageLocation="disks/secret.tar") == "UnauthorizedOperation"
    # EC2 reads for the caller: over TLS, and it says so.
    via = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
           "Condition": {"ForAnyValue:StringEquals": {"aws:CalledVia": "ec2.amazonaws.com"}}}
    register = {"Effect": "Allow", "Action": "ec2:RegisterImage", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [register, via]}
    reader = server.user("reader", policy)
    assert code(server.client("s3", reader).get_object, Bucket="disks", Key="root.tar") == "AccessDenied"
    deny["Statement"].append({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::disks/*",
                              "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
    s3.put_bucket_policy(Bucket="disks", Policy=json.dumps(deny))
    image = server.client("ec2", reader).register_image(**wish)["ImageId"]
    ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 1})
    run(ec2, image)


class Machine:
    """A running instance that is entered by `rolecall exec`."""

    def __init__(self, server, ec2, image, **more):
        self.server, self.ec2 = server, ec2
        self.id = run(ec2, image, **more)
        ec2.get_waiter("instance_running").wait(InstanceIds=[self.id])

    def root(self, line):
        return self.server.rolecall(self.server.root, "exec", self.id, "--", "/bin/sh", "-c", line)


def test_a_file_of_an_instance_is_in_an_instance_of_its_image(machines):
    if "namespaces" not in machines.said():
        pytest.skip("no isolated machines here")
    ec2 = machines.client("ec2", machines.root)
    one = Machine(machines, ec2, DEFAULT)
    one.root("mkdir -p /srv/app && echo kept > /srv/app/file && chown ec2-user:ec2-user /srv/app/file").ok()
    image = ec2.create_image(InstanceId=one.id, Name="with-file")["ImageId"]
    wait_for("the image", lambda: ec2.describe_images(ImageIds=[image])["Images"][0]["State"] != "pending")
    shown = ec2.describe_images(ImageIds=[image])["Images"][0]
    assert shown["State"] == "available", shown.get("StateReason")
    # The instance comes back after the restart that its image took.
    wait_for("the instance", lambda: one.root("cat /srv/app/file").code == 0)
    two = Machine(machines, ec2, image)
    assert two.root("cat /srv/app/file").ok().strip() == "kept"
    assert two.root("stat -c %U:%G /srv/app/file").ok().strip() == "ec2-user:ec2-user"
    ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)
    assert two.root("cat /srv/app/file").ok().strip() == "kept"


def test_the_login_user_is_that_of_the_image(machines):
    if "namespaces" not in machines.said():
        pytest.skip("no isolated machines here")
    ec2, ssm = machines.client("ec2", machines.root), machines.client("ssm", machines.root)
    name = "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id"
    machine = Machine(machines, ec2, ssm.get_parameter(Name=name)["Parameter"]["Value"])
    assert machine.root("id -un 1000").ok().strip() == "ubuntu"
