"""What is around a gateway, for tests: an origin of images, an issuer of tokens, a provider of pictures and one of texts.
Standard library only, no limits and no login, so it belongs in a network of its own, or on loopback.

  world.py PORT [ISSUER JWKS]   ISSUER: its own URL as gateways know it; JWKS: the file with its public key

  GET /image/NAME.png?kb=200&seconds=0   a PNG of noise, the same for the same name and size, sent evenly over so many seconds
  GET /.well-known/openid-configuration, /jwks
  POST /v1/models/OWNER/MODEL/predictions, GET /v1/predictions/ID   Replicate, 1.5 s each
  GET /orders                            how many predictions were ordered for each prompt
  GET /sent                              of images that were sent slowly: when each began, and when its last bytes were still
                                         here, in seconds of this machine's monotonic clock
  POST /VERSION/models/MODEL:generateContent, :streamGenerateContent   Gemini, 0.2 s each
"""

import base64
import hashlib
import http.server
import itertools
import json
import struct
import sys
import threading
import time
import urllib.parse
import zlib

PREDICTION_SECONDS = 1.5
ANSWER_SECONDS = 0.2
PIXELS = 64
PIECES = 20


def picture(name, kilobytes):
    """A PNG of so many pixels of noise that it has about this size: 64 pixels a row, not compressed."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = max(1, kilobytes * 1000 // (PIXELS * 3 + 1))
    noise = hashlib.shake_128(name.encode()).digest(rows * PIXELS * 3)
    width = PIXELS * 3
    body = b"".join(b"\0" + noise[row * width : (row + 1) * width] for row in range(rows))
    header = struct.pack(">IIBBBBB", PIXELS, rows, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body, 0)) + chunk(b"IEND", b"")


class Predictions:
    """Orders are taken once and never forgotten."""

    def __init__(self):
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.ready = {}
        self.orders = {}

    def order(self, prompt):
        with self.lock:
            name = f"p{next(self.numbers)}"
            self.ready[name] = (time.monotonic() + PREDICTION_SECONDS, prompt)
            self.orders[prompt] = self.orders.get(prompt, 0) + 1
        return {"id": name, "status": "starting"}

    def look(self, name):
        with self.lock:
            found = self.ready.get(name)
        if found is None:
            return None
        if time.monotonic() < found[0]:
            return {"id": name, "status": "processing"}
        url = "data:image/png;base64," + base64.b64encode(picture(found[1], 30)).decode()
        return {"id": name, "status": "succeeded", "output": url}


class World(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    predictions = Predictions()
    sent = {}
    issuer = ""
    jwks = b"{}"

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json", **fields):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        return data

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path.startswith("/image/"):
            self.image(url)
        elif url.path == "/.well-known/openid-configuration":
            self.wfile.write(self.answer(200, {"issuer": self.issuer, "jwks_uri": self.issuer + "/jwks"}))
        elif url.path == "/jwks":
            self.wfile.write(self.answer(200, self.jwks))
        elif url.path == "/orders":
            self.wfile.write(self.answer(200, self.predictions.orders))
        elif url.path == "/sent":
            self.wfile.write(self.answer(200, dict(self.sent)))
        elif url.path.startswith("/v1/predictions/"):
            found = self.predictions.look(url.path.rsplit("/", 1)[1])
            self.wfile.write(self.answer(200, found) if found else self.answer(404, {"detail": "no such prediction"}))
        else:
            self.wfile.write(self.answer(404, {"detail": "nothing here"}))

    def image(self, url):
        asked = dict(urllib.parse.parse_qsl(url.query))
        kilobytes, seconds = min(int(asked.get("kb", 200)), 20_000), min(float(asked.get("seconds", 0)), 60)
        body = picture(url.path, kilobytes)
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.send_header("ETag", tag)
            self.end_headers()
            return
        self.answer(200, body, "image/png", ETag=tag)
        step = -(-len(body) // PIECES)
        began = time.monotonic()
        for start in range(0, len(body), step):
            if seconds:
                self.sent[url.path] = (began, time.monotonic())
                time.sleep(seconds / PIECES)
            self.wfile.write(body[start : start + step])

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urllib.parse.urlsplit(self.path).path
        if path.endswith("/predictions"):
            self.wfile.write(self.answer(201, self.predictions.order(json.loads(body)["input"]["prompt"])))
        elif path.endswith("/cancel"):
            self.wfile.write(self.answer(200, {}))
        elif path.endswith("enerateContent"):
            time.sleep(ANSWER_SECONDS)
            text = {
                "candidates": [{"content": {"role": "model", "parts": [{"text": "Hello."}]}, "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 2, "totalTokenCount": 7},
                "modelVersion": "stub",
            }
            if path.endswith(":streamGenerateContent"):
                self.wfile.write(self.answer(200, b"data: " + json.dumps(text).encode() + b"\r\n\r\n", "text/event-stream"))
            else:
                self.wfile.write(self.answer(200, text))
        else:
            self.wfile.write(self.answer(404, {"detail": "nothing here"}))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main():
    if len(sys.argv) > 2:
        World.issuer = sys.argv[2]
        with open(sys.argv[3], "rb") as file:
            World.jwks = file.read()
    Server(("", int(sys.argv[1])), World).serve_forever()


if __name__ == "__main__":
    main()
