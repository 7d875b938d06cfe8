#!/usr/bin/env python3
"""Prepares .cache/guest-tools/aws, the folder that instances see read-only at /opt/aws-cli.

    bin/aws     the command; runs on the system's Python, wherever the folder is mounted
    python/     awscli, boto3 and what they need; on PYTHONPATH, programs import boto3 from here
    .ready      the pins it was made from; the last file written, so that a broken folder is made again

Instances see the host's /usr, therefore the Python that counts is /usr/bin/python3, not the one that runs this.
Without a network there is nothing to prepare: that is said, and the exit code is 3.
"""

import gzip
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PINS = ROOT / "tools" / "guest-aws.txt"
TARGET = ROOT / ".cache" / "guest-tools" / "aws"
SYSTEM_PYTHON = "/usr/bin/python3"

# Services whose models stay as they are, because decompressing costs a fifth of a command's start.
QUICK = {"ec2", "iam", "s3", "sts"}

LAUNCHER = f"""#!{SYSTEM_PYTHON} -I
# The aws command of this folder, wherever that is mounted.
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "python"))
sys.dont_write_bytecode = True
from awscli.clidriver import main
sys.exit(main())
"""


def pins() -> str:
    """What the folder depends on: the pins, this script, and the system's Python."""
    version = subprocess.run(
        [SYSTEM_PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()
    digest = hashlib.sha256(PINS.read_bytes() + pathlib.Path(__file__).read_bytes()).hexdigest()
    return f"{version} {digest}\n"


def install(work: pathlib.Path, version: str) -> None:
    """Installs the pins for the system's Python, with whatever pip runs this script."""
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile",
         "--root-user-action=ignore", "--no-deps", "--only-binary", ":all:", "--python-version", version,
         "--target", str(work / "python"), "-r", str(PINS)],
        check=True,
    )


def trim(python: pathlib.Path) -> None:
    """Drops what no command reads; examples and compiled parts that Python replaces are two thirds of the bytes."""
    shutil.rmtree(python / "bin", ignore_errors=True)
    shutil.rmtree(python / "awscli" / "examples", ignore_errors=True)
    for pattern in ("**/__pycache__", "_yaml", "boto3/examples"):
        for folder in list(python.glob(pattern)):
            shutil.rmtree(folder, ignore_errors=True)
    for pattern in ("yaml/*.so", "**/examples-1.json*"):
        for file in list(python.glob(pattern)):
            file.unlink()
    for service in (python / "awscli" / "botocore" / "data").iterdir():
        if service.is_dir():
            trim_service(service)
    for service in (python / "botocore" / "data").iterdir():
        if service.is_dir():
            keep_newest(service)


def keep_newest(service: pathlib.Path) -> None:
    for old in sorted(folder for folder in service.iterdir() if folder.is_dir())[:-1]:
        shutil.rmtree(old)


def trim_service(service: pathlib.Path) -> None:
    keep_newest(service)
    if service.name in QUICK:
        return
    for file in list(service.glob("*/*.json")):
        packed = file.with_name(file.name + ".gz")
        packed.write_bytes(gzip.compress(file.read_bytes(), mtime=0))
        file.unlink()


def finish(work: pathlib.Path) -> None:
    """Writes the launcher and compiles for the Python that will run it (instances can't write there)."""
    launcher = work / "bin" / "aws"
    launcher.parent.mkdir()
    launcher.write_text(LAUNCHER)
    launcher.chmod(0o755)
    subprocess.run(
        [SYSTEM_PYTHON, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash",
         str(work / "python")],
        check=True, stdout=subprocess.DEVNULL,
    )
    # World-readable: inside, other users than the one who made it read it.
    for path in work.rglob("*"):
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    work.chmod(0o755)
    subprocess.run([str(launcher), "--version"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([SYSTEM_PYTHON, "-c", "import boto3"], check=True, env={"PYTHONPATH": str(work / "python")})


def main() -> int:
    if not os.path.exists(SYSTEM_PYTHON):
        print(f"guest tools: no {SYSTEM_PYTHON} here, so instances get no aws command", file=sys.stderr)
        return 3
    wanted = pins()
    ready = TARGET / ".ready"
    if ready.exists() and ready.read_text() == wanted:
        return 0
    work = TARGET.with_name("aws.part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    print("guest tools: preparing the aws command for instances (once)…", flush=True)
    try:
        install(work, wanted.split()[0])
        trim(work / "python")
        finish(work)
    except (subprocess.CalledProcessError, OSError) as failure:
        print(f"guest tools: {failure}", file=sys.stderr)
        print("guest tools: going on without; instances have no aws command (is this machine offline?)", file=sys.stderr)
        return 3
    (work / ".ready").write_text(wanted)
    shutil.rmtree(TARGET, ignore_errors=True)
    work.rename(TARGET)
    return 0


if __name__ == "__main__":
    sys.exit(main())
