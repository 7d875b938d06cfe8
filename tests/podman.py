"""A Podman of the tests' own, with its own storage: nothing of this computer's is seen or changed."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from running import wait_for


def missing():
    """Why it can't run here, if it can't."""
    absent = [name for name in ("podman", "runc") if not shutil.which(name)]
    if absent:
        return f"not installed: {', '.join(absent)}"
    return "needs root" if os.geteuid() else None


class Podman:
    """Its service, on control groups of either version and without systemd."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="rolecall-podman-"))
        place = self.folder
        (place / "containers.conf").write_text(
            '[engine]\ncgroup_manager = "cgroupfs"\nruntime = "runc"\nevents_logger = "file"\nlock_type = "file"\n'
            f'tmp_dir = "{place}/tmp"\nvolume_path = "{place}/volumes"\n')
        (place / "storage.conf").write_text(
            f'[storage]\ndriver = "vfs"\ngraphroot = "{place}/root"\nrunroot = "{place}/run"\n')
        self.address = f"unix://{place}/podman.sock"
        self.process = subprocess.Popen(self.command("system", "service", "--time", "0", self.address),
                                        env=self.environment(), stdout=subprocess.DEVNULL, cwd=place)
        wait_for("podman", self.answers)

    def answers(self):
        """The socket is there before anybody listens."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(f"{self.folder}/podman.sock") == 0

    def command(self, *words):
        return ["podman", *words]

    def environment(self):
        own = {"CONTAINERS_CONF": f"{self.folder}/containers.conf",
               "CONTAINERS_STORAGE_CONF": f"{self.folder}/storage.conf"}
        return os.environ | own

    def run(self, *words):
        done = subprocess.run(self.command(*words), env=self.environment(), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run_quietly(self, *words):
        """Whether it worked."""
        return subprocess.run(self.command(*words), env=self.environment(), capture_output=True, timeout=60).returncode == 0

    def containers(self):
        return self.run("ps", "--all", "--format", "{{.Names}}").split()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Its own cleaning up after an end may still be at it.
        wait_for("an end of all containers", lambda: self.run_quietly("rm", "--all", "--force", "--time", "0"))
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
