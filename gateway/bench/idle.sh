#!/usr/bin/env bash
# Opens many connections that do nothing to a gateway with -Xmx256m, a third each: never a byte, half a request, kept alive
# after one; meanwhile has archives and hits of the image proxy served, then waits until the gateway has closed them all.
# Prints what was served before and beside them, memory, and when they were closed; fails if a request failed, an archive
# was not whole, or a connection outlived its time. Needs python3, curl and a JDK 25; loopback only.
#
#   gateway/bench/idle.sh
#
#   CONNECTIONS    default 10000; `ulimit -Hn` has to be larger, for this script and for the gateway
#   SECONDS_EACH   of requests, before and beside them, default 15
#   SKIP_BUILD     set: takes gateway/target/gateway.jar as it is
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}
ulimit -n "$(ulimit -Hn)"

cd "$root"
[ -n "${SKIP_BUILD:-}" ] || ./mvnw -q -B -DskipTests package
work=$(mktemp -d)
cleanup() { kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT

"$java" -Xmx256m -XX:MaxDirectMemorySize=256m -jar gateway/target/gateway.jar --server.port=0 --sluice.samples.port=0 \
  --sluice.limits.enabled=false --sluice.database.directory="$work/db" --sluice.storage.directory="$work/store" \
  --sluice.image-proxy.cache.directory="$work/cache" \
  --logging.level.org.springframework.boot.reactor.netty=info > "$work/gateway.log" 2>&1 &
gateway=$!
for _ in $(seq 120); do
  port=$(sed -n 's/.*Netty started on port \([0-9]*\).*/\1/p' "$work/gateway.log" | head -1)
  [ -z "$port" ] || break
  sleep 0.5
done

python3 - "${port:?the gateway did not start}" "$gateway" "${CONNECTIONS:-10000}" "${SECONDS_EACH:-15}" <<'PY' || failed=1
import asyncio, io, json, sys, time, urllib.parse, urllib.request, zipfile

port, gateway, wanted, seconds = map(int, sys.argv[1:])
root = f'http://127.0.0.1:{port}'
CLOSED_WITHIN = 90  # sluice.inbound.idle-timeout and read-timeout, and some patience


def call(path, body=None, headers={}):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(root + path, data, {'Content-Type': 'application/json', **headers})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


token = {'Authorization': 'Bearer ' + json.loads(call('/api/session', {'user': 'alice', 'roles': ['user']}))['token']}
pictures = json.loads(call('/samples'))['pictures']
archive = {'images': [{'url': url} for url in (pictures * 20)[:20]]}
hit = '/api/image-proxy?url=' + urllib.parse.quote(pictures[0], safe='')


def resident(name):
    with open(f'/proc/{gateway}/status') as status:
        return int(next(line for line in status if line.startswith(name)).split()[1]) // 1024


async def serve(what):
    times = {'archive': [], 'hit': []}
    end = time.monotonic() + seconds

    async def client(kind, request):
        while time.monotonic() < end:
            begun = time.monotonic()
            answer = await asyncio.to_thread(request)
            times[kind].append(time.monotonic() - begun)
            if kind == 'archive':
                with zipfile.ZipFile(io.BytesIO(answer)) as whole:
                    assert len(whole.namelist()) == 20 and whole.testzip() is None

    await asyncio.gather(*[client('archive', lambda: call('/api/zip', archive)) for _ in range(2)],
                         *[client('hit', lambda: call(hit, headers=token)) for _ in range(4)])
    for kind, each in times.items():
        each.sort()
        print(f'{what}: {len(each)} of {kind}, p50 {each[len(each) // 2] * 1000:.0f} ms, p99 {each[len(each) * 99 // 100] * 1000:.0f} ms')
    print(f'{what}: {resident("VmRSS")} MB resident')


async def idle(n, opened, closed):
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    kind = ('silent', 'half', 'kept')[n % 3]
    if kind == 'half':
        writer.write(b'GET / HTTP/1.1\r\nHost: localhost\r\nAccept')
    if kind == 'kept':
        writer.write(b'GET /actuator/health/liveness HTTP/1.1\r\nHost: localhost\r\n\r\n')
        assert (await reader.readuntil(b'\r\n')).startswith(b'HTTP/1.1 200')
    opened.append(kind)
    begun = time.monotonic()
    try:
        while await reader.read(4096):
            pass
    except ConnectionError:
        pass
    closed.setdefault(kind, []).append(time.monotonic() - begun)
    writer.close()


async def main():
    await asyncio.to_thread(call, '/api/zip', archive)
    await serve('before')
    opened, closed, tasks = [], {}, []
    begun = time.monotonic()
    for n in range(wanted):
        tasks.append(asyncio.create_task(idle(n, opened, closed)))
        if n % 200 == 199:
            await asyncio.sleep(0.05)
    while len(opened) < wanted and time.monotonic() < begun + 60:
        await asyncio.sleep(0.1)
    print(f'{len(opened)} connections open after {time.monotonic() - begun:.1f} s, {sum(map(len, closed.values()))} closed, {resident("VmRSS")} MB resident')
    assert len(opened) == wanted
    await serve('beside')
    _, left = await asyncio.wait(tasks, timeout=CLOSED_WITHIN)
    for kind, after in sorted(closed.items()):
        print(f'{kind}: {len(after)} closed after {min(after):.0f} to {max(after):.0f} s')
    print(f'{len(left)} are still open; {resident("VmHWM")} MB resident at most')
    await asyncio.to_thread(call, '/api/zip', archive)
    assert not left


asyncio.run(main())
PY
if grep -n -m 5 -E '^\s+at [a-z.]+\(|OutOfMemory' "$work/gateway.log"; then
  echo "a stack trace in the log" >&2
  failed=1
fi
exit "${failed:-0}"
