"""SAML federation: a real identity provider signs people in, and STS gives them roles."""

import base64
import hashlib
import json

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from running import Keys, allow
from saml_provider import HERE, SamlProvider

ACTION = "sts:AssumeRoleWithSAML"
SIGN_IN = "https://signin.aws.amazon.com/saml"
AWS = "https://aws.amazon.com/SAML/Attributes/"


@pytest.fixture(scope="module")
def idp():
    with SamlProvider() as provider:
        yield provider


@pytest.fixture
def people(server, idp):
    """The provider's and the role's ARN: whoever the provider sends may read S3."""
    iam = server.client("iam", server.root)
    provider = iam.create_saml_provider(Name="corp", SAMLMetadataDocument=idp.metadata())["SAMLProviderArn"]
    statement = {
        "Effect": "Allow", "Principal": {"Federated": provider},
        "Action": [ACTION, "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": {"StringEquals": {"SAML:aud": SIGN_IN}}}
    trusting = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="people", AssumeRolePolicyDocument=trusting)["Role"]["Arn"]
    iam.put_role_policy(RoleName="people", PolicyName="own", PolicyDocument=json.dumps(allow("s3:ListAllMyBuckets")))
    return provider, role


def attributes(provider, role, **more):
    said = {"Role": f"{role},{provider}", "RoleSessionName": "ann"} | more
    return {AWS + name: value for name, value in said.items()}


def assume(server, provider, role, response, **more):
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    sts = boto3.client("sts", endpoint_url=server.url, region_name="us-east-1", config=config)
    return sts.assume_role_with_saml(RoleArn=role, PrincipalArn=provider, SAMLAssertion=response, **more)


def refused(server, people, response, **more):
    with pytest.raises(ClientError) as error:
        assume(server, *people, response, **more)
    error = error.value.response["Error"]
    return error["Code"], error["Message"]


def test_somebody_signs_in_and_uses_the_role_with_the_aws_cli(server, idp, people):
    provider, role = people
    response = idp.sign_in(attributes(provider, role))
    # As people do it: no credentials at all.
    given = server.aws(
        None, "sts", "assume-role-with-saml", "--role-arn", role, "--principal-arn", provider,
        "--saml-assertion", response).json()
    assert given["AssumedRoleUser"]["Arn"].endswith(":assumed-role/people/ann")
    assert given["Subject"] == "ann@example.com" and given["SubjectType"] == "persistent"
    assert given["Issuer"] == idp.issuer and given["Audience"] == SIGN_IN
    account = role.split(":")[4]
    digest = hashlib.sha1(f"{idp.issuer}{account}/corp".encode()).digest()
    assert given["NameQualifier"] == base64.b64encode(digest).decode()
    keys = Keys.of(given["Credentials"])
    assert server.client("s3", keys).list_buckets()["Buckets"] == []
    server.aws(keys, "iam", "list-users").refused("AccessDenied")


def test_whoever_signs_response_assertion_or_both_is_understood(server, idp, people):
    for how in ({"sign": "assertion"}, {"sign": "response"}, {"sign": "both"}):
        response = idp.sign_in(attributes(*people), **how)
        assert assume(server, *people, response)["Subject"] == "ann@example.com"


def test_tags_and_a_source_identity_come_along(server, idp, people):
    said = attributes(*people) | {
        AWS + "PrincipalTag:team": "blue", AWS + "TransitiveTagKeys": ["team"], AWS + "SourceIdentity": "ann"}
    given = assume(server, *people, idp.sign_in(said), DurationSeconds=900)
    assert given["SourceIdentity"] == "ann" and given["PackedPolicySize"] > 0
    keys = Keys.of(given["Credentials"])
    iam = server.client("iam", server.root)
    only_blue = allow("s3:ListAllMyBuckets", Condition={"StringEquals": {
        "aws:PrincipalTag/team": "${aws:PrincipalTag/team}", "aws:SourceIdentity": "ann",
        "saml:sub": "ann@example.com", "aws:FederatedProvider": people[0]}})
    iam.put_role_policy(RoleName="people", PolicyName="own", PolicyDocument=json.dumps(only_blue))
    assert server.client("s3", keys).list_buckets()["Buckets"] == []


def test_a_response_is_good_once_and_unaltered(server, idp, people):
    response = idp.sign_in(attributes(*people))
    assume(server, *people, response)
    assert refused(server, people, response)[0] == "InvalidIdentityToken"
    text = base64.b64decode(idp.sign_in(attributes(*people)))
    altered = base64.b64encode(text.replace(b"ann@example.com", b"root@example.com")).decode()
    assert refused(server, people, altered) == ("InvalidIdentityToken", "Response signature invalid")


def test_what_the_provider_must_not_say_is_refused(server, idp, people):
    say = lambda **says: refused(server, people, idp.sign_in(attributes(*people), **says))  # noqa: E731
    assert say(stranger=True) == ("InvalidIdentityToken", "Response signature invalid")
    assert say(algorithm="rsa-sha1") == ("InvalidIdentityToken", "Response signature invalid")
    assert say(digest="sha1") == ("InvalidIdentityToken", "Response signature invalid")
    assert say(audience="https://example.com") == (
        "InvalidIdentityToken", "Response does not contain the required audience.")
    assert say(recipient="https://example.com/saml")[0] == "InvalidIdentityToken"
    provider, role = people
    other = idp.sign_in(attributes(provider, role.replace("people", "admins")))
    assert refused(server, people, other) == ("AccessDenied", f"Not authorized to perform {ACTION}")
    nameless = idp.sign_in({AWS + "Role": f"{role},{provider}"})
    assert refused(server, people, nameless) == (
        "InvalidIdentityToken", "RoleSessionName is required in AuthnResponse")
    long = idp.sign_in(attributes(*people))
    assert refused(server, people, long, DurationSeconds=43200)[0] == "ValidationError"


def test_encrypted_assertions_are_opened_with_the_providers_key(server, idp, people):
    iam = server.client("iam", server.root)
    gcm = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
    cbc = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
    sealed = lambda how: idp.sign_in(attributes(*people), encrypt=how)  # noqa: E731
    assert refused(server, people, sealed(gcm))[0] == "InvalidIdentityToken"
    key = (HERE / "decrypt.key").read_text()
    iam.update_saml_provider(SAMLProviderArn=people[0], AddPrivateKey=key, AssertionEncryptionMode="Required")
    for how in (gcm, cbc):
        assert assume(server, *people, sealed(how))["Subject"] == "ann@example.com"
    assert refused(server, people, idp.sign_in(attributes(*people)))[0] == "InvalidIdentityToken"
    got = iam.get_saml_provider(SAMLProviderArn=people[0])
    assert got["AssertionEncryptionMode"] == "Required" and "EntityDescriptor" in got["SAMLMetadataDocument"]
    iam.update_saml_provider(SAMLProviderArn=people[0], AssertionEncryptionMode="Allowed")
    iam.update_saml_provider(SAMLProviderArn=people[0], RemovePrivateKey=got["PrivateKeyList"][0]["KeyId"])
    assert refused(server, people, sealed(gcm))[0] == "InvalidIdentityToken"


def test_a_deleted_provider_vouches_for_nobody(server, idp, people):
    response = idp.sign_in(attributes(*people))
    server.client("iam", server.root).delete_saml_provider(SAMLProviderArn=people[0])
    assert refused(server, people, response) == ("InvalidIdentityToken", "Specified provider doesn't exist.")
