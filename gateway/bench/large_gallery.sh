#!/usr/bin/env bash
# Measures a gallery of 1,000 photographs in a browser on a slow network and a slow processor (large_gallery.py). Fails when the first
# row takes longer than a second, or 5 % of the actions longer than 100 ms. Downloads Python packages, else touches loopback only.
#
#   gateway/bench/large_gallery.sh
#
#   IMAGES       default 1000
#   PYTHON       one that has playwright, Pillow, numpy and pillow-heif; default: a new environment
#   SKIP_BUILD   set: takes gateway/target/gateway.jar as it is
#
# Needs curl, python3 with venv, a Chromium at /usr/bin/chromium and a JDK 25.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
java=$(ls -d /usr/lib/jvm/*25*/bin/java 2>/dev/null | head -1)
java=${java:-java}
jar=${JAR:-$root/gateway/target/gateway.jar}
images=${IMAGES:-1000}

cd "$root"
[ -n "${SKIP_BUILD:-}" ] || ./mvnw -q -B -DskipTests -pl gateway -am package
work=$(mktemp -d)
origin_pid='' gateway_pid=''
cleanup() { kill $origin_pid $gateway_pid 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT

python=${PYTHON:-}
if [ -z "$python" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -q --disable-pip-version-check playwright pillow numpy pillow-heif
  python=$work/venv/bin/python
fi
"$python" "$here/large_gallery.py" make "$work/pictures"
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
origin_port=$(free_port)
python3 -m http.server --bind 127.0.0.2 --directory "$work/pictures" "$origin_port" >/dev/null 2>&1 &
origin_pid=$!
port=$(free_port)
gateway=http://localhost:$port
mkdir "$work/run"
(cd "$work/run" && exec "$java" -Xmx256m -XX:MaxDirectMemorySize=256m -XX:+UseSerialGC -jar "$jar" --server.port="$port" \
  --sluice.samples.enabled=false --sluice.limits.enabled=false --sluice.fetch.allow-networks="127.0.0.2:$origin_port" \
  --sluice.fetch.allow-ports="$origin_port" > "$work/gateway.log" 2>&1) &
gateway_pid=$!
for _ in $(seq 600); do
  curl -s -m 5 -o /dev/null "$gateway/actuator/health/readiness" && break
  sleep 0.1
done
token=$(curl -sS "$gateway/api/session" -H 'Content-Type: application/json' -d '{"user":"alice"}' | sed 's/.*"token":"\([^"]*\).*/\1/')
photos=$(ls "$work/pictures" | wc -l)
for ((number = 0; number < images; number++)); do
  printf '{"url":"http://127.0.0.2:%s/photo-%02d.jpg","name":"photo-%04d"}\0' "$origin_port" $((number % photos)) "$number"
done | xargs -0 -P 2 -I{} curl -sS -f -m 120 -o /dev/null "$gateway/api/images/imports" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d {}
echo "$(date -u +%F); $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1); $(/usr/bin/chromium --version 2>/dev/null)"
echo
"$python" "$here/large_gallery.py" measure "$gateway" "$token"
