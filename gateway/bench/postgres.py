"""What postgres.sh does to a PostgreSQL behind a running gateway. Standard library only.

  postgres.py JAR    prints the tables; exits with 1 if something is not as it has to be
"""

import collections
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

PATIENCE = 60
START = 180
# Whatever was under way at the fault has ended after so long: a statement has 12 s.
QUIET_BEFORE, QUIET_AFTER = 4, 15
SILENCE = 20
TAKE_OVER = 3
USER = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def run(*command):
    done = subprocess.run([*USER, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout}")
    return done.stdout


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(what, happened, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            raise RuntimeError("waited in vain: " + what)
        time.sleep(0.1)


def call(url, method="GET", body=None, headers=None):
    """Status, fields and body, whatever the status."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers, refusal.read()


class Server:
    """A PostgreSQL with a directory and a port of its own."""

    def __init__(self, directory):
        self.data = directory
        self.port = free_port()

    @classmethod
    def primary(cls, directory, *lines):
        server = cls(directory)
        run("initdb", "-D", directory, "-U", "postgres", "-A", "trust")
        server.configure(f"port = {server.port}", "listen_addresses = '127.0.0.1'", "unix_socket_directories = ''",
                         "shared_buffers = 16MB", "wal_keep_size = 128MB", "wal_log_hints = on", *lines)
        server.start()
        server.sql("CREATE ROLE gateway LOGIN PASSWORD 'secret'")
        server.sql("CREATE DATABASE pictures OWNER gateway")
        return server

    def configure(self, *lines):
        text = "".join(line + "\n" for line in lines).encode()
        subprocess.run([*USER, "tee", "-a", f"{self.data}/postgresql.conf"], input=text, stdout=subprocess.DEVNULL, check=True)

    def standby(self, directory):
        server = Server(directory)
        run("pg_basebackup", "-D", directory, "-R", "-X", "stream", "-c", "fast", "-d", f"host=127.0.0.1 port={self.port} user=postgres")
        server.configure(f"port = {server.port}")
        server.start()
        until("the standby streams", lambda: self.sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1")
        return server

    def start(self):
        run("pg_ctl", "-D", self.data, "-l", f"{self.data}.log", "-w", "start")

    def stop(self, mode):
        run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def sql(self, statement, database="postgres"):
        return run("psql", "-X", "-A", "-t", "-q", "-d", f"host=127.0.0.1 port={self.port} user=postgres dbname={database}", "-c", statement).strip()

    def promote(self):
        run("pg_ctl", "-D", self.data, "-w", "promote")

    def signal(self, kind):
        """To all of its processes."""
        first = int(pathlib.Path(f"{self.data}/postmaster.pid").read_text().split()[0])
        children = pathlib.Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for process in [first, *map(int, children)]:
            try:
                os.kill(process, kind)
            except ProcessLookupError:
                pass

    def end(self):
        if pathlib.Path(f"{self.data}/postmaster.pid").exists():
            try:
                self.signal(signal.SIGCONT)
                self.stop("immediate")
            except (RuntimeError, OSError):
                pass


class Gateway:
    def __init__(self, jar, work, url):
        self.log = work / "gateway.log"
        settings = {
            "server.address": "127.0.0.1", "server.port": "0", "sluice.samples.port": "0", "sluice.limits.enabled": "false",
            "sluice.image-proxy.cache.enabled": "false", "sluice.storage.directory": work / "store",
            "sluice.pictures.work-directory": work / "pictures", "logging.level.org.springframework.boot.reactor.netty": "info",
        }
        self.process = subprocess.Popen(
            [os.environ.get("JAVA", "java"), "-Xmx256m", "-jar", jar, *(f"--{name}={value}" for name, value in settings.items())],
            env={**os.environ, "DATABASE_URL": url}, cwd=work, stdout=self.log.open("w"), stderr=subprocess.STDOUT)

    def started(self):
        found = []
        until("the gateway starts", lambda: found.extend(re.findall(r"Netty started on port (\d+)", self.text())) or found or self.process.poll() is not None, START)
        if not found:
            raise RuntimeError("the gateway did not start:\n" + self.text())
        self.at = f"http://127.0.0.1:{found[0]}"
        return self

    def text(self):
        return self.log.read_text(errors="replace")

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()


Answer = collections.namedtuple("Answer", "begun ended kind status code is_problem")


class Load:
    """Three that read, two that import and one that uploads, each one after the other with a pause."""

    def __init__(self, gateway):
        self.at = gateway.at
        self.answers, self.images, self.health = [], [], []
        self.ending = threading.Event()
        _, _, body = self.ask("POST", "/api/session", {"user": "alice", "roles": ["admin"]})
        self.token = json.loads(body)["token"]
        self.sample = re.search(rb"http://[^\"]*picture-01\.jpg", self.ask("GET", "/samples")[2]).group().decode()
        self.picture = call(self.sample)[2]
        threads = [(self.read, 0.05)] * 3 + [(self.bring, 0.1)] * 2 + [(self.upload, 0.1), (self.look, 0.25)]
        self.threads = [threading.Thread(target=self.repeat, args=each, daemon=True) for each in threads]
        for thread in self.threads:
            thread.start()

    token = None

    def ask(self, method, path, body=None):
        headers = {"Authorization": "Bearer " + self.token} if self.token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        return call(self.at + path, method, body, headers)

    def repeat(self, step, pause):
        while not self.ending.wait(pause):
            step()

    def noted(self, kind, asked):
        begun = time.monotonic()
        try:
            status, fields, body = asked()
        except (OSError, urllib.error.URLError) as broken:
            status, fields, body = 0, {}, repr(broken).encode()
        is_problem = fields.get("Content-Type") == "application/problem+json"
        answer = json.loads(body) if body and status and "json" in fields.get("Content-Type", "") else {}
        code = answer.get("reason") or answer.get("code") or "" if is_problem else "" if status else body.decode()
        self.answers.append(Answer(begun, time.monotonic(), kind, status, code, is_problem))
        return answer if 200 <= status < 300 else None

    def read(self):
        self.noted("read", lambda: self.ask("GET", "/api/images?size=5"))

    def bring(self):
        self.kept(self.noted("write", lambda: self.ask("POST", "/api/images/imports", {"url": self.sample})))

    def kept(self, answer):
        if answer:
            self.images.append((time.monotonic(), answer["id"]))

    def upload(self):
        image = {"imageId": "front", "contentType": "image/jpeg", "fileSize": len(self.picture)}
        intent = self.noted("write", lambda: self.ask("POST", "/api/v1/hosts/alice/listings/submit-intent", {"images": [image]}))
        if intent:
            put = intent["imageUploadUrls"][0]
            if self.noted("write", lambda: call(put["uploadUrl"], "PUT", self.picture, {"Content-Type": "image/jpeg"})) is not None:
                path = f"/api/v1/hosts/alice/listings/{intent['listingId']}/images/front/complete"
                self.kept(self.noted("write", lambda: self.ask("POST", path)))

    def look(self):
        found = json.loads(call(self.at + "/actuator/health")[2])["components"]["database"]
        self.health.append((time.monotonic(), found["status"], found.get("details", {}).get("refusal", "")))

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(PATIENCE)

    def lost(self, since):
        """Images that were acknowledged and are not there."""
        return [image for at, image in self.images if at >= since and self.ask("GET", "/api/images/" + image)[0] != 200], \
               [image for at, image in self.images if at < since and self.ask("GET", "/api/images/" + image)[0] != 200]


def restart(one, other):
    run("pg_ctl", "-D", one.data, "-l", f"{one.data}.log", "-m", "fast", "-w", "restart")


def silent(one, other):
    one.signal(signal.SIGSTOP)
    time.sleep(SILENCE)
    one.signal(signal.SIGCONT)


def killed(one, other):
    one.signal(signal.SIGKILL)
    time.sleep(TAKE_OVER)
    other.promote()


def frozen(one, other):
    """As a machine that is lost: it takes connections and does not answer, nor does it come back."""
    one.signal(signal.SIGSTOP)
    time.sleep(TAKE_OVER)
    other.promote()


def demoted(one, other):
    """It keeps its connections and takes no changes any more, as managed servers do it."""
    one.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    one.sql("SELECT pg_reload_conf()")
    time.sleep(TAKE_OVER)
    other.promote()


def returned(one, other):
    """The other takes over, the first one comes back as its standby, and then takes over again."""
    one.stop("fast")
    other.promote()
    time.sleep(TAKE_OVER)
    source = f"host=127.0.0.1 port={other.port} user=postgres"
    run("pg_rewind", "-D", one.data, "-R", f"--source-server={source} dbname=postgres")
    # What it had was copied too.
    one.configure(f"port = {one.port}")
    one.start()
    until("it follows", lambda: other.sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1")
    time.sleep(TAKE_OVER)
    other.stop("fast")
    one.promote()


FAULTS = {
    "restart": ("`pg_ctl restart -m fast`", restart),
    "silent": (f"primary silent for {SILENCE} s", silent),
    "killed": (f"primary killed, standby promoted after {TAKE_OVER} s", killed),
    "frozen": (f"primary silent for good, standby promoted after {TAKE_OVER} s", frozen),
    "demoted": (f"primary takes no changes, standby promoted after {TAKE_OVER} s", demoted),
    "returned": ("primary stopped, standby promoted, the old primary back as a standby and promoted again", returned),
}


def counted(values):
    return ", ".join(f"{number} {what}" for what, number in sorted(collections.Counter(values).items(), key=str)) or "none"


def gap(answers, kind, fault, over):
    """From the end of the fault to the end of the first success after which nothing fails; it may have come before that end."""
    bad = [each.ended for each in answers if each.kind == kind and each.ended > fault and not 200 <= each.status < 300]
    if not bad:
        return "nothing failed"
    good = [each.ended for each in answers if each.kind == kind and 200 <= each.status < 300 and each.ended > max(bad)]
    if not good:
        return "NOT AGAIN"
    return "at once" if min(good) <= over else f"{min(good) - over:.1f} s"


def faulted(jar, work, name):
    title, fault = FAULTS[name]
    servers, gateway, load = [], None, None
    try:
        one = Server.primary(work / "one")
        servers.append(one)
        other = one.standby(work / "other")
        servers.append(other)
        url = f"postgresql://gateway:secret@127.0.0.1:{one.port},127.0.0.1:{other.port}/pictures?targetServerType=primary"
        gateway = Gateway(jar, work, url).started()
        load = Load(gateway)
        time.sleep(QUIET_BEFORE)
        begun = time.monotonic()
        fault(one, other)
        over = time.monotonic()
        until("health is up again", lambda: load.health and load.health[-1][0] > over and load.health[-1][1] == "UP")
        time.sleep(QUIET_AFTER)
        load.end()
        lost, lost_before = load.lost(over)
        after = [each for each in load.answers if each.ended > begun]
        failed = [each for each in after if not 200 <= each.status < 300]
        longest = max((each.ended - each.begun for each in after), default=0)
        text = gateway.text()
        said = len(re.findall(r"The database is unavailable: ", text))
        again = len(re.findall(r"The database answers again", text))
        traces = len(re.findall(r"^\tat ", text, re.M))
        down = [each for each in load.health if each[0] > begun and each[1] != "UP"]
        refusals = sorted({each[2] for each in down if each[2]})
        wrong = [f"{each.status} {each.code} ({each.kind})" for each in failed if each.status != 503 or not each.is_problem]
        if any(each.ended > over + PATIENCE for each in failed) or "NOT AGAIN" in (gap(after, "read", begun, over), gap(after, "write", begun, over)):
            wrong.append("work did not go on")
        if lost:
            wrong.append(f"{len(lost)} images lost that were acknowledged afterwards")
        # Of two changes of the primary at once each is over in a moment.
        if failed and not down and name not in ("restart", "returned"):
            wrong.append("health did not tell")
        if said != again or (failed and not 1 <= said <= (2 if name == "returned" else 1)):
            wrong.append(f"log: {said} lines of an outage, {again} that it is over")
        if traces:
            wrong.append(f"log: {traces} lines of stack traces")
        print(f"| {title} | {gap(after, 'read', begun, over)} | {gap(after, 'write', begun, over)} | {counted(f'{each.status} {each.code}' for each in failed)}"
              f" of {len(after)} | {longest:.1f} s | {len(lost_before)} | {'DOWN ' + ', '.join(refusals) if down else 'UP'} |", flush=True)
        for each in re.findall(r"The database is unavailable: .*", text):
            print(f"    {each}", file=sys.stderr)
        for each in sorted(set(wrong)):
            print(f"{name}: {each}", file=sys.stderr)
        if wrong and os.environ.get("KEEP_LOG"):
            shutil.copy(gateway.log, os.environ["KEEP_LOG"])
        return not wrong
    finally:
        if load:
            load.ending.set()
        if gateway:
            gateway.end()
        for server in servers:
            server.end()


def main():
    jar = pathlib.Path(sys.argv[1]).resolve()
    chosen = os.environ.get("FAULTS", " ".join(FAULTS)).split()
    ok = True
    if chosen:
        print("| fault | reads again | changes again | answers that failed | longest answer | lost of those acknowledged before | health |")
        print("| --- | ---: | ---: | --- | ---: | ---: | --- |", flush=True)
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as directory:
            work = pathlib.Path(directory)
            if USER:
                os.chmod(work, 0o777)
            ok = faulted(jar, work, name) and ok
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
