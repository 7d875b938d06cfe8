"""The policies of EC2's own documentation ("Example policies to control access to the Amazon EC2 API") restrict here what
they restrict there: of each, what it lets through and what it refuses."""

import json

import pytest
from botocore.exceptions import ClientError
from running import Server, trust

ACCOUNT = "000000000000"
OURS = f"arn:aws:ec2:us-east-1:{ACCOUNT}"
IMAGES = "arn:aws:ec2:us-east-1::image/ami-*"
SNAPSHOTS = "arn:aws:ec2:us-east-1::snapshot/*"
# What a launch asks about beside the image.
KINDS = ["instance", "subnet", "volume", "network-interface", "key-pair", "security-group"]


def ours(*kinds):
    return [f"{OURS}:{kind}/*" for kind in kinds]


def but(*kinds):
    return ours(*(kind for kind in KINDS if kind not in kinds))


def statement(action, resource="*", effect="Allow", **conditions):
    own = {"Effect": effect, "Action": action, "Resource": resource}
    return own | ({"Condition": conditions} if conditions else {})


def tags(kind, **pairs):
    return {"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in pairs.items()]}


class World:
    """What the examples are about, and users that have nothing but an example."""

    def __init__(self, server):
        self.server, self.ec2 = server, server.client("ec2", server.root)
        self.image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        subnets = self.ec2.describe_subnets()["Subnets"]
        self.subnet, self.other_subnet = (own["SubnetId"] for own in subnets[:2])
        self.vpc = subnets[0]["VpcId"]
        self.users = 0

    def launch(self, *specifications, **more):
        more |= {"TagSpecifications": list(specifications)} if specifications else {}
        made = self.ec2.run_instances(ImageId=self.image, InstanceType="t2.micro", MinCount=1, MaxCount=1, **more)
        return made["Instances"][0]["InstanceId"]

    def user(self, *statements):
        self.users += 1
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        return User(self, self.server.user(f"ann{self.users}", policy))


class User:
    def __init__(self, world, keys):
        self.world, self.ec2 = world, world.server.client("ec2", keys)

    def may(self, operation, **input):
        """Asked with DryRun where the operation has it: what would be done is not the question."""
        try:
            getattr(self.ec2, operation)(**input, DryRun=True)
        except ClientError as refused:
            code = refused.response["Error"]["Code"]
            assert code in ("DryRunOperation", "UnauthorizedOperation"), refused
            return code == "DryRunOperation"
        raise AssertionError(f"{operation} was carried out")

    def may_launch(self, *specifications, **input):
        input = {"ImageId": self.world.image, "InstanceType": "t2.micro"} | input
        if specifications:
            input["TagSpecifications"] = list(specifications)
        return self.may("run_instances", MinCount=1, MaxCount=1, **input)


@pytest.fixture(scope="module")
def world():
    with Server("--compute", "none") as server:
        yield World(server)


def test_only_one_region(world):
    for key in ("aws:RequestedRegion", "ec2:Region"):
        deny = statement("ec2:*", effect="Deny", StringNotEquals={key: "eu-central-1"})
        user = world.user(statement("ec2:*"), deny)
        assert not user.may("describe_instances") and not user.may_launch()
        deny["Condition"]["StringNotEquals"][key] = "us-east-1"
        user = world.user(statement("ec2:*"), deny)
        assert user.may("describe_instances") and user.may_launch()


def test_every_action_is_told_its_region(world):
    """Whoever may act in one region only, by the key that EC2 gives every request, may do all of this."""
    instance = world.launch()
    own = world.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    root = own["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    snapshot = world.ec2.create_snapshot(VolumeId=root)["SnapshotId"]
    world.ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig={"Delay": 1})
    user = world.user(statement("ec2:*", StringEquals={"ec2:Region": "us-east-1"}))
    assert user.may("stop_instances", InstanceIds=[instance])
    assert user.may("create_image", InstanceId=instance, Name="one")
    assert user.may("copy_snapshot", SourceSnapshotId=snapshot, SourceRegion="us-east-1")
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}
    assert user.may("register_image", Name="two", RootDeviceName="/dev/xvda", BlockDeviceMappings=[disk])
    assert user.may("create_security_group", GroupName="g", Description="g", VpcId=world.vpc)


def test_stop_and_start_these_and_terminate_by_tag(world):
    mine, other = world.launch(), world.launch(tags("instance", purpose="test"))
    user = world.user(
        statement("ec2:DescribeInstances"),
        statement(["ec2:StopInstances", "ec2:StartInstances"], [f"{OURS}:instance/{mine}"]),
        statement("ec2:TerminateInstances", f"{OURS}:instance/*", StringEquals={"ec2:ResourceTag/purpose": "test"}))
    assert user.may("describe_instances")
    assert user.may("stop_instances", InstanceIds=[mine])
    assert not user.may("stop_instances", InstanceIds=[other])
    assert not user.may("stop_instances", InstanceIds=[mine, other])
    assert user.may("terminate_instances", InstanceIds=[other])
    assert not user.may("terminate_instances", InstanceIds=[mine])
    assert not user.may("reboot_instances", InstanceIds=[mine])


def test_whoever_works_with_instances_of_one_kind_sees_each_of_their_keys(world):
    world.ec2.create_placement_group(GroupName="spread", Strategy="spread")
    instance = world.launch(Placement={"GroupName": "spread", "AvailabilityZone": "us-east-1a"})
    for key, value in [("ec2:AvailabilityZone", "us-east-1a"), ("ec2:AvailabilityZoneId", "use1-az1"),
                       ("ec2:InstanceAutoRecovery", "default"), ("ec2:InstanceID", instance),
                       ("ec2:InstanceMarketType", "on-demand"), ("ec2:InstanceMetadataTags", "disabled"),
                       ("ec2:InstanceType", "t2.micro"), ("ec2:PlacementGroup", f"{OURS}:placement-group/spread"),
                       ("ec2:RootDeviceType", "ebs"), ("ec2:Tenancy", "default")]:
        assert world.user(statement("ec2:StopInstances", StringEquals={key: value})).may(
            "stop_instances", InstanceIds=[instance]), key
        assert not world.user(statement("ec2:StopInstances", StringEquals={key: "other"})).may(
            "stop_instances", InstanceIds=[instance]), key
    user = world.user(statement("ec2:StartInstances", ArnEquals={"ec2:PlacementGroup": f"{OURS}:placement-group/spread"}))
    assert user.may("start_instances", InstanceIds=[instance])
    assert not user.may("start_instances", InstanceIds=[world.launch()])


def test_only_an_attribute_with_a_value(world):
    instance = world.launch()
    user = world.user(statement("ec2:ModifyInstanceAttribute", StringEquals={"ec2:Attribute/DisableApiStop": "true"}))
    assert user.may("modify_instance_attribute", InstanceId=instance, DisableApiStop={"Value": True})
    assert not user.may("modify_instance_attribute", InstanceId=instance, DisableApiStop={"Value": False})
    assert not user.may("modify_instance_attribute", InstanceId=instance, DisableApiTermination={"Value": True})
    made = world.ec2.create_security_group(GroupName="web", Description="web", VpcId=world.vpc)["GroupId"]
    user = world.user(
        statement("ec2:ModifyInstanceAttribute", f"{OURS}:instance/*"),
        statement("ec2:ModifyInstanceAttribute", f"{OURS}:security-group/*", StringEquals={
            "ec2:Vpc": f"{OURS}:vpc/{world.vpc}", "ec2:SecurityGroupID": made}))
    assert user.may("modify_instance_attribute", InstanceId=instance, Groups=[made])


def test_volumes_of_ones_own_on_instances_of_a_department(world):
    user = world.user(
        statement(["ec2:AttachVolume", "ec2:DetachVolume"], f"{OURS}:instance/*",
                  StringEquals={"ec2:ResourceTag/department": "dev"}),
        statement(["ec2:AttachVolume", "ec2:DetachVolume"], f"{OURS}:volume/*",
                  StringEquals={"ec2:ResourceTag/volume_user": "${aws:username}"}))
    name = f"ann{world.users}"
    place = {"Placement": {"AvailabilityZone": "us-east-1a"}}
    dev, other = world.launch(tags("instance", department="dev"), **place), world.launch(**place)
    make = lambda user: world.ec2.create_volume(Size=1, AvailabilityZone="us-east-1a",  # noqa: E731
                                                TagSpecifications=[tags("volume", volume_user=user)])["VolumeId"]
    mine, anothers = make(name), make("bob")
    world.ec2.get_waiter("instance_running").wait(InstanceIds=[dev, other], WaiterConfig={"Delay": 1})
    world.ec2.get_waiter("volume_available").wait(VolumeIds=[mine, anothers], WaiterConfig={"Delay": 1})
    attach = lambda volume, instance: user.may(  # noqa: E731
        "attach_volume", VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    assert attach(mine, dev)
    assert not attach(mine, other) and not attach(anothers, dev)
    for instance, allowed in ((other, False), (dev, True)):
        world.ec2.attach_volume(VolumeId=mine, InstanceId=instance, Device="/dev/sdf")
        # It need not be named to be asked about.
        assert user.may("detach_volume", VolumeId=mine) is allowed
        assert user.may("detach_volume", VolumeId=mine, InstanceId=instance) is allowed
        world.ec2.detach_volume(VolumeId=mine)
        world.ec2.get_waiter("volume_available").wait(VolumeIds=[mine], WaiterConfig={"Delay": 1})


def test_volumes_with_these_tags_and_no_others(world):
    def may(user, **pairs):
        more = {"TagSpecifications": [tags("volume", **pairs)]} if pairs else {}
        return user.may("create_volume", Size=1, AvailabilityZone="us-east-1a", **more)

    only = world.user(
        statement("ec2:CreateVolume", f"{OURS}:volume/*", **{
            "StringEquals": {"aws:RequestTag/costcenter": "115", "aws:RequestTag/stack": "prod"},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["costcenter", "stack"]}}),
        statement("ec2:CreateTags", f"{OURS}:volume/*", StringEquals={"ec2:CreateAction": "CreateVolume"}))
    assert may(only, costcenter="115", stack="prod")
    assert not may(only)
    assert not may(only, costcenter="115")
    assert not may(only, costcenter="115", stack="prod", more="x")
    # In the context of CreateVolume, and in no other.
    volume = world.ec2.create_volume(Size=1, AvailabilityZone="us-east-1a")["VolumeId"]
    assert not only.may("create_tags", Resources=[volume], Tags=[{"Key": "stack", "Value": "prod"}])

    free = world.user(
        statement("ec2:CreateVolume"),
        statement("ec2:CreateTags", f"{OURS}:volume/*", **{
            "StringEquals": {"aws:RequestTag/purpose": "test", "ec2:CreateAction": "CreateVolume"},
            "ForAllValues:StringEquals": {"aws:TagKeys": "purpose"}}))
    assert may(free) and may(free, purpose="test")
    assert not may(free, purpose="prod") and not may(free, purpose="test", more="x")


def test_snapshots_of_ones_own_volumes(world):
    user = world.user(
        statement("ec2:CreateSnapshot", f"{OURS}:volume/*", StringEquals={"ec2:ResourceTag/User": "${aws:username}"}),
        statement("ec2:CreateSnapshot", SNAPSHOTS, StringEquals={
            "aws:RequestTag/Environment": "Dev", "aws:RequestTag/User": "${aws:username}"}),
        statement("ec2:CreateTags", SNAPSHOTS),
        statement("ec2:DeleteSnapshot", SNAPSHOTS, StringEquals={"ec2:ResourceTag/User": "${aws:username}"}))
    name = f"ann{world.users}"
    own = tags("volume", User=name)
    mine = world.ec2.create_volume(Size=1, AvailabilityZone="us-east-1a", TagSpecifications=[own])["VolumeId"]
    other = world.ec2.create_volume(Size=1, AvailabilityZone="us-east-1a")["VolumeId"]
    right = {"TagSpecifications": [tags("snapshot", Environment="Dev", User=name)]}
    assert user.may("create_snapshot", VolumeId=mine, **right)
    assert not user.may("create_snapshot", VolumeId=mine)
    assert not user.may("create_snapshot", VolumeId=other, **right)
    wrong = {"TagSpecifications": [tags("snapshot", Environment="Prod", User=name)]}
    assert not user.may("create_snapshot", VolumeId=mine, **wrong)
    made = world.ec2.create_snapshot(VolumeId=mine, **right)["SnapshotId"]
    assert user.may("delete_snapshot", SnapshotId=made)
    made = world.ec2.create_snapshot(VolumeId=mine)["SnapshotId"]
    assert not user.may("delete_snapshot", SnapshotId=made)


def test_these_images_or_those_of_amazon(world):
    own = world.ec2.create_image(InstanceId=world.launch(), Name="own")["ImageId"]
    world.ec2.get_waiter("image_available").wait(ImageIds=[own], WaiterConfig={"Delay": 1})
    user = world.user(statement("ec2:RunInstances", [f"arn:aws:ec2:us-east-1::image/{own}", *but()]))
    assert user.may_launch(ImageId=own) and not user.may_launch()
    user = world.user(statement("ec2:RunInstances", IMAGES, StringEquals={"ec2:Owner": "amazon"}),
                      statement("ec2:RunInstances", but()))
    assert user.may_launch() and not user.may_launch(ImageId=own)
    assert not user.may_launch(ImageId="ami-0123456789abcdef0")


def test_a_copy_of_an_image_is_of_its_disks_too(world):
    copy = {"Name": "copy", "SourceImageId": world.image, "SourceRegion": "us-east-1"}
    assert not world.user(statement("ec2:CopyImage", "arn:aws:ec2:*::image/*")).may("copy_image", **copy)
    user = world.user(statement("ec2:CopyImage", ["arn:aws:ec2:*::image/*", "arn:aws:ec2:*::snapshot/*"]))
    assert user.may("copy_image", **copy)
    assert not user.may("copy_image", **copy, TagSpecifications=[tags("snapshot", a="b")])


def test_these_types(world):
    types = {"ec2:InstanceType": ["t2.micro", "t2.small"]}
    allowing = world.user(statement("ec2:RunInstances", ours("instance"), StringEquals=types),
                          statement("ec2:RunInstances", [IMAGES, *but("instance")]))
    denying = world.user(statement("ec2:RunInstances", ours("instance"), "Deny", StringNotEquals=types),
                         statement("ec2:RunInstances", [IMAGES, *but()]))
    for user in (allowing, denying):
        assert user.may_launch() and user.may_launch(InstanceType="t2.small")
        assert not user.may_launch(InstanceType="t2.medium")


def test_this_subnet(world):
    arn = f"{OURS}:subnet/{world.subnet}"
    allowing = world.user(statement("ec2:RunInstances", [arn, IMAGES, *but("subnet")]))
    denying = world.user(
        statement("ec2:RunInstances", ours("network-interface"), "Deny", ArnNotEquals={"ec2:Subnet": arn}),
        statement("ec2:RunInstances", [IMAGES, *but()]))
    interface = {"DeviceIndex": 0, "SubnetId": world.other_subnet}
    for user in (allowing, denying):
        assert user.may_launch(SubnetId=world.subnet)
        assert not user.may_launch(SubnetId=world.other_subnet)
        assert not user.may_launch(NetworkInterfaces=[interface])
        # One that is there already lies in a subnet, too.
    made = world.ec2.create_network_interface(SubnetId=world.other_subnet)["NetworkInterface"]["NetworkInterfaceId"]
    for user in (allowing, denying):
        assert not user.may_launch(NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": made}])


def test_encrypted_volumes_only(world):
    user = world.user(statement("ec2:RunInstances", ours("volume"), Bool={"ec2:Encrypted": "true"}),
                      statement("ec2:RunInstances", [IMAGES, *but("volume")]))
    assert not user.may_launch()


def test_a_snapshot_that_a_launch_names_is_asked_about(world):
    volume = world.ec2.create_volume(Size=1, AvailabilityZone="us-east-1a")["VolumeId"]
    snapshot = world.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    world.ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig={"Delay": 1})
    disk = {"BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": snapshot}}]}
    user = world.user(statement("ec2:RunInstances", [IMAGES, *but()]))
    assert user.may_launch() and not user.may_launch(**disk)
    user = world.user(statement("ec2:RunInstances", [IMAGES, SNAPSHOTS, *but()]))
    assert user.may_launch(**disk)
    user = world.user(statement("ec2:RunInstances", [IMAGES, *but()]), statement(
        "ec2:RunInstances", SNAPSHOTS, StringEquals={"ec2:Owner": ACCOUNT, "ec2:SnapshotID": snapshot}))
    assert user.may_launch(**disk)


def test_tags_of_a_launch(world):
    create = {"ec2:CreateAction": "RunInstances"}
    instances = world.user(statement("ec2:RunInstances"),
                           statement("ec2:CreateTags", f"{OURS}:instance/*", StringEquals=create))
    instance, volume = tags("instance", a="b"), tags("volume", a="b")
    assert instances.may_launch() and instances.may_launch(instance)
    assert not instances.may_launch(volume) and not instances.may_launch(instance, volume)

    right = {"environment": "production", "purpose": "webserver"}
    these = world.user(
        statement("ec2:RunInstances", ["arn:aws:ec2:us-east-1::image/*", *but("volume", "instance")]),
        statement("ec2:RunInstances", ours("volume", "instance"), **{
            "StringEquals": {"aws:RequestTag/environment": "production", "aws:RequestTag/purpose": "webserver"},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["environment", "purpose"]}}),
        statement("ec2:CreateTags", f"{OURS}:*/*", StringEquals=create))
    assert these.may_launch(tags("instance", **right), tags("volume", **right))
    assert not these.may_launch() and not these.may_launch(tags("instance", **right))
    assert not these.may_launch(tags("instance", **right, more="x"), tags("volume", **right))

    some = world.user(
        statement("ec2:RunInstances", ["arn:aws:ec2:us-east-1::image/*", *but("volume", "instance")]),
        statement("ec2:RunInstances", ours("volume", "instance"),
                  **{"ForAnyValue:StringEquals": {"aws:TagKeys": ["environment", "webserver"]}}),
        statement("ec2:CreateTags", f"{OURS}:*/*", StringEquals=create))
    assert some.may_launch(tags("instance", environment="x", more="y"), tags("volume", webserver="z"))
    assert not some.may_launch(tags("instance", environment="x")) and not some.may_launch()

    test = world.user(statement("ec2:RunInstances"), statement("ec2:CreateTags", f"{OURS}:*/*", **{
        "StringEquals": {"aws:RequestTag/purpose": "test", **create},
        "ForAllValues:StringEquals": {"aws:TagKeys": "purpose"}}))
    assert test.may_launch() and test.may_launch(tags("network-interface", purpose="test"))
    assert not test.may_launch(tags("instance", purpose="prod"))

    none = world.user(statement("ec2:RunInstances", [IMAGES, *but()]), statement("ec2:CreateTags", effect="Deny"))
    assert none.may_launch() and not none.may_launch(instance)


def test_launch_templates(world):
    data = {"ImageId": world.image, "InstanceType": "t2.micro"}
    make = lambda name, **more: world.ec2.create_launch_template(  # noqa: E731
        LaunchTemplateName=name, LaunchTemplateData=data | more)["LaunchTemplate"]["LaunchTemplateId"]
    web, other = make("web"), make("other", SecurityGroupIds=[], NetworkInterfaces=[
        {"DeviceIndex": 0, "SubnetId": world.subnet}])
    launch = lambda user, id, **more: user.may(  # noqa: E731
        "run_instances", LaunchTemplate={"LaunchTemplateId": id}, MinCount=1, MaxCount=1, **more)
    one, any = f"{OURS}:launch-template/{web}", f"{OURS}:launch-template/*"
    from_template = {"ec2:IsLaunchTemplateResource": "true"}

    user = world.user(statement("ec2:RunInstances", ArnLike={"ec2:LaunchTemplate": one}))
    assert launch(user, web) and launch(user, web, InstanceType="t2.small")
    assert not launch(user, other) and not user.may_launch()

    user = world.user(statement("ec2:RunInstances", ArnLike={"ec2:LaunchTemplate": any}, Bool=from_template))
    assert launch(user, web) and launch(user, other)
    assert not launch(user, web, ImageId=world.image) and not launch(user, web, SubnetId=world.subnet)

    reach = ours("subnet", "network-interface")
    others = statement("ec2:RunInstances", ArnLike={"ec2:LaunchTemplate": any})
    others["NotResource"] = reach
    del others["Resource"]
    user = world.user(others, statement("ec2:RunInstances", reach, ArnLike={"ec2:LaunchTemplate": any}, Bool=from_template))
    assert launch(user, other) and launch(user, other, ImageId=world.image)
    assert not launch(user, web, SubnetId=world.subnet)

    others = statement("ec2:RunInstances", ArnLike={"ec2:LaunchTemplate": any}, Bool=from_template)
    others["NotResource"] = any
    del others["Resource"]
    user = world.user(others, statement("ec2:RunInstances", any, StringEquals={"ec2:ResourceTag/Purpose": "Webservers"}))
    assert not launch(user, web)
    world.ec2.create_tags(Resources=[web], Tags=[{"Key": "Purpose", "Value": "Webservers"}])
    assert launch(user, web)

    user = world.user(statement(["ec2:DeleteLaunchTemplate", "ec2:DeleteLaunchTemplateVersions"], any,
                                StringEquals={"ec2:ResourceTag/Purpose": "Webservers"}))
    assert user.may("delete_launch_template", LaunchTemplateId=web)
    assert not user.may("delete_launch_template", LaunchTemplateId=other)


def test_tags_of_what_is_there(world):
    env = lambda value: [{"Key": "environment", "Value": value}]  # noqa: E731
    instance, volume = world.launch(), world.ec2.create_volume(Size=1, AvailabilityZone="us-east-1a")["VolumeId"]
    user = world.user(statement("ec2:CreateTags", f"{OURS}:instance/*", **{
        "StringEquals": {"aws:RequestTag/environment": "production"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["environment"]}}))
    assert user.may("create_tags", Resources=[instance], Tags=env("production"))
    assert not user.may("create_tags", Resources=[instance], Tags=env("test"))
    assert not user.may("create_tags", Resources=[volume], Tags=env("production"))
    assert not user.may("create_tags", Resources=[instance], Tags=[*env("production"), {"Key": "more", "Value": "x"}])

    user = world.user(statement("ec2:DeleteTags", f"{OURS}:volume/*",
                                **{"ForAllValues:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}))
    assert user.may("delete_tags", Resources=[volume], Tags=[{"Key": "environment"}])
    assert not user.may("delete_tags", Resources=[volume], Tags=[{"Key": "environment"}, {"Key": "more"}])

    user = world.user(statement("ec2:DeleteTags", f"{OURS}:*/*", **{
        "StringEquals": {"aws:RequestTag/environment": "prod", "ec2:ResourceTag/owner": "${aws:username}"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["environment"]}}))
    owner = [{"Key": "owner", "Value": f"ann{world.users}"}]
    assert not user.may("delete_tags", Resources=[volume], Tags=env("prod"))
    world.ec2.create_tags(Resources=[volume], Tags=owner)
    assert user.may("delete_tags", Resources=[volume], Tags=env("prod"))
    assert not user.may("delete_tags", Resources=[volume], Tags=env("test"))
    assert not user.may("delete_tags", Resources=[volume], Tags=[{"Key": "environment"}])


def test_roles_of_instances(world):
    iam = world.server.client("iam", world.server.root)
    for name in ("DevTeamA", "Admins"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust({"Service": "ec2.amazonaws.com"})))
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    pass_role = statement("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/DevTeam*")
    # These operations have no DryRun.
    keys = world.server.user("roles", {"Version": "2012-10-17", "Statement": [
        statement(["ec2:AssociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation",
                   "ec2:DisassociateIamInstanceProfile"], f"{OURS}:instance/*",
                  StringEquals={"ec2:ResourceTag/department": "test"}),
        statement("ec2:DescribeIamInstanceProfileAssociations"), pass_role]})
    ec2 = world.server.client("ec2", keys)
    mine, other = world.launch(tags("instance", department="test")), world.launch()

    def may(operation, **input):
        try:
            return getattr(ec2, operation)(**input)
        except ClientError as refused:
            assert refused.response["Error"]["Code"] == "UnauthorizedOperation", refused
            return None

    assert not may("associate_iam_instance_profile", InstanceId=other, IamInstanceProfile={"Name": "DevTeamA"})
    assert not may("associate_iam_instance_profile", InstanceId=mine, IamInstanceProfile={"Name": "Admins"})
    made = may("associate_iam_instance_profile", InstanceId=mine, IamInstanceProfile={"Name": "DevTeamA"})
    id = made["IamInstanceProfileAssociation"]["AssociationId"]
    assert not may("replace_iam_instance_profile_association", AssociationId=id, IamInstanceProfile={"Name": "Admins"})
    assert may("disassociate_iam_instance_profile", AssociationId=id)

    arn = f"arn:aws:iam::{ACCOUNT}:instance-profile/DevTeamA"
    user = world.user(statement("ec2:RunInstances", ours("instance"), ArnEquals={"ec2:InstanceProfile": arn}),
                      statement("ec2:RunInstances", [IMAGES, *but("instance")]), pass_role)
    assert user.may_launch(IamInstanceProfile={"Name": "DevTeamA"})
    assert not user.may_launch() and not user.may_launch(IamInstanceProfile={"Name": "Admins"})


def test_routes_of_one_vpc(world):
    made = world.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    tables = {own["VpcId"]: own["RouteTableId"] for own in world.ec2.describe_route_tables()["RouteTables"]}
    gateway = world.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    world.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=made)
    user = world.user(statement(["ec2:DeleteRoute", "ec2:CreateRoute", "ec2:ReplaceRoute"], f"{OURS}:route-table/*",
                                StringEquals={"ec2:Vpc": f"{OURS}:vpc/{made}"}))
    route = {"DestinationCidrBlock": "192.0.2.0/24", "GatewayId": gateway}
    assert user.may("create_route", RouteTableId=tables[made], **route)
    assert not user.may("create_route", RouteTableId=tables[world.vpc], **route)


def test_metadata_by_version_2_only(world):
    launch = statement("ec2:RunInstances")
    user = world.user(launch, statement("ec2:RunInstances", "arn:aws:ec2:*:*:instance/*", "Deny",
                                        StringNotEquals={"ec2:MetadataHttpTokens": "required"}))
    assert user.may_launch(MetadataOptions={"HttpTokens": "required"})
    assert not user.may_launch() and not user.may_launch(MetadataOptions={"HttpTokens": "optional"})
    user = world.user(launch, statement("ec2:RunInstances", "arn:aws:ec2:*:*:instance/*", "Deny",
                                        NumericGreaterThan={"ec2:MetadataHttpPutResponseHopLimit": "3"}))
    assert user.may_launch(MetadataOptions={"HttpPutResponseHopLimit": 3})
    assert not user.may_launch(MetadataOptions={"HttpPutResponseHopLimit": 4})
    user = world.user(statement("ec2:*"), statement(
        "ec2:ModifyInstanceMetadataOptions", effect="Deny",
        StringNotLike={"aws:PrincipalARN": "arn:aws:iam::*:role/ec2-imds-admins"}))
    instance = world.launch()
    assert not user.may("modify_instance_metadata_options", InstanceId=instance, HttpTokens="required")
    assert user.may("stop_instances", InstanceIds=[instance])
    user = world.user(statement("ec2:ModifyInstanceMetadataOptions", StringEquals={"ec2:Attribute/HttpTokens": "required"}))
    assert user.may("modify_instance_metadata_options", InstanceId=instance, HttpTokens="required")
    assert not user.may("modify_instance_metadata_options", InstanceId=instance, HttpTokens="optional")
