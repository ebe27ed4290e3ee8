#!/usr/bin/env bash
# Judges each page of the web app with Lighthouse, signed out and signed in, on a gateway of its own. Prints a Markdown
# table; fails when performance, accessibility or best practices of a page is under 95. Downloads an npm package, else
# touches loopback only.
#
#   gateway/bench/lighthouse.sh
#   FORM=desktop gateway/bench/lighthouse.sh
#
#   FORM         mobile (default: a slow phone on a slow network, simulated) or desktop
#   ONLY         a page and in or out, for example "/gallery in"; default: all
#   MODULES      a directory that has node_modules/lighthouse; default: installed anew
#   CHROMIUM     default /usr/bin/chromium
#   SKIP_BUILD   set: takes gateway/target/gateway.jar as it is
#
# Needs npm and node 18 or newer, curl, python3, a Chromium and a JDK 25.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}
jar=${JAR:-$root/gateway/target/gateway.jar}
LIGHTHOUSE=12.8.2

cd "$root"
[ -n "${SKIP_BUILD:-}" ] || ./mvnw -q -B -DskipTests -pl gateway -am package
work=$(mktemp -d)
gateway_pid=''
cleanup() { kill $gateway_pid 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT

modules=${MODULES:-$work/modules}
if [ ! -d "$modules/node_modules/lighthouse" ]; then
  mkdir -p "$modules"
  (cd "$modules" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "lighthouse@$LIGHTHOUSE" >/dev/null)
fi

read -r port samples <<< "$(python3 -c '
import socket
a, b = socket.socket(), socket.socket()
a.bind(("127.0.0.1", 0)); b.bind(("127.0.0.1", 0))
print(a.getsockname()[1], b.getsockname()[1])')"
mkdir "$work/run"
(cd "$work/run" && exec "$java" -Xmx256m -XX:MaxDirectMemorySize=256m -XX:+UseSerialGC -jar "$jar" --server.port="$port" \
  --sluice.samples.port="$samples" --sluice.limits.enabled=false > "$work/gateway.log" 2>&1) &
gateway_pid=$!
for _ in $(seq 600); do
  curl -s -m 5 -o /dev/null "http://localhost:$port/actuator/health/readiness" && break
  sleep 0.1
done
echo "$(date -u +%F); Lighthouse $("$modules/node_modules/.bin/lighthouse" --version), ${FORM:-mobile}; $("${CHROMIUM:-/usr/bin/chromium}" --version 2>/dev/null); load average at the start $(cut -d' ' -f1-3 /proc/loadavg)"
echo
node "$here/lighthouse.mjs" "http://localhost:$port" "$modules" "${FORM:-mobile}"
