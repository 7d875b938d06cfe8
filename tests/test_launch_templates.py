"""Launch templates by the aws CLI and boto3, and what may be launched from them."""

import json

import pytest
from botocore.exceptions import ClientError
from running import allow, trust

IMAGE = "ami-0abcdef1234567890"


def code(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"]


def test_versions_are_made_read_and_deleted_by_the_cli(server):
    def aws(*words):
        return server.aws(server.root, "ec2", *words)

    data = json.dumps({"ImageId": IMAGE, "InstanceType": "t3.micro", "UserData": "ZWNobyBoaQ=="})
    made = aws("create-launch-template", "--launch-template-name", "web", "--version-description", "first",
               "--launch-template-data", data,
               "--tag-specifications", "ResourceType=launch-template,Tags=[{Key=team,Value=a}]").json()["LaunchTemplate"]
    assert made["DefaultVersionNumber"] == made["LatestVersionNumber"] == 1
    assert made["Tags"] == [{"Key": "team", "Value": "a"}]
    aws("create-launch-template", "--launch-template-name", "web", "--launch-template-data", data).refused(
        "InvalidLaunchTemplateName.AlreadyExistsException")
    aws("create-launch-template-version", "--launch-template-id", made["LaunchTemplateId"], "--source-version", "1",
        "--launch-template-data", '{"InstanceType":"t3.small"}').ok()
    versions = aws("describe-launch-template-versions", "--launch-template-name", "web",
                   "--versions", "$Latest", "$Default").json()["LaunchTemplateVersions"]
    assert [own["VersionNumber"] for own in versions] == [2, 1]
    assert versions[0]["LaunchTemplateData"] == {
        "ImageId": IMAGE, "InstanceType": "t3.small", "UserData": "ZWNobyBoaQ=="}
    assert versions[1]["VersionDescription"] == "first" and versions[1]["DefaultVersion"]
    aws("modify-launch-template", "--launch-template-name", "web", "--default-version", "2").ok()
    gone = aws("delete-launch-template-versions", "--launch-template-name", "web", "--versions", "1", "2").json()
    assert [own["VersionNumber"] for own in gone["SuccessfullyDeletedLaunchTemplateVersions"]] == [1]
    assert gone["UnsuccessfullyDeletedLaunchTemplateVersions"][0]["VersionNumber"] == 2
    aws("delete-launch-template", "--launch-template-id", made["LaunchTemplateId"]).ok()
    aws("describe-launch-templates", "--launch-template-names", "web").refused(
        "InvalidLaunchTemplateName.NotFoundException")


def test_a_launch_takes_from_the_template_what_it_does_not_say(server):
    ec2 = server.client("ec2", server.root)
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={
        "ImageId": IMAGE, "InstanceType": "t3.small",
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}]})
    one = ec2.run_instances(LaunchTemplate={"LaunchTemplateName": "web"}, InstanceType="t3.micro",
                            MinCount=1, MaxCount=1)["Instances"][0]
    assert one["InstanceType"] == "t3.micro"
    assert one["MetadataOptions"]["HttpTokens"] == "required"
    tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
    assert tags["Name"] == "web" and tags["aws:ec2launchtemplate:version"] == "1"
    data = ec2.get_launch_template_data(InstanceId=one["InstanceId"])["LaunchTemplateData"]
    assert data["InstanceType"] == "t3.micro" and data["TagSpecifications"][0]["Tags"] == [
        {"Key": "Name", "Value": "web"}]
    # What was read from an instance is a template again.
    data.pop("NetworkInterfaces")
    data.pop("BlockDeviceMappings")
    ec2.create_launch_template(LaunchTemplateName="copy", LaunchTemplateData=data)
    ec2.run_instances(LaunchTemplate={"LaunchTemplateName": "copy"}, MinCount=1, MaxCount=1)
    assert code(ec2.run_instances, LaunchTemplate={"LaunchTemplateName": "web", "Version": "9"},
                MinCount=1, MaxCount=1) == "InvalidLaunchTemplateId.VersionNotFound"


def test_who_may_launch_from_one_template_may_launch_nothing_else(server):
    root, iam = server.client("ec2", server.root), server.client("iam", server.root)
    role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(
        trust({"Service": "ec2.amazonaws.com"})))["Role"]
    iam.create_instance_profile(InstanceProfileName="app")
    iam.add_role_to_instance_profile(InstanceProfileName="app", RoleName="app")
    own = root.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={
        "ImageId": IMAGE, "InstanceType": "t3.micro", "IamInstanceProfile": {"Name": "app"}})["LaunchTemplate"]
    arn = f"arn:aws:ec2:*:*:launch-template/{own['LaunchTemplateId']}"
    policy = allow("ec2:RunInstances", Condition={
        "ArnLike": {"ec2:LaunchTemplate": arn}, "Bool": {"ec2:IsLaunchTemplateResource": "true"}})
    keys = server.user("ann", policy)
    ann = server.client("ec2", keys)
    launch = {"LaunchTemplate": {"LaunchTemplateName": "web"}, "MinCount": 1, "MaxCount": 1}
    # The role is handed over by who launches, not by who wrote the template.
    assert code(ann.run_instances, **launch) == "UnauthorizedOperation"
    policy["Statement"].append(allow("iam:PassRole", role["Arn"])["Statement"][0])
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=json.dumps(policy))
    ann.run_instances(**launch)
    assert code(ann.run_instances, **launch, ImageId=IMAGE) == "UnauthorizedOperation"
    assert code(ann.run_instances, ImageId=IMAGE, MinCount=1, MaxCount=1) == "UnauthorizedOperation"
    assert code(ann.modify_launch_template, LaunchTemplateName="web", DefaultVersion="1") == "UnauthorizedOperation"


def test_a_parameter_names_the_image_at_each_launch(server):
    ec2, ssm = server.client("ec2", server.root), server.client("ssm", server.root)
    public = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    amazons = ssm.get_parameter(Name=public)["Parameter"]["Value"]
    ssm.put_parameter(Name="/golden", Value=IMAGE, Type="String", DataType="aws:ec2:image")
    ssm.label_parameter_version(Name="/golden", Labels=["prod"])
    ssm.put_parameter(Name="/golden", Value=amazons, Type="String", DataType="aws:ec2:image", Overwrite=True)
    ssm.put_parameter(Name="/text", Value=IMAGE, Type="String")

    def image(name, client=ec2):
        made = client.run_instances(ImageId=f"resolve:ssm:{name}", MinCount=1, MaxCount=1)
        return made["Instances"][0]["ImageId"]

    assert image("/golden") == image("/golden:2") == image(public) == amazons
    assert image("/golden:1") == image("/golden:prod") == IMAGE
    arn = ssm.get_parameter(Name="/golden")["Parameter"]["ARN"]
    assert image(f"{arn}:prod") == IMAGE
    # EC2 looks for its caller, and tells so: who may read through EC2 only launches by name, and reads nothing itself.
    via = {"Effect": "Allow", "Action": "ssm:GetParameter*", "Resource": "*", "Condition": {
        "Bool": {"aws:ViaAWSService": "true"}, "ForAnyValue:StringEquals": {"aws:CalledVia": "ec2.amazonaws.com"}}}
    launch = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
    launcher = server.user("launcher", {"Version": "2012-10-17", "Statement": [launch, via]})
    assert image("/golden:1", server.client("ec2", launcher)) == IMAGE
    assert code(server.client("ssm", launcher).get_parameter, Name="/golden") == "AccessDeniedException"
    # Nobody shares parameters here: another account's is denied.
    other = arn.replace("000000000000", "111111111111")
    assert code(ec2.run_instances, ImageId=f"resolve:ssm:{other}", MinCount=1, MaxCount=1) == "SsmAccessDenied"
    for name in ["/none", "/golden:9", "/golden:test", "a b", "/text"]:
        assert code(ec2.run_instances, ImageId=f"resolve:ssm:{name}", MinCount=1, MaxCount=1) == "SsmInvalidParameter"

    made = ec2.create_launch_template(LaunchTemplateName="golden", LaunchTemplateData={
        "ImageId": "resolve:ssm:/golden:prod", "InstanceType": "t3.micro"})
    assert "Warning" not in made
    shown = ec2.describe_launch_template_versions(LaunchTemplateName="golden")["LaunchTemplateVersions"][0]
    assert shown["LaunchTemplateData"]["ImageId"] == "resolve:ssm:/golden:prod"
    shown = ec2.describe_launch_template_versions(LaunchTemplateName="golden", ResolveAlias=True)
    assert shown["LaunchTemplateVersions"][0]["LaunchTemplateData"]["ImageId"] == IMAGE
    by_template = {"LaunchTemplate": {"LaunchTemplateName": "golden"}, "MinCount": 1, "MaxCount": 1}
    assert ec2.run_instances(**by_template)["Instances"][0]["ImageId"] == IMAGE

    ann = server.client("ec2", server.user("ann", allow("ec2:*", "*")))
    assert code(ann.run_instances, **by_template) == "SsmAccessDenied"
    assert code(ann.describe_launch_template_versions, LaunchTemplateName="golden",
                ResolveAlias=True) == "SsmAccessDenied"
