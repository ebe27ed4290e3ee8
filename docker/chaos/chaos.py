"""Breaks what chaos.sh has started, part by part, under load, and prints what its callers saw: a row an event. Exit 1 if
anything happened that must not:

  over a limit            an admission beyond what one caller may have, counted over both gateways
  lost                    an image or job that was acknowledged and is not there, not whole, or never ends
  looks whole             an archive that came to an orderly end and is not all that was asked for, or any other wrong answer
  paid twice              a picture that was ordered from the provider more than once
  failed late             a request that began when everything had been there again for a while, and failed all the same; but for
                          refusals of what costs money, and of archives, while a gateway says that Redis does not answer in
                          time, or with errors, as may be on a machine that is too busy

or if k6 is there and was no load.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time

from client import K6, Callers, Client, clock

# A request that begins so long after all is there again may not fail.
GRACE = 10
SETTLED = 6
# nginx gives a gateway that is back one request first, and more when that has ended: see cluster/nginx.conf.
ROLL_PAUSE = 12
PATIENCE = 150
# JVMs that have just begun are slow, which says nothing.
WARM_UP = 15
# As in application.yml: `user`, `zip-slots`; and as compose.yaml here sets `image-day`.
BURST, PER_SECOND, SLOTS, QUOTA = 20, 1, 2, 20
GATEWAYS = ("gateway-1", "gateway-2")
# Orders that ended without a picture, and say so.
ENDED_FAILED = []
METER = re.compile(r"^sluice_limits_decisions_total{(.*)} (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')
# What is counted in each gateway alone while Redis is away, is one more allowance each.
ALONE = 1 + len(GATEWAYS)


class GivenUp(Exception):
    """What was broken is not there again in time."""


class Cluster:
    def __init__(self, compose):
        self.compose = compose
        self.ids = {}
        self.meters = {}
        self.alone = {}

    def docker(self, *words, check=True):
        done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
        if check and done.returncode:
            sys.exit(f"docker {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout.strip() if done.returncode == 0 else ""

    def container(self, service):
        if service not in self.ids:
            listed = subprocess.run([*self.compose, "ps", "-aq", service], capture_output=True, text=True, check=True)
            self.ids[service] = listed.stdout.strip()
        return self.ids[service]

    def sample(self):
        """Adds to `alone` what gateways have decided alone since the last time. Their meters end with them, so before that too."""
        before, self.meters = self.meters, self.decided_alone()
        for (service, name), count in self.meters.items():
            # Less than before: it has begun anew.
            since = before.get((service, name), 0)
            self.alone[name] = self.alone.get(name, 0) + (count - since if count >= since else count)

    def kill(self, service):
        if service in GATEWAYS:
            self.sample()
        self.docker("kill", "-s", "KILL", self.container(service))

    def start(self, service):
        self.docker("start", self.container(service))

    def disconnect(self, service):
        """Takes it out of all its networks, which are given back."""
        container = self.container(service)
        networks = json.loads(self.docker("inspect", "-f", "{{json .NetworkSettings.Networks}}", container))
        for name in networks:
            self.docker("network", "disconnect", name, container)
        return networks

    def connect(self, service, networks):
        for name, network in networks.items():
            address = (network.get("IPAMConfig") or {}).get("IPv4Address")
            aliases = [word for alias in network.get("Aliases") or [] for word in ("--alias", alias)]
            self.docker("network", "connect", *(["--ip", address] if address else []), *aliases, name, self.container(service))

    def inside(self, service, *words):
        return self.docker("exec", self.container(service), *words, check=False)

    def world(self, path):
        program = f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000{path}').read().decode())"
        return json.loads(self.inside("world", "python3", "-c", program))

    def decided_alone(self):
        """How many requests each gateway has admitted or refused without Redis: by its policy, and `unavailable` what was refused."""
        script = (r'exec 3<>/dev/tcp/127.0.0.1/$MANAGEMENT_SERVER_PORT; '
                  r'printf "GET /actuator/prometheus HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" >&3; cat <&3')
        counts = {}
        for service in GATEWAYS:
            for labels, value in METER.findall(self.inside(service, "bash", "-c", script)):
                named = dict(LABEL.findall(labels))
                if named["place"] == "local":
                    name = named["policy"] if named["outcome"] == "admitted" else named["outcome"]
                    counts[service, name] = counts.get((service, name), 0) + int(float(value))
        return counts

    def sentinels_primary(self):
        for sentinel in ("sentinel-1", "sentinel-2", "sentinel-3"):
            command = "env -u REDISCLI_AUTH redis-cli -p 26379 sentinel get-master-addr-by-name sluice"
            if said := self.inside(sentinel, "sh", "-c", command):
                return said.split()[0]
        return ""

    def redis_at(self, address):
        for service in ("redis-1", "redis-2"):
            networks = json.loads(self.docker("inspect", "-f", "{{json .NetworkSettings.Networks}}", self.container(service)))
            if any((network.get("IPAMConfig") or {}).get("IPv4Address") == address for network in networks.values()):
                return service
        sys.exit(f"no Redis has the address {address}")

    def answers(self, service):
        """Whether a service does what it is for."""
        if service in GATEWAYS:
            script = ("healthy",)
        elif service.startswith("redis"):
            script = ("sh", "-c", "redis-cli ping | grep PONG")
        elif service.startswith("sentinel"):
            script = ("sh", "-c", "env -u REDISCLI_AUTH redis-cli -p 26379 ping | grep PONG")
        elif service == "postgres":
            script = ("sh", "-c", "pg_isready -U sluice -d sluice")
        elif service == "s3":
            script = ("sh", "-c", "wget -q -O /dev/null http://127.0.0.1:8080/health && echo yes")
        else:
            script = ("sh", "-c", "nginx -v 2>&1; test -s /tmp/nginx.pid && echo yes")
        if service in GATEWAYS:
            return bool(self.inside(service, "sh", "-c", "healthy && echo yes"))
        return bool(self.inside(service, *script))

    def wait(self, what, condition):
        end = clock() + PATIENCE
        while not condition():
            if clock() > end:
                raise GivenUp(f"{what}: not within {PATIENCE} s")
            time.sleep(0.2)


class Event:
    """Something that happens: what is gone from `began` to `back`, and how."""

    def __init__(self, title, act, harmless=False):
        self.title, self.act, self.harmless = title, act, harmless
        self.began = self.back = self.ended = 0.0
        self.note = ""
        self.alone = {}

    def run(self, cluster):
        before, self.began = dict(cluster.alone), clock()
        self.note = self.act(cluster) or ""
        self.back = clock()
        time.sleep(GRACE + SETTLED)
        self.ended = clock()
        cluster.sample()
        self.alone = {name: count - before.get(name, 0) for name, count in cluster.alone.items()}


def nothing(_):
    time.sleep(20)


def killed(service, seconds):
    def act(cluster):
        cluster.kill(service)
        time.sleep(seconds)
        cluster.start(service)
        begun = clock()
        cluster.wait(service, lambda: cluster.answers(service))
        return f"answers {clock() - begun:.1f} s after its start"

    return Event(f"{service} killed, started {seconds} s later", act)


def frozen(service, seconds):
    """Its connections stay open, and nothing answers on them."""
    def act(cluster):
        cluster.docker("pause", cluster.container(service))
        time.sleep(seconds)
        cluster.docker("unpause", cluster.container(service))
        begun = clock()
        cluster.wait(service, lambda: cluster.answers(service))
        return f"answers {clock() - begun:.1f} s after it goes on"

    return Event(f"{service} frozen for {seconds} s", act)


def primary_gone(cluster, how, go):
    old = cluster.sentinels_primary()
    service = primary_gone.service = cluster.redis_at(old)
    begun = clock()
    go(service)
    cluster.wait("a new primary", lambda: cluster.sentinels_primary() not in ("", old))
    return f"{service} {how}, the other one promoted after {clock() - begun:.1f} s"


def primary_killed(cluster):
    return primary_gone(cluster, "killed", cluster.kill)


def primary_frozen(cluster):
    return primary_gone(cluster, "frozen", lambda service: cluster.docker("pause", cluster.container(service)))


def primary_cut(cluster):
    def go(service):
        primary_cut.networks = cluster.disconnect(service)

    return primary_gone(cluster, "cut off", go)


def primary_back(cluster):
    return became_replica(cluster, cluster.start)


def primary_thawed(cluster):
    return became_replica(cluster, lambda service: cluster.docker("unpause", cluster.container(service)))


def primary_connected(cluster):
    return became_replica(cluster, lambda service: cluster.connect(service, primary_cut.networks))


def became_replica(cluster, go):
    service = primary_gone.service
    go(service)
    cluster.wait(service, lambda: "role:slave" in cluster.inside(service, "redis-cli", "info", "replication")
                 and "master_link_status:up" in cluster.inside(service, "redis-cli", "info", "replication"))
    return f"{service} is a replica that is up to date"


def rolled(cluster):
    notes = []
    for service in GATEWAYS:
        cluster.sample()
        begun = clock()
        cluster.docker("stop", "-t", "40", cluster.container(service))
        stopped = clock()
        state = cluster.docker("inspect", "-f", "{{.State.ExitCode}}", cluster.container(service))
        cluster.start(service)
        cluster.wait(service, lambda name=service: cluster.answers(name))
        notes.append(f"{service} drained for {stopped - begun:.1f} s, ended with {state}, ready {clock() - stopped:.1f} s later")
        time.sleep(ROLL_PAUSE)
    return "; ".join(notes)


def cut(service, seconds):
    def act(cluster):
        networks = cluster.disconnect(service)
        time.sleep(seconds)
        cluster.connect(service, networks)
        begun = clock()
        cluster.wait(service, lambda: cluster.answers(service))
        return f"ready {clock() - begun:.1f} s after it is connected again"

    return Event(f"{service} cut off from all networks for {seconds} s", act)


EVENTS = {
    "nothing": lambda: Event("nothing", nothing, harmless=True),
    "gateway-1": lambda: killed("gateway-1", 5),
    "gateway-2": lambda: killed("gateway-2", 5),
    "primary": lambda: Event("the Redis primary killed", primary_killed),
    "replica": lambda: Event("that Redis started again", primary_back),
    "frozen": lambda: Event("the Redis primary frozen", primary_frozen),
    "thawed": lambda: Event("that Redis goes on", primary_thawed),
    "primary-cut": lambda: Event("the Redis primary cut off from its network", primary_cut),
    "connected": lambda: Event("that Redis connected again", primary_connected),
    "sentinel": lambda: killed("sentinel-1", 10),
    "postgres": lambda: killed("postgres", 8),
    "s3": lambda: killed("s3", 8),
    "postgres-frozen": lambda: frozen("postgres", 8),
    "s3-frozen": lambda: frozen("s3", 8),
    "postgres-cut": lambda: cut("postgres", 12),
    "s3-cut": lambda: cut("s3", 12),
    "nginx": lambda: killed("nginx", 5),
    "roll": lambda: Event("both gateways rolled, one after the other", rolled, harmless=True),
    "cut": lambda: cut("gateway-1", 15),
}


class Judgement:
    """What may not happen, counted for one event."""

    def __init__(self, events, at, requests, slots, lost):
        self.events, event, before, self.lost = events, events[at], events[at - 1], lost
        self.event = event
        # What a gateway decides alone, since Redis does not answer in time, is over what all have: by what it has once more at
        # most. Archives may be under way that were admitted so during the event before.
        self.alone = sum(event.alone.values())
        self.slots_alone = event.alone.get("archive", 0) + before.alone.get("archive", 0)
        # What fails because of an event may have begun before it.
        mine = [seen for seen in requests if event.began <= (seen.ended if seen.verdict == "failed" else seen.began) < event.ended]
        self.ok = sum(seen.verdict == "ok" for seen in mine)
        self.wrong = [seen for seen in mine if seen.verdict == "wrong"]
        failed = [seen for seen in mine if seen.verdict == "failed"]
        self.unasked = [seen for seen in failed if "limits_unavailable" in seen.detail and event.alone.get("unavailable")]
        settled = event.began if event.harmless else event.back + GRACE
        self.late = [seen for seen in failed if seen.began > settled and seen not in self.unasked]
        self.failed = [seen for seen in failed if seen not in self.late and seen not in self.unasked]
        self.recovered = max((seen.began - event.back for seen in self.failed if seen.began > event.back), default=0.0)
        self.archives = [seen for seen in mine if seen.kind in ("archive", "slots")]
        self.rate, self.allowed = self.requests_over(requests)
        self.slots, self.slots_allowed = self.slots_over(slots), min(SLOTS * ALONE, SLOTS + self.slots_alone)
        self.over = int(self.rate > self.allowed) + int(self.slots > self.slots_allowed)

    def requests_over(self, requests):
        """Of all spans of time that end with this event, however long ago they began, the one that comes closest to what a caller
        may have in it: admitted, allowed."""
        times = sorted((seen.began, seen.ended) for seen in requests if seen.kind == "greedy" and seen.verdict == "ok")
        worst = (0, BURST)
        for first, (began, end) in enumerate(times):
            for last in range(first, len(times)):
                end = max(end, times[last][1])
                if not self.event.began <= times[last][0] < self.event.ended:
                    continue
                alone = sum(event.alone.get("light", 0) for event in self.events if event.began < end and event.ended > began)
                once = int(BURST + PER_SECOND * (end - began))
                count, allowed = last - first + 1, min(once * ALONE, once + alone)
                if count - allowed > worst[0] - worst[1]:
                    worst = (count, allowed)
        return worst

    def slots_over(self, slots):
        edges = []
        for began, ended in slots:
            if ended > self.event.began and began < self.event.ended:
                edges += [(began, 1), (ended, -1)]
        most = now = 0
        for _, change in sorted(edges):
            now += change
            most = max(most, now)
        return most

    def broken(self):
        return bool(self.late or self.wrong or self.lost or self.over)

    def row(self):
        whole = sum(seen.verdict == "ok" for seen in self.archives)
        off = sum("broke off" in seen.detail for seen in self.archives)
        fake = sum("looks whole" in seen.detail for seen in self.wrong)
        gone = "" if self.event.harmless else f"{self.event.back - self.event.began:.1f}"
        cells = [
            self.event.title, gone, self.ok, len(self.failed), f"{self.recovered:.1f}" if self.failed else "", len(self.late),
            f"{whole}, {off}, {fake}", len(self.wrong) - fake, self.lost,
            f"{self.rate} of {self.allowed}; {self.slots} of {self.slots_allowed}", f"{self.alone}, {len(self.unasked)}",
            "BROKEN" if self.broken() else "held",
        ]
        return "| " + " | ".join(str(cell) for cell in cells) + " |"


HEAD = """| event | gone s | answered | failed | until s after | failed late | archives whole, broken off, looking whole | otherwise wrong | lost | admitted: requests; slots | decided without Redis, refused for that | |
| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | --- | --- | --- |"""


def stored(callers, image):
    """What became of an image that was acknowledged: "", or what is wrong with it."""
    end = clock() + PATIENCE
    while True:
        try:
            verdict, detail = callers.stored(image)
            if verdict == "ok":
                return ""
            if verdict == "wrong" and image.kind in ("generation", "quota"):
                verdict, detail = fate(callers, image)
                if verdict != "limited":
                    return detail
        except OSError as failure:
            verdict, detail = "limited", str(failure)
        if verdict == "wrong" or clock() > end:
            return detail or verdict
        time.sleep(1)


def fate(callers, image):
    """An order that ended without a picture was not lost if it says so."""
    answer = callers.client.ask(image.owner, "GET", f"/api/images/{image.image}")
    if answer.status != 200:
        return ("limited" if answer.status == 429 else "wrong"), f"{answer.status}"
    told = answer.json()
    if told["status"] == "generating":
        return "limited", "still generating"
    if told["status"] == "failed":
        ENDED_FAILED.append(image)
    return "wrong", "" if told["status"] == "failed" else told["status"]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--address", required=True)
    arguments.add_argument("--port", type=int, default=8080)
    arguments.add_argument("--key", required=True)
    arguments.add_argument("--issuer", required=True)
    arguments.add_argument("--audience", required=True)
    arguments.add_argument("--events", default=",".join(EVENTS))
    arguments.add_argument("--compose", required=True, nargs=argparse.REMAINDER)
    given = arguments.parse_args()
    # What is to be done at the end is done then too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    cluster = Cluster(given.compose)
    client = Client(given.address, given.port, given.key, given.issuer, given.audience)
    callers = Callers(client, f"chaos{os.getpid()}")
    callers.start()
    k6 = K6(client, f"chaos{os.getpid()}")
    try:
        with_k6 = k6.start()
        warm_up = Event("warm-up", lambda _: time.sleep(WARM_UP))
        warm_up.run(cluster)
        events = [EVENTS[name]() for name in given.events.split(",")]
        done, given_up = happen(cluster, events)
        callers.stop()
        seen = k6.stop()
    finally:
        k6.close()
    callers.journal.requests += seen
    load = f"those of k6, load/mixed.js, {len(seen)} requests" if with_k6 else "none, there is no k6"
    print(f"beside the callers of client.py: {load}{k6.fault and f'; BROKEN: {k6.fault}'}\n")
    broken = report(cluster, callers, [warm_up, *done])
    sys.exit(1 if given_up or broken or k6.fault else 0)


def happen(cluster, events):
    """The events that came to their end, and whether one did not: the report is of what was seen until then."""
    done = []
    for event in events:
        print(f"… {event.title}", file=sys.stderr, flush=True)
        try:
            event.run(cluster)
        except GivenUp as seen:
            print(f"  {seen}; no further events", file=sys.stderr, flush=True)
            return done, True
        print(f"  {event.note}", file=sys.stderr, flush=True)
        done.append(event)
    return done, False


def report(cluster, callers, events):
    journal = callers.journal
    lost = {}
    for image in journal.copy(journal.kept):
        if wrong := stored(callers, image):
            lost[image.image] = (image, wrong)
    sent, requests = cluster.world("/sent"), journal.copy(journal.requests)
    # Its slot was taken before its first image was asked for, and cannot be free before its last one was sent.
    slots = [(min(spans)[0], max(span[1] for span in spans)) for names in journal.copy(journal.archives)
             if (spans := [sent[name] for name in names if name in sent])]
    print(HEAD)
    broken = False
    for at, event in enumerate(events):
        if at == 0:
            continue
        missing = sum(event.began <= image.at < event.ended for image, _ in lost.values())
        judged = Judgement(events, at, requests, slots, missing)
        broken |= judged.broken()
        print(judged.row())
    print()
    for event in events:
        if event.note:
            print(f"- {event.title}: {event.note}")
    kinds = {}
    for image in journal.copy(journal.kept):
        kinds[image.kind] = kinds.get(image.kind, 0) + 1
    orders = cluster.world("/orders")
    twice = [prompt for prompt, count in orders.items() if count > 1]
    over = kinds.get("quota", 0) > QUOTA
    print(f"- acknowledged: {', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))}; lost: {len(lost)}")
    print(f"- one caller's quota of {QUOTA} images a day: {kinds.get('quota', 0)} admitted")
    print(f"- ordered from the provider: {len(orders)}; paid twice: {len(twice)}; ended as failed, told so: {len(ENDED_FAILED)}")
    details = {}
    for seen in requests:
        if seen.verdict in ("failed", "wrong"):
            index = sum(event.began <= seen.began for event in events) - 1
            key = (events[index].title if index >= 0 else "before all", seen.kind, seen.verdict, seen.detail)
            details.setdefault(key, []).append(seen.began - (events[index].began if index >= 0 else 0))
    for (title, kind, verdict, detail), times in details.items():
        print(f"  {title}: {kind} {verdict}, {detail}: {len(times)} times, {times[0]:.1f} to {times[-1]:.1f} s", file=sys.stderr)
    for image, wrong in lost.values():
        print(f"  lost: {image.kind} {image.image} of {image.owner}: {wrong}", file=sys.stderr)
    return bool(broken or lost or twice or over)


if __name__ == "__main__":
    main()
