"""Terminals over WebSockets, as a browser's page opens them: a ticket by a signed call, then bytes both ways."""

import json
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest
import websocket
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from running import allow, wait_for
from test_machines import Machine

NODE = """
const socket = new WebSocket(process.argv[2]);
socket.binaryType = "arraybuffer";
let said = "";
socket.onopen = () => {
    socket.send(JSON.stringify({columns: 101, rows: 31}));
    socket.send(new TextEncoder().encode("stty size; exit 5\\n"));
};
socket.onmessage = (event) => {
    if (typeof event.data === "string") said += `<${event.data}>`;
    else said += new TextDecoder().decode(event.data);
};
socket.onclose = (event) => console.log(JSON.stringify({said, code: event.code, reason: event.reason}));
"""


@pytest.fixture
def machine(machines, tmp_path):
    machine = Machine(machines, tmp_path)
    wait_for("the SSH port", lambda: machine.ssh("true").returncode == 0)
    return machine


def ask(server, keys, **body):
    """OpenTerminal, signed as any client signs; gives the status and the answer."""
    url = f"{server.url}/_rolecall/terminal"
    request = AWSRequest("POST", url, data=json.dumps(body), headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials(keys.id, keys.secret, keys.token), "rolecall", "us-east-1").add_auth(request)
    sent = urllib.request.Request(url, data=request.data.encode(), headers=dict(request.headers), method="POST")
    try:
        with urllib.request.urlopen(sent) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def address(server, path):
    return f"ws://127.0.0.1:{server.port}{path}"


def open_terminal(machine, keys=None, **options):
    status, opened = ask(machine.server, keys or machine.server.root, instance_id=machine.id)
    assert status == 200, opened
    return websocket.create_connection(address(machine.server, opened["path"]), timeout=30, **options)


def read_until(socket, wanted):
    said = b""
    while wanted not in said:
        kind, data = socket.recv_data()
        assert kind == websocket.ABNF.OPCODE_BINARY, (kind, data, said)
        said += data
    return said


def test_a_terminal_passes_bytes_sizes_and_the_end(machine):
    socket = open_terminal(machine)
    socket.send(json.dumps({"columns": 120, "rows": 40}))
    socket.send_binary(b"stty size; id -un; tty\n")
    assert b"40 120\r\nec2-user\r\n/dev/pts/" in read_until(socket, b"/dev/pts/")
    socket.send_binary(b"head -c 3000000 /dev/zero | tr '\\0' x; echo; echo th''ere\n")
    assert read_until(socket, b"there").count(b"x") >= 3_000_000
    socket.send_binary(b"exit 3\n")
    texts = []
    while True:
        kind, data = socket.recv_data()
        if kind == websocket.ABNF.OPCODE_CLOSE:
            break
        if kind == websocket.ABNF.OPCODE_TEXT:
            texts.append(json.loads(data))
    assert texts == [{"exit": 3}]
    assert data[2:] == b"the shell has ended"


def test_closing_hangs_the_shell_up(machine):
    socket = open_terminal(machine)
    socket.send_binary(b"sleep 4242\n")
    running = lambda: machine.shell("pgrep -x -f 'sleep 4242' || true")  # noqa: E731
    wait_for("the command", running)
    socket.close()
    wait_for("its end", lambda: not running())


def test_a_ticket_is_good_once_and_for_this_servers_pages_only(machine):
    server = machine.server
    _, opened = ask(server, server.root, instance_id=machine.id)
    elsewhere = pytest.raises(websocket.WebSocketBadStatusException)
    with elsewhere as refused:
        websocket.create_connection(address(server, opened["path"]), origin="http://evil.example")
    assert refused.value.status_code == 403
    socket = websocket.create_connection(address(server, opened["path"]), origin=server.url)
    socket.close()
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(address(server, opened["path"]))
    assert refused.value.status_code == 403
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(address(server, "/_rolecall/terminal/nonsense"))


def test_what_is_no_size_ends_the_connection(machine):
    socket = open_terminal(machine)
    socket.send("hello")
    while True:
        kind, data = socket.recv_data()
        if kind == websocket.ABNF.OPCODE_CLOSE:
            assert data[2:] == b"only a size is understood"
            return


def test_a_terminal_is_asked_what_a_pushed_key_is_asked(machine):
    server = machine.server
    arn = f"arn:aws:ec2:us-east-1:000000000000:instance/{machine.id}"
    condition = {"StringEquals": {"ec2:osuser": "ec2-user"}}
    ann = server.user("ann", allow("ec2-instance-connect:SendSSHPublicKey", arn, Condition=condition))
    open_terminal(machine, ann).close()
    status, answer = ask(server, ann, instance_id=machine.id, user="root")
    assert status == 403 and "ec2-instance-connect:SendSSHPublicKey" in answer["message"]
    status, answer = ask(server, ann, instance_id="i-0123456789abcdef0")
    assert status == 403 and "SendSSHPublicKey" in answer["message"]
    status, answer = ask(server, server.root, instance_id="i-0123456789abcdef0")
    assert status == 404
    port = {"GroupId": machine.group, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
    machine.ec2.revoke_security_group_ingress(**port)
    status, answer = ask(server, server.root, instance_id=machine.id)
    assert status == 403 and "port 22" in answer["message"]
    machine.ec2.authorize_security_group_ingress(**port)
    machine.ec2.stop_instances(InstanceIds=[machine.id], Force=True)
    machine.wait("stopped")
    assert ask(server, server.root, instance_id=machine.id)[0] == 409


def test_node_opens_a_terminal(machine, tmp_path):
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    version = subprocess.run(["node", "-p", "typeof WebSocket"], capture_output=True, text=True).stdout.strip()
    flags = [] if version == "function" else ["--experimental-websocket"]
    _, opened = ask(machine.server, machine.server.root, instance_id=machine.id)
    (tmp_path / "client.cjs").write_text(NODE)
    command = ["node", *flags, "client.cjs", address(machine.server, opened["path"])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    ended = json.loads(done.stdout)
    assert "31 101" in ended["said"] and '<{"exit": 5}>' in ended["said"]
    assert ended["code"] == 1000
