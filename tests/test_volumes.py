"""Volumes and snapshots by the aws CLI and boto3, without machines: states that `aws ec2 wait` waits for, and refusals."""

import pytest
from botocore.exceptions import ClientError
from running import allow


@pytest.fixture
def ec2(server):
    return server.client("ec2", server.root)


def code(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"]


def launch(ec2, **more):
    run = ec2.run_instances(ImageId="ami-0abcdef1234567890", InstanceType="t3.micro", MinCount=1, MaxCount=1, **more)
    ec2.get_waiter("instance_running").wait(InstanceIds=[run["Instances"][0]["InstanceId"]])
    return ec2.describe_instances(InstanceIds=[run["Instances"][0]["InstanceId"]])["Reservations"][0]["Instances"][0]


def test_the_cli_makes_attaches_snapshots_and_deletes(server, ec2):
    aws = lambda *words: server.aws(server.root, "ec2", *words)
    instance = launch(ec2)
    zone = instance["Placement"]["AvailabilityZone"]
    volume = aws("create-volume", "--availability-zone", zone, "--size", "10", "--volume-type", "gp3").json()
    assert (volume["State"], volume["Iops"], volume["Throughput"]) == ("creating", 3000, 125)
    id = volume["VolumeId"]
    aws("wait", "volume-available", "--volume-ids", id).ok()
    made = aws("attach-volume", "--volume-id", id, "--instance-id", instance["InstanceId"], "--device", "/dev/sdf").json()
    assert made["State"] == "attaching" and made["AttachTime"].endswith(".000Z")
    aws("wait", "volume-in-use", "--volume-ids", id).ok()
    aws("delete-volume", "--volume-id", id).refused("VolumeInUse")
    snapshot = aws("create-snapshot", "--volume-id", id, "--description", "x").json()["SnapshotId"]
    aws("wait", "snapshot-completed", "--snapshot-ids", snapshot).ok()
    assert aws("detach-volume", "--volume-id", id).json()["State"] == "detaching"
    aws("wait", "volume-available", "--volume-ids", id).ok()
    aws("delete-volume", "--volume-id", id).ok()
    aws("wait", "volume-deleted", "--volume-ids", id).ok()
    again = aws("create-volume", "--availability-zone", zone, "--snapshot-id", snapshot).json()
    assert (again["Size"], again["SnapshotId"]) == (10, snapshot)
    aws("delete-snapshot", "--snapshot-id", snapshot).ok()
    aws("describe-snapshots", "--snapshot-ids", snapshot).refused("InvalidSnapshot.NotFound")


def test_a_launch_makes_the_disks_that_are_asked_for(ec2):
    mappings = [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "VolumeType": "gp3", "Iops": 4000}},
        {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5, "DeleteOnTermination": False}},
    ]
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "a"}]}]
    instance = launch(ec2, BlockDeviceMappings=mappings, TagSpecifications=tags)
    disks = {d["DeviceName"]: d["Ebs"]["VolumeId"] for d in instance["BlockDeviceMappings"]}
    assert set(disks) == {"/dev/xvda", "/dev/sdf"}
    assert all(d["Ebs"]["AttachTime"].microsecond == 0 for d in instance["BlockDeviceMappings"])
    shown = ec2.describe_volumes(Filters=[{"Name": "tag:team", "Values": ["a"]}])["Volumes"]
    assert {v["VolumeId"]: (v["Size"], v["Iops"]) for v in shown} == {disks["/dev/xvda"]: (20, 4000), disks["/dev/sdf"]: (5, 100)}
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance["InstanceId"]])
    assert code(ec2.describe_volumes, VolumeIds=[disks["/dev/xvda"]]) == "InvalidVolume.NotFound"
    assert ec2.describe_volumes(VolumeIds=[disks["/dev/sdf"]])["Volumes"][0]["State"] == "available"
    ec2.delete_volume(VolumeId=disks["/dev/sdf"])


def test_what_can_not_be_is_refused_by_name(ec2):
    zone = {"AvailabilityZone": "us-east-1a"}
    assert code(ec2.create_volume, Size=1, Encrypted=True, **zone) == "UnsupportedOperation"
    assert code(ec2.create_volume, Size=99999, **zone) == "InvalidParameterValue"
    assert code(ec2.create_volume, Size=1, AvailabilityZone="mars-1a") == "InvalidZone.NotFound"
    assert code(ec2.create_volume, Size=4, VolumeType="io1", **zone) == "MissingParameter"
    assert code(ec2.describe_volumes, VolumeIds=["vol-00000000000000001"]) == "InvalidVolume.NotFound"
    assert code(ec2.describe_volumes, VolumeIds=["x"]) == "InvalidVolumeID.Malformed"
    assert code(ec2.enable_ebs_encryption_by_default) == "UnsupportedOperation"
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    instance = launch(ec2)
    elsewhere = "us-east-1b" if instance["Placement"]["AvailabilityZone"].endswith("a") else "us-east-1a"
    far = ec2.create_volume(Size=1, AvailabilityZone=elsewhere)["VolumeId"]
    attach = {"VolumeId": far, "InstanceId": instance["InstanceId"], "Device": "/dev/sdf"}
    assert code(ec2.attach_volume, **attach) == "InvalidVolume.ZoneMismatch"
    assert code(ec2.delete_volume, VolumeId=far, DryRun=True) == "DryRunOperation"


def test_a_volume_is_modified_and_says_so(ec2):
    id = ec2.create_volume(Size=1, AvailabilityZone="us-east-1a")["VolumeId"]
    done = ec2.modify_volume(VolumeId=id, Size=2, VolumeType="gp3")["VolumeModification"]
    assert (done["OriginalSize"], done["TargetSize"], done["ModificationState"]) == (1, 2, "modifying")
    shown = ec2.describe_volumes_modifications(VolumeIds=[id])["VolumesModifications"][0]
    assert shown["ModificationState"] == "completed"
    assert ec2.describe_volumes(VolumeIds=[id])["Volumes"][0]["Size"] == 2
    assert ec2.describe_volume_status(VolumeIds=[id])["VolumeStatuses"][0]["VolumeStatus"]["Status"] == "ok"


def test_policies_tell_volumes_apart(server, ec2):
    small = allow("ec2:CreateVolume", Condition={"NumericLessThanEquals": {"ec2:VolumeSize": "10"}})
    client = server.client("ec2", server.user("small", small))
    client.create_volume(Size=10, AvailabilityZone="us-east-1a")
    assert code(client.create_volume, Size=11, AvailabilityZone="us-east-1a") == "UnauthorizedOperation"
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "a"}]}]
    tagged = {"Size": 1, "AvailabilityZone": "us-east-1a", "TagSpecifications": tags}
    assert code(client.create_volume, **tagged) == "UnauthorizedOperation"
    id = ec2.create_volume(**tagged)["VolumeId"]
    own = allow("ec2:DeleteVolume", Condition={"StringEquals": {"ec2:ResourceTag/team": "b"}})
    client = server.client("ec2", server.user("own", own))
    assert code(client.delete_volume, VolumeId=id) == "UnauthorizedOperation"
