"""Inputs that AWS's own models ask for: plausible ones, broken ones, and the requests they make on the wire.

Which operations there are is read from docs/permissions.txt, their members and limits from botocore: an operation that is
added is covered without a line here.
"""

import http.client
import re
import sqlite3
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import md5
from urllib.parse import urlencode

import botocore.session
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.serialize import create_serializer
from running import REGION, ROOT

POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'
TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"000000000000"},'
    '"Action":"sts:AssumeRole"}]}'
)
# Values tried in this order against a member's length and pattern.
CANDIDATES = [
    "plausible", "plausible.example.com", "111111111111", "arn:aws:iam::111111111111:role/plausible", "plausible@x.com",
    "plausible-plausible-1", "AKIAQAAAAAAAAAAAAAAA", "123456", "{}", "ou-ab12-abcdefgh", "r-ab12", "o-abcdefghij",
    "p-abcdefgh", "h-abcdefghij", "car-0123456789abcdef", "arn:aws:organizations::111111111111:account/o-abcdefghij/111111111111",
    "https://plausible.example.com", "tag:plausible", "us-east-1", "us-east-1a", "0" * 40, "A" * 24, "/plausible/", "true", "a", "1",
    "r-ab12", "111111111111-abcd", "e-ab12", "rt-abcdefgh",
]
# What a member of this name must be like where its pattern does not say.
NAMED = {
    "AssumeRolePolicyDocument": TRUST, "PolicyDocument": POLICY, "Policy": POLICY, "PolicyInputList": POLICY,
    "Bucket": "plausible", "CopySource": "plausible/plausible", "InstanceId": "i-0123456789abcdef0",
    "InstanceIds": "i-0123456789abcdef0", "ImageId": "ami-0123456789abcdef0", "GroupId": "sg-0123456789abcdef0",
    "VpcId": "vpc-0123456789abcdef0", "SubnetId": "subnet-0123456789abcdef0", "Url": "https://plausible.example.com",
    "RoleArn": "arn:aws:iam::000000000000:role/plausible", "PolicyArn": "arn:aws:iam::000000000000:policy/plausible",
    "OpenIDConnectProviderArn": "arn:aws:iam::000000000000:oidc-provider/plausible.example.com",
    "SAMLProviderArn": "arn:aws:iam::000000000000:saml-provider/plausible",
    "PolicySourceArn": "arn:aws:iam::000000000000:user/plausible", "ActionNames": "s3:GetObject",
    "AllocationId": "eipalloc-0123456789abcdef0", "AssociationId": "iip-assoc-0123456789abcdef0",
    "SAMLProviderArn": "arn:aws:iam::000000000000:saml-provider/plausible",
    "PrincipalArn": "arn:aws:iam::000000000000:saml-provider/plausible",
    "SerialNumber": "arn:aws:iam::000000000000:mfa/plausible", "CallerArn": "arn:aws:iam::000000000000:user/plausible",
    "Arn": "arn:aws:iam::000000000000:user/plausible", "Resources": "i-0123456789abcdef0", "Path": "/plausible/",
    "EntityPath": "o-plausible1/r-plausible", "VersionId": "v1", "RoleSessionName": "plausible", "AWSServiceName": "es.amazonaws.com", "UploadId": "plausible",
    "ResourceId": "arn:aws:cloudtrail:us-east-1:000000000000:trail/plausible",
    "ResourceIdList": "arn:aws:cloudtrail:us-east-1:000000000000:trail/plausible",
    "TargetPrincipal": "111111111111", "arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials",
    "DeletionTaskId": "task/aws-service-role/es.amazonaws.com/AWSServiceRoleForX/01234567-89ab-cdef-0123-456789abcdef",
}


@cache
def session():
    return botocore.session.Session()


@cache
def model(service):
    return session().get_service_model(service)


@dataclass(frozen=True)
class Asked:
    """What docs/permissions.txt says of one operation."""

    service: str
    operation: str
    writes: bool
    actions: tuple
    open: bool


@cache
def operations():
    """Every operation that there is, of every service that botocore knows."""
    known = set(session().get_available_services())
    found, here = [], None
    for line in (ROOT / "docs" / "permissions.txt").read_text().splitlines():
        head = re.fullmatch(r"([\w-]+):(\w+)  (read|write)", line)
        ask = re.fullmatch(r"    ([\w-]+:\w+) on .*", line)
        if head:
            here = [head[1], head[2], head[3] == "write", [], False]
            found.append(here)
        elif ask:
            here[3].append(ask[1])
        elif line.startswith("    open:"):
            here[4] = True
    return [Asked(s, o, w, tuple(a), free) for s, o, w, a, free in found if s in known]


def plausible(shape, name="", depth=0):
    """A value that the model allows, of required members only."""
    kind = shape.type_name
    if kind == "structure":
        if depth > 8:
            return {}
        # A structure without any member would leave no trace in a form.
        members = shape.required_members or (list(shape.members)[:1] if depth else [])
        return {member: plausible(shape.members[member], member, depth + 1) for member in members}
    if kind == "list":
        count = max(shape.metadata.get("min", 1), 1)
        return [plausible(shape.member, name, depth + 1)] * count
    if kind == "map":
        return {plausible(shape.key, depth=depth + 1): plausible(shape.value, depth=depth + 1)}
    if kind in ("integer", "long", "float", "double"):
        return max(shape.metadata.get("min", 1), 1)
    if kind == "boolean":
        return True
    if kind == "timestamp":
        return 1_700_000_000
    if kind == "blob":
        return b"plausible"
    if shape.enum:
        return shape.enum[0]
    values = ([NAMED[name]] if name in NAMED else []) + CANDIDATES
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 10**9)
    values += [value * 64 for value in ("a", "0")] + ["a" * low]
    for value in values:
        if low <= len(value) <= high and fits(shape, value):
            return value
    raise AssertionError(f"no plausible value for {name or shape.name}: {shape.metadata}")


@cache
def compiled(pattern):
    """The pattern of a model, which is Java's; `None` where Python has no such thing."""
    pattern = pattern.replace("\\p{L}", "\\w").replace("\\p{Z}", "\\s").replace("\\p{N}", "\\d")
    pattern = pattern.replace("\\p{P}", "!-/").replace("\\p{M}", "").replace("\\p{S}", "").replace("\\p{Graph}", "!-~")
    try:
        return re.compile(pattern)
    except re.error:
        return None


def fits(shape, value):
    pattern = shape.metadata.get("pattern")
    found = compiled(pattern) if pattern else None
    return found is None or found.fullmatch(value) is not None


@dataclass
class Broken:
    """One way in which an input is not what the model says, and which member it is about."""

    why: str
    params: dict
    at: str


def replaced(params, path, value):
    """A copy of `params` with another value at `path`; no value, when it is `...`."""
    if not path:
        return value
    first, *rest = path
    copy = list(params) if isinstance(params, list) else dict(params)
    if not rest and value is ...:
        del copy[first]
        return copy
    copy[first] = replaced(copy[first] if rest else None, rest, value)
    return copy


def members(shape, params, path=(), depth=0):
    """Every member that a request can have down to a depth: its path, shape, whether required, and params that have it."""
    for name, member in shape.members.items():
        required = name in shape.required_members
        here = (*path, name)
        inner = params
        at = inner
        for step in path:
            at = at[step]
        if name not in at:
            inner = replaced(params, here, plausible(member, name))
        yield here, member, required, inner
        if depth >= 2:
            continue
        if member.type_name == "structure":
            yield from members(member, inner, here, depth + 1)
        elif member.type_name == "list":
            held = inner
            for step in here:
                held = held[step]
            if not held:
                continue
            if member.member.type_name == "structure":
                yield from members(member.member, inner, (*here, 0), depth + 1)
            else:
                yield (*here, 0), member.member, False, inner


# Where a value must be this long or match that, no model's maximum is above what one request carries.
LONGEST = 200_000


def broken_strings(shape, path, params):
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max")
    if shape.enum:
        yield "unknown enum", replaced(params, path, "NoSuchValue")
    if high is not None and high < LONGEST:
        yield "too long", replaced(params, path, "a" * (high + 1))
    if low > 0:
        yield "too short", replaced(params, path, "a" * (low - 1))
    pattern = compiled(shape.metadata["pattern"]) if "pattern" in shape.metadata else None
    if pattern is not None:
        wrong = (value for value in ("!\u0001 <>", "\u0001", "ä ö\u0007", "💥💥") if pattern.fullmatch(value) is None)
        value = next(wrong, None)
        if value is not None:
            yield "wrong pattern", replaced(params, path, value * max(1, low))


def broken_numbers(shape, path, params):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None:
        yield "below the range", replaced(params, path, low - 1)
    if high is not None and high < 2**31 - 1:
        yield "above the range", replaced(params, path, high + 1)


def broken(asked):
    """Every way to break one member of an operation's input, by AWS's model."""
    shape = model(asked.service).operation_model(asked.operation).input_shape
    if shape is None:
        return
    base = plausible(shape)
    for path, member, required, params in members(shape, base):
        at = ".".join(map(str, path))
        kind = member.type_name
        found = []
        in_uri = len(path) == 1 and member.serialization.get("location") == "uri"
        if required and not in_uri:
            found.append(("missing", replaced(params, path, ...)))
        if kind == "string":
            found += broken_strings(member, path, params)
            if in_uri:
                found = [(why, broken) for why, broken in found if why != "too short"]
        elif kind in ("integer", "long"):
            found += broken_numbers(member, path, params)
        elif kind == "list":
            high = member.metadata.get("max")
            if high is not None and high <= 1000:
                held = params
                for step in path:
                    held = held[step]
                found.append(("too many", replaced(params, path, (held or [plausible(member.member)]) * (high + 1))))
        for why, params_of in found:
            yield Broken(why, params_of, at)


@dataclass
class Sent:
    """A request before it is signed."""

    method: str
    path: str
    headers: dict
    body: bytes


def serialized(service, operation, params):
    of = model(service)
    request = create_serializer(of.protocol, False).serialize_to_request(params, of.operation_model(operation))
    body = request["body"]
    if isinstance(body, dict):
        body = urlencode(body).encode()
    elif isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, (bytes, bytearray)):
        body = b""
    query = request["query_string"]
    if isinstance(query, dict):
        query = urlencode(query, doseq=True)
    path = request["url_path"]
    if query:
        path += ("&" if "?" in path else "?") + query
    headers = {name: str(value) for name, value in request["headers"].items()}
    if of.operation_model(operation).http_checksum.get("requestChecksumRequired"):
        headers["Content-MD5"] = b64encode(md5(body).digest()).decode()
    return Sent(request["method"], path, headers, bytes(body))


class Wire:
    """Signed requests over one connection, as bytes that no client would send."""

    def __init__(self, server, region=REGION):
        self.server, self.region = server, region
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def send(self, service, request, keys):
        """Status, code and message of the answer; signs unless `keys` is `None`."""
        url = f"http://127.0.0.1:{self.server.port}{request.path}"
        signed = AWSRequest(request.method, url, headers=request.headers, data=request.body)
        if keys:
            auth = S3SigV4Auth if service == "s3" else SigV4Auth
            auth(Credentials(keys.id, keys.secret, keys.token), service, self.region).add_auth(signed)
        headers = {name: value for name, value in signed.headers.items()}
        try:
            return self._exchange(request, headers)
        except (http.client.HTTPException, OSError):
            # An answer to a body that was not read to its end closes the connection.
            self.connection.close()
            return self._exchange(request, headers)

    def _exchange(self, request, headers):
        self.connection.request(request.method, request.path, body=request.body, headers=headers)
        answer = self.connection.getresponse()
        body = answer.read()
        return answer.status, code_of(answer.status, body), body.decode("utf-8", "replace")

    def call(self, asked, params, keys):
        return self.send(asked.service, serialized(asked.service, asked.operation, params), keys)


class Kept:
    """What the store of a running server holds."""

    # What loops write by themselves: audit records on their way into segments, last uses, how far trails have come, notes on
    # networks and disks that are worked off.
    PASSING = tuple(table.to_bytes(2, "big") for table in (1, 89, 134, 135, 136, 161, 170))

    def __init__(self, folder):
        path = folder / "store.sqlite"
        self.connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        self.at, self.sum = -1, None

    def digest(self):
        """A digest of every row, made anew only after a commit."""
        (at,) = self.connection.execute("SELECT rev FROM meta").fetchone()
        if at != self.at:
            self.at, self.sum = at, hash(tuple(self._rows()))
        return self.sum

    def of_account(self, number):
        """A digest of the rows whose keys begin with an account."""
        account = int(number).to_bytes(8, "big")
        return hash(tuple(row for row in self._rows() if row[0][2:10] == account))

    def _rows(self):
        rows = self.connection.execute("SELECT k, v, rev FROM kv ORDER BY k")
        return (row for row in rows if not row[0].startswith(self.PASSING))


def code_of(status, body):
    """The error's code, whatever the protocol; the status where there is no body."""
    found = re.search(rb"<Code>([^<]*)</Code>", body) or re.search(rb'"__type"\s*:\s*"([^"]*)"', body)
    return found[1].decode().split("#")[-1] if found else str(status)
