"""What stores.sh has a running gateway do with the store behind it. Standard library only.

  stores.py bucket ENDPOINT NAME    makes a bucket, or finds it there
  stores.py rounds GATEWAY NAME     prints a row of a table; exits with 1 if something is not as it has to be
"""

import datetime
import hashlib
import hmac
import http.client
import io
import json
import os
import socket
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib

PATIENCE = 30


def signed_put(endpoint, path):
    """A PUT without a body, signed as of version 4."""
    access, secret = os.environ["S3_ACCESS_KEY"], os.environ["S3_SECRET_KEY"]
    region = os.environ.get("S3_REGION", "us-east-1")
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    empty = hashlib.sha256(b"").hexdigest()
    headers = {"host": urllib.parse.urlsplit(endpoint).netloc, "x-amz-content-sha256": empty, "x-amz-date": stamp}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = "\n".join(["PUT", path, "", lines, names, empty])
    scope = f"{day}/{region}/s3/aws4_request"
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={signature}"
    del headers["host"]
    return call(endpoint + path, "PUT", None, headers)


def call(url, method="GET", body=None, headers=None):
    """Status, fields and body, whatever the status."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers, refusal.read()


def cut_put(put, body):
    """Half of a body, then nothing more; waits a moment for an answer, and leaves."""
    url = urllib.parse.urlsplit(put["uploadUrl"])
    with socket.create_connection((url.hostname, url.port or 80), timeout=3) as connection:
        head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in put["headers"].items())
        connection.sendall(head.encode() + b"\r\n" + body[: len(body) // 2])
        connection.shutdown(socket.SHUT_WR)
        try:
            answer = connection.recv(200)
            return answer.split(b" ", 2)[1].decode() if answer else "closed"
        except (TimeoutError, ConnectionError):
            return "silence"


def picture(seed, width=700, height=500):
    """A PNG of noise, whose length depends on its size alone, nearly."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    state, rows = seed, bytearray()
    for _ in range(height):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        rows += b"\0" + hashlib.shake_128(struct.pack(">I", state)).digest(width * 3)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(rows), 0)) + chunk(b"IEND", b"")


class Rounds:
    def __init__(self, gateway):
        self.gateway = gateway
        _, _, body = self.ask("POST", "/api/session", {"user": "alice", "roles": ["admin"]})
        self.token = json.loads(body)["token"]
        self.wrong = []

    token = None

    def ask(self, method, path, body=None, headers=None):
        fields = dict(headers or {})
        if self.token:
            fields["Authorization"] = "Bearer " + self.token
        if body is not None:
            fields["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        return call(self.gateway + path, method, body, fields)

    def expect(self, what, found, *wanted):
        if found not in wanted:
            self.wrong.append(f"{what}: {found} (expected: {' or '.join(map(str, wanted))})")

    def announced(self, body):
        image = {"imageId": "front", "contentType": "image/png", "fileSize": len(body)}
        status, _, answer = self.ask("POST", "/api/v1/hosts/alice/listings/submit-intent", {"images": [image]})
        self.expect("announcement", status, 200)
        answer = json.loads(answer)
        put = answer["imageUploadUrls"][0]
        put["complete"] = f"/api/v1/hosts/alice/listings/{answer['listingId']}/images/front/complete"
        return put

    def put(self, put, body):
        headers = {name: value for name, value in put["headers"].items() if name != "content-length"}
        return call(put["uploadUrl"], "PUT", body, headers)[0]

    def run(self):
        first, other = picture(1), picture(2)
        assert len(first) == len(other)
        put = self.announced(first)
        self.expect("complete before the upload", self.ask("POST", put["complete"])[0], 409)
        self.expect("upload", self.put(put, first), 200)
        status, _, answer = self.ask("POST", put["complete"])
        self.expect("complete", status, 200)
        image = json.loads(answer).get("id")
        path = f"/api/images/{image}"
        again = self.ask("POST", put["complete"])
        self.expect("complete again", (again[0], json.loads(again[2]).get("id")), (200, image))
        second = self.put(put, other)
        self.expect("complete after a second upload", self.ask("POST", put["complete"])[0], 200)
        _, fields, file = self.ask("GET", path + "/file")
        self.expect("the file after a second upload", file == first, True)
        status, _, part = self.ask("GET", path + "/file", headers={"Range": "bytes=1000-1999"})
        self.expect("range", (status, part == first[1000:2000]), (206, True))
        self.expect("not modified", self.ask("GET", path + "/file", headers={"If-None-Match": fields["ETag"]})[0], 304)
        self.expect("thumbnail", self.thumbnail(path), 200)
        status, _, archive = self.ask("GET", f"/api/images/zip?ids={image}")
        names = zipfile.ZipFile(io.BytesIO(archive)).namelist() if status == 200 else []
        whole = len(names) == 1 and zipfile.ZipFile(io.BytesIO(archive)).read(names[0]) == first
        self.expect("archive", (status, whole), (200, True))
        status, _, rest = self.ask("GET", f"/api/images/zip?ids={image}", headers={"Range": "bytes=5000-"})
        self.expect("the rest of the archive", (status, rest == archive[5000:]), (206, True))
        cut = self.announced(first)
        said = cut_put(cut, first)
        status = self.ask("POST", cut["complete"])[0]
        self.expect("complete after a cut upload", status, 409, 422)
        kept = "kept" if status == 422 else "dropped"
        self.expect("delete", self.ask("DELETE", path)[0], 204)
        self.expect("the file after that", self.ask("GET", path + "/file")[0], 404)
        return second, f"{said}, {kept}"

    def lacks(self):
        """What the gateway found at its start that this store does not do; it may still be at it."""
        end = time.monotonic() + PATIENCE
        while True:
            _, _, body = self.ask("GET", "/actuator/health")
            storage = json.loads(body)["components"]["storage"].get("details", {})
            if "abilities" in storage:
                return ", ".join(name for name, has in storage["abilities"].items() if not has) or "nothing"
            if time.monotonic() > end:
                return f"not tried: {storage.get('probe', storage)}"
            time.sleep(0.3)

    def thumbnail(self, path):
        """Made at the latest in the background."""
        end = time.monotonic() + PATIENCE
        while True:
            status, fields, _ = self.ask("GET", path + "/file?w=320")
            if status != 404 or time.monotonic() > end:
                return status if status != 200 or fields["Content-Type"].startswith("image/") else fields["Content-Type"]
            time.sleep(0.3)


def main():
    if sys.argv[1] == "bucket":
        status, _, body = signed_put(sys.argv[2], "/" + sys.argv[3])
        if status not in (200, 409):
            sys.exit(f"no bucket: {status} {body.decode(errors='replace')}")
        return
    rounds = Rounds(sys.argv[2])
    second, cut = rounds.run()
    wrong = "; ".join(rounds.wrong) or "all"
    print(f"| {sys.argv[3]} | {rounds.lacks()} | {second} | {cut} | {wrong} |", flush=True)
    sys.exit(1 if rounds.wrong else 0)


if __name__ == "__main__":
    main()
