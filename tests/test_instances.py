"""The life of instances by the aws CLI and boto3: many at once, protected, changed, with several interfaces."""

import pytest
from botocore.exceptions import ClientError
from running import allow

IMAGE = "ami-0abcdef1234567890"


def code(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"]


def launch(ec2, **more):
    parameters = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1} | more
    return [own["InstanceId"] for own in ec2.run_instances(**parameters)["Instances"]]


def seen(ec2, one):
    return ec2.describe_instances(InstanceIds=[one])["Reservations"][0]["Instances"][0]


def test_the_waiters_of_the_cli_see_an_instance_through_its_life(server):
    def aws(*words):
        return server.aws(server.root, "ec2", *words)

    one = aws("run-instances", "--image-id", IMAGE, "--instance-type", "t3.micro").json()["Instances"][0]["InstanceId"]
    for state in ("instance-exists", "instance-running", "instance-status-ok", "system-status-ok"):
        aws("wait", state, "--instance-ids", one).ok()
    aws("stop-instances", "--instance-ids", one, "--force").ok()
    aws("wait", "instance-stopped", "--instance-ids", one).ok()
    aws("modify-instance-attribute", "--instance-id", one, "--instance-type", "t3.large").ok()
    aws("start-instances", "--instance-ids", one).ok()
    aws("wait", "instance-running", "--instance-ids", one).ok()
    aws("modify-instance-attribute", "--instance-id", one, "--user-data", "Value=eA==").refused("IncorrectInstanceState")
    aws("reboot-instances", "--instance-ids", one).ok()
    assert aws("get-password-data", "--instance-id", one).json()["PasswordData"] == ""
    aws("get-console-screenshot", "--instance-id", one).refused("UnsupportedOperation")
    aws("terminate-instances", "--instance-ids", one).ok()
    aws("wait", "instance-terminated", "--instance-ids", one).ok()
    aws("start-instances", "--instance-ids", one).refused("IncorrectInstanceState")


def test_two_hundred_instances_of_one_call_are_paged_through(server):
    ec2 = server.client("ec2", server.root)
    ids = launch(ec2, MinCount=200, MaxCount=200)
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 60}))
    found = [own["InstanceId"] for page in pages for r in page["Reservations"] for own in r["Instances"]]
    assert len(pages) == 4 and sorted(found) == sorted(ids)
    statuses = ec2.get_paginator("describe_instance_status").paginate(PaginationConfig={"PageSize": 70})
    ok = [own["InstanceId"] for page in statuses for own in page["InstanceStatuses"]
          if own["InstanceStatus"]["Status"] == "ok"]
    assert sorted(ok) == sorted(ids)
    assert len({seen["PrivateIpAddress"] for page in pages for r in page["Reservations"]
                for seen in r["Instances"]}) == 200
    ec2.terminate_instances(InstanceIds=ids)
    left = ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["running", "pending"]}])
    assert left["Reservations"] == []


def test_what_is_protected_stays_until_the_protection_is_taken_off(server):
    ec2 = server.client("ec2", server.root)
    one, other = launch(ec2, DisableApiTermination=True, DisableApiStop=True) + launch(ec2)
    assert code(ec2.stop_instances, InstanceIds=[one]) == "OperationNotPermitted"
    assert code(ec2.terminate_instances, InstanceIds=[other, one]) == "OperationNotPermitted"
    assert seen(ec2, other)["State"]["Name"] == "running"
    ec2.modify_instance_attribute(InstanceId=one, DisableApiTermination={"Value": False})
    assert not ec2.describe_instance_attribute(
        InstanceId=one, Attribute="disableApiTermination")["DisableApiTermination"]["Value"]
    assert code(ec2.terminate_instances, InstanceIds=[one], DryRun=True) == "DryRunOperation"
    ec2.terminate_instances(InstanceIds=[one, other])
    assert seen(ec2, one)["State"]["Name"] == "terminated"
    # Once more is no error.
    assert ec2.terminate_instances(InstanceIds=[one])["TerminatingInstances"][0]["CurrentState"]["Name"] == "terminated"
    assert code(ec2.terminate_instances, InstanceIds=["i-0123456789abcdef0"]) == "InvalidInstanceID.NotFound"
    assert code(ec2.terminate_instances, InstanceIds=["web"]) == "InvalidInstanceID.Malformed"


def test_an_instance_has_several_interfaces_of_which_one_stays(server):
    ec2 = server.client("ec2", server.root)
    one, = launch(ec2, InstanceType="t3.medium", NetworkInterfaces=[
        {"DeviceIndex": 0, "SecondaryPrivateIpAddressCount": 1},
        {"DeviceIndex": 1, "DeleteOnTermination": False, "Description": "data"}])
    first, second = seen(ec2, one)["NetworkInterfaces"]
    assert len(first["PrivateIpAddresses"]) == 2 and second["Attachment"]["DeviceIndex"] == 1
    found = ec2.describe_instances(Filters=[
        {"Name": "network-interface.description", "Values": ["da*"]},
        {"Name": "network-interface.addresses.private-ip-address", "Values": [second["PrivateIpAddress"]]},
        {"Name": "network-interface.attachment.device-index", "Values": ["1"]}])
    assert found["Reservations"][0]["Instances"][0]["InstanceId"] == one
    ec2.terminate_instances(InstanceIds=[one])
    kept = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert [own["NetworkInterfaceId"] for own in kept] == [second["NetworkInterfaceId"]]
    other, = launch(ec2, NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": second["NetworkInterfaceId"]}])
    assert seen(ec2, other)["PrivateIpAddress"] == second["PrivateIpAddress"]


def test_what_an_account_decides_for_its_instances_holds(server):
    ec2 = server.client("ec2", server.root)
    ec2.modify_instance_metadata_defaults(HttpTokens="required", HttpTokensEnforced="enabled",
                                          HttpPutResponseHopLimit=2)
    one, = launch(ec2)
    options = seen(ec2, one)["MetadataOptions"]
    assert options["HttpTokens"] == "required" and options["HttpPutResponseHopLimit"] == 2
    optional = {"HttpTokens": "optional"}
    assert code(launch, ec2=ec2, MetadataOptions=optional) == "UnsupportedOperation"
    assert code(ec2.modify_instance_metadata_options, InstanceId=one, **optional) == "UnsupportedOperation"
    level = ec2.get_instance_metadata_defaults()["AccountLevel"]
    assert level["HttpTokensEnforced"] == "enabled" and "HttpEndpoint" not in level
    ec2.modify_default_credit_specification(InstanceFamily="t3", CpuCredits="standard")
    two, = launch(ec2)
    credits = ec2.describe_instance_credit_specifications(InstanceIds=[two])["InstanceCreditSpecifications"]
    assert credits[0]["CpuCredits"] == "standard"
    assert ec2.enable_serial_console_access()["SerialConsoleAccessEnabled"]


def test_types_and_where_they_are(server):
    ec2 = server.client("ec2", server.root)
    pages = ec2.get_paginator("describe_instance_types").paginate(Filters=[
        {"Name": "processor-info.supported-architecture", "Values": ["arm64"]},
        {"Name": "memory-info.size-in-mib", "Values": ["4096"]},
        {"Name": "current-generation", "Values": ["true"]}])
    names = {own["InstanceType"] for page in pages for own in page["InstanceTypes"]}
    assert {"t4g.medium", "m6g.medium", "c7g.large"} <= names
    own = ec2.describe_instance_types(InstanceTypes=["m5.large"])["InstanceTypes"][0]
    assert own["VCpuInfo"]["DefaultVCpus"] == 2 and own["NetworkInfo"]["MaximumNetworkInterfaces"] == 3
    zones = ec2.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": ["t3.micro"]}])
    assert len(zones["InstanceTypeOfferings"]) == 3
    assert code(ec2.describe_instance_types, InstanceTypes=["z9.tiny"]) == "InvalidInstanceType"


def test_who_may_stop_by_tag_stops_nothing_else(server):
    ec2 = server.client("ec2", server.root)
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "a"}]}]
    mine, other = launch(ec2, TagSpecifications=tags) + launch(ec2)
    ann = server.client("ec2", server.user("ann", allow(
        ["ec2:StopInstances", "ec2:ModifyInstanceAttribute", "ec2:MonitorInstances"],
        "arn:aws:ec2:*:*:instance/*", Condition={"StringEquals": {"ec2:ResourceTag/team": "a"}})))
    ann.stop_instances(InstanceIds=[mine])
    ann.monitor_instances(InstanceIds=[mine])
    assert code(ann.stop_instances, InstanceIds=[mine, other]) == "UnauthorizedOperation"
    assert code(ann.modify_instance_attribute, InstanceId=other, DisableApiStop={"Value": True}) == (
        "UnauthorizedOperation")
    # Nor does it learn that there is no such instance.
    assert code(ann.stop_instances, InstanceIds=["i-0123456789abcdef0"]) == "UnauthorizedOperation"
