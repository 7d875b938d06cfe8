"""AssumeRoleWithWebIdentity with a real OpenID Connect provider, the unmodified aws CLI and boto3."""

import hashlib
import hmac
import http.client
import json
import time
from urllib.parse import urlencode

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from identity_provider import IdentityProvider, b64, parts, unsigned
from running import REGION, Keys, Server, allow, run

ACTION = "sts:AssumeRoleWithWebIdentity"


@pytest.fixture(scope="module")
def world():
    with IdentityProvider() as provider, Server("--compute", "none") as server:
        yield World(server, provider)


class World:
    """A server whose account has registered the provider, with roles for its users."""

    def __init__(self, server, provider):
        self.server, self.provider = server, provider
        self.iam = server.client("iam", server.root)
        clients = ["rolecall-app", "rolecall-es"]
        made = self.iam.create_open_id_connect_provider(Url=provider.url, ClientIDList=clients)
        self.provider_arn = made["OpenIDConnectProviderArn"]
        self.name = provider.url.removeprefix("http://")
        config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
        self.sts = boto3.client("sts", endpoint_url=server.url, region_name=REGION, config=config)

    def role(self, name, actions=ACTION, **condition):
        statement = {"Effect": "Allow", "Principal": {"Federated": self.provider_arn}, "Action": actions}
        statement |= {"Condition": condition} if condition else {}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
        self.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(allow("iam:ListUsers")))
        return made["Role"]["Arn"]

    def assume(self, arn, token, **more):
        return self.sts.assume_role_with_web_identity(
            RoleArn=arn, RoleSessionName="app", WebIdentityToken=token, **more)

    def refused(self, code, arn, token):
        with pytest.raises(ClientError) as caught:
            self.assume(arn, token)
        assert caught.value.response["Error"]["Code"] == code, caught.value
        return caught.value.response["Error"]["Message"]


@pytest.fixture(scope="module")
def guest(world):
    return world.role("guest", StringEquals={f"{world.name}:aud": ["rolecall-app", "rolecall-es"]})


def test_the_aws_cli_assumes_a_role_without_any_key(world, guest):
    token = world.provider.id_token()
    words = ["sts", "assume-role-with-web-identity", "--role-arn", guest, "--role-session-name", "cli"]
    answer = world.server.aws(None, *words, "--web-identity-token", token).json()
    assert answer["SubjectFromWebIdentityToken"] == "ann"
    assert answer["Audience"] == "rolecall-app"
    assert answer["Provider"] == world.provider_arn
    keys = Keys.of(answer["Credentials"])
    me = world.server.aws(keys, "sts", "get-caller-identity").json()
    assert me["Arn"] == "arn:aws:sts::000000000000:assumed-role/guest/cli"
    world.server.aws(keys, "iam", "list-users").ok()
    world.server.aws(keys, "iam", "list-roles").refused("AccessDenied")


def test_the_sdk_finds_the_token_in_its_file(world, guest, tmp_path):
    file = tmp_path / "token"
    file.write_text(world.provider.id_token("bob", "rolecall-es"))
    environment = world.server.environment(None) | {
        "AWS_ROLE_ARN": guest, "AWS_WEB_IDENTITY_TOKEN_FILE": str(file), "AWS_ROLE_SESSION_NAME": "pod"}
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    done = run([__import__("sys").executable, "-c", program], environment)
    assert done.ok().strip() == "arn:aws:sts::000000000000:assumed-role/guest/pod"


def test_the_trust_policy_tells_users_apart(world):
    arn = world.role("for-ann", StringEquals={f"{world.name}:sub": "ann"})
    world.assume(arn, world.provider.id_token("ann"))
    message = world.refused("AccessDenied", arn, world.provider.id_token("bob"))
    assert message == f"Not authorized to perform {ACTION}"


def test_tags_and_the_source_identity_follow_the_user(world):
    arn = world.role("tagged", [ACTION, "sts:TagSession", "sts:SetSourceIdentity"])
    document = allow("iam:CreateUser", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue", "aws:SourceIdentity": "ann"}})
    world.iam.put_role_policy(RoleName="tagged", PolicyName="blue", PolicyDocument=json.dumps(document))
    make = lambda answer, name: world.server.client("iam", Keys.of(answer["Credentials"])).create_user(UserName=name)
    answer = world.assume(arn, world.provider.id_token("ann", scope="openid aws"))
    assert answer["SourceIdentity"] == "ann" and answer["PackedPolicySize"] > 0
    make(answer, "made-by-ann")
    with pytest.raises(ClientError):
        make(world.assume(arn, world.provider.id_token("ann")), "untagged")
    with pytest.raises(ClientError):
        make(world.assume(arn, world.provider.id_token("bob", scope="openid aws")), "made-by-bob")


def test_forged_tokens_are_refused(world, guest):
    token = world.provider.id_token()
    header, claims, signature = parts(token)
    world.assume(guest, token)
    world.refused("InvalidIdentityToken", guest, unsigned({"alg": "none"}, claims) + ".")
    world.refused("InvalidIdentityToken", guest, f"{unsigned(header, claims | {'sub': 'admin'})}.{signature}")
    [public] = [key for key in world.provider.keys() if key["kid"] == header["kid"]]
    forged = unsigned(header | {"alg": "HS256"}, claims)
    for secret in (json.dumps(public), public["n"]):
        tag = hmac.new(secret.encode(), forged.encode(), hashlib.sha256).digest()
        world.refused("InvalidIdentityToken", guest, f"{forged}.{b64(tag)}")
    other = unsigned(header | {"kid": "nobody's"}, claims)
    message = world.refused("InvalidIdentityToken", guest, f"{other}.{signature}")
    assert message.startswith("Couldn't retrieve verification key")
    assert world.refused("InvalidIdentityToken", guest, "just text").startswith("The ID Token provided is not a valid JWT")


def test_tokens_for_others_and_from_others_are_refused(world, guest):
    message = world.refused("InvalidIdentityToken", guest, world.provider.id_token(client="another-app"))
    assert message == "Incorrect token audience"
    with IdentityProvider() as stranger:
        message = world.refused("InvalidIdentityToken", guest, stranger.id_token())
        assert message == f"No OpenIDConnect provider found in your account for {stranger.url}"
        # A stranger's keys under the trusted provider's name.
        header, claims, _ = parts(stranger.id_token())
        world.refused("InvalidIdentityToken", guest, f"{unsigned(header, claims | {'iss': world.provider.url})}.AAAA")


def test_an_unsigned_request_may_do_nothing_else(world, guest):
    def post(**form):
        connection = http.client.HTTPConnection("127.0.0.1", world.server.port, timeout=30)
        body = urlencode({"Version": "2011-06-15"} | form)
        connection.request("POST", "/", body, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    status, text = post(Action="GetCallerIdentity")
    assert status == 403 and "MissingAuthenticationToken" in text, text
    status, text = post(Action="AssumeRole", RoleArn=guest, RoleSessionName="app")
    assert status == 403 and "MissingAuthenticationToken" in text, text
    status, text = post(Action="ListUsers", Version="2010-05-08")
    assert status == 403 and "MissingAuthenticationToken" in text, text
    status, text = post(Action=ACTION.removeprefix("sts:"), RoleArn=guest, RoleSessionName="app", WebIdentityToken="a" * 20_001)
    assert status == 400 and "ValidationError" in text, text
    status, text = post(Action=ACTION.removeprefix("sts:"), RoleArn=guest, RoleSessionName="app", WebIdentityToken="a" * 700_000)
    assert status == 413, text


def test_another_account_trusts_the_tokens_of_this_servers_own_issuer(world):
    issuer = world.server.aws(world.server.root, "iam", "enable-outbound-web-identity-federation").json()["IssuerIdentifier"]
    assert issuer.startswith(world.server.url)
    job = world.server.user("job", allow("sts:GetWebIdentityToken"))
    ask = ["sts", "get-web-identity-token", "--audience", "other-account", "--signing-algorithm"]
    world.server.aws(world.server.user("idle"), *ask, "ES384").refused("AccessDenied")
    boss = world.server.account("333333333333")
    iam = world.server.client("iam", boss)
    provider = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["other-account"])["OpenIDConnectProviderArn"]
    name = issuer.removeprefix("http://")
    statement = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": ACTION}
    statement["Condition"] = {"StringEquals": {f"{name}:sub": "arn:aws:iam::000000000000:user/job"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = iam.create_role(RoleName="across", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for algorithm in ("ES384", "RS256"):
        token = world.server.aws(job, *ask, algorithm).json()["WebIdentityToken"]
        header, claims, _ = parts(token)
        assert header["alg"] == algorithm and claims["iss"] == issuer
        if algorithm == "ES384":
            answer = world.assume(arn, token)
            assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::333333333333:assumed-role/across/app"


def test_a_new_key_of_the_provider_counts_and_a_missing_provider_does_not(world):
    """Last: it restarts the provider."""
    arn = world.role("rotating")
    before = world.provider.id_token()
    world.assume(arn, before)
    world.provider.stop()
    world.assume(arn, before)
    world.provider.start()
    after = world.provider.id_token()
    # A key that nobody knew is asked for again, but not at once.
    end = time.monotonic() + 60
    while True:
        try:
            world.assume(arn, after)
            break
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidIdentityToken" and time.monotonic() < end, error
            time.sleep(1)
    world.refused("InvalidIdentityToken", arn, before)
    world.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=world.provider_arn)
    world.refused("InvalidIdentityToken", arn, after)
