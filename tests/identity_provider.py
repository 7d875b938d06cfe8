"""A real OpenID Connect provider (npm's oidc-provider) on loopback, and logging in to it as a person does."""

import base64
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

import pytest
from running import ROOT, free_port

HERE = ROOT / "tests" / "oidc"
# What npm installs, kept out of the sources.
INSTALLED = ROOT / ".cache" / "oidc"
FILES = ["package.json", "package-lock.json", "provider.mjs"]


def installed(here=HERE, folder=INSTALLED, files=FILES):
    """Installs the provider, or another package of npm's, as its lock file has it, once; skips where there is no Node.js."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            pytest.skip(f"`{tool}` is not installed: this test runs a package of npm's on it")
    folder.mkdir(parents=True, exist_ok=True)
    lock = (here / "package-lock.json").read_bytes()
    done = folder / "installed-lock.json"
    for name in files:
        shutil.copy(here / name, folder / name)
    if not done.exists() or done.read_bytes() != lock:
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
        done.write_bytes(lock)
    return folder


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class IdentityProvider:
    """One `node provider.mjs`."""

    def __init__(self):
        self.folder = installed()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        """Starts, with new keys."""
        command = ["node", "provider.mjs", str(self.port)]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout.readline().strip() == b"ready"

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def keys(self):
        with urllib.request.urlopen(f"{self.url}/jwks") as answer:
            return json.load(answer)["keys"]

    def id_token(self, user="ann", client="rolecall-app", scope="openid"):
        """Logs in by the authorization code flow, forms and all; gives the ID token."""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), NoRedirect())
        callback = f"{self.url}/callback"
        query = {"client_id": client, "response_type": "code", "redirect_uri": callback, "scope": scope}
        place, body = f"{self.url}/auth?{urllib.parse.urlencode(query)}", None
        for _ in range(12):
            if place.startswith(callback):
                break
            status, location, page = get(opener, place, body)
            body = None
            if location:
                place = urllib.parse.urljoin(place, location)
                continue
            assert status == 200, page
            prompt = re.search(r'name="prompt" value="(\w+)"', page).group(1)
            place = urllib.parse.urljoin(place, re.search(r'action="([^"]+)"', page).group(1))
            body = {"prompt": prompt} | ({"login": user, "password": "any"} if prompt == "login" else {})
        code = urllib.parse.parse_qs(urllib.parse.urlparse(place).query)["code"][0]
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": callback, "client_id": client,
            "client_secret": f"secret of {client}",
        }
        basic = base64.b64encode(f"{client}:{urllib.parse.quote(form.pop('client_secret'))}".encode()).decode()
        request = urllib.request.Request(f"{self.url}/token", urllib.parse.urlencode(form).encode())
        request.add_header("Authorization", f"Basic {basic}")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["id_token"]


def get(opener, place, body):
    """Status, where it leads, and the page."""
    data = urllib.parse.urlencode(body).encode() if body else None
    try:
        with opener.open(place, data) as answer:
            return answer.status, None, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers.get("Location"), answer.read().decode()


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def parts(token):
    """Header, claims and signature of a token."""
    header, claims, signature = token.split(".")
    decode = lambda part: json.loads(base64.urlsafe_b64decode(part + "=="))
    return decode(header), decode(claims), signature


def unsigned(header, claims):
    return f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"


