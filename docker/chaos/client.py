"""Callers of a gateway who note down what they were answered: a thread each, a connection a request, standard library only; and
k6's, where it is installed, with connections that are kept."""

import base64
import hashlib
import http.client
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from world import picture

TIMEOUT = 100
USERS = 12


def clock():
    return time.monotonic()


@dataclass
class Seen:
    """One request. verdict: ok, limited (429), failed (5xx, no answer, or an answer that broke off), wrong (all else)."""

    kind: str
    began: float
    ended: float
    verdict: str
    detail: str = ""


@dataclass
class Kept:
    """What a gateway has acknowledged: an image and what its bytes have to be."""

    kind: str
    at: float
    owner: str
    image: str
    sha256: str


class Answer:
    def __init__(self, status, fields, body, broken=""):
        self.status, self.fields, self.body, self.broken = status, fields, body, broken

    def json(self):
        return json.loads(self.body)


@dataclass
class Journal:
    lock: threading.Lock = field(default_factory=threading.Lock)
    requests: list = field(default_factory=list)
    kept: list = field(default_factory=list)
    archives: list = field(default_factory=list)

    def add(self, where, what):
        with self.lock:
            where.append(what)

    def copy(self, where):
        with self.lock:
            return list(where)


class Client:
    """Speaks to the entry of a cluster, as callers whose tokens it signs itself with the issuer's key."""

    def __init__(self, address, port, key, issuer, audience):
        self.address, self.port = address, port
        self.key, self.issuer, self.audience = key, issuer, audience
        self.tokens, self.lock = {}, threading.Lock()

    def token(self, user):
        with self.lock:
            if user not in self.tokens:
                self.tokens[user] = self.sign(user)
            return self.tokens[user]

    def sign(self, user):
        def part(value):
            return base64.urlsafe_b64encode(value).rstrip(b"=")

        now = int(time.time())
        claims = {"iss": self.issuer, "aud": self.audience, "sub": user, "iat": now, "exp": now + 7200, "roles": ["user"]}
        text = part(json.dumps({"alg": "RS256", "kid": "chaos", "typ": "JWT"}).encode()) + b"." + part(json.dumps(claims).encode())
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text, capture_output=True, check=True)
        return (text + b"." + part(signed.stdout)).decode()

    def ask(self, user, method, path, body=None, fields=None, host=None):
        """An answer, whole or broken off; raises OSError or HTTPException where there is none."""
        headers = dict(fields or {})
        if user:
            headers["Authorization"] = "Bearer " + self.token(user)
        if isinstance(body, dict):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        if host:
            headers["Host"] = host
        connection = http.client.HTTPConnection(self.address, self.port, timeout=TIMEOUT)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return read(response)
        finally:
            connection.close()


def read(response):
    pieces, broken = [], ""
    try:
        while piece := response.read(16384):
            pieces.append(piece)
    except (OSError, http.client.HTTPException) as failure:
        broken = type(failure).__name__
    body = b"".join(pieces)
    length = response.headers.get("Content-Length")
    # http.client takes a body that ends early for a short one.
    if not broken and length is not None and response.status not in (204, 304) and len(body) != int(length):
        broken = "short"
    return Answer(response.status, response.headers, body, broken)


class Callers:
    """The load: each kind of caller in threads of its own, until it is told to stop."""

    def __init__(self, client, seed):
        self.client, self.seed = client, seed
        self.journal = Journal()
        self.stopping = threading.Event()
        self.threads = []
        self.numbers = iter(range(1, 1 << 60))
        self.numbering = threading.Lock()

    def start(self):
        kinds = [
            (self.archive, 2, 0.8),
            (self.slots, 4, 1.0),
            (self.greedy, 2, 0.4),
            (self.imported, 1, 1.5),
            (self.uploaded, 1, 1.5),
            (self.generated, 1, 1.5),
            (self.quota, 1, 1.0),
            (self.proxied, 1, 0.3),
            (self.fetched, 1, 0.5),
        ]
        for work, count, pause in kinds:
            for _ in range(count):
                thread = threading.Thread(target=self.loop, args=(work, pause), daemon=True)
                thread.start()
                self.threads.append(thread)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(TIMEOUT)

    def loop(self, work, pause):
        while not self.stopping.is_set():
            began = clock()
            kind = work.__name__
            try:
                verdict, detail = work(began)
            except (OSError, http.client.HTTPException) as failure:
                verdict, detail = "failed", f"no answer: {type(failure).__name__}"
            self.journal.add(self.journal.requests, Seen(kind, began, clock(), verdict, detail))
            self.stopping.wait(pause)

    def number(self):
        with self.numbering:
            return next(self.numbers)

    def user(self, kind, of=USERS):
        return f"{kind}-{self.number() % of}"

    @staticmethod
    def judge(answer, *wanted):
        """None where it is as wanted."""
        if answer.status in wanted:
            return ("failed", f"{answer.status} broke off: {answer.broken}") if answer.broken else None
        code = ""
        try:
            code = answer.json().get("code", "")
        except (ValueError, AttributeError):
            pass
        detail = f"{answer.status} {code}".strip()
        if answer.status == 429:
            return "limited", detail
        return ("failed" if answer.status >= 500 else "wrong"), detail

    def zip(self, user, names, kilobytes, seconds, on_error):
        count = len(names)
        images = [{"url": f"{self.client.issuer}/image/{name}.png?kb={kilobytes}&seconds={seconds}&n={n}"} for n, name in enumerate(names)]
        answer = self.client.ask(user, "POST", "/api/zip", {"images": images, "onError": on_error})
        return self.judge(answer, 200) or self.whole(answer.body, count)

    @staticmethod
    def whole(body, count):
        """What came to an orderly end has to be all of it."""
        try:
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                damaged = archive.testzip()
                names = [name for name in archive.namelist() if name != "manifest.json"]
                skipped = 0
                if "manifest.json" in archive.namelist():
                    skipped = len(json.loads(archive.read("manifest.json")).get("skipped", []))
        except (zipfile.BadZipFile, ValueError) as failure:
            return "wrong", f"looks whole and is not: {failure}"
        if damaged or len(names) + skipped != count:
            return "wrong", f"looks whole and is not: {damaged} {len(names)} + {skipped} of {count}"
        return "ok", f"{skipped} skipped" if skipped else ""

    def archive(self, _):
        on_error = ("skip", "cut", "fail")[self.number() % 3]
        names = [f"{self.seed}-{self.number() % 40}" for _ in range(8)]
        return self.zip(self.user("archive"), names, 200, 0.3, on_error)

    def slots(self, _):
        """One caller who wants four archives at once and may have two. What it holds when, the origin knows best."""
        names = [f"{self.seed}-slots-{self.number()}" for _ in range(6)]
        self.journal.add(self.journal.archives, [f"/image/{name}.png" for name in names])
        return self.zip("slots", names, 200, 2, "cut")

    def greedy(self, _):
        """One caller who asks more often than it may."""
        return self.judge(self.client.ask("greedy", "GET", "/api/session"), 200) or ("ok", "")

    def imported(self, _):
        user, name = self.user("import"), f"{self.seed}-import-{self.number()}"
        answer = self.client.ask(user, "POST", "/api/images/imports", {"url": f"{self.client.issuer}/image/{name}.png?kb=60"})
        refused = self.judge(answer, 201)
        if not refused:
            self.keep("import", user, answer.json()["id"], picture(f"/image/{name}.png", 60))
        return refused or ("ok", "")

    def keep(self, kind, user, image, body):
        kept = Kept(kind, clock(), user, image, hashlib.sha256(body).hexdigest())
        self.journal.add(self.journal.kept, kept)

    def uploaded(self, _):
        user = self.user("upload")
        body = picture(f"{self.seed}-upload-{self.number()}", 60)
        wanted = {"images": [{"imageId": "front", "contentType": "image/png", "fileSize": len(body)}]}
        path = f"/api/v1/hosts/{user}/listings"
        answer = self.client.ask(user, "POST", path + "/submit-intent", wanted)
        if refused := self.judge(answer, 200):
            return refused
        intent = answer.json()
        put = intent["imageUploadUrls"][0]
        host, rest = put["uploadUrl"].split("://", 1)[1].split("/", 1)
        fields = {name: value for name, value in put["headers"].items() if name != "content-length"}
        if refused := self.judge(self.client.ask(None, "PUT", "/" + rest, body, fields, host), 200):
            return refused
        answer = self.client.ask(user, "POST", f"{path}/{intent['listingId']}/images/front/complete")
        if refused := self.judge(answer, 200):
            return refused
        self.keep("upload", user, answer.json()["id"], body)
        return "ok", ""

    def order(self, user, kind):
        prompt = f"{self.seed} {kind} {self.number()}"
        answer = self.client.ask(user, "POST", "/api/images/generations", {"prompt": prompt})
        refused = self.judge(answer, 202)
        if not refused:
            self.keep(kind, user, answer.json()["id"], picture(prompt, 30))
        return refused or ("ok", "")

    def generated(self, _):
        return self.order(self.user("generation", 40), "generation")

    def quota(self, _):
        """One caller who orders without end, and may have twenty images a day."""
        return self.order("quota", "quota")

    def proxied(self, _):
        name = f"{self.seed}-hit-{random.randrange(20)}"
        url = f"{self.client.issuer}/image/{name}.png?kb=40".replace(":", "%3A").replace("/", "%2F").replace("?", "%3F").replace("=", "%3D")
        answer = self.client.ask(self.user("proxy", 20), "GET", "/api/image-proxy?url=" + url)
        if refused := self.judge(answer, 200):
            return refused
        same = answer.body == picture(f"/image/{name}.png", 40)
        return ("ok", "") if same else ("wrong", "other bytes than the origin's")

    def fetched(self, _):
        """An image that was acknowledged is read back."""
        kept = [image for image in self.journal.copy(self.journal.kept) if image.kind in ("import", "upload")]
        if not kept:
            return "ok", "nothing yet"
        return self.stored(random.choice(kept))

    def stored(self, image):
        answer = self.client.ask(image.owner, "GET", f"/api/images/{image.image}/file")
        if refused := self.judge(answer, 200):
            return refused
        same = hashlib.sha256(answer.body).hexdigest() == image.sha256
        return ("ok", "") if same else ("wrong", "other bytes than were acknowledged")


class K6:
    """The scenario ../load/mixed.js beside the other callers, for callers and images of its own, until it is told to stop."""

    CALLERS, IMAGES = 20, 10
    RATES = {"ZIPS": "1", "IMAGES_A_SECOND": "10", "MESSAGES": "1"}
    FRACTION = re.compile(r"\.(\d{1,6})\d*")
    # Within which it ends when it is told to, on a busy machine.
    ENDING = 20

    def __init__(self, client, seed):
        self.client, self.seed = client, seed
        self.process = self.folder = None
        # What kept it from being the load that it should have been.
        self.fault = ""

    def start(self):
        """Whether there is a k6."""
        if not shutil.which("k6"):
            return False
        tokens = " ".join(self.client.token(f"k6-{number}") for number in range(self.CALLERS))
        images = " ".join(f"{self.client.issuer}/image/{self.seed}-k6-{number}.png?kb=40" for number in range(self.IMAGES))
        self.folder = tempfile.TemporaryDirectory()
        command = ["k6", "run", "--quiet", "--no-usage-report", "--no-thresholds", "--out", f"json={self.file('requests.json')}",
                   str(Path(__file__).parent.parent / "load" / "mixed.js")]
        variables = {"BASE": f"http://{self.client.address}:{self.client.port}", "TOKEN": tokens, "IMAGES": images, "DURATION": "2h"}
        with open(self.file("log"), "wb") as log:
            self.process = subprocess.Popen(command, env={**os.environ, **self.RATES, **variables}, stdout=subprocess.DEVNULL, stderr=log)
        return True

    def file(self, name):
        return Path(self.folder.name) / name

    def stop(self):
        """What it has seen; empty where there is no k6."""
        if self.process is None:
            return []
        if self.process.poll() is not None:
            said = self.file("log").read_text(errors="replace").strip()[-500:]
            self.fault = f"k6 ended by itself with {self.process.returncode}: {said}"
        self.end(signal.SIGINT)
        # k6 tells the time of day.
        offset = clock() - time.time()
        requests = self.file("requests.json")
        seen = []
        if requests.exists():
            with open(requests, encoding="utf-8") as lines:
                # The last line of a k6 that was killed may be half of one.
                points = [json.loads(line) for line in lines
                          if '"metric":"answered"' in line and '"type":"Point"' in line and line.endswith("\n")]
            seen = [self.seen(point["data"], offset) for point in points]
        if not seen and not self.fault:
            self.fault = "k6 made no requests"
        return seen

    def end(self, how):
        """Whatever it has seen until then is worth more than its orderly end."""
        self.process.send_signal(how)
        try:
            self.process.wait(self.ENDING)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def close(self):
        """Nothing of it stays, however chaos.py ends."""
        if self.process is not None:
            self.end(signal.SIGTERM)
        if self.folder is not None:
            self.folder.cleanup()

    @classmethod
    def seen(cls, data, offset):
        """A point of `answered`, see ../load/gateway.js: made when all was over, its value is how long that took."""
        tags = data["tags"]
        ended = datetime.fromisoformat(cls.FRACTION.sub(lambda found: "." + found[1].ljust(6, "0"), data["time"]).replace("Z", "+00:00"))
        status, code = int(tags["status"]), tags.get("code", "")
        end = ended.timestamp() + offset
        if status == 429:
            verdict = "limited"
        elif status >= 500 or status == 0:
            verdict = "failed"
        elif status != 200:
            verdict = "wrong"
        else:
            verdict = "failed" if code else "ok"
        # Where the answer broke off k6 gives status 0, as where there is none.
        detail = f"no whole answer: {code}" if status in (0, 200) and code else f"{status} {code}".strip()
        return Seen(f"k6 {tags.get('route', '')}".strip(), end - data["value"] / 1000, end, verdict, detail)
