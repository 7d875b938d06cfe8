"""Every operation with every kind of bad input: the documented error, nothing changed, nothing broken."""

import gzip
import json
from urllib.parse import quote

import pytest
from modeled import Kept, Sent, Wire, broken, model, operations, plausible, serialized
from running import Server

# What AWS answers to input that breaks its model, by protocol.
CONSTRAINT = {
    "query": {"ValidationError"},
    # A structure that has lost its only member leaves no trace in a form: then the refusal is of what it is part of.
    "ec2": {"MissingParameter", "InvalidParameterValue", "InvalidInstanceType", "UnsupportedOperation"},
    "json": {"ValidationException", "InvalidInputException"},
    "rest-json": {"ValidationException"},
    "rest-xml": {
        "InvalidArgument", "InvalidRequest", "MalformedXML", "InvalidBucketName", "InvalidTag", "KeyTooLongError",
        "InvalidStorageClass", "InvalidLocationConstraint", "MissingRequestBodyError",
    },
}
# And to what is not even of its type.
MALFORMED = {
    "query": {"ValidationError", "MalformedInput"},
    "ec2": {"MissingParameter", "InvalidParameterValue"},
    "json": {"SerializationException", "ValidationException", "InvalidInputException"},
    "rest-json": {"SerializationException", "ValidationException"},
    "rest-xml": {"InvalidArgument", "InvalidRequest", "MalformedXML", "InvalidURI"},
}
ALL = [pytest.param(asked, id=f"{asked.service}-{asked.operation}") for asked in operations()]
LONGEST_BODY = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad") / "data"
    with Server("--compute", "none", data=folder) as server:
        s3 = server.client("s3", server.root)
        s3.create_bucket(Bucket="plausible")
        s3.put_object(Bucket="plausible", Key="plausible", Body=b"x")
        yield server, Wire(server), Kept(folder)
        assert "panic" not in server.said(), server.said()


def protocol_of(asked):
    return model(asked.service).protocol


def shape_of(asked):
    return model(asked.service).operation_model(asked.operation).input_shape


def send(shared, asked, request, note, codes=None, may_pass=False):
    """What is wrong with the answer: it must refuse, with one of `codes` where given, and then have changed nothing."""
    server, wire, kept = shared
    before = kept.digest()
    status, code, body = wire.send(asked.service, request, server.root)
    if may_pass and status < 300:
        return []
    if not 400 <= status < 500 or (codes and code not in codes | {str(status)}):
        return [f"{note}: {status} {body[:300]}"]
    return [f"{note}: refused, and the store has changed"] if kept.digest() != before else []


def names_operation(asked, case):
    """Whether without this member the request is another operation: S3 tells them apart by parameters and headers."""
    member = shape_of(asked).members[case.at] if "." not in case.at else None
    place = member.serialization.get("location") if member is not None else None
    return case.why == "missing" and asked.service == "s3" and place in ("querystring", "header")


@pytest.mark.parametrize("asked", ALL)
def test_what_the_model_forbids_is_refused_as_documented(shared, asked):
    wrong = []
    for case in broken(asked):
        if not names_operation(asked, case):
            request = serialized(asked.service, asked.operation, case.params)
            wrong += send(shared, asked, request, f"{case.why} at {case.at}", CONSTRAINT[protocol_of(asked)])
    assert not wrong, "\n".join(wrong)


def good(asked):
    shape = shape_of(asked)
    return serialized(asked.service, asked.operation, plausible(shape) if shape else {})


def changed(request, **parts):
    return Sent(**(vars(request) | parts))


def form_of(member):
    return member.type_name in ("integer", "long", "boolean", "timestamp", "float", "double", "blob")


def wrong_types(asked):
    """Requests whose numbers are words, whose texts are lists; by the form of the protocol."""
    shape, protocol = shape_of(asked), protocol_of(asked)
    if shape is None:
        return
    request = good(asked)
    for name, member in shape.members.items():
        if protocol in ("query", "ec2") and form_of(member) and member.type_name != "blob":
            key = member.serialization.get("queryName") or member.serialization.get("name", name)
            key = key if protocol == "query" else key[0].upper() + key[1:]
            pairs = [pair for pair in request.body.split(b"&") if not pair.startswith(key.encode() + b"=")]
            yield name, changed(request, body=b"&".join([*pairs, key.encode() + b"=word"]))
        elif protocol in ("json", "rest-json"):
            value = {"no": "text"} if member.type_name not in ("structure", "map") else [1]
            held = json.loads(request.body or b"{}") | {name: value}
            yield name, changed(request, body=json.dumps(held).encode())
        elif protocol == "rest-xml" and form_of(member) and member.serialization.get("location") == "querystring":
            key, (path, _, query) = member.serialization["name"], request.path.partition("?")
            pairs = [pair for pair in query.split("&") if pair and not pair.startswith(key + "=")]
            yield name, changed(request, path=path + "?" + "&".join([*pairs, key + "=word"]))


@pytest.mark.parametrize("asked", ALL)
def test_values_of_another_type_are_malformed(shared, asked):
    wrong = []
    for name, request in wrong_types(asked):
        wrong += send(shared, asked, request, f"type of {name}", MALFORMED[protocol_of(asked)])
    assert not wrong, "\n".join(wrong)


def twice(asked, request):
    """The same member again with another value."""
    protocol, body = protocol_of(asked), request.body
    if protocol in ("query", "ec2"):
        more = [pair.split(b"=")[0] + b"=other" for pair in body.split(b"&")]
        return changed(request, body=b"&".join([body, *more]))
    if protocol in ("json", "rest-json") and len(body) > 2:
        return changed(request, body=body[:-1] + b"," + body[1:])
    if protocol == "rest-xml" and body.startswith(b"<"):
        inside = body.index(b">") + 1
        last = body.rindex(b"</")
        return changed(request, body=body[:last] + body[inside:last] + body[last:])
    return None


def deep(asked, request):
    """Nesting without end."""
    protocol = protocol_of(asked)
    if protocol in ("query", "ec2"):
        return changed(request, body=request.body + b"&" + b".".join([b"Tags.member.1"] * 2000) + b"=x")
    if protocol in ("json", "rest-json"):
        return changed(request, body=b'{"a":' * 20_000)
    return changed(request, body=b"<a>" * 20_000) if request.body.startswith(b"<") else None


def huge(asked, request):
    """A megabyte in the first text."""
    protocol, long = protocol_of(asked), b"a" * 1_000_000
    if protocol in ("query", "ec2"):
        pairs = request.body.split(b"&")
        first = next((pair for pair in pairs if not pair.startswith((b"Action=", b"Version="))), None)
        if first is None:
            return changed(request, body=request.body + b"&Unknown=" + long)
        return changed(request, body=request.body.replace(first, first.split(b"=")[0] + b"=" + long, 1))
    if protocol in ("json", "rest-json"):
        return changed(request, body=b'{"Name":"' + long + b'"}')
    return changed(request, body=b"<a>" + long + b"</a>") if request.body.startswith(b"<") else None


def not_utf8(asked, request):
    protocol = protocol_of(asked)
    if protocol in ("query", "ec2"):
        return changed(request, body=request.body + b"&Path=%ff%fe&X\xff=\xfe")
    if protocol in ("json", "rest-json"):
        return changed(request, body=b'{"\xff": "\xfe"}')
    if request.body.startswith(b"<"):
        return changed(request, body=request.body.replace(b"</", b"\xff\xfe</"))
    return changed(request, path=request.path + ("&" if "?" in request.path else "?") + "prefix=%ff%fe")


def packed(asked, body):
    request = good(asked)
    return changed(request, headers=request.headers | {"Content-Encoding": "gzip"}, body=body)


BOMB = gzip.compress(b"Action=x&" + b"a" * 4 * LONGEST_BODY)


@pytest.mark.parametrize("asked", ALL)
def test_bytes_that_no_client_sends_break_nothing(shared, asked):
    streams = shape_of(asked) is not None and shape_of(asked).serialization.get("payload") == "Body"
    wrong = []
    for make in (twice, deep, huge, not_utf8):
        request = make(asked, good(asked))
        if request is not None:
            wrong += send(shared, asked, request, make.__name__, may_pass=True)
    if protocol_of(asked) != "rest-xml" and not streams:
        wrong += send(shared, asked, packed(asked, BOMB), "bomb", {"RequestEntityTooLarge"})
        wrong += send(shared, asked, packed(asked, b"not gzip"), "not gzip", MALFORMED[protocol_of(asked)] | {"MalformedInput"})
        cut = gzip.compress(good(asked).body)[:-6]
        wrong += send(shared, asked, packed(asked, cut), "cut gzip", MALFORMED[protocol_of(asked)] | {"MalformedInput"})
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("service", sorted({asked.service for asked in operations()}))
def test_a_body_past_the_limit_is_refused(shared, service):
    server, wire, kept = shared
    asked = next(asked for asked in operations() if asked.service == service and good(asked).body)
    before = kept.digest()
    request = changed(good(asked), body=good(asked).body + b"&" + b"a" * LONGEST_BODY)
    status, code, _ = wire.send(service, request, server.root)
    assert (status, code) == (413, "RequestEntityTooLarge") and kept.digest() == before


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", ""])
def test_a_form_of_another_content_type_is_read_or_refused_but_breaks_nothing(shared, kind):
    asked = next(asked for asked in operations() if asked.operation == "CreateUser")
    request = good(asked)
    request.headers["Content-Type"] = kind
    assert not send(shared, asked, request, kind, may_pass=True)


def test_names_with_every_byte_are_refused_or_kept_as_they_are(shared):
    server, wire, _ = shared
    asked = next(asked for asked in operations() if asked.operation == "CreateUser")
    for byte in range(256):
        body = f"Action=CreateUser&Version=2010-05-08&UserName=n{quote(bytes([byte]))}".encode()
        status, code, text = wire.send("iam", changed(good(asked), body=body), server.root)
        fine = chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "_+=,.@-")
        taken = status == 409 and code == "EntityAlreadyExists"
        assert (status == 200 or taken) if fine else (status, code) == (400, "ValidationError"), (byte, text)
