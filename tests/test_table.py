"""Every operation, called by somebody who may do nothing: none of them answers, none of them breaks."""

import json
from base64 import b64decode

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from running import ROOT, Server

SERVICES = ["iam", "sts", "ec2", "s3"]
# What `Needs::nothing` opens; each has its reason in docs/permissions.txt.
OPEN = {"GetCallerIdentity", "GetSessionToken", "GetAccessKeyInfo"}
# The caller may not, or cannot know: AWS tells these before it authorizes.
REFUSALS = {"AccessDenied", "UnauthorizedOperation", "NoSuchBucket", "NoSuchUpload"}


def implemented(service):
    folder = ROOT / "crates" / service / "src" / "ops"
    return {"".join(part.title() for part in path.stem.split("_")).lower() for path in folder.glob("*.rs")} - {"mod"}


def vectors():
    for service in SERVICES:
        names = implemented(service)
        for line in (ROOT / "crates" / "testkit" / "vectors" / f"{service}.requests.jsonl").read_text().splitlines():
            row = json.loads(line, object_hook=lambda o: b64decode(o["$b64"]) if "$b64" in o else o)
            if row["id"].endswith(".minimal") and row["operation"].lower() in names:
                yield pytest.param(service, row["operation"], row["params"], id=row["id"].removesuffix(".minimal"))


@pytest.fixture(scope="module")
def shared():
    with Server("--compute", "none") as server:
        yield server, server.user("nobody")


def call(client, operation, params):
    with pytest.raises(ClientError) as refused:
        client._make_api_call(operation, params)
    answer = refused.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("service, operation, params", list(vectors()))
def test_nobody_may_do_anything(shared, service, operation, params):
    server, nobody = shared
    if operation in OPEN:
        pytest.skip("anyone may")
    client = server.client(service, nobody, parameter_validation=False)
    code, status = call(client, operation, params)
    malformed = status == 400 and code not in REFUSALS
    assert status < 500 and (code in REFUSALS or malformed or code in ("404", "403")), (code, status)


@pytest.mark.parametrize("service, operation, params", list(vectors()))
def test_unsigned_calls_are_refused(shared, service, operation, params):
    server, _ = shared
    config = Config(signature_version=UNSIGNED, parameter_validation=False, retries={"total_max_attempts": 1})
    client = boto3.client(service, endpoint_url=server.url, region_name="us-east-1", config=config)
    code, status = call(client, operation, params)
    assert status < 500 and code not in ("NotImplemented", "InternalFailure"), (code, status)
