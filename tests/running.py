"""A running server, and the clients that talk to it: the unmodified aws CLI, boto3, and rolecall itself."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("ROLECALL_BINARY", ROOT / "target" / "debug" / "rolecall"))
AWS = Path(sys.executable).parent / "aws"
REGION = "us-east-1"


@dataclass(frozen=True)
class Keys:
    """What signs requests."""

    id: str
    secret: str
    token: str | None = None

    def environment(self):
        pairs = {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": self.secret}
        return pairs | ({"AWS_SESSION_TOKEN": self.token} if self.token else {})

    @staticmethod
    def of(credentials):
        """From an STS answer, an access key or our own account's."""
        c = credentials
        return Keys(c["AccessKeyId"], c["SecretAccessKey"], c.get("SessionToken"))


@dataclass
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def json(self):
        assert self.code == 0, self.err
        return json.loads(self.out)

    def ok(self):
        assert self.code == 0, self.err or self.out
        return self.out

    def refused(self, code):
        """The command failed with this AWS error code; gives what it said."""
        assert self.code != 0, f"expected {code}, got: {self.out}"
        assert f"({code})" in self.err, self.err
        return self.err


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, seconds=30.0):
    """Waits for a state, and gives it."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


class Server:
    """One `rolecall up`."""

    def __init__(self, *flags, data=None, port=None, environment=None, guest_tools=None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = data
        keep = ["--data", str(data)] if data else ["--ephemeral"]
        tools = ["--guest-tools", str(guest_tools)] if guest_tools else []
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        command = [BINARY, "up", "--listen", f"127.0.0.1:{self.port}", *keep, *tools, *flags]
        self.process = subprocess.Popen(
            list(map(str, command)), stdout=self.log, stderr=subprocess.STDOUT, env=clean(environment or {})
        )
        wait_for("the server", self._is_ready)
        said = self.said()
        found = [re.search(rf"export {name}=(\S+)", said) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
        self.root = Keys(found[0].group(1), found[1].group(1)) if all(found) else None

    def _is_ready(self):
        assert self.process.poll() is None, self.said()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return "is ready" in self.said()
        except OSError:
            return False

    def said(self):
        return Path(self.log.name).read_text()

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def environment(self, keys, region=REGION):
        own = {"AWS_ENDPOINT_URL": self.url, "AWS_DEFAULT_REGION": region, "AWS_PAGER": ""}
        return clean(own | (keys.environment() if keys else {}))

    def aws(self, keys, *words, region=REGION):
        """The aws CLI, with JSON output."""
        return run([AWS, "--output", "json", *words], self.environment(keys, region))

    def rolecall(self, keys, *words, stdin=None):
        return run([BINARY, *words], self.environment(keys), stdin)

    def client(self, service, keys, region=REGION, verify=None, **options):
        """A boto3 client that does not retry."""
        config = Config(retries={"total_max_attempts": 1}, **options)
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=keys.id,
            aws_secret_access_key=keys.secret,
            aws_session_token=keys.token,
            verify=verify and str(verify),
            config=config,
        )

    def account(self, number):
        """A further account's root keys."""
        return Keys.of(self.rolecall(self.root, "accounts", "create", "--account", number).json())

    def user(self, name, policy=None, keys=None):
        """A user with an inline policy, and its access key."""
        iam = self.client("iam", keys or self.root)
        iam.create_user(UserName=name)
        if policy:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        return Keys.of(iam.create_access_key(UserName=name)["AccessKey"])


def clean(extra):
    """This process's environment without anybody's AWS or Rolecall settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "ROLECALL_"))}
    return kept | {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                   "AWS_EC2_METADATA_DISABLED": "true"} | extra


def run(command, environment, stdin=None, seconds=120):
    done = subprocess.run(
        list(map(str, command)), env=environment, input=stdin, capture_output=True, text=True, timeout=seconds
    )
    return Done(done.returncode, done.stdout, done.stderr)


def allow(action, resource="*", **more):
    """A policy of one statement."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}]}


def trust(principal, action="sts:AssumeRole"):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": action}]}
