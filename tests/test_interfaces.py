"""Network interfaces and elastic addresses by the aws CLI and boto3."""

import pytest
from botocore.exceptions import ClientError
from running import allow, wait_for


def code(refused):
    return refused.value.response["Error"]["Code"]


def launched(ec2, **more):
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    run = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, **more)
    id = run["Instances"][0]["InstanceId"]
    record = lambda: ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]  # noqa: E731
    wait_for("running", lambda: record()["State"]["Name"] == "running")
    return id, record


def test_an_interface_moves_from_one_instance_to_another(server):
    ec2 = server.client("ec2", server.root)
    (first, record), (second, _) = launched(ec2), launched(ec2)
    subnet = record()["SubnetId"]
    made = server.aws(server.root, "ec2", "create-network-interface", "--subnet-id", subnet, "--description", "spare").json()
    eni = made["NetworkInterface"]["NetworkInterfaceId"]
    server.aws(server.root, "ec2", "wait", "network-interface-available", "--network-interface-ids", eni).ok()
    for instance in (first, second):
        attachment = ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)["AttachmentId"]
        seen = ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])
        assert len(seen["NetworkInterfaces"]) == 2
        ec2.detach_network_interface(AttachmentId=attachment)
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    with pytest.raises(ClientError) as refused:
        ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])
    assert code(refused) == "InvalidNetworkInterfaceID.NotFound"


def test_an_elastic_address_stays_while_instances_come_and_go(server):
    ec2 = server.client("ec2", server.root)
    id, record = launched(ec2)
    made = server.aws(server.root, "ec2", "allocate-address", "--domain", "vpc").json()
    assert made["PublicIp"].startswith("127.")
    association = ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=id)["AssociationId"]
    assert record()["PublicIpAddress"] == made["PublicIp"]
    ec2.stop_instances(InstanceIds=[id])
    wait_for("stopped", lambda: record()["State"]["Name"] == "stopped")
    assert record()["PublicIpAddress"] == made["PublicIp"]
    ec2.disassociate_address(AssociationId=association)
    assert "PublicIpAddress" not in record()
    ec2.release_address(AllocationId=made["AllocationId"])
    assert ec2.describe_addresses()["Addresses"] == []


def test_policies_look_at_the_interfaces_subnet_and_tags(server):
    root = server.client("ec2", server.root)
    subnets = root.describe_subnets()["Subnets"]
    a, b = subnets[0], subnets[1]
    keys = server.user("ann", allow(["ec2:CreateNetworkInterface", "ec2:CreateTags"], [
        f"arn:aws:ec2:us-east-1:000000000000:subnet/{a['SubnetId']}", "arn:aws:ec2:us-east-1:*:network-interface/*"]))
    ec2 = server.client("ec2", keys)
    tags = [{"ResourceType": "network-interface", "Tags": [{"Key": "team", "Value": "a"}]}]
    mine = ec2.create_network_interface(SubnetId=a["SubnetId"], TagSpecifications=tags)["NetworkInterface"]
    with pytest.raises(ClientError) as refused:
        ec2.create_network_interface(SubnetId=b["SubnetId"])
    assert code(refused) == "UnauthorizedOperation"
    other = root.create_network_interface(SubnetId=a["SubnetId"])["NetworkInterface"]
    keys = server.user("bob", allow("ec2:DeleteNetworkInterface", "*", Condition={
        "StringEquals": {"aws:ResourceTag/team": "a"}}))
    ec2 = server.client("ec2", keys)
    ec2.delete_network_interface(NetworkInterfaceId=mine["NetworkInterfaceId"])
    with pytest.raises(ClientError) as refused:
        ec2.delete_network_interface(NetworkInterfaceId=other["NetworkInterfaceId"])
    assert code(refused) == "UnauthorizedOperation"
