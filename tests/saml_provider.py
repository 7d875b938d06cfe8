"""A real SAML identity provider (npm's samlp) on loopback, and signing in to it as a browser does."""

import html
import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest
from running import ROOT, free_port

HERE = ROOT / "tests" / "saml"
# What npm installs, kept out of the sources.
INSTALLED = ROOT / ".cache" / "saml"


def installed():
    """Installs the provider as its lock file has it, once; skips where there is no Node.js."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            pytest.skip(f"`{tool}` is not installed: the tests of SAML run a provider of npm's on it")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    done = INSTALLED / "installed-lock.json"
    for path in HERE.iterdir():
        if path.is_file():
            shutil.copy(path, INSTALLED / path.name)
    if not done.exists() or done.read_bytes() != lock:
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(command, cwd=INSTALLED, check=True, capture_output=True, timeout=300)
        done.write_bytes(lock)
    return INSTALLED


class SamlProvider:
    """One `node provider.mjs`."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.issuer = f"{self.url}/idp"
        command = ["node", "--no-deprecation", "provider.mjs", str(self.port)]
        self.process = subprocess.Popen(
            command, cwd=installed(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout.readline().strip() == b"ready"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stdout.close()

    def metadata(self):
        with urllib.request.urlopen(f"{self.url}/metadata") as answer:
            return answer.read().decode()

    def sign_in(self, attributes, **says):
        """Signs in; gives the SAMLResponse of the form that a browser would post."""
        says = json.dumps({"attributes": attributes} | says)
        with urllib.request.urlopen(f"{self.url}/sso?{urllib.parse.urlencode({'says': says})}") as answer:
            form = answer.read().decode()
        return html.unescape(re.search(r'name="SAMLResponse"\s+value="([^"]+)"', form).group(1))
