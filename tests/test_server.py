"""The server as its operator meets it: start, stop, state, TLS, reset, mistakes."""

import json
import signal
import ssl
import threading
import time
import urllib.request

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from running import BINARY, Keys, Server, allow, clean, free_port, run


def test_what_was_acknowledged_is_there_after_a_restart(tmp_path):
    with Server("--compute", "none", data=tmp_path / "d") as server:
        root = server.root
        ann = server.user("ann", allow("iam:GetUser"))
    with Server("--compute", "none", data=tmp_path / "d") as server:
        assert server.root is None, "root keys are shown once"
        names = [u["UserName"] for u in server.client("iam", root).list_users()["Users"]]
        assert names == ["ann"]
        assert server.client("iam", ann).get_user()["User"]["UserName"] == "ann"


def test_a_second_server_on_the_same_folder_does_not_start(tmp_path):
    with Server("--compute", "none", data=tmp_path / "d"):
        second = run([BINARY, "up", "--listen", f"127.0.0.1:{free_port()}", "--data", tmp_path / "d"], clean({}))
        assert second.code == 1 and str(tmp_path / "d") in second.err


def test_secrets_are_in_no_file_and_no_log(tmp_path):
    with Server("--compute", "none", "--log", "debug", data=tmp_path / "d") as server:
        ann = server.user("ann")
        server.client("iam", ann)
        with pytest.raises(ClientError):
            server.client("iam", ann).list_users()
        said = server.said()
    assert ann.secret not in said
    for path in (tmp_path / "d").rglob("*"):
        if path.is_file():
            assert ann.secret.encode() not in path.read_bytes(), path
            assert path.stat().st_mode & 0o077 == 0, path


def test_killed_at_any_moment_it_keeps_every_acknowledged_write(tmp_path):
    root = Keys("AKIAQAAAAAAAAAAAAAAB", "kill/kill/kill/kill/kill/kill/kill/kill/")
    environment = {"ROLECALL_ROOT_ACCESS_KEY_ID": root.id, "ROLECALL_ROOT_SECRET_ACCESS_KEY": root.secret}
    acknowledged, sequence, port = set(), iter(range(10**9)), free_port()
    for round_number in range(12):
        server = Server("--compute", "none", data=tmp_path / "d", environment=environment, port=port)

        def write():
            iam = server.client("iam", root, connect_timeout=2, read_timeout=5)
            while True:
                name = f"u{next(sequence)}"
                try:
                    iam.create_user(UserName=name)
                except (BotoCoreError, ClientError, OSError):
                    return
                acknowledged.add(name)

        writers = [threading.Thread(target=write) for _ in range(4)]
        before = len(acknowledged)
        for writer in writers:
            writer.start()
        while len(acknowledged) < before + 10 + round_number:
            time.sleep(0.005)
        server.stop(signal.SIGKILL)
        for writer in writers:
            writer.join()
    with Server("--compute", "none", data=tmp_path / "d", environment=environment) as server:
        pages = server.client("iam", root).get_paginator("list_users").paginate()
        found = {u["UserName"] for page in pages for u in page["Users"]}
    assert acknowledged <= found, acknowledged - found


def reset(server, keys):
    command = ["curl", "-sS", "-X", "POST", "--aws-sigv4", "aws:amz:us-east-1:rolecall", "--user",
               f"{keys.id}:{keys.secret}", "-w", "\n%{http_code} %{time_total}", f"{server.url}/_rolecall/reset"]
    said = run(command, clean({})).ok()
    code, seconds = said.splitlines()[-1].split()
    return int(code), float(seconds), said


def test_reset_empties_everything_for_root_alone(server):
    ann = server.user("ann", allow("*"))
    server.client("s3", server.root).create_bucket(Bucket="photos")
    assert reset(server, ann)[0] == 403
    code, seconds, said = reset(server, server.root)
    assert code == 200, said
    assert server.client("iam", server.root).list_users()["Users"] == []
    assert server.client("s3", server.root).list_buckets()["Buckets"] == []
    with pytest.raises(ClientError) as refused:
        server.client("sts", ann).get_caller_identity()
    assert refused.value.response["Error"]["Code"] == "InvalidClientTokenId"


def test_a_server_that_keeps_state_is_not_reset(tmp_path):
    with Server("--compute", "none", data=tmp_path / "d") as server:
        code, _, said = reset(server, server.root)
        assert code == 400 and "--ephemeral" in said


def test_health_answers_without_a_signature(server):
    with urllib.request.urlopen(server.url + "/_rolecall/health") as answer:
        assert answer.status == 200 and json.load(answer)["status"] == "ready"


def test_tls_serves_the_same_with_a_certificate_that_clients_can_trust(tmp_path):
    port = free_port()
    with Server("--compute", "none", "--tls-listen", f"127.0.0.1:{port}", data=tmp_path / "d") as server:
        trusted = ssl.create_default_context(cafile=tmp_path / "d" / "tls" / "cert.pem")
        with urllib.request.urlopen(f"https://localhost:{port}/_rolecall/health", context=trusted) as answer:
            assert answer.status == 200
        environment = server.environment(server.root) | {
            "AWS_ENDPOINT_URL": f"https://localhost:{port}", "AWS_CA_BUNDLE": str(tmp_path / "d" / "tls" / "cert.pem")}
        from running import AWS

        assert "root" in run([AWS, "sts", "get-caller-identity"], environment).ok()


@pytest.mark.parametrize("words, text", [
    (["up", "--enforce", "off"], "--enforce"),
    (["up", "--ephemeral", "--data", "x"], "--ephemeral"),
    (["up", "--account", "12"], "twelve digits"),
    (["up", "--compute", "magic"], "magic"),
    (["up", "--quota", "stars=7"], "stars"),
    (["up", "--quota", "roles=many"], "roles=many"),
    (["up", "--issuer-url", "roles.example.com"], "roles.example.com"),
    (["down"], "down"),
])
def test_a_mistyped_command_line_stops_everything(words, text):
    done = run([BINARY, *words], clean({}))
    assert done.code == 2 and text in done.err, done


def test_an_unknown_rolecall_variable_stops_the_start():
    done = run([BINARY, "up", "--ephemeral"], clean({"ROLECALL_ENFORCE": "0"}))
    assert done.code == 2 and "ROLECALL_ENFORCE" in done.err


def test_an_address_in_use_is_told_with_what_to_do(server):
    done = run([BINARY, "up", "--ephemeral", "--listen", f"127.0.0.1:{server.port}"], clean({}))
    assert done.code == 1 and "--listen" in done.err, done


def test_sigterm_stops_it_cleanly(tmp_path):
    server = Server("--compute", "none", data=tmp_path / "d")
    assert server.stop(signal.SIGTERM) == 0


def test_every_denial_names_a_request_that_why_explains(server):
    nobody = server.user("nobody")
    with pytest.raises(ClientError) as refused:
        server.client("iam", nobody).list_users()
    request = refused.value.response["ResponseMetadata"]["RequestId"]
    said = server.rolecall(server.root, "why", request).ok()
    assert "iam:ListUsers" in said and "AccessDenied" in said
    assert server.rolecall(nobody, "why", request).code == 1


def test_a_gzipped_request_is_unpacked_and_a_bomb_is_not(server):
    import gzip

    from test_strangers import AWSRequest, send, signed

    def packed(body):
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Content-Encoding": "gzip"}
        request = AWSRequest("POST", server.url + "/", data=gzip.compress(body), headers=headers)
        signed(server, server.root, request=request)
        return send(request, request.data)

    assert packed(b"Action=ListUsers&Version=2010-05-08")[0] == 200
    status, body = packed(b"Action=ListUsers&Version=2010-05-08&X=" + b"x" * 20_000_000)
    assert status == 413, body


def test_an_object_that_is_said_to_be_gzip_can_be_uploaded_in_parts(server):
    s3 = server.client("s3", server.root)
    s3.create_bucket(Bucket="photos")
    place = {"Bucket": "photos", "Key": "cats.gz"}
    upload = s3.create_multipart_upload(**place, ContentEncoding="gzip")["UploadId"]
    tag = s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"packed")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)
    assert s3.head_object(**place)["ContentEncoding"] == "gzip"


def test_a_request_that_could_not_be_read_is_in_the_audit_log(tmp_path):
    with Server(data=tmp_path) as server:
        with pytest.raises(ClientError, match="ValidationError"):
            server.client("iam", server.root, parameter_validation=False).get_user(UserName="no such ! name")
    said = "".join(path.read_text() for path in (tmp_path / "audit").glob("*.jsonl"))
    records = [json.loads(line) for line in said.splitlines()]
    assert [(r["eventName"], r["errorCode"], r["userIdentity"]["type"]) for r in records] == [
        ("GetUser", "ValidationError", "Root")
    ]
