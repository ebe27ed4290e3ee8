#!/usr/bin/env bash
# Whether a gateway takes its own delay for an outage of Redis: two gateways on one Redis, and at each of them bursts of
# concurrent requests of three kinds, archives of one image, POST /api/ai/proxy, GET /api/session. All rates, quotas and
# budgets have room; of slots each of the users has two, counted by the origin and the model, which see how many of a
# user's requests are under way at once. The first burst meets gateways that have served nothing yet. Prints a row of the
# table in limits/README.md a burst. Fails if a request is refused as limits_unavailable or is decided by one gateway alone
# while Redis answered in time, as a prober of its own sees it, fails in any way but for want of a slot, or if a user holds
# more slots than it has where Redis decided.
#
#   gateway/bench/burst.sh
#
#   REQUESTS     at each gateway at once, default 200
#   BURSTS       default 10
#   USERS        default 20
#   SKIP_BUILD   set: takes JAR, or gateway/target/gateway.jar, as it is
#
# Needs redis-server, python3 and a JDK 25. Touches loopback only, on free ports, and leaves nothing behind.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}
[ "$java" = java ] || export JAVA_HOME=${java%/bin/java}
command -v redis-server > /dev/null || { echo "needs redis-server" >&2; exit 1; }

cd "$root"
[ -n "${SKIP_BUILD:-}" ] || ./mvnw -q -B -DskipTests package
jar=$(realpath "${JAR:-gateway/target/gateway.jar}")
work=$(mktemp -d)
pids=()
stop() {
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2> /dev/null || true; done
  rm -rf "$work"
}
trap stop EXIT
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
redis=$(free_port)
stub=$(free_port)
export PYTHONDONTWRITEBYTECODE=1
ulimit -n "$(ulimit -Hn)"

preferred=()
[ "$(id -u)" != 0 ] || preferred=(nice -n -15) # a Redis that waits for a processor is slow, and no healthy one
"${preferred[@]}" redis-server --port "$redis" --bind 127.0.0.1 --save '' --appendonly no --dir "$work" > "$work/redis.log" 2>&1 &
pids+=($!)
python3 gateway/bench/burst.py stub "$stub" > "$work/stub.log" 2>&1 &
pids+=($!)
roomy=()
for limit in ip user ai-endpoint; do
  roomy+=("--sluice.limits.definitions.$limit.units=1000000" "--sluice.limits.definitions.$limit.burst=1000000")
done
for limit in ai-day anonymous-ai ai-hour; do roomy+=("--sluice.limits.definitions.$limit.units=1000000"); done
for limit in ai-day-tokens anonymous-tokens ai-hour-tokens; do roomy+=("--sluice.limits.definitions.$limit.units=1000000000"); done
for limit in zip-bytes anonymous-bytes; do roomy+=("--sluice.limits.definitions.$limit.units=10000GB"); done
for each in one other; do
  mkdir "$work/$each"
  (cd "$work/$each" && REDIS_URL=redis://127.0.0.1:$redis exec "$java" -Xmx256m -jar "$jar" \
    --server.address=127.0.0.1 --server.port=0 --sluice.samples.enabled=false --sluice.image-proxy.cache.enabled=false \
    --sluice.fetch.allow-networks="127.0.0.1:$stub" --sluice.assistant.api-key=none \
    --sluice.assistant.base-url="http://127.0.0.1:$stub" --logging.level.org.springframework.boot.reactor.netty=info \
    "${roomy[@]}" > "$work/$each.log" 2>&1) &
  pids+=($!)
done
gateways=()
for each in one other; do
  for _ in $(seq 360); do
    port=$(sed -n 's/.*Netty started on port \([0-9]*\).*/\1/p' "$work/$each.log" | head -1)
    [ -z "$port" ] || break
    sleep 0.5
  done
  gateways+=("http://127.0.0.1:${port:?"a gateway did not start: $(tail -5 "$work/$each.log")"}")
done
status=0
python3 gateway/bench/burst.py run "$redis" "http://127.0.0.1:$stub" "${gateways[@]}" || status=1
grep -h 'Redis' "$work/one.log" "$work/other.log" >&2 || true
exit $status
