#!/usr/bin/env python3
"""Gateways larger than the one that was measured, on paper: prints the tables of scale.md.

    python3 gateway/docs/scale.py            all tables, as Markdown
    python3 gateway/docs/scale.py --update   writes them into scale.md, in the place of those that are there
    python3 gateway/docs/scale.py --quick    all tables, the two simulated ones of so few requests that they say nothing

Costs are read from the table "Archives" of docs/measured.md. Everything else that goes in is in the constants below, and
the document says of each whether it is a default of the gateway or assumed. Python's standard library only, one seed, so
the same measurement makes the same tables.
"""

import heapq
import random
import re
import sys
from bisect import bisect_left
from collections import OrderedDict, deque
from itertools import accumulate
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEED = 18
MB, GB = 1e6, 1e9

# Defaults of the gateway.
IMAGES = 20  # sluice.zip.max-images
LARGEST = 5 * MB  # sluice.zip.max-image-size
AHEAD = 3  # sluice.zip.concurrency
BUFFER_BUDGET = 32 * MB  # sluice.zip.buffer-budget with -XX:MaxDirectMemorySize=128m
SPOOL_BUDGET = 1 * GB  # sluice.zip.spool-budget
QUEUE_TIMEOUT = 10.0  # sluice.zip.queue-timeout, seconds
PER_HOST = 256  # sluice.fetch.connections.per-host
FLIGHTS = 256  # sluice.image-proxy.concurrent-fetches
MAX_ENTRIES = 100_000  # sluice.image-proxy.cache.max-entries
SKETCH = 65_536  # images that AdmissionSketch remembers, in buckets of four
HOUR = 3600.0

# Assumed: a machine's disk and network, and what people ask for.
DISK = 2 * GB  # bytes a second, read and written together
ON_THE_WIRE = 1448 / 1538  # payload of an Ethernet frame of 1500 bytes, TCP with timestamps
SEND_BUFFER = 4 * MB  # the most of a socket, Linux' net.ipv4.tcp_wmem
HIT, HIT_CPU = 20_000, 82e-6  # a hit by token, bytes and CPU seconds: "Hits of the image proxy" of docs/measured.md
REDIS_CPU = (47e-6, 104e-6)  # CPU seconds of Redis a decision: limits/README.md, lowest and highest of one value, `TOGETHER`
FETCH = 0.3  # seconds that an origin takes for an image
CONFIRM = 0.05  # seconds that an origin takes for a 304
MEDIAN, SIGMA = 1 * MB, 0.8  # of an image's size, log-normal, cut at LARGEST
PACES = [(10, 0.2), (100, 0.5), (500, 0.25), (2000, 0.05)]  # Mbit/s of clients, and their share
LISTS, ZIPF = 20_000, 0.9  # lists of images that archives are made of, and how unequal they are
GATEWAYS, RATE, REQUESTS = 20, 100, 240_000  # archives a second for all of them, and how many are looked at
MACHINES = [(16, 10), (16, 100), (64, 10), (64, 100)]  # cores, Gbit/s
SHARE = 100 if "--quick" in sys.argv else 1  # of the requests of simulations, one in so many is looked at


# -- What was measured ------------------------------------------------------------------------------------------------


class Row:
    """A line of that table: MB/s, CPU s/GB, the kernel's part of it, resident MB."""

    def __init__(self, cells):
        self.speed, self.cpu, self.kernel, self.resident = (float(cell) for cell in cells[:4])


def measured():
    text = (HERE.parents[1] / "docs/measured.md").read_text(encoding="utf-8")
    table = text[text.index("| server | clients | MB/s | CPU s/GB |") :]
    rows = {}
    for line in table[: table.index("\n\n")].splitlines()[2:]:
        name, clients, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows[name, int(clients)] = Row(cells)
    return {
        "first": rows["gateway, first time", 50],
        "again": rows["gateway, the same archive again", 50],
        "782354a": rows["782354a", 50],
        "zipstreamer": rows["zipstreamer", 50],
        "proxy_pass": rows["nginx proxy_pass", 50],
        "file": rows["nginx, file", 50],
    }


def calibration(rows):
    """Server, origin and client on two cores: MB/s = 2 cores / the sum of their CPU s/GB."""
    file = rows["file"]
    client = (2 - file.cpu * file.speed / 1000) / file.speed * 1000
    lines = []
    for name, row in rows.items():
        origin = 0 if name in ("again", "file") else file.cpu
        speed = 2000 / (row.cpu + origin + client)
        lines.append([name, row.cpu, origin, f"{client:.2f}", f"{speed:.0f}", f"{row.speed:.0f}", f"{speed / row.speed:.2f}"])
    return table(["row, 50 clients", "its s/GB", "origin's", "client's", "MB/s by the model", "measured", "ratio"], lines)


# -- One machine by formulas ------------------------------------------------------------------------------------------


def sizes(rng, count):
    return [min(LARGEST, MEDIAN * rng.lognormvariate(0, SIGMA)) for _ in range(count)]


def network(gbit):
    return gbit / 8 * GB * ON_THE_WIRE


def cost(rows, known):
    """CPU seconds a byte, where this part of all bytes comes from the store."""
    return (known * rows["again"].cpu + (1 - known) * rows["first"].cpu) / GB


def kernel_twice(row):
    """CPU seconds a byte, should the kernel need twice of what it needs over loopback."""
    return row.cpu * (1 + row.kernel) / GB


def bound(rows, cores, gbit, known):
    """Bytes a second that processors and network admit."""
    return min(cores / cost(rows, known), network(gbit))


def bounds(rows, image):
    lines = []
    for cores, gbit in MACHINES:
        for known in (0, 0.5, 1):
            by_cpu, by_network = cores / cost(rows, known), network(gbit)
            twice = known * kernel_twice(rows["again"]) + (1 - known) * kernel_twice(rows["first"])
            speed = min(by_cpu, by_network)
            lines.append([
                cores, gbit, f"{known:.0%}", f"{by_cpu / GB:.1f}", f"{cores / twice / GB:.1f}", f"{by_network / GB:.1f}",
                "processors" if by_cpu < by_network else "network",
                f"{speed * 8 / GB / ON_THE_WIRE:.1f}", f"{speed / image / IMAGES:.0f}",
                f"{speed * cost(rows, known) / cores:.0%}",
            ])
    return table(["cores", "Gbit/s", "bytes from the store", "processors, GB/s", "kernel at twice its cost", "network, GB/s", "ends first", "Gbit/s used",
                  "archives/s", "processors used"], lines)


def needs(rows, image):
    """What goes with the speed that processors and network admit; Little: so many at once = a second's × seconds each."""
    lines = []
    for cores, gbit in MACHINES:
        for known in (0, 1):
            speed = bound(rows, cores, gbit, known)
            archives = speed / image / IMAGES
            clients = archives * sum(share * image * IMAGES * 8 / (pace * MB) for pace, share in PACES)
            fetches, confirmations = (1 - known) * speed / image * FETCH, known * speed / image * CONFIRM
            files = clients * (1 + (1 - known) * AHEAD) + fetches + confirmations
            lines.append([
                cores, gbit, f"{known:.0%}", f"{clients:,.0f}", f"{(1 - known) * clients * image / GB:.1f}",
                f"{fetches:,.0f}", f"{fetches / cores:.0f} of {-(-PER_HOST // cores)}", f"{confirmations:,.0f}", f"{files:,.0f}",
                f"{speed * (7 - 6 * known) / GB:.0f}", f"{SEND_BUFFER * clients / GB:.1f}",
                f"{2 * known * clients * image * IMAGES / GB:.0f}",
            ])
    return table(["cores", "Gbit/s", "from the store", "clients", "one image each, GB", "fetches", "a loop, of one origin's",
                  "confirmations", "file descriptors", "memory bus, GB/s", "send buffers at most, GB", "store for their pins, GB"], lines)


def shared(image):
    """What all gateways ask of one Redis: a decision a request, settling included."""
    lines = []
    for gbit in (10, 100):
        for name, size in (("archives", image * IMAGES), ("hits of 20 KB", HIT)):
            cores = 64
            each = min(network(gbit) / size, cores / HIT_CPU if size == HIT else float("inf"))
            every = each * GATEWAYS
            lines.append([gbit, name, f"{each:,.0f}", f"{every:,.0f}", f"{every * REDIS_CPU[0]:.2f} to {every * REDIS_CPU[1]:.2f}"])
    return table(["Gbit/s each", "requests", "a gateway, /s", f"{GATEWAYS} gateways, /s", "processors of Redis"], lines)


# -- One machine, simulated -------------------------------------------------------------------------------------------


def level(classes, budget):
    """The rate that each gets who could take more, so that all together take the budget; classes: (cap, weight)."""
    classes.sort()
    total = sum(weight for _, weight in classes)
    for cap, weight in classes:
        if budget <= cap * total:
            return budget / total
        budget -= cap * weight
        total -= weight
    return float("inf")


class Machine:
    """Clients of one gateway as fluids: each takes what its line, its event loop and its part of the machine admit."""

    def __init__(self, rows, cores, gbit, memory, disk, image):
        self.cores, self.network = cores, network(gbit)
        costs = {"known": rows["again"].cpu / GB, "memory": rows["first"].cpu / GB, "disk": rows["782354a"].cpu / GB}
        # (kind, pace) → [clients, bytes that each was sent since the start, heap of ends, cost, most bytes a second]
        self.classes = {
            (kind, pace): [0, 0.0, [], each, min(pace * MB / 8, 1 / each)]
            for kind, each in costs.items()
            for pace, _ in PACES
        }
        self.room = {"memory": int(memory / image), "disk": int(disk / image)}
        self.rates, self.now = {}, 0.0
        self.sent = self.worked = self.clients = 0.0

    def share(self):
        busy = {key: each for key, each in self.classes.items() if each[0]}
        spooled = level([(c[4], 2 * c[0]) for (kind, _), c in busy.items() if kind == "disk"], DISK)
        caps = {key: min(c[4], spooled) if key[0] == "disk" else c[4] for key, c in busy.items()}
        out = level([(caps[key], c[0]) for key, c in busy.items()], self.network)
        work = level([(caps[key], c[0] * c[3]) for key, c in busy.items()], self.cores)
        self.rates = {key: min(caps[key], out, work) for key in busy}

    def next_end(self):
        ends = [(self.now + (self.classes[key][2][0][0] - self.classes[key][1]) / rate, key) for key, rate in self.rates.items()]
        return min(ends, default=(float("inf"), None))

    def advance(self, until, counts):
        span, self.now = until - self.now, until
        for key, rate in self.rates.items():
            c = self.classes[key]
            c[1] += rate * span
            if counts:
                self.sent += c[0] * rate * span
                self.worked += c[0] * rate * span * c[3]
                self.clients += c[0] * span

    def begin(self, kind, pace, size, arrived):
        c = self.classes[kind, pace]
        c[0] += 1
        heapq.heappush(c[2], (c[1] + size, arrived, size))
        if kind != "known":
            self.room[kind] -= 1
        self.share()

    def end(self, key):
        c = self.classes[key]
        c[0] -= 1
        _, arrived, size = heapq.heappop(c[2])
        if key[0] != "known":
            self.room[key[0]] += 1
        return (self.now - arrived) / (size / (key[1] * MB / 8))


def simulate(rows, cores, gbit, load, known, memory, disk, image):
    rng = random.Random(SEED)
    rate = load * bound(rows, cores, gbit, known) / (image * IMAGES)
    count = int(max(4_000, 50 * rate)) // SHARE
    paces = rng.choices([pace for pace, _ in PACES], [share for _, share in PACES], k=count)
    lists = [sum(sizes(rng, IMAGES)) for _ in range(1_000)]
    machine = Machine(rows, cores, gbit, memory, disk, image)
    waiting, stretches, waits, refused, asked, spooled = deque(), [], [], 0, 0, 0
    arrival, arrived, since = rng.expovariate(rate), 0, count / rate / 2

    def place():
        return next((kind for kind in ("memory", "disk") if machine.room[kind] > 0), None)

    while arrived < count:
        end, key = machine.next_end()
        counts = machine.now > since
        if arrival < end:
            machine.advance(arrival, counts)
            pace, size = paces[arrived], lists[arrived % len(lists)]
            arrived, asked = arrived + 1, asked + counts
            if rng.random() < known:
                machine.begin("known", pace, size, arrival)
            else:
                waiting.append((arrival, pace, size))
            arrival += rng.expovariate(rate)
        else:
            machine.advance(end, counts)
            stretch = machine.end(key)
            machine.share()
            if counts:
                stretches.append(stretch)
        while waiting and machine.now - waiting[0][0] > QUEUE_TIMEOUT:
            waiting.popleft()
            refused += counts
        while waiting and (kind := place()):
            begun, pace, size = waiting.popleft()
            if counts:
                waits.append(machine.now - begun)
                spooled += kind == "disk"
            machine.begin(kind, pace, size, begun)
    span = machine.now - since
    return [
        cores, gbit, f"{load:.0%}", f"{known:.0%}", f"{memory / MB:,.0f} + {disk / MB:,.0f}",
        f"{machine.sent / span * 8 / GB:.1f}", f"{machine.worked / span / cores:.0%}", f"{machine.clients / span:,.0f}",
        f"{spooled / max(1, asked):.0%}", f"{part(waits, 0.99):.1f}", f"{part(stretches, 0.5):.2f}", f"{part(stretches, 0.99):.2f}",
        f"{refused / max(1, asked):.0%}",
    ]


def part(values, share):
    return sorted(values)[int(share * (len(values) - 1))] if values else 0.0


def simulated(rows, image):
    few, plenty = (BUFFER_BUDGET, SPOOL_BUDGET), (16 * GB, 0)
    cells = [(c, g, 0.8, 0, *few) for c, g in MACHINES] + [(c, g, 0.8, 0, *plenty) for c, g in MACHINES]
    cells += [(16, 10, 0.8, 0.8, *few), (64, 100, 0.8, 0.8, *few), (16, 10, 1.1, 0, *plenty), (16, 100, 1.1, 0.8, *plenty)]
    return table(["cores", "Gbit/s", "load", "from the store", "memory + disk, MB", "Gbit/s sent", "processors", "clients",
                  "through the disk", "wait p99, s", "stretch p50", "p99", "503"],
                 [simulate(rows, *cell, image) for cell in cells])


# -- The store, and twenty of them ------------------------------------------------------------------------------------


class Store:
    """Lists whose images are in one gateway's store: S3-FIFO as EvictionQueue has it, entered as AdmissionSketch says."""

    def __init__(self, room):
        self.room = room  # lists
        self.fresh, self.rest, self.gone = OrderedDict(), OrderedDict(), OrderedDict()  # list → uses
        self.buckets = [{} for _ in range(SKETCH // IMAGES // 4)]  # of four: list → when it was asked for

    def ask(self, wanted, now):
        """Whether the archive is known."""
        for queue in (self.fresh, self.rest):
            if wanted in queue:
                queue[wanted] = min(3, queue[wanted] + 1)
                return True
        bucket = self.buckets[hash((wanted, SEED)) % len(self.buckets)]
        before = bucket.pop(wanted, None)
        if before is None and len(bucket) == 4:
            del bucket[min(bucket, key=bucket.get)]
        bucket[wanted] = now
        if before is not None and now - before <= HOUR:
            self.add(wanted)
        return False

    def add(self, wanted):
        while len(self.fresh) + len(self.rest) >= self.room:
            self.evict()
        (self.rest if self.gone.pop(wanted, False) else self.fresh)[wanted] = 0

    def evict(self):
        while True:
            is_fresh = not self.rest or (self.fresh and len(self.fresh) * 10 >= len(self.fresh) + len(self.rest))
            oldest, uses = (self.fresh if is_fresh else self.rest).popitem(last=False)
            if uses:
                self.rest[oldest] = 0 if is_fresh else uses - 1
                continue
            if is_fresh:
                self.gone[oldest] = True
                if len(self.gone) > self.room:
                    self.gone.popitem(last=False)
            return


def spread(balancer, wanted, number, served):
    """The gateway that gets a request."""
    if balancer == "in turns":
        return number % GATEWAYS
    home = hash((wanted, SEED + 1)) % GATEWAYS
    if balancer == "by hash, 1.25 at most":
        while served[home] > 1.25 * (number + 1) / GATEWAYS:
            home = (home + 1) % GATEWAYS
    return home


def stores(image):
    rng = random.Random(SEED)
    sums = list(accumulate(1 / n**ZIPF for n in range(1, LISTS + 1)))
    asked = REQUESTS // SHARE
    requests = [bisect_left(sums, rng.random() * sums[-1]) for _ in range(asked)]
    lines = []
    for size in (0.5 * GB, 10 * GB, 100 * GB):
        room = max(1, int(min(size / image, MAX_ENTRIES) / IMAGES))
        for name, count in (("one gateway", 1), ("in turns", GATEWAYS), ("by hash", GATEWAYS), ("by hash, 1.25 at most", GATEWAYS)):
            all_stores, hits, served = [Store(room) for _ in range(count)], 0, [0] * count
            for number, wanted in enumerate(requests):
                gateway = spread(name, wanted, number, served) if count > 1 else 0
                served[gateway] += 1
                hit = all_stores[gateway].ask(wanted, number / RATE)
                hits += hit and number >= asked // 2
            ratio = hits / (asked - asked // 2)
            origin = (1 - ratio) * RATE * IMAGES * image * 8 / GB
            lines.append([f"{size / GB:g} GB", name, room, f"{ratio:.0%}", f"{origin:.1f}", f"{max(served) * count / asked:.2f}"])
    return table(["max-size, each", "requests go", "lists in a store", "known archives", "from origins, Gbit/s", "busiest, of the mean"],
                 lines)


# -- Printing ---------------------------------------------------------------------------------------------------------


def table(head, lines):
    text = [head, ["---" if column == 0 else "---:" for column in range(len(head))], *lines]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in text)


def main():
    rows = measured()
    image = sum(sizes(random.Random(SEED), 100_000)) / 100_000
    a_list = f"A list of {IMAGES} images has {image * IMAGES / MB:.1f} MB, an image {image / MB:.2f}."
    one = f"One client, on one event loop: {1 / rows['first'].cpu:.2f} GB/s the first time, {1 / rows['again'].cpu:.2f} again."
    sketch = " ".join(
        f"At {gbit} Gbit/s of new images the sketch remembers {SKETCH / (network(gbit) / image):.0f} s." for gbit in (1, 10, 100))
    tables = {
        "calibration": calibration(rows),
        "bounds": bounds(rows, image) + "\n\n" + a_list + " " + one,
        "needs": needs(rows, image),
        "simulated": simulated(rows, image),
        "stores": stores(image) + "\n\n" + sketch,
        "shared": shared(image) + f"\n\nConnections to one origin: {GATEWAYS * PER_HOST:,} at most.",
    }
    if "--update" in sys.argv:
        document = HERE / "scale.md"
        text = document.read_text(encoding="utf-8")
        for name, content in tables.items():
            place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
            text = place.sub(lambda found, content=content: f"{found[1]}{content}\n{found[2]}", text)
        document.write_text(text, encoding="utf-8")
    else:
        print("\n\n".join(f"### {name}\n\n{content}" for name, content in tables.items()))


if __name__ == "__main__":
    main()
