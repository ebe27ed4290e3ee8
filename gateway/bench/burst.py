"""The client, and the origin and model, of burst.sh. Standard library only.

  burst.py stub PORT                  answers images and the model's calls, and GET /most
  burst.py probe PORT                 asks Redis again and again; for a line, says its longest answer since the last, in ms
  burst.py run PORT STUB GATEWAY GATEWAY   prints the table; exits with 1 if something is not as it has to be
"""

import asyncio
import collections
import json
import os
import re
import socket
import sys
import threading
import time
import urllib.parse

REQUESTS = int(os.environ.get("REQUESTS", 200))
BURSTS = int(os.environ.get("BURSTS", 10))
USERS = int(os.environ.get("USERS", 20))
SLOTS = 2
HELD_SECONDS = 0.3
PATIENCE = 60
# A Redis that takes longer for a command is one that is away.
COMMAND_MILLIS = 100
# Redis and who watches it, where this user may do so: a Redis that waits for a processor is slow, and no healthy one.
PREFERRED = ["nice", "-n", "-15"] if os.geteuid() == 0 else []
KINDS = ("archive", "ai", "session")
IMAGE = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080600000 01f15c4890000000d49444154789c6364f8cf50"
    "0f00038601805a347d6b0000000049454e44ae426082".replace(" ", ""))
MODEL = json.dumps({
    "candidates": [{"content": {"parts": [{"text": "Hello."}]}, "finishReason": "STOP"}], "modelVersion": "stub",
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3}}).encode()


async def message(reader):
    """Head and body of what comes next on a connection; None at its end."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = re.search(r"(?im)^content-length: *(\d+)", head)
        if length:
            return head, await reader.readexactly(int(length.group(1)))
        if not re.search(r"(?im)^transfer-encoding: *chunked", head):
            return head, b""
        body = b""
        while True:
            size = int((await reader.readline()).split(b";")[0], 16)
            body += (await reader.readexactly(size + 2))[:size]
            if size == 0:
                return head, body
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


class Stub:
    def __init__(self):
        self.held, self.most = collections.Counter(), collections.Counter()

    async def serve(self, reader, writer):
        while (came := await message(reader)) is not None:
            head, body = came
            if head.startswith("GET /most"):
                kind, answer = "application/json", json.dumps(self.most).encode()
                self.most.clear()
            else:
                is_image = head.startswith(("GET", "HEAD"))
                user = re.search(r"user-\d+", head if is_image else body.decode()).group()
                holder = ("archive " if is_image else "ai ") + user
                self.held[holder] += 1
                self.most[holder] = max(self.most[holder], self.held[holder])
                try:
                    await asyncio.sleep(HELD_SECONDS)
                finally:
                    self.held[holder] -= 1
                kind, answer = ("image/png", IMAGE) if is_image else ("application/json", MODEL)
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer)
            await writer.drain()
        writer.close()


async def stub(port):
    server = await asyncio.start_server(Stub().serve, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


async def ask(base, method, path, token=None, body=None):
    """Status, media type and body; 0 and why where there is no answer."""
    url = urllib.parse.urlsplit(base)
    try:
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        text = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\nContent-Length: {len(text)}\r\n"
        head += "Content-Type: application/json\r\n" if text else ""
        head += f"Authorization: Bearer {token}\r\n" if token else ""
        writer.write(head.encode() + b"\r\n" + text)
        await writer.drain()
        answer = await asyncio.wait_for(message(reader), PATIENCE)
        writer.close()
    except (OSError, asyncio.TimeoutError) as broken:
        return 0, "", repr(broken).encode()
    if answer is None:
        return 0, "", b"cut"
    kind = re.search(r"(?im)^content-type: *([^;\r]+)", answer[0])
    return int(answer[0].split(" ")[1]), kind.group(1) if kind else "", answer[1]


async def one(gateway, origin, token, user, kind, number):
    if kind == "session":
        answer = await ask(gateway, "GET", "/api/session", token)
    elif kind == "ai":
        answer = await ask(gateway, "POST", "/api/ai/proxy", token, {"message": f"Hello from {user}."})
    else:
        image = {"url": f"{origin}/{user}/{number}.png"}
        answer = await ask(gateway, "POST", "/api/zip", token, {"images": [image], "onError": "fail"})
    status, media, body = answer
    if media != "application/problem+json":
        return kind, status, "" if status else body.decode()
    return kind, status, json.loads(body)["code"]


async def decided(gateway):
    """Of each gateway's decisions, how many it made alone, and how many were refused for want of Redis."""
    _, _, body = await ask(gateway, "GET", "/actuator/prometheus")
    alone = unavailable = 0
    for line in body.decode().splitlines():
        if line.startswith("sluice_limits_decisions_total"):
            count = float(line.rsplit(" ", 1)[1])
            alone += count if 'place="local"' in line else 0
            unavailable += count if 'outcome="unavailable"' in line else 0
    return int(alone), int(unavailable)


def probe(port):
    """By itself, so that what it sees is Redis and not the load."""
    longest = 0.0

    def ask_again():
        nonlocal longest
        with socket.create_connection(("127.0.0.1", port)) as redis:
            while True:
                begun = time.monotonic()
                redis.sendall(b"PING\r\n")
                redis.recv(100)
                longest = max(longest, time.monotonic() - begun)
                time.sleep(0.005)

    threading.Thread(target=ask_again, daemon=True).start()
    for _ in sys.stdin:
        print(round(longest * 1000), flush=True)
        longest = 0.0


async def run(redis, origin, *gateways):
    prober = await asyncio.create_subprocess_exec(
        *PREFERRED, sys.executable, __file__, "probe", redis, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)

    async def longest():
        prober.stdin.write(b"\n")
        return int(await prober.stdout.readline())

    tokens = {}
    for gateway in gateways:
        for user in range(USERS):
            _, _, body = await ask(gateway, "POST", "/api/session", None, {"user": f"user-{user}", "roles": ["user"]})
            tokens[gateway, user] = json.loads(body)["token"]
    await ask(origin, "GET", "/most")
    print(f"| burst | served | no slot | `limits_unavailable` | decided alone | most slots of a user | Redis' longest answer | took |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    wrong = []
    before = 0
    for burst in range(1, BURSTS + 1):
        await longest()
        begun = time.monotonic()
        answers = await asyncio.gather(*(
            one(gateway, origin, tokens[gateway, number % USERS], f"user-{number % USERS}", KINDS[number // USERS % len(KINDS)],
                f"{burst}-{at}-{number}")
            for number in range(REQUESTS) for at, gateway in enumerate(gateways)))
        took = time.monotonic() - begun
        served = sum(1 for _, status, _ in answers if status == 200)
        full = sum(1 for _, status, code in answers if (status, code) == (429, "too_many_concurrent"))
        unavailable = sum(1 for _, _, code in answers if code == "limits_unavailable")
        slowest = await longest()
        most = max(json.loads((await ask(origin, "GET", "/most"))[2]).values(), default=0)
        alone = sum([(await decided(gateway))[0] for gateway in gateways])
        print(f"| {burst} | {served} | {full} | {unavailable} | {alone - before} | {most} of {SLOTS} | {slowest} ms | {took:.1f} s |", flush=True)
        others = collections.Counter(answer for answer in answers if answer[1] != 200 and answer[2] not in ("too_many_concurrent", "limits_unavailable"))
        if others:
            wrong.append(f"burst {burst}: {dict(others)}")
        if slowest >= COMMAND_MILLIS:
            print(f"burst {burst}: Redis itself was late, nothing is said of its outages", file=sys.stderr)
        elif unavailable or alone != before:
            wrong.append(f"burst {burst}: Redis was taken for away")
        if most > SLOTS and alone == before:
            wrong.append(f"burst {burst}: {most} slots of a user at once")
        if not 0 < most or not full:
            wrong.append(f"burst {burst}: it was none, no user wanted more slots than it has")
        before = alone
        await asyncio.sleep(1)
    prober.kill()
    for each in wrong:
        print(each, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1] == "stub":
        asyncio.run(stub(int(sys.argv[2])))
    elif sys.argv[1] == "probe":
        probe(int(sys.argv[2]))
    else:
        sys.exit(asyncio.run(run(*sys.argv[2:])))
