"""The parameter store, by the aws CLI and boto3: values, versions, labels, paths, secrets, and AWS's public parameters."""

import json

import pytest
from running import Server, allow


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server("--compute", "none", data=tmp_path_factory.mktemp("ssm")) as server:
        yield server


@pytest.fixture
def ssm(server):
    return server.client("ssm", server.root)


def test_the_cli_puts_gets_lists_and_deletes(server):
    aws = lambda *words: server.aws(server.root, "ssm", *words)
    made = aws("put-parameter", "--name", "/cli/port", "--value", "80", "--type", "String").json()
    assert made == {"Version": 1, "Tier": "Standard"}
    aws("put-parameter", "--name", "/cli/port", "--value", "81").refused("ParameterAlreadyExists")
    aws("put-parameter", "--name", "/cli/port", "--value", "81", "--overwrite").ok()
    shown = aws("get-parameter", "--name", "/cli/port").json()["Parameter"]
    assert (shown["Value"], shown["Version"]) == ("81", 2)
    assert shown["ARN"] == "arn:aws:ssm:us-east-1:000000000000:parameter/cli/port"
    assert aws("get-parameter", "--name", "/cli/port:1").json()["Parameter"]["Value"] == "80"
    below = aws("get-parameters-by-path", "--path", "/cli").json()["Parameters"]
    assert [p["Name"] for p in below] == ["/cli/port"]
    aws("delete-parameter", "--name", "/cli/port").ok()
    aws("get-parameter", "--name", "/cli/port").refused("ParameterNotFound")


def test_secrets_are_sealed_on_disk_and_open_for_who_may(server, ssm):
    ssm.put_parameter(Name="/secret/password", Value="correct horse battery", Type="SecureString")
    hidden = ssm.get_parameter(Name="/secret/password")["Parameter"]["Value"]
    assert "horse" not in hidden
    shown = ssm.get_parameter(Name="/secret/password", WithDecryption=True)["Parameter"]
    assert (shown["Value"], shown["Type"]) == ("correct horse battery", "SecureString")
    kept = b"".join(path.read_bytes() for path in server.data.rglob("*") if path.is_file())
    assert b"correct horse" not in kept and b"/secret/password" in kept


def test_pages_filters_labels_and_tags(ssm):
    for n in range(25):
        ssm.put_parameter(Name=f"/pages/{n:02}", Value=str(n), Type="String", Tags=[{"Key": "n", "Value": str(n % 2)}])
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/pages", Recursive=True)
    assert [p["Value"] for page in pages for p in page["Parameters"]] == [str(n) for n in range(25)]
    pages = ssm.get_paginator("describe_parameters").paginate(
        ParameterFilters=[{"Key": "tag:n", "Values": ["1"]}, {"Key": "Path", "Values": ["/pages"]}], MaxResults=5)
    assert sum(len(page["Parameters"]) for page in pages) == 12
    ssm.put_parameter(Name="/pages/00", Value="new", Overwrite=True)
    ssm.label_parameter_version(Name="/pages/00", ParameterVersion=1, Labels=["old", "1bad"])
    assert ssm.get_parameter(Name="/pages/00:old")["Parameter"]["Value"] == "0"
    history = ssm.get_parameter_history(Name="/pages/00")["Parameters"]
    assert [(p["Version"], p["Labels"]) for p in history] == [(1, ["old"]), (2, [])]
    ssm.unlabel_parameter_version(Name="/pages/00", ParameterVersion=1, Labels=["old"])
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/pages/01")["TagList"]
    assert tags == [{"Key": "n", "Value": "1"}]


PUBLIC = [
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
    "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2",
    "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
    "/aws/service/debian/release/12/latest/amd64",
]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_parameter_names_an_image_that_launches(server, ssm, name):
    found = ssm.get_parameters(Names=[name])
    assert found["InvalidParameters"] == []
    image = found["Parameters"][0]["Value"]
    ec2 = server.client("ec2", server.root)
    shown = ec2.describe_images(ImageIds=[image])["Images"][0]
    assert shown["State"] == "available"
    kind = "t4g.micro" if shown["Architecture"] == "arm64" else "t3.micro"
    run = ec2.run_instances(ImageId=image, InstanceType=kind, MinCount=1, MaxCount=1, DryRun=False)
    assert run["Instances"][0]["ImageId"] == image


def test_public_parameters_are_listed_by_path(ssm):
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/aws/service/ami-amazon-linux-latest")
    names = [p["Name"] for page in pages for p in page["Parameters"]]
    assert len(names) == len(set(names)) > 10 and names == sorted(names)
    regions = ssm.get_parameters_by_path(Path="/aws/service/global-infrastructure/regions")["Parameters"]
    assert all(p["Value"] == p["Name"].rsplit("/")[-1] for p in regions)


def test_who_may_read_is_decided_by_the_parameters_arn(server):
    root = server.client("ssm", server.root)
    root.put_parameter(Name="/team/a", Value="1", Type="String")
    root.put_parameter(Name="/other/a", Value="1", Type="String")
    reader = server.user("reader", allow("ssm:GetParameter", "arn:aws:ssm:*:000000000000:parameter/team/*"))
    aws = lambda name: server.aws(reader, "ssm", "get-parameter", "--name", name)
    aws("/team/a").ok()
    aws("/team/none").refused("ParameterNotFound")
    for name in ["/other/a", "/other/none", PUBLIC[0]]:
        said = aws(name).refused("AccessDeniedException")
        assert "ssm:GetParameter" in said
    assert json.loads(aws("/team/a").out)["Parameter"]["Value"] == "1"


def test_parameters_of_type_image_must_be_images(ssm):
    ssm.put_parameter(Name="golden", Value="ami-0abcdef1234567890", Type="String", DataType="aws:ec2:image")
    with pytest.raises(ssm.exceptions.ClientError, match="ValidationException"):
        ssm.put_parameter(Name="none", Value="ami-00000000000000000", Type="String", DataType="aws:ec2:image")
